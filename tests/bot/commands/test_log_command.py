"""What follows from `/log`."""

from __future__ import annotations

import pytest
from samples import thread, unbegun, world

from bot.command import Log
from bot.commands import decide
from bot.commands.world import World
from bot.effects import PostComment
from bot.errors import RequestError


@pytest.mark.parametrize(
    "here", [world(), world(thread=unbegun()), world(thread=thread(state="closed"))]
)
def test_a_note_is_the_comment_of_who_says_it_also_after_the_answer(here: World) -> None:
    assert decide(Log(" It *settled*.\n"), here) == (PostComment(1, "Ada", "It *settled*."),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nothing to note down"),
        (" \n", "nothing to note down"),
        ("x" * 60_001, "60001 characters"),
    ],
)
def test_a_note_that_is_not_possible_is_refused(text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        decide(Log(text), world())
