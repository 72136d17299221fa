"""Reading a comment takes steps in proportion to its length, whatever stands in it.

Counted are the lines of Python that are gone through; the patterns that C goes through are built
such that each character is looked at a bounded number of times.
"""

from __future__ import annotations

import contextlib
import sys
from types import FrameType
from typing import Any

import pytest

from bot.commands.parser import parse_comment
from bot.errors import RequestError

PIECES = {
    "commands": "/run a=1\n\n",
    "lines of one paragraph": "/log a\n",
    "mentions": "@excursions run\n\n",
    "slips": "/rnu a=1\n",
    "paths": "/usr/bin\n",
    "words": "a ",
    "pairs": "a=1 ",
    "double quotes": 'a="x ',
    "single quotes": "a='x ",
    "quotes alone": '"x ',
    "typographic quotes": "a=“x ",
    "lists": "a=[ ",
    "lists of quotes": 'a=["x ',
    "escapes": '"\\" ',
    "blanks": " \t",
    "equals signs": "a= ",
    "colons": "a: ",
    "dashes": "--",
    "flags": "--a ",
    "flags of parameters": "-p ",
    "numbers of runs": "2, #3 and ",
    "brackets": "[",
    "pictures": "![",
    "links": "[a](b ",
    "references": "[a]: b\n",
    "emphasis": "*a_",
    "code": "`a ``",
    "HTML": "<a b='",
    "comments": "<!-- ",
    "quoted": "> ",
    "lists of Markdown": "- ",
    "fences": "```\n",
}


def steps(text: str) -> int:
    """Count the lines of Python that reading takes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with contextlib.suppress(RequestError):
            parse_comment(text)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("begin", ["/run ", "/log ", "/compare ", ""])
@pytest.mark.parametrize("piece", list(PIECES.values()), ids=list(PIECES))
def test_twice_the_text_takes_at_most_twice_the_steps(begin: str, piece: str) -> None:
    parse_comment("/run a=1")  # what is made once is made
    once, twice = steps(begin + piece * 100), steps(begin + piece * 200)
    assert twice <= 2.2 * once + 2_000
