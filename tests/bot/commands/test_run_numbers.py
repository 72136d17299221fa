"""Runs as people name them, in whichever command."""

from __future__ import annotations

import pytest

from bot.command import Answer, Cancel, Command, Compare, Reproduce, Retry
from bot.commands.parser import read_comment
from bot.errors import RequestError


def in_issue_12(text: str) -> Command:
    (line,) = read_comment(text, issue=12)
    return line.command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/compare 12.2 12.3", Compare((2, 3))),
        ("/compare 2,3,4", Compare((2, 3, 4))),
        ("/compare 2, 12.3", Compare((2, 3))),
        ("/compare #2 #3", Compare((2, 3))),
        ("/compare runs 2 and 3", Compare((2, 3))),
        ("/compare 2 vs 3", Compare((2, 3))),
        ("/reproduce 12.3", Reproduce(3)),
        ("/reproduce run 3 timeout=2h", Reproduce(3, "2h")),
        ("/retry 12.3", Retry(3)),
        ("/cancel #12.3", Cancel(3)),
        ("/answer It is. run=12.3", Answer("It is.", None, 3)),
    ],
)
def test_a_run_may_be_named_in_full(text: str, command: Command) -> None:
    assert in_issue_12(text) == command


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/compare 2 5.3", "run 5.3 is of another excursion than this, 12"),
        ("/cancel 5.3", "run 5.3 is of another excursion than this, 12"),
        ("/retry 5.3", "run 5.3 is of another excursion than this, 12"),
        ("/answer x run=5.3", "run 5.3 is of another excursion than this, 12"),
        ("/compare 2 x", "'x' is not a run's number"),
        ("/compare 2 0", "'0' is not a run's number"),
        ("/compare 2 3.", "'3.' is not a run's number"),
        ("/reproduce run", "'run' is not a run's number"),
        ("/retry 1.2.3", "'1.2.3' is not a run's number"),
        ("/cancel 2 3", "2 runs cannot be stopped by one command"),
        ("/retry 2 3", "2 runs cannot be tried again by one command"),
    ],
)
def test_what_is_no_run_of_this_issue_is_refused(text: str, message: str) -> None:
    with pytest.raises(RequestError) as refused:
        in_issue_12(text)
    assert refused.value.where == text
    assert message in refused.value.what
    assert refused.value.right
