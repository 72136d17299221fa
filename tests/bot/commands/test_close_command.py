"""What follows from `/close` and `/reopen`."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from samples import entry, request, thread, unbegun, world

from bot.command import Answer, Asked, Close, Command, Predict, Reopen
from bot.commands import decide
from bot.commands.world import World
from bot.effects import Close as CloseIssue
from bot.effects import ReopenIssue, SetLabels, UpsertEntry
from bot.errors import RequestError
from bot.excursion import LABEL_ANSWERED, LABEL_RUNNING, Outcome
from bot.forge.protocol import StoredRun, StoredSweep
from bot.surroundings import Surroundings
from bot.thread import Comment, Thread

GITHUB = Surroundings(page="https://github.test/team/research")


def carry_out(command: Command, here: World, comment: int = 0) -> World:
    """Give the world after a command, as far as the thread shows it."""
    here = dataclasses.replace(here, asked=Asked(comment))
    for effect in decide(command, here):
        whole = here.thread
        if isinstance(effect, UpsertEntry):
            whole = _upserted(whole, effect)
        elif isinstance(effect, CloseIssue):
            whole = dataclasses.replace(whole, state="closed")
        elif isinstance(effect, ReopenIssue):
            whole = dataclasses.replace(whole, state="open")
        here = dataclasses.replace(here, thread=whole)
    return here


def _upserted(whole: Thread, effect: UpsertEntry) -> Thread:
    there = whole.entry(effect.key)
    number = there.number if there else len(whole.comments) + 1
    new = dataclasses.replace(entry(number, effect.key, dict(effect.data)), body=effect.body)
    others = [c for c in whole.comments if c.number != number]
    ordered = sorted([*others, new], key=lambda comment: comment.number)
    return dataclasses.replace(whole, comments=tuple(ordered))


def last(here: World) -> Comment:
    return here.thread.comments[-1]


def test_closing_says_who_and_why_and_that_there_is_no_answer() -> None:
    effects = decide(Close("The *wrong* question."), world())
    posted, labels, closed = effects
    assert isinstance(posted, UpsertEntry)
    assert posted.key == "closed:1"
    assert posted.body == (
        "### ⚫ Closed without an answer\n\nThe *wrong* question.\n\n"
        "*Ada, 2026-11-21 09:30 UTC. Branch and runs are kept; `excursion reopen 1` goes on with "
        "them.*"
    )
    assert labels == SetLabels(1, remove=(LABEL_RUNNING,))
    assert closed == CloseIssue(1, answered=False)


def test_no_reason_is_needed_nor_an_excursion() -> None:
    here = carry_out(Close(), world(thread=unbegun()))
    assert here.thread.state == "closed"
    assert last(here).body.startswith("### ⚫ Closed without an answer\n\n*Ada, ")


def test_what_is_closed_can_be_opened_again_and_closed_again() -> None:
    here = world()
    commands: tuple[Command, ...] = (Close("a"), Reopen(), Close("b"), Reopen())
    for n, command in enumerate(commands, start=5):
        here = carry_out(command, here, comment=n)
    keys = [comment.key for comment in here.thread.comments[1:]]
    assert keys == ["closed:1", "reopened:1", "closed:2", "reopened:2"]
    assert here.thread.is_open


@pytest.mark.parametrize("comment", [0, 7])
def test_closing_that_was_interrupted_is_finished_by_the_same_command(comment: int) -> None:
    done = carry_out(Close("a"), world(), comment)
    killed = dataclasses.replace(done, thread=dataclasses.replace(done.thread, state="open"))
    assert carry_out(Close("a"), killed, comment) == done


def test_a_second_delivery_closes_nothing_that_was_opened_since() -> None:
    here = carry_out(Reopen(), carry_out(Close(), world(), comment=5), comment=6)
    assert decide(Close(), dataclasses.replace(here, asked=Asked(5))) == ()
    here = carry_out(Close(), here, comment=7)
    assert decide(Reopen(), dataclasses.replace(here, asked=Asked(6))) == ()


@pytest.mark.parametrize(
    ("busy", "name"),
    [
        ({"runs": (StoredRun(3, request(run_id="1.3"), None, alive=True),)}, "run 1.3"),
        ({"sweeps": (StoredSweep(2, alive=True),)}, "sweep 1.2"),
    ],
)
@pytest.mark.parametrize("command", [Close(), Answer("So.")])
def test_while_something_runs_nothing_is_closed(
    command: Command, busy: dict[str, Any], name: str
) -> None:
    number = name[-1]
    with pytest.raises(RequestError, match=f"{name} is still going") as caught:
        decide(command, world(surroundings=GITHUB, **busy))
    assert caught.value.right == f"Wait for it, or stop it: /cancel {number}"
    with pytest.raises(RequestError) as caught:
        decide(command, world(**busy))
    assert caught.value.right.endswith(f"excursion cancel 1 {number}")


@pytest.mark.parametrize("command", [Close(), Predict("so"), Answer("So.")])
def test_commands_on_a_closed_issue_name_the_one_that_opens_it(command: Command) -> None:
    for surroundings, how in ((GITHUB, "/reopen"), (world().surroundings, "excursion reopen 1")):
        here = world(thread=thread(state="closed"), surroundings=surroundings)
        with pytest.raises(RequestError, match="closed") as caught:
            decide(command, here)
        assert how in caught.value.right


def test_what_is_open_is_not_opened() -> None:
    with pytest.raises(RequestError, match="issue 1 is open"):
        decide(Reopen(), world())


def test_an_answer_that_waits_to_be_merged_is_not_closed_without_one() -> None:
    here = world(thread=thread(entry(2, "answer", {})), surroundings=GITHUB)
    with pytest.raises(RequestError, match="answered already") as caught:
        decide(Close(), here)
    assert "/answer … outcome=abandoned" in caught.value.right


def test_an_answer_is_taken_back_by_opening_and_the_next_has_an_entry_of_its_own() -> None:
    here = carry_out(Answer("It does.", Outcome.CONFIRMED), world())
    assert here.thread.answer is not None
    here = carry_out(Reopen(), here)
    assert here.thread.answer is None
    assert "The answer above (*confirmed*) is taken back" in last(here).body
    assert "What was merged stays on `main` until then." in last(here).body
    [labels] = [e for e in decide(Reopen(), _closed(here)) if isinstance(e, SetLabels)]
    assert labels.remove == (LABEL_ANSWERED,)

    here = carry_out(Answer("It does not.", Outcome.REFUTED), here)
    assert last(here).key == "answer:2"
    assert here.thread.answer == last(here)
    first = here.thread.entry("answer")
    assert first is not None
    assert "It does." in first.body
    assert carry_out(Answer("It does not.", Outcome.REFUTED), here) == here


def _closed(here: World) -> World:
    comments = here.thread.comments[:-1]
    whole = dataclasses.replace(here.thread, state="closed", comments=comments)
    return dataclasses.replace(here, thread=whole)


def test_opening_what_waits_to_be_merged_warns_of_the_pull_request() -> None:
    answered = thread(entry(2, "answer", {"outcome": "<b>"}), state="closed")
    here = carry_out(Reopen(), world(thread=answered, surroundings=GITHUB))
    assert "a pull request that is still open closes this issue if it is merged" in last(here).body
    assert "<b>" not in last(here).body
