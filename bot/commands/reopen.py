"""`/reopen`: open an excursion that was closed; its answer, if it has one, is taken back."""

from __future__ import annotations

from collections.abc import Mapping

from bot.command import Reopen
from bot.commands.close import given_before, is_last_turn, next_turn
from bot.commands.spec import Spec
from bot.commands.words import no_words, write_line
from bot.commands.world import World
from bot.effects import Effect, ReopenIssue, SetLabels, UpsertEntry
from bot.errors import RequestError
from bot.events import Role
from bot.excursion import LABEL_ANSWERED
from bot.log.closing import reopened_entry
from bot.moments import timestamp
from bot.thread import REOPENED


def parse(words: tuple[str, ...], _named: Mapping[str, str]) -> Reopen:
    """Read the command, which has no words.

    Raises:
        RequestError: There is one.
    """
    no_words("reopen", words)
    return Reopen()


def decide(_command: Reopen, world: World) -> tuple[Effect, ...]:
    """Decide what follows: an entry that says who opens it, and the issue open.

    What was answered stays in the thread and on the default branch, and holds no more: the next
    answer gets an entry of its own.

    Raises:
        RequestError: It is open.
    """
    thread = world.thread
    ours = given_before(world, REOPENED)
    if ours is not None and not is_last_turn(ours, thread):
        return ()  # it was closed again since
    if ours is None and thread.is_open:
        raise RequestError(f"issue {thread.number} is open")
    data = (ours.data if ours else None) or {}
    stamped = str(data.get("stamped", timestamp(world.now)))
    answer = thread.answer
    now = {
        "answered": answer is not None,
        "outcome": ((answer and answer.data) or {}).get("outcome"),
    }
    told = {name: data.get(name, value) for name, value in now.items()}
    outcome = told["outcome"]
    entry = reopened_entry(
        world.actor,
        stamped,
        world.surroundings,
        outcome=outcome if isinstance(outcome, str) else None,
        answered=told["answered"] is True,
        into=world.config.default_branch,
    )
    memory = {"by": world.actor, "stamped": stamped, "given": str(world.asked), **told}
    key = ours.key if ours else next_turn(thread, REOPENED)
    return (
        UpsertEntry(thread.number, key, entry, memory),
        SetLabels(thread.number, remove=(LABEL_ANSWERED,)),
        ReopenIssue(thread.number),
    )


def write(_command: Reopen) -> str:
    """Write the command as people do."""
    return write_line("reopen")


SPEC = Spec(
    word="reopen",
    command=Reopen,
    role=Role.WRITE,
    usage="/reopen",
    summary="Open an issue again that was closed; an answer is taken back until there is another.",
    example="/reopen",
    parse=parse,
    write=write,
    decide=decide,
)
