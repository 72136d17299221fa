"""A condition on a metric: found in any text, held against what a run recorded."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import HOSTILE

from bot.condition import find_condition, has_condition, read_condition
from bot.errors import RequestError
from runner.records import Metric


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("accuracy>0.9", "accuracy > 0.9"),
        ("accuracy > .9", "accuracy > .9"),
        ("It will be good: accuracy >= 90%, I think", "accuracy >= 90%"),
        ("accuracy >= 90 % for sure", "accuracy >= 90%"),
        ("We end with loss<0.5.", "loss < 0.5"),
        ("(loss <= -1.5e-3)", "loss <= -1.5e-3"),
        ("0.9<accuracy", "accuracy > 0.9"),
        ("steps != 100 then", "steps != 100"),
        ("steps==100", "steps == 100"),
        ("loss≤+2", "loss <= 2"),
        ("loss=<2", "loss <= 2"),
        ("settled==true", "settled == true"),
        ("0.3<loss<0.5", "0.3 < loss < 0.5"),
        ("0.5 >= loss > 0.3", "0.3 < loss <= 0.5"),
        ("1<=steps<=1", "1 <= steps <= 1"),
        ("loss/train<1 and it stays", "loss/train < 1"),
        ("hits@10>0.2", "hits@10 > 0.2"),
        ("Verlust_β<1", "Verlust_β < 1"),
    ],
)
def test_a_condition_may_stand_anywhere_with_or_without_blanks(text: str, condition: str) -> None:
    found = find_condition(text)
    assert str(found) == condition
    assert read_condition(condition) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It settles.",
        "one layer -> two",
        "a->5",
        "3<5",
        "confidence=70%",
        "layer=3 is best",
        "accuracy = 0.9",
        "the <b>9</b> dots",
        "loss < then",
        "accuracy>0.9abc",
        "version>1.2.3",
        "a << 3",
        "x>=",
    ],
)
def test_other_text_holds_none(text: str) -> None:
    assert find_condition(text) is None
    assert not has_condition(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loss<0.5 and accuracy>0.9", "a prediction has one condition, this has 2"),
        ("0.3<loss>0.5", "both signs must point the same way"),
        ("0.5<loss<0.3", "nothing lies between these bounds"),
        ("1<steps<1", "nothing lies between these bounds"),
        ("0.3==loss<1", "both signs must point the same way"),
        ("settled>true", "a truth value is or is not"),
    ],
)
def test_what_nothing_could_meet_is_refused(text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        find_condition(text)


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("a>0.9", 0.9, False),
        ("a>=0.9", 0.9, True),
        ("a>=90%", 0.9, True),
        ("a==0.3", 0.3, True),
        ("a!=0.3", 0.3, False),
        ("a<1", -5, True),
        ("0.3<a<0.5", 0.5, False),
        ("0.3<a<=0.5", 0.5, True),
        ("a>1", "inf", True),
        ("a<1", "-inf", True),
        ("a<1", "nan", False),
        ("a!=1", "nan", False),
        ("a<1", "many", None),
        ("a<1", True, None),
        ("a==1", True, None),
        ("a==true", True, True),
        ("a!=yes", True, False),
        ("a==true", 1, None),
        ("a>1", 10**400, True),
    ],
)
def test_a_recorded_value_is_held_against_it(text: str, value: Metric, holds: bool | None) -> None:
    condition = find_condition(text)
    assert condition is not None
    assert condition.holds(value) is holds


@given(HOSTILE, st.sampled_from(["", "a<1", "0.3 < a < 0.5", "a >= 90%"]), HOSTILE)
def test_any_text_is_read_and_what_was_read_is_written_and_read_again(
    before: str, inside: str, after: str
) -> None:
    with contextlib.suppress(RequestError):
        found = find_condition(f"{before} {inside} {after}")
        if found is not None:
            assert find_condition(str(found)) == found


@pytest.mark.parametrize(
    ("piece", "there"),
    [
        *(("a", False), ("1", False), (" ", False), ("<", False), ("a<", False), ("1<", False)),
        *(("a ", False), ("é@-", False), (".9", False), ("-", False), ("e1 < ", False)),
        *(("0.3<a", True), ("1 < a ", True)),
    ],
)
def test_a_text_of_any_length_is_read_to_its_end(piece: str, there: bool) -> None:
    assert has_condition(piece * 100_000) is there


@pytest.mark.parametrize("odd", [None, 3, "", "no condition", "a<1 b<2", ["a<1"]])
def test_what_a_marker_remembers_may_be_odd(odd: object) -> None:
    assert read_condition(odd) is None
