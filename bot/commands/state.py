"""What was done to an excursion ─► its welcome entry, saying so, wherever the thread has one."""

from __future__ import annotations

from collections.abc import Iterable

from bot.effects import UpsertEntry
from bot.log.run_entry import SIGNS
from bot.log.welcome import with_state
from bot.sweep import Sweep
from bot.thread import WELCOME, Thread
from runner.records import RunRequest, RunResult


def going_on(requests: Iterable[RunRequest]) -> str:
    """Say what has been asked for."""
    names = dict.fromkeys(
        f"sweep {request.sweep}" if request.sweep else _name(request) for request in requests
    )
    return f"⏳ {_listed(list(names))} under way."


def ended(alone: Iterable[RunResult] = (), sweeps: Iterable[Sweep] = ()) -> str:
    """Say what came to its end."""
    said = [f"{SIGNS[run.status][0]} {_name(run)} {_word(run)}" for run in alone]
    said += [
        f"{_sign(sweep)} sweep {sweep.id}: {len(sweep.succeeded)} of {len(sweep.points)} points "
        "succeeded"
        for sweep in sweeps
    ]
    return f"{_listed(said)}."


def state_effects(thread: Thread, state: str) -> tuple[UpsertEntry, ...]:
    """Have the welcome say what runs there are, unless the excursion has come to its end."""
    if thread.answer is not None or not thread.is_open:
        return ()  # somebody looks at an old result again
    return _saying(thread, state)


def turn_effects(thread: Thread) -> tuple[UpsertEntry, ...]:
    """Have the welcome say that the excursion was answered, closed or opened again."""
    if not thread.turns:
        return ()
    heading = thread.turns[-1].body.partition("\n")[0].removeprefix("### ")
    return _saying(thread, f"{heading}; see below.")


def _saying(thread: Thread, state: str) -> tuple[UpsertEntry, ...]:
    welcome = thread.entry(WELCOME)
    if welcome is None:
        return ()
    body = with_state(welcome.body, state)
    return (UpsertEntry(thread.number, WELCOME, body, welcome.data or {}),)


def _sign(sweep: Sweep) -> str:
    if sweep.missing:
        return "⏸️"
    return "⚠️" if sweep.failed else "✅"


def _name(run: RunRequest | RunResult) -> str:
    return f"{'eval' if run.code else 'run'} {run.run_id}"


def _word(result: RunResult) -> str:
    return result.status.value.replace("_", " ")


def _listed(names: list[str]) -> str:
    most = 6
    rest = [f"{len(names) - most} more"] if len(names) > most else []
    return ", ".join([*names[:most], *rest])
