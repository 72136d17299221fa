"""`/retry [run] [at=head]`: execute again what failed, died, timed out or was cancelled.

At the same commit, with the same parameters, seed and limits, unless told otherwise. Of a sweep
those points are tried again that did not succeed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import count

from bot.command import Block, Eval, Retry, Run
from bot.commands import evaluate, run
from bot.commands.request import OPTIONS as LIMITS
from bot.commands.request import Limits, again, next_number
from bot.commands.run import PATCH, REQUEST, SOURCE, request_effects
from bot.commands.spec import Spec
from bot.commands.sweep import Plan, effects_of
from bot.commands.words import write_line, write_pairs
from bot.commands.world import World
from bot.effects import Effect, RequestRun
from bot.errors import RequestError
from bot.events import Role
from bot.forge.protocol import StoredRun
from bot.parameters import written
from bot.sweep import Point, Sweep, needs_execution, read_sweeps
from runner.records import RunRequest, RunResult, Status, to_json

OPTIONS = ("at", *LIMITS)
_HEAD = "head"


def parse(words: tuple[str, ...], named: Mapping[str, str]) -> Retry:
    """Read the command's words.

    Raises:
        RequestError: They name more than one run, or `at` is not `head`.
    """
    if len(words) > 1:
        raise RequestError(
            f"{len(words)} runs cannot be tried again by one command",
            right="Write a line for each: /retry 3",
            culprit=words[1],
        )
    at = named.get("at")
    if at not in (None, _HEAD):
        raise RequestError(
            f"at={at!r} is no place to try again at",
            right="Write at=head for the branch's commit; without it, it is the run's own.",
            culprit="at=",
        )
    limits = Limits.of(dict(named))
    return Retry(
        int(words[0]) if words else None,
        at == _HEAD,
        limits.timeout,
        limits.cell_timeout,
        limits.runner,
    )


def decide(command: Retry, world: World) -> tuple[Effect, ...]:
    """Decide what follows: a new run of the same, or new runs for the points of a sweep.

    Raises:
        RequestError: There is nothing that did not succeed, or it cannot be tried again so.
    """
    planned = plan(command, world)
    if planned is not None:
        return effects_of(planned, world)
    world.open_excursion()
    stored = _single(command, world)
    asked, result = stored.request, stored.result
    if asked is None or result is None:
        raise _unknown(stored.number, world)
    if command.head:
        return _at_head(command, asked, world)
    files = world.run_files.get(stored.number, {})
    source = _source(asked, files)
    request = again(asked, world, _limits(command), retries=result.run_id)
    kept = {REQUEST: to_json(request), SOURCE: source}
    if asked.dirty:
        kept[PATCH] = files.get(PATCH, b"")
    return request_effects(request, kept)


def plan(command: Retry, world: World) -> Plan | None:
    """Plan the points of a sweep that are tried again; None where it is about a run alone.

    Raises:
        RequestError: There is nothing that did not succeed, or it cannot be tried again so.
    """
    found = _found(command, world)
    if isinstance(found, StoredRun):
        return None
    sweep, points = found
    world.open_excursion()
    if any(other.alive and other.first == sweep.first for other in world.sweeps):
        raise RequestError(
            f"sweep {sweep.id} is still going",
            right="Wait for it, or cancel it: "
            + world.surroundings.numbered("cancel", world.thread.number, sweep.first),
        )
    if command.head:
        raise RequestError(
            f"{sweep.id} is a sweep, whose points run at one commit",
            right="Give the same /sweep again: it runs at the branch's commit.",
            culprit="at=",
        )
    numbers = count(next_number(world))
    source = _source(sweep.request, world.run_files.get(_number(points[0].request), {}))
    asked = []
    for point in points:
        changes = {
            "run_id": f"{world.thread.number}.{next(numbers)}",
            "sweep": sweep.id,
            "retries": sweep.id,
        }
        request = again(point.request, world, _limits(command), **changes)
        asked.append(RequestRun(request, {REQUEST: to_json(request), SOURCE: source}))
    return Plan(sweep.asked(each.request for each in asked), (), tuple(asked))


def source_number(command: Retry, world: World) -> int | None:
    """Name the run whose files the decision looks at; None where there is none."""
    try:
        found = _found(command, world)
    except RequestError:  # which the decision will tell
        return None
    return found.number if isinstance(found, StoredRun) else _number(found[1][0].request)


def _found(command: Retry, world: World) -> StoredRun | tuple[Sweep, Sequence[Point]]:
    """Find the run, or the sweep and its points, to be tried again."""
    world.begun()
    sweeps = {sweep.first: sweep for sweep in read_sweeps(world.runs)}
    if command.run is None:
        return _last(world, sweeps)
    stored = next((each for each in world.runs if each.number == command.run), None)
    if stored is None or stored.request is None:
        raise _unknown(command.run, world)
    if not stored.request.sweep:
        return _single(command, world)
    sweep = sweeps[int(stored.request.sweep.partition(".")[2])]
    whole = command.run == sweep.first
    points = [
        point
        for point in sweep.points
        if needs_execution(point, retry_failed=True)
        and (whole or point.request.run_id == stored.request.run_id)
    ]
    if not points:
        what = f"sweep {sweep.id}" if whole else f"run {stored.request.run_id}"
        raise _succeeded(what, command.run, world)
    return sweep, points


def _last(world: World, sweeps: Mapping[int, Sweep]) -> StoredRun | tuple[Sweep, Sequence[Point]]:
    """Find the last that did not succeed, and was not tried again since."""
    tried = {each.request.retries for each in world.runs if each.request}
    found: dict[int, StoredRun | tuple[Sweep, Sequence[Point]]] = {
        each.number: each
        for each in world.runs
        if each.request
        and each.result
        and each.result.status is not Status.SUCCEEDED
        and not (each.request.sweep or each.request.code or each.request.run_id in tried)
    }
    for sweep in sweeps.values():
        points = [p for p in sweep.points if needs_execution(p, retry_failed=True)]
        if points:
            found[max(_number(point.request) for point in sweep.points)] = (sweep, points)
    if not found:
        issue = world.thread.number
        good = [each.number for each in world.runs if each.result]
        right = "A run that succeeded is run again with "
        raise RequestError(
            f"no run of excursion {issue} has failed or was stopped, but for what was tried again",
            right=f"{right}{world.surroundings.numbered('reproduce', issue, good[-1])}."
            if good
            else f"Begin one: {world.surroundings.example('run', issue)}",
        )
    return found[max(found)]


def _single(command: Retry, world: World) -> StoredRun:
    """Give the one run that is to be tried again, which has come to an end that is not good."""
    if command.run is None:
        found = _found(command, world)
        if not isinstance(found, StoredRun):
            raise _unknown(0, world)
        return found
    stored = next((each for each in world.runs if each.number == command.run), None)
    if stored is None or stored.request is None:
        raise _unknown(command.run, world)
    name = stored.request.run_id
    if stored.alive or stored.elsewhere:
        raise RequestError(
            f"run {name} is still going",
            right="Wait for it, or cancel it: "
            + world.surroundings.numbered("cancel", world.thread.number, stored.number),
        )
    if stored.result is None:
        raise _unknown(command.run, world)
    if stored.result.status is Status.SUCCEEDED:
        noun = "eval" if stored.request.code else "run"
        raise _succeeded(f"{noun} {name}", command.run, world)
    return stored


def _at_head(command: Retry, asked: RunRequest, world: World) -> tuple[Effect, ...]:
    """Decide on the same at the branch's commit."""
    timeout = command.timeout or f"{asked.timeout_s:.3f}".rstrip("0").rstrip(".") + "s"
    runner = command.runner or asked.runner or None
    if asked.code:
        block = Block(asked.code, "python")
        return evaluate.decide(Eval(block, asked.after or None, timeout, runner), world)
    cell = asked.cell_timeout_s
    cell_timeout = command.cell_timeout or (f"{cell:.3f}s" if cell is not None else None)
    given = {name: written(value) for name, value in asked.parameters.items()}
    return run.decide(Run(given, timeout, cell_timeout=cell_timeout, runner=runner), world)


def _source(asked: RunRequest, files: Mapping[str, bytes]) -> bytes:
    """Give the notebook of an earlier run as it was."""
    source = files.get(SOURCE) if asked.needs_notebook else b""
    if source is None or hashlib.sha256(source).hexdigest() != asked.notebook_sha256:
        raise RequestError(
            f"the notebook of run {asked.run_id} is not to be found as it was",
            where=f"commit {asked.commit[:10]}",
            right="Fetch that commit, if another clone has it; or try again with at=head.",
        )
    return source


def _limits(command: Retry) -> Limits:
    return Limits(command.timeout, command.cell_timeout, command.runner)


def _number(record: RunRequest | RunResult) -> int:
    return int(record.run_id.partition(".")[2])


def _succeeded(what: str, number: int, world: World) -> RequestError:
    again_ = world.surroundings.numbered("reproduce", world.thread.number, number)
    right = (
        "Give the same /eval again." if what.startswith("eval") else f"To run it again: {again_}"
    )
    if what.startswith("sweep"):
        right = "To run a point of it again, reproduce that; the same /sweep with force, all of it."
    return RequestError(f"{what} succeeded", right=right, culprit=str(number))


def _unknown(number: int, world: World) -> RequestError:
    known = [str(each.number) for each in world.runs if each.result]
    return RequestError(
        f"there is no run {world.thread.number}.{number} with a result",
        right=f"There are: {', '.join(known) or 'none'}.",
        culprit=str(number),
    )


def write(command: Retry) -> str:
    """Write the command as people do."""
    pairs = {"at": _HEAD if command.head else None, **_limits(command).pairs()}
    number = str(command.run) if command.run is not None else ""
    return write_line("retry", number, write_pairs(pairs))


SPEC = Spec(
    word="retry",
    command=Retry,
    role=Role.WRITE,
    usage="/retry [run] [at=head] [runner=NAME] [timeout=30m]",
    summary="Execute again what failed, died, ran out of time or was cancelled.",
    example="/retry 3 timeout=2h",
    parse=parse,
    write=write,
    decide=decide,
    runs=True,
    executes=True,
    options=OPTIONS,
    details="At the same commit, with the same parameters, seed and limits unless they are given; "
    "it finds the checkpoints that were left. `at=head` takes the branch's commit. Of a sweep, "
    "named by its first run, all points that did not succeed are tried again.",
)
