"""The one path of a sweep: planned, executed some at once, told as its points end.

While points are executed, a thread of its own publishes what others have made and keeps the
sweep's one entry up to date, so that no kernel waits for git.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

from bot.command import Sweep
from bot.commands.run import declared_if_readable, publication
from bot.commands.scoring import scored_predictions
from bot.commands.state import ended, going_on, state_effects
from bot.commands.sweep import Plan, effects_of, entry_effects
from bot.commands.world import World
from bot.effects import RequestRun, apply
from bot.errors import ForgeError, RequestError
from bot.log.sweep.entry import State
from bot.log.sweep.words import count, point_line
from bot.preparation import changed_files, identify, make_ready
from bot.shell import Outlook, Shell
from bot.sweep import Point, read_sweeps
from bot.sweep import Sweep as Points
from runner.records import RunRequest, RunResult

_UPDATE_EVERY_S = 2.0
_UPDATE_SHARE = 10  # an update may take at most a tenth of the time between updates
_PATIENCE_S = 20.0  # a command that was killed needs a moment to stop what it was executing
_PAUSE_S = 0.1

Read = Callable[[], World]


class SweepCancelledError(KeyboardInterrupt):
    """Somebody cancelled a sweep, or a point of it, which therefore is not complete.

    Args:
        results: Those of the points that have any.
    """

    def __init__(self, results: list[RunResult]) -> None:
        super().__init__()
        self.results = results


def carry_out(
    shell: Shell,
    asked: Sweep,
    issue: int,
    read: Read,
    *,
    settle_runs: Callable[[], object],
    plan: Callable[[World], Plan],
) -> list[RunResult]:
    """Carry out a sweep, or what is missing of it; give the results of all its points.

    Args:
        shell: What is worked with.
        asked: The command.
        issue: The excursion's issue.
        read: Reads the world anew.
        settle_runs: Brings runs whose commands were interrupted to their ends.
        plan: Says which runs the command comes to.

    Raises:
        ExcursionError: It is not possible, or the forge failed.
        KeyboardInterrupt: It was stopped; what there is has been told.
        SweepCancelledError: Somebody cancelled it, or a point of it; what there is has been told.
    """
    if shell.show is not None:
        world = read()
        shell.apply(issue, effects_of(_identified(shell, asked, plan(world), world), world))
        return []
    with ExitStack() as claims:
        planned = _begin(shell, asked, issue, read, settle_runs, plan, claims)
        told = _Telling(shell, issue, read, planned.sweep)
        whole = _execute(shell, asked, planned, told) if planned.to_run else True
        sweep = told.sweep
        whole = (whole and not sweep.waiting) or not sweep.missing
        cancelled = any(map(shell.executor.cancelled, (point.request for point in sweep.points)))
        with shell.lock():
            state = State.ENDED if whole else State.STOPPED
            world = read()
            shell.apply(issue, entry_effects(sweep, state, world))
            shell.apply(issue, scored_predictions(world, sweep.results))
            shell.apply(issue, state_effects(world.thread, ended(sweeps=[sweep])))
            settle_runs()  # one killed just before may have ended meanwhile
    _summarise(shell, planned, sweep)
    if not whole and cancelled:
        raise SweepCancelledError(list(sweep.results))
    if not whole:
        raise KeyboardInterrupt
    return list(sweep.results)


def settle(shell: Shell, issue: int, read: Read) -> None:
    """Bring the sweeps whose commands were interrupted to where they stand; the lock is held.

    A point that was executing is told of by what it left; one that had not begun waits on.
    """
    unfinished = {sweep.first for sweep in shell.forge.sweeps(issue) if not sweep.alive}
    if not unfinished:
        return
    going_on = set()
    for stored in shell.forge.runs(issue):
        request = stored.request
        if request is None or not stored.interrupted or _first(request) not in unfinished:
            continue
        result = stored.result or stored.left
        if result is None and shell.executor.goes_on(request):  # its sweep, given again, awaits it
            going_on.add(_first(request))
            continue
        if result is None and shell.executor.began(request):
            result = shell.executor.recover(request)
        if result is not None:
            _publish(shell, result)
        shell.executor.told(request)
    world = read()
    for sweep in read_sweeps(world.runs):
        if sweep.first in unfinished:
            shell.apply(issue, entry_effects(sweep, State.STOPPED, world))
            shell.apply(issue, scored_predictions(world, sweep.results))
            shell.apply(issue, state_effects(shell.forge.thread(issue), ended(sweeps=[sweep])))
            shell.tell(_stand(sweep, "which was interrupted, is in the thread as it stands"))
    for first in unfinished - going_on:
        shell.executor.told_sweep(issue, first)


def _begin(
    shell: Shell,
    asked: Sweep,
    issue: int,
    read: Read,
    settle_runs: Callable[[], object],
    plan: Callable[[World], Plan],
    claims: ExitStack,
) -> Plan:
    """Plan the sweep, ask for its runs, and be the one who executes it.

    Raises:
        RequestError: Another process is at work on it.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        with shell.lock():
            settle_runs()
            settle(shell, issue, read)
            world = read()
            planned = plan(world)
            first = planned.sweep.first
            if not _is_alive(shell, issue, first):
                for effect in planned.to_run:
                    shell.executor.keep(effect.request)
                make_ready(shell.executor, planned.asked, world)
                planned = _identified(shell, asked, planned, world)
                shell.apply(issue, effects_of(planned, world))
                if planned.to_run:
                    state = going_on(effect.request for effect in planned.to_run)
                    shell.apply(issue, state_effects(world.thread, state))
                claims.enter_context(shell.executor.claim_sweep(issue, first))
                return planned
        shell.tell(f"Sweep {planned.sweep.id} is being executed, or was ended just now; waiting.")
        while _is_alive(shell, issue, first):
            if time.monotonic() > deadline:
                raise RequestError(
                    f"sweep {planned.sweep.id} is being executed by another process",
                    right="Wait for it, or end it.",
                )
            time.sleep(_PAUSE_S)


def _identified(shell: Shell, asked: Sweep, planned: Plan, world: World) -> Plan:
    """Say of each new run what it depends on, and answer those that were run before."""
    slots = _slots(shell, asked, planned)
    effects = identify(
        shell.executor, shell.forge, planned.new, world, fresh=asked.force, slots=slots
    )
    return planned.identified(effects)


def _slots(shell: Shell, asked: Sweep, planned: Plan) -> int:
    """Say how many points are executed at once."""
    to_run = planned.to_run
    return shell.executor.slots(to_run[0].request, len(to_run), asked.jobs) if to_run else 1


def _is_alive(shell: Shell, issue: int, first: int) -> bool:
    return any(sweep.alive and sweep.first == first for sweep in shell.forge.sweeps(issue))


def _execute(shell: Shell, asked: Sweep, planned: Plan, told: _Telling) -> bool:
    """Execute a sweep's points; False if it was interrupted."""
    sweep, to_run = planned.sweep, planned.to_run
    slots = _slots(shell, asked, planned)
    total, ready = len(sweep.points), len(sweep.points) - len(to_run)
    before = f", {ready} of them known" if ready else ""
    few = asked.jobs is not None and slots < min(asked.jobs, len(to_run))
    why = ", as many as there are cores" if few else ""
    shell.tell(f"Sweep {sweep.id}: {count(total, 'point')}{before}, {slots} at a time{why}.")
    outlook = Outlook(
        name=f"Sweep {sweep.id}",
        total=total,
        done=ready,
        failed=len(sweep.failed),
        describe=told.describe,
    )
    with told:
        in_turn = told.in_turn(to_run, slots, fresh=asked.force)
        return shell.executor.execute(in_turn, slots, told.ended, outlook)


class _Telling:
    """Publishes what points made while others are executed, and keeps the entry up to date."""

    def __init__(self, shell: Shell, issue: int, read: Read, sweep: Points) -> None:
        self.sweep = sweep
        self._shell = shell
        self._issue = issue
        self._read = read
        self._declared = declared_if_readable(read())
        self._claims: dict[str, ExitStack] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="telling")
        self._doing: list[Future[None]] = []
        self._next_update = 0.0

    def __enter__(self) -> None:
        """Nothing is to be done before the first point ends."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait until all is told that has ended; what had not begun waits on."""
        self._pool.shutdown(wait=True)
        self._check()
        for claim in self._claims.values() if kind is None else ():
            claim.close()

    def in_turn(
        self, asked: tuple[RequestRun, ...], slots: int, *, fresh: bool
    ) -> Iterator[RunRequest]:
        """Give each request when its turn has come: as it is to be executed now, and claimed.

        Raises:
            ForgeError: What a point made could not be published, or the worktree has changed.
        """
        executor = self._shell.executor
        for effect in asked:
            request = effect.request
            self._check()
            if executor.cancelled(request):
                continue
            _check_unchanged(self._shell, request)
            if not executor.goes_on(request):  # packages may have changed since it was allotted
                [request] = executor.identify([(request, effect.files)], fresh=fresh, slots=slots)
            with ExitStack() as claim:
                claim.enter_context(executor.claim(request))
                self._claims[request.run_id] = claim.pop_all()
            yield request

    def ended(self, result: RunResult) -> None:
        """Have a result told."""
        self._doing.append(self._pool.submit(self._tell, result))

    def describe(self, result: RunResult) -> str:
        """Tell of a point in one line of plain text."""
        place = next(p for p in self.sweep.points if p.request.run_id == result.run_id)
        return point_line(Point(place.request, result), self.sweep, self._declared)

    def _check(self) -> None:
        """Raise what went wrong while something was told."""
        for done in [future for future in self._doing if future.done()]:
            self._doing.remove(done)
            done.result()

    def _tell(self, result: RunResult) -> None:
        safe = _publish(self._shell, result)
        self._claims.pop(result.run_id).close()
        self.sweep = self.sweep.told(safe)
        began = time.monotonic()
        if began < self._next_update:
            return
        with self._shell.lock():
            effects = entry_effects(self.sweep, State.RUNNING, self._read())
            self._shell.apply(self._issue, effects)
        now = time.monotonic()
        self._next_update = now + max(_UPDATE_EVERY_S, _UPDATE_SHARE * (now - began))


def _publish(shell: Shell, result: RunResult) -> RunResult:
    """Put what a point made under its ref; give its result as it is published."""
    run = int(result.run_id.partition(".")[2])
    files = shell.forge.run_files(result.issue, run)
    safe, publishing = publication(result, files, shell.secrets)
    apply((publishing,), shell.forge)
    shell.executor.settled(safe)
    return safe


def _check_unchanged(shell: Shell, request: RunRequest) -> None:
    """Make sure that what a notebook may import is still what the sweep's commit holds.

    Raises:
        ForgeError: It is not; a point would run something else than it says.
    """
    changed = changed_files(shell.forge, request)
    if changed:
        raise ForgeError(
            f"files have changed in the excursion's worktree since the sweep began: "
            f"{', '.join(changed[:5])}",
            right="Points run before are kept. Restore the files (git stash) and give the command "
            "again to go on; or commit them and begin a new sweep.",
        )


def _summarise(shell: Shell, planned: Plan, sweep: Points) -> None:
    """Say how the sweep stands."""
    if planned.to_run:
        shell.tell(_stand(sweep, ""))
        return
    retry = "Run again what failed: --retry-failed. " if sweep.failed else ""
    shell.tell(_stand(sweep, "was complete already; nothing was run"))
    shell.tell(f"  {retry}Begin it anew: --force.")


def _stand(sweep: Points, what: str) -> str:
    """Say how many points have which outcome."""
    parts = [f"{len(sweep.succeeded)} of {count(len(sweep.points), 'point')} succeeded"]
    parts += [f"{len(sweep.failed)} failed"] if sweep.failed else []
    parts += [f"{len(sweep.waiting)} not run yet"] if sweep.waiting else []
    stand = ", ".join(parts)
    return f"Sweep {sweep.id} {what}: {stand}." if what else f"Sweep {sweep.id}: {stand}."


def _first(request: RunRequest) -> int:
    """Give the number that names the sweep of a run, 0 where it is a point of none."""
    return int(request.sweep.partition(".")[2] or 0)
