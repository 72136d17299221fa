"""`/status`: where the excursion stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.command import Status
from bot.commands.run import declared_if_readable
from bot.commands.scoring import is_scored
from bot.commands.spec import Spec
from bot.commands.words import no_words, write_line
from bot.commands.world import World
from bot.durations import parse_time_box
from bot.effects import Effect, Reply
from bot.events import Role
from bot.excursion import read_excursion
from bot.log.predictions import read_predictions
from bot.log.spoiler import spoilers_fold
from bot.log.status import Standing, status_text
from bot.scoring import Prediction
from bot.thread import WELCOME, Thread


def parse(words: tuple[str, ...], _named: Mapping[str, str]) -> Status:
    """Read the command, which has no words.

    Raises:
        RequestError: There is one.
    """
    no_words("status", words)
    return Status()


def decide(_command: Status, world: World) -> tuple[Effect, ...]:
    """Decide what follows: a reply."""
    thread, excursion = world.thread, world.excursion
    declared = declared_if_readable(world) if excursion else None
    welcome = thread.entry(WELCOME)
    began = welcome.created if welcome else thread.created
    standing = Standing(
        issue=thread.number,
        title=thread.title,
        state=state_of(thread),
        excursion=excursion,
        head=world.head,
        posted=tuple(
            c for c in thread.comments if c.is_entry and c.key.startswith(("run:", "sweep:"))
        ),
        metric=declared.metrics.main if declared else "",
        budget=world.config.budget,
        usage=world.usage,
        time_box=declared.time_box if declared and thread.is_open else "",
        used_s=_since(began, world.now),
        box_s=parse_time_box(declared.time_box) if declared else None,
        predictions=() if thread.answer else _open_predictions(thread),
        folds=spoilers_fold(thread),
        is_damaged=excursion is not None and read_excursion(thread) is None,
    )
    return (Reply(status_text(standing, world.surroundings)),)


def state_of(thread: Thread) -> str:
    """Say in a word or two how a thread stands."""
    answer = thread.answer
    outcome = (answer.data or {}).get("outcome") if answer else None
    said = f"answered: {outcome}" if isinstance(outcome, str) else "answered"
    if not thread.is_open:
        return said if answer else "closed without an answer"
    if any((e.data or {}).get("status") == "running" for e in thread.comments if e.is_entry):
        return "running"
    return f"{said}, and not merged yet" if answer else "open"


def _open_predictions(thread: Thread) -> tuple[Prediction, ...]:
    """Give the predictions of which no run has said anything yet."""
    scored = {entry.key for entry in thread.entries("prediction") if is_scored(entry.data)}
    return tuple(p for p in read_predictions(thread) if f"prediction:{p.number}" not in scored)


def _since(moment: str, now: datetime) -> float:
    """Give the seconds since a moment; none where it is not one."""
    try:
        return max(0.0, (now - datetime.fromisoformat(moment)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def write(_command: Status) -> str:
    """Write the command as people do."""
    return write_line("status")


SPEC = Spec(
    word="status",
    command=Status,
    role=Role.READ,
    usage="/status",
    summary="Where the excursion stands: branch, last runs, predictions, budget and time box.",
    example="/status",
    parse=parse,
    write=write,
    decide=decide,
    reads_only=True,
)
