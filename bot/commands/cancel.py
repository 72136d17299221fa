"""`/cancel [run]`: stop what is being executed, keeping all that it made up to then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.command import Cancel
from bot.commands.spec import Spec
from bot.commands.words import write_line
from bot.commands.world import World
from bot.effects import CancelRuns, Effect, Reply
from bot.errors import RequestError
from bot.events import Role
from bot.forge.protocol import StoredRun
from bot.forge.workflows import workflows_of
from bot.thread import Comment


@dataclass(frozen=True)
class _Going:
    """Something that is being executed: a run, an eval, or a sweep as a whole."""

    number: int
    name: str  # `run 12.3`
    sweep: bool = False


def parse(words: tuple[str, ...], _: Mapping[str, str]) -> Cancel:
    """Read the command's words.

    Raises:
        RequestError: They name more than one run.
    """
    if not words:
        return Cancel()
    if len(words) > 1:
        raise RequestError(
            f"{len(words)} runs cannot be stopped by one command",
            right="Write a line for each: /cancel 3",
            culprit=words[1],
        )
    return Cancel(int(words[0]))


def decide(command: Cancel, world: World) -> tuple[Effect, ...]:
    """Decide what follows: what goes on is to be stopped, and an answer says so.

    Given again it finds nothing left to stop, and says that.

    Raises:
        RequestError: There is no such run, or several go on and none is named.
    """
    issue = world.begun().issue
    going = _going_on(world)
    if command.run is None:
        if len(going) > 1:
            raise RequestError(
                f"several go on: {', '.join(each.name for each in going)}",
                right=f"Name one: {world.surroundings.numbered('cancel', issue, going[-1].number)}",
            )
        if not going:
            return (Reply(f"Nothing of excursion {issue} is being executed."),)
        return _stop(going[0], world)
    found = next((each for each in going if each.number == command.run), None)
    if found is not None:
        return _stop(found, world)
    run = next((run for run in world.runs if run.number == command.run), None)
    sweep = _sweep_of(command.run, run, world)
    if sweep is not None and (run is None or run.result is None):
        return _stop_point(command.run, sweep, world)
    name = f"{issue}.{command.run}"
    entry = world.thread.entry(f"run:{name}") or world.thread.entry(f"sweep:{name}")
    if run is None and entry is None:
        known = [str(run.number) for run in world.runs]
        raise RequestError(
            f"there is no run {name}",
            right=f"There are: {', '.join(known) or 'none'}.",
            culprit=str(command.run),
        )
    status = str(run.result.status) if run and run.result else _remembered(entry)
    ended = {"cancelled": "was cancelled", "stopped": "is stopped"}.get(status, "has ended")
    noun = "Eval" if run and run.request and run.request.code else "Run"
    return (Reply(f"{noun} {name} {ended} already: there is nothing to cancel."),)


def _remembered(entry: Comment | None) -> str:
    """Give how something ended, as its entry remembers it."""
    data = entry.data if entry else None
    return str((data or {}).get("status", ""))


def _going_on(world: World) -> list[_Going]:
    """List what is being executed, or shall be by a cluster that nobody waits for."""
    issue = world.thread.number
    left = {
        run.request.sweep for run in world.runs if run.elsewhere and run.request and not run.alive
    }
    found = [
        _Going(sweep.first, f"sweep {issue}.{sweep.first}", sweep=True)
        for sweep in world.sweeps
        if sweep.alive or f"{issue}.{sweep.first}" in left
    ]
    for run in world.runs:
        if (run.alive or run.elsewhere) and not (run.request and run.request.sweep):
            noun = "eval" if run.request and run.request.code else "run"
            found.append(_Going(run.number, f"{noun} {issue}.{run.number}"))
    return sorted(found, key=lambda each: each.number)


def _stop(going: _Going, world: World) -> tuple[Effect, ...]:
    issue = world.thread.number
    runs, sweeps = ((), (going.number,)) if going.sweep else ((going.number,), ())
    also = _also(going, world)
    with_it = f" {also}" if also else ""
    text = f"⏹️ Cancelling {going.name}. Its entry tells what it made until now.{with_it}"
    return (CancelRuns(issue, runs, sweeps, world.actor), Reply(text))


def _also(going: _Going, world: World) -> str:
    """Name what ends with it on GitHub, which cancels all that one comment asked for."""
    if not world.surroundings.is_github:
        return ""
    mine = set(workflows_of(world.thread, going.number))
    others = [
        each.name
        for each in _going_on(world)
        if each != going and mine & set(workflows_of(world.thread, each.number))
    ]
    if not others:
        return ""
    return f"GitHub ends with it what the same comment asked for: {', '.join(others)}."


def _stop_point(number: int, sweep: int, world: World) -> tuple[Effect, ...]:
    """Stop one point, going on or waiting, of a sweep that goes on."""
    issue = world.thread.number
    if world.surroundings.is_github:
        raise RequestError(
            f"run {issue}.{number} is a point of sweep {issue}.{sweep}, which GitHub can only "
            "cancel as a whole",
            right=f"Write: /cancel {sweep}",
            culprit=str(number),
        )
    text = f"⏹️ Cancelling run {issue}.{number}; the others of sweep {issue}.{sweep} go on."
    return (CancelRuns(issue, (number,), (), world.actor), Reply(text))


def _sweep_of(number: int, run: StoredRun | None, world: World) -> int | None:
    """Find the sweep that goes on and has a run as its point; None if there is none."""
    issue = world.thread.number
    alive = {sweep.first for sweep in world.sweeps if sweep.alive}
    if run is not None and run.request is not None:
        first = int(run.request.sweep.partition(".")[2] or 0)
        return first if first in alive else None
    for first in alive:
        entry = world.thread.entry(f"sweep:{issue}.{first}")
        last = (entry.data or {}).get("last") if entry else None
        if isinstance(last, int) and first < number <= last:
            return first
    return None


def write(command: Cancel) -> str:
    """Write the command as people do."""
    return write_line("cancel", str(command.run) if command.run is not None else "")


SPEC = Spec(
    word="cancel",
    command=Cancel,
    role=Role.WRITE,
    usage="/cancel [run]",
    summary="Stop what is being executed; all that it made until then is kept.",
    example="/cancel 3",
    parse=parse,
    write=write,
    decide=decide,
    runs=True,
    options=(),
    details="A sweep is stopped as a whole by the number of its first run; the other numbers stop "
    "one point, where it is executed on a machine of one's own (GitHub stops a sweep as a whole "
    "only). `/retry` executes again what was cancelled.",
)
