"""A reply shows the line with the spot marked, what would be right, and what was carried out."""

from __future__ import annotations

import pytest
from hypothesis import given
from samples import HOSTILE

from bot.errors import RequestError
from bot.log.reply import Mistake, enough_entry, marked, reply_entry, trouble_entry


@pytest.mark.parametrize(
    ("line", "culprit", "marks"),
    [
        ("/run laier=3", "laier", "     ^^^^^"),
        ("/run a=1 layer=abc", "layer=", "         ^^^^^^^^^"),
        ('/run a=1 p="x y" b=2', "p=", "         ^^^^^^^"),
        ("/run s=[1, 2] b=2", "s=", "     ^^^^^^^^"),
        ("/run force fast", "fast", "           ^^^^"),
        ("/run prompt=a a", "a", "              ^"),
        ("/run --timeout=soon", "timeout=", "       ^^^^^^^^^^^^"),
        ("/run 日本=3 x", "x", "            ^"),
        ("/rnu", "/rnu", "^^^^"),
    ],
)
def test_what_is_wrong_is_marked_below(line: str, culprit: str, marks: str) -> None:
    assert marked(line, culprit) == f"{line}\n{marks}"


def test_what_is_not_to_be_found_is_not_marked() -> None:
    assert marked("/run a=1", "") == marked("/run a=1", "gone") == "/run a=1"


def test_of_a_long_line_the_neighbourhood_of_the_spot_is_shown() -> None:
    line = f"/run {'a ' * 200}laier=3 {'b ' * 200}"
    shown, marks = marked(line, "laier").split("\n")
    assert len(shown) <= 100
    assert shown[marks.index("^") :].startswith("laier=3")
    assert marks.count("^") == 5


@given(HOSTILE, HOSTILE)
def test_any_line_and_any_culprit_can_be_shown(line: str, culprit: str) -> None:
    shown = marked(line, culprit).split("\n")
    assert 1 <= len(shown) <= 2
    assert all(len(each) <= 100 for each in shown)


def told(**changes: object) -> str:
    error = RequestError("there is no parameter 'laier'", where="-p", right="Did you mean 'layer'?")
    error.culprit = "laier"
    fields = {"error": error, "who": "ada", "line": "/run laier=3", **changes}
    return reply_entry((), Mistake(**fields))  # type: ignore[arg-type]


def test_a_mistake_is_told_whole() -> None:
    assert told() == (
        "### 👎 There is no parameter 'laier'\n\n"
        "```\n/run laier=3\n     ^^^^^\n```\n\n"
        "Did you mean 'layer'?\n\n"
        "*ada: nothing was changed. A corrected command goes into a new comment.*"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"whole": True}, "nothing of this comment was carried out."),
        ({"before": 1}, "the command above it was carried out; this one was not."),
        (
            {"before": 2, "after": 1},
            "the 2 commands above it were carried out; this one and the command below it were not.",
        ),
        ({"after": 2}, "neither this nor the 2 commands below it were carried out."),
    ],
)
def test_it_says_what_was_carried_out_and_what_was_not(
    changes: dict[str, object], said: str
) -> None:
    assert f"*ada: {said} A corrected command" in told(**changes)


def test_an_option_of_the_command_line_is_found_in_the_comments_line() -> None:
    error = RequestError("'soon' is not a duration", where="--timeout")
    reply = reply_entry((), Mistake(error, "ada", "/run timeout=soon"))
    assert "/run timeout=soon\n     ^^^^^^^^^^^^" in reply
    assert "--timeout" not in reply


def test_what_commands_answered_comes_first() -> None:
    error = RequestError("no")
    assert reply_entry(["One.", "Two."], Mistake(error, "ada")).startswith("One.\n\nTwo.\n\n### 👎")


def test_a_fault_of_ours_names_the_log() -> None:
    assert "[The job's log](https://e.org/log)" in trouble_entry("", "https://e.org/log")
    assert "log" not in trouble_entry("The disk is full.", "")


def test_enough_is_one_line() -> None:
    assert "\n" not in enough_entry(12)
    assert "12 times" in enough_entry(12)
