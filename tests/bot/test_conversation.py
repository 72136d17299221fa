"""What answers a comment, decided: one reply, what was done, and an end to refusing strangers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from samples import NOW, STAMP, entry, thread

from bot.command import Help, Log, Run
from bot.commands.parser import Line
from bot.config import Config, read_config
from bot.conversation import Carried, EnoughError, Heard, answer_effects, carry_out
from bot.effects import RemoveEntry, Reply, UpsertEntry
from bot.errors import RequestError
from bot.events import Actor, Commanded, Role
from bot.thread import Comment, Thread

WES, REA, EVE = Actor("wes", Role.WRITE), Actor("rea", Role.READ), Actor("eve", Role.NONE)
HELP, LOG, RUN = Line(Help(), "/help"), Line(Log("a"), "/log a"), Line(Run(), "/run")
MISTAKE = RequestError("no")
FEW = read_config("[commands]\nreplies_per_hour = 2\n")


def heard(*lines: Line, actor: Actor = WES, mistake: RequestError | None = None) -> Heard:
    return Heard(1, 40, actor, lines, mistake)


def carried(
    what: Heard,
    each: Callable[[Commanded, Callable[[Reply], None]], object],
    *,
    config: Config | None = None,
    within: Thread | None = None,
) -> Carried:
    found = within or thread()
    return carry_out(what, each, thread=lambda: found, config=config or Config(), now=NOW)


def answered(what: Heard, done: Carried, *said: Comment, config: Config = FEW) -> tuple[Any, ...]:
    return answer_effects(what, done, thread(*said), config, NOW)


def reply(number: int, minutes: int = 5, **data: Any) -> Comment:
    at = (NOW - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return entry(number + 1, f"reply:{number}", {"stranger": "rea", "at": at, **data})


def test_commands_are_carried_out_in_order_up_to_the_first_that_is_impossible() -> None:
    given: list[Commanded] = []

    def each(event: Commanded, say: Callable[[Reply], None]) -> None:
        if isinstance(event.command, Run):
            raise MISTAKE
        given.append(event)
        say(Reply(f"said {event.asked}"))

    done = carried(heard(LOG, RUN, HELP), each)
    assert [event.command for event in given] == [Log("a")]
    assert done == Carried((Reply("said 40.0"),), MISTAKE, 1)
    [effect] = answered(heard(LOG, RUN, HELP), done)
    assert effect.key == "reply:40"
    assert effect.body.startswith("said 40.0\n\n### 👎 No\n\n```\n/run\n```")
    assert "the command above it was carried out; this one and the command below" in effect.body


def test_a_mistake_of_grammar_keeps_all_from_being_carried_out() -> None:
    error = RequestError("what?", where="/rnu")
    done = carried(heard(mistake=error), lambda *_: pytest.fail("carried out"))
    assert done == Carried(mistake=error)
    [effect] = answered(heard(mistake=error), done)
    assert "nothing of this comment was carried out" in effect.body


def test_answers_to_one_comment_are_one_entry() -> None:
    [effect] = answered(heard(HELP, HELP), Carried((Reply("One."), Reply("Two.")), None, 2))
    assert effect == UpsertEntry(1, "reply:40", "One.\n\nTwo.", {})


def test_a_comment_that_needs_no_answer_gets_none() -> None:
    assert answered(heard(LOG), Carried((), None, 1)) == ()


def test_what_an_earlier_delivery_said_is_taken_back_when_it_is_no_longer_so() -> None:
    stale = (entry(50, "reply:40", {}), entry(51, "trouble:40", {}), entry(52, "reply:41", {}))
    assert set(answered(heard(LOG), Carried((), None, 1), *stale)) == {
        RemoveEntry(1, "reply:40"),
        RemoveEntry(1, "trouble:40"),
    }


def test_who_may_not_even_read_is_answered_nothing() -> None:
    assert answered(heard(RUN, actor=EVE), Carried((), MISTAKE, 0)) == ()


def test_a_configuration_that_cannot_be_is_no_mistake_of_whoever_comments() -> None:
    config = read_config('[commands.roles]\nrun = "read"\n')
    with pytest.raises(RequestError, match="never given to less than write"):
        carried(heard(LOG), lambda *_: None, config=config)


# -- strangers ---------------------------------------------------------------------------------


def test_strangers_are_answered_so_often_in_an_hour() -> None:
    once, twice = thread(reply(20)), thread(reply(20), reply(22))
    what = heard(HELP, actor=REA)
    assert carried(what, lambda *_: None, config=FEW, within=once).mistake is None
    assert isinstance(carried(what, lambda *_: None, config=FEW, within=twice).mistake, EnoughError)
    for other in (heard(HELP, actor=WES), heard(LOG, actor=REA)):
        assert carried(other, lambda *_: None, config=FEW, within=twice).mistake is None


@pytest.mark.parametrize(
    "not_counted",
    [
        reply(22, minutes=60),
        reply(22, minutes=-1),
        reply(22, stranger=None),
        reply(22, enough=True),
        reply(40),  # the answer to this very comment, delivered again
        dataclasses.replace(reply(22), author="eve"),
    ],
    ids=["old", "later", "to a member", "the polite line", "its own", "forged"],
)
def test_what_else_was_said_is_not_counted(not_counted: Comment) -> None:
    within = thread(reply(20), not_counted)
    done = carried(heard(HELP, actor=REA), lambda *_: None, config=FEW, within=within)
    assert done.mistake is None


def test_over_the_limit_there_is_one_polite_line_and_then_nothing() -> None:
    what, done = heard(HELP, actor=REA), Carried((), EnoughError("enough"), 0)
    [line] = answered(what, done, reply(20), reply(22))
    assert "2 times" in line.body
    assert "\n" not in line.body
    assert line.data == {"mistake": True, "stranger": "rea", "at": STAMP, "enough": True}
    assert answered(what, done, reply(20), reply(22), reply(24, enough=True)) == ()


def test_refusals_count_as_answers_and_end_with_them() -> None:
    what, done = heard(RUN, actor=REA), Carried((), MISTAKE, 0)
    [refusal] = answered(what, done, reply(20))
    assert "### 👎" in refusal.body
    [line] = answered(what, done, reply(20), reply(22))
    assert "### 👎" not in line.body
    assert answered(what, done, reply(20), reply(22), reply(24, enough=True)) == ()


def test_no_answers_an_hour_is_none_at_all() -> None:
    none = read_config("[commands]\nreplies_per_hour = 0\n")
    done = carried(heard(HELP, actor=REA), lambda *_: None, config=none)
    [line] = answered(heard(HELP, actor=REA), done, config=none)
    assert "only people who may write" in line.body
