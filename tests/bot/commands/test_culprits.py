"""A value that cannot be is marked in the line, whoever found that it cannot."""

from __future__ import annotations

import pytest
from samples import world

from bot import commands
from bot.commands.parser import read_comment
from bot.errors import RequestError
from bot.log.reply import Mistake, reply_entry


@pytest.mark.parametrize(
    ("line", "marked"),
    [
        ("/run laier=3", "laier"),
        ("/run seed=1 layer=abc", "layer=abc"),
        ("/run layer=12 seed=1", "layer=12"),
        ("/run timeout=soon", "timeout=soon"),
        ("/run cell_timeout=0s", "cell_timeout=0s"),
        ("/sweep layer=0..x", "layer=0..x"),
        ("/sweep seed=1 layer=[1,,2]", "layer=[1,,2]"),
        ("/sweep laier=0..3", "laier"),
        ("/reproduce 3 timeout=2", "3"),
    ],
)
def test_what_a_decision_refuses_is_marked(line: str, marked: str) -> None:
    [found] = read_comment(line)
    with pytest.raises(RequestError) as refused:
        commands.decide(found.command, world())
    reply = reply_entry((), Mistake(refused.value, "ada", line))
    assert f"{line}\n{' ' * line.index(marked)}{'^' * len(marked)}\n```" in reply
