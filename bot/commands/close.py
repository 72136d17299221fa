"""`/close [reason]`: close the excursion without an answer."""

from __future__ import annotations

from collections.abc import Mapping

from bot.command import Close
from bot.commands.spec import Spec
from bot.commands.words import write_line, write_text
from bot.commands.world import World
from bot.effects import Close as CloseIssue
from bot.effects import Effect, SetLabels, UpsertEntry
from bot.errors import RequestError
from bot.events import Role
from bot.excursion import LABEL_RUNNING
from bot.log.closing import closed_entry
from bot.moments import timestamp
from bot.thread import CLOSED, Comment, Thread

_LONGEST = 5_000


def parse(words: tuple[str, ...], named: Mapping[str, str]) -> Close:
    """Read the command's words, which are the reason."""
    return Close(" ".join([*words, *(f"{name}={value}" for name, value in named.items())]))


def decide(command: Close, world: World) -> tuple[Effect, ...]:
    """Decide what follows: an entry that says who closes it and why, and the issue closed.

    Raises:
        RequestError: It is closed already, something still runs, or the reason is too long.
    """
    issue, reason = world.thread.number, command.reason.strip()
    if len(reason) > _LONGEST:
        raise RequestError(f"the reason has {len(reason)} characters, {_LONGEST} at most")
    ours = given_before(world, CLOSED)
    if ours is not None and not is_last_turn(ours, world.thread):
        return ()  # it was opened again since
    if ours is None:
        if not world.thread.is_open:
            raise RequestError(f"issue {issue} is closed already", right=world.open_again)
        if world.thread.answer is not None:
            raise RequestError(
                f"issue {issue} is answered already",
                right="It is closed when its pull request is merged. To give it up, answer it "
                f"anew: {world.surroundings.example('answer', issue, '…', 'outcome=abandoned')}",
            )
        world.check_nothing_runs()
    data = (ours.data if ours else None) or {}
    stamped = str(data.get("stamped", timestamp(world.now)))
    memory = {"by": world.actor, "reason": reason, "stamped": stamped, "given": str(world.asked)}
    key = ours.key if ours else next_turn(world.thread, CLOSED)
    entry = closed_entry(world.actor, stamped, reason, world.surroundings, issue)
    return (
        UpsertEntry(issue, key, entry, memory),
        SetLabels(issue, remove=(LABEL_RUNNING,)),
        CloseIssue(issue, answered=False),
    )


def given_before(world: World, word: str) -> Comment | None:
    """Find the entry with which this very command was carried out, or began to be, before.

    A command line has no number to be known by. If it was interrupted, the issue is as before, and
    what it posted last is the same.
    """
    entries = world.thread.entries(word)
    if world.asked.comment:
        given = str(world.asked)
        return next((e for e in entries if (e.data or {}).get("given") == given), None)
    undone = world.thread.is_open == (word == CLOSED)
    last = entries[-1] if entries and undone else None
    return last if last and is_last_turn(last, world.thread) else None


def is_last_turn(entry: Comment, thread: Thread) -> bool:
    """Say whether the issue was neither closed nor opened, that we know of, since an entry."""
    return entry == thread.turns[-1]


def next_turn(thread: Thread, word: str) -> str:
    """Give the key for the next closing, or opening."""
    numbers = [entry.key.partition(":")[2] for entry in thread.entries(word)]
    return f"{word}:{max((int(n) for n in numbers if n.isdigit()), default=0) + 1}"


def write(command: Close) -> str:
    """Write the command as people do."""
    return write_line("close", write_text(command.reason, ()))


SPEC = Spec(
    word="close",
    command=Close,
    role=Role.WRITE,
    usage="/close [reason]",
    summary="Close without an answer.",
    example="/close The question was the wrong one.",
    parse=parse,
    write=write,
    decide=decide,
    text=True,
    details="Branch and runs are kept, and `/reopen` goes on with them. To close with an answer, "
    "also that the question was given up, use `/answer`.",
)
