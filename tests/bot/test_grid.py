"""Grids: exact ranges, lists, values as declared, and no more points than can be looked at."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import RequestError
from bot.grid import MOST_POINTS, expand, write_axis
from bot.parameters import Declaration, Value

DECLARED = {
    "layer": Declaration(type="int", default=0, minimum=0, maximum=11, description="Layer"),
    "n": Declaration(type="int", default=0),
    "scale": Declaration(type="float", default=0.5),
    "text": Declaration(type="str", default="a"),
    "flag": Declaration(type="bool", default=False),
}


def axis(name: str, text: str) -> list[Value]:
    """The values that one axis comes to."""
    return [point[name] for point in expand(DECLARED, {name: text}, where="-p")]


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("layer", "0..11", list(range(12))),
        ("layer", "3..3", [3]),
        ("layer", "11..9", [11, 10, 9]),
        ("layer", " 0 .. 2 ".replace(" ", ""), [0, 1, 2]),
        ("n", "-2..2", [-2, -1, 0, 1, 2]),
        ("n", "0..10:4", [0, 4, 8]),
        ("scale", "0..1:0.25", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("scale", "0..1:0.1", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        ("scale", "1..0:0.5", [1.0, 0.5, 0.0]),
        ("scale", "1..0:-0.5", [1.0, 0.5, 0.0]),
        ("scale", "1e-3..4e-3:1e-3", [0.001, 0.002, 0.003, 0.004]),
        ("scale", "0..2", [0.0, 1.0, 2.0]),
        ("scale", "[1e-4, 1e-3]", [0.0001, 0.001]),
        ("layer", "[1,2,3]", [1, 2, 3]),
        ("layer", "[ 5 , 1 ]", [5, 1]),
        ("layer", "[0, 2..4, 9]", [0, 2, 3, 4, 9]),
        ("layer", "[1, 1, 0..2]", [1, 0, 2]),
        ("layer", "7", [7]),
        ("flag", "[true,false,TRUE]", [True, False]),
        ("text", "[a, b]", ["a", "b"]),
        ("text", """["a, b", 'say "c"', ""]""", ["a, b", 'say "c"', ""]),
        ("text", "0..3", ["0..3"]),
        ("text", "../data", ["../data"]),
        ("text", "[../a, ../b]", ["../a", "../b"]),
        ("text", '["[MASK]"]', ["[MASK]"]),
        ("text", "日本", ["日本"]),
    ],
)
def test_an_axis_has_just_these_values(name: str, text: str, values: list[Value]) -> None:
    assert axis(name, text) == values


def test_the_first_axis_changes_slowest_and_the_others_keep_their_defaults() -> None:
    points = expand(DECLARED, {"layer": "0..1", "n": "[5,6]", "scale": "2"}, where="-p")
    assert [(p["layer"], p["n"]) for p in points] == [(0, 5), (0, 6), (1, 5), (1, 6)]
    assert {(p["scale"], p["text"], p["flag"]) for p in points} == {(2.0, "a", False)}


def test_no_axis_is_one_point_at_the_defaults() -> None:
    assert expand(DECLARED, {}, where="-p") == (
        {"layer": 0, "n": 0, "scale": 0.5, "text": "a", "flag": False},
    )


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("layer", "0..x", ("layer='0..x' is not a range", "0..11")),
        ("layer", "0...5", ("no number", "Did you mean layer=0..5?")),
        ("layer", "..5", ("not a range",)),
        ("layer", "1,2, 3", ("no number", "Did you mean layer=[1,2,3]?")),
        ("layer", "0-3", ("no number", "Did you mean layer=0..3?")),
        ("layer", "0:3", ("no number", "Did you mean layer=0..3?")),
        ("layer", "[0…3, 7]", ("no number", "Did you mean layer=0..3?")),
        ("scale", "0.5..1", ("needs a step", "0.5..1:0.1")),
        ("scale", "0..1:0", ("a step of nothing",)),
        ("scale", "0..1:-0.1", ("never gets to its end",)),
        ("layer", "0..12", ("layer='12'", "from 0 to 11")),
        ("layer", "[1,two]", ("layer='two'", "whole number")),
        ("layer", "0..1:0.5", ("layer='0.5'", "whole number")),
        ("layer", '["1..3"]', ("layer='1..3'", "whole number")),
        ("layer", "[1,,2]", ("after 1 value", "commas")),
        ("layer", "[1,2", ("does not end",)),
        ("text", "[MASK", ("does not end", '["[MASK]"]')),
        ("text", "[don't]", ("after 0 values", "quotes")),
        ("text", '["a" b]', ("after 0 values",)),
        ("layer", "[]", ("has no values",)),
        ("layer", "[", ("does not end",)),
        ("flag", "maybe", ("flag='maybe'", "true or false")),
        ("lyer", "0..3", ("no parameter 'lyer'", "'layer'")),
    ],
)
def test_an_axis_that_cannot_be_is_refused_in_words(
    name: str, text: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(RequestError) as caught:
        expand(DECLARED, {name: text}, where="-p")
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({"n": "1..257"}, "257"),
        ({"layer": "0..11", "n": "1..100"}, "1,200"),
        ({"n": "0..1000000000000"}, "1,000,000,000,001"),
        ({"n": "0..1000000000000", "layer": "0..11"}, "12,000,000,000,012"),
        ({"scale": "0..1e99:1e-99"}, r"some 10\^198"),
        (dict.fromkeys(("scale", "n"), "0..1e99:1e-99"), r"some 10\^396"),
        ({"n": f"[{','.join(map(str, range(300)))}]"}, "300"),
    ],
)
def test_too_many_points_are_refused_with_their_count_before_they_are_made(
    given: dict[str, str], count: str
) -> None:
    with pytest.raises(RequestError, match=f"has {count} points, {MOST_POINTS} at most"):
        expand(DECLARED, given, where="-p")


def test_as_many_as_are_allowed_are_made_and_doubles_do_not_count() -> None:
    doubled = f"[{','.join(['1..16'] * 40)}]"
    assert len(expand(DECLARED, {"n": doubled, "scale": "1..16"}, where="-p")) == MOST_POINTS


DECIMALS = st.decimals(-1000, 1000, places=3, allow_nan=False, allow_infinity=False)


@given(DECIMALS, st.decimals("0.001", 50, places=3), st.integers(0, 40))
def test_a_range_is_exact_in_decimals(first: Decimal, step: Decimal, count: int) -> None:
    last = first + count * step
    expected = [float(first + place * step) for place in range(count + 1)]
    assert axis("scale", f"{first}..{last}:{step}") == list(dict.fromkeys(expected))


TEXTS = st.text(
    st.sampled_from("ab ,\"'[]\\\n\t") | st.characters(exclude_categories=("Cc", "Cs")), max_size=12
)
VALUES = st.one_of(
    st.tuples(st.just("n"), st.lists(st.integers(-50, 50), min_size=1, max_size=20, unique=True)),
    st.tuples(
        st.just("n"),
        st.builds(
            lambda a, s, c: [a + s * k for k in range(c)],
            st.integers(-50, 50),
            st.integers(1, 5),
            st.integers(1, 9),
        ),
    ),
    st.tuples(
        st.just("scale"),
        st.lists(
            st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8, unique=True
        ),
    ),
    st.tuples(st.just("flag"), st.lists(st.booleans(), min_size=1, max_size=2, unique=True)),
    st.tuples(st.just("text"), st.lists(TEXTS, min_size=1, max_size=6, unique=True)),
)


@given(VALUES)
def test_values_written_as_an_axis_are_read_as_the_same(named: tuple[str, list[Any]]) -> None:
    name, values = named
    assert axis(name, write_axis(values)) == values


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0, 1, 2, 3], "0..3"),
        ([3, 2, 1], "3..1"),
        ([0, 2, 4], "0..4:2"),
        ([0.0, 0.25, 0.5], "0.0..0.5:0.25"),
        ([1, 2], "[1,2]"),
        ([1, 2, 5], "[1,2,5]"),
        ([64], "64"),
        ([True, False], "[true,false]"),
        (["a"], "a"),
        (["a b", "c"], '["a b",c]'),
    ],
)
def test_an_axis_is_written_as_short_as_a_person_would(values: list[Value], text: str) -> None:
    assert write_axis(values) == text
