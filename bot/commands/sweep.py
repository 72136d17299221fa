"""`/sweep layer=0..11 seed=[1,2,3] [jobs=2]`: the notebook over a grid, a run for each point.

All runs get their numbers at once. The same sweep, given again, goes on where it was stopped: what
has an outcome keeps it, what waits keeps its number, what was stopped while it ran gets a new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from bot.command import Run, Sweep
from bot.commands import run
from bot.commands.request import Limits, next_number, seed_of
from bot.commands.spec import Spec
from bot.commands.words import write_line, write_pairs
from bot.commands.world import World
from bot.durations import parse_duration
from bot.effects import Effect, PublishSweep, RequestRun, SetLabels, UpsertEntry
from bot.errors import RequestError
from bot.events import Role
from bot.excursion import LABEL_RUNNING
from bot.excursion_file import ExcursionFile
from bot.forge.attached import write_attached
from bot.forge.protocol import sweep_ref
from bot.grid import expand
from bot.log.predictions import read_predictions
from bot.log.safety import clip
from bot.log.spoiler import FOLDED, folded_results, spoilers_fold
from bot.log.sweep.chart import choose_chart
from bot.log.sweep.entry import FIGURE, Shown, State, sweep_entry
from bot.log.sweep.metric import best_point, compared
from bot.log.sweep.plot import draw_chart
from bot.log.sweep.table import CSV, points_csv
from bot.log.sweep.words import alt_text, caption, point_at
from bot.parameters import Value
from bot.surroundings import LOCAL, Surroundings
from bot.sweep import Point, needs_execution, point_key, read_sweeps
from bot.sweep import Sweep as Points
from runner.records import RunRequest, to_json

RETRY, FORCE = "retry-failed", "force"
_ALIKE = ("notebook_sha256", "commit", "dirty", "timeout_s", "cell_timeout_s", "engine", "runner")


@dataclass(frozen=True)
class Plan:
    """What a sweep's command comes to."""

    sweep: Points  # with a request for each point, and what is known of it
    waiting: tuple[RequestRun, ...]  # for points that have their numbers from before
    new: tuple[RequestRun, ...]

    @property
    def asked(self) -> tuple[RequestRun, ...]:
        """The runs for all points that want an outcome, in the grid's order."""
        effects = {effect.request.run_id: effect for effect in (*self.waiting, *self.new)}
        names = (point.request.run_id for point in self.sweep.points)
        return tuple(effects[name] for name in names if name in effects)

    @property
    def to_run(self) -> tuple[RequestRun, ...]:
        """Those of them whose outcome is not known from an earlier run."""
        return tuple(effect for effect in self.asked if effect.answer is None)

    def identified(self, effects: Iterable[Effect]) -> Plan:
        """Give the plan with its new runs as they were identified, some answered at once."""
        new = tuple(effect for effect in effects if isinstance(effect, RequestRun))
        sweep = self.sweep.asked(effect.request for effect in new)
        for effect in new:
            sweep = sweep.told(effect.answer) if effect.answer else sweep
        return Plan(sweep, self.waiting, new)


def parse(words: tuple[str, ...], named: Mapping[str, str]) -> Sweep:
    """Read the command's words.

    Raises:
        RequestError: A word is neither known nor `name=value`, or jobs is no number.
    """
    for word in words:
        if word not in (RETRY, FORCE):
            raise RequestError(
                f"sweep does not know the word {word!r}",
                right=f"Write axes as layer=0..11 or seed=[1,2,3]; it knows {RETRY} and {FORCE}.",
                culprit=word,
            )
    axes = dict(named)
    jobs = axes.pop("jobs", None)
    limits = Limits.of(axes)
    if jobs is not None and not (jobs.isascii() and jobs.isdigit() and 0 < int(jobs[:9]) < 10**6):
        raise RequestError(
            f"jobs={jobs!r} is not a number of runs", right="Write jobs=2.", culprit="jobs="
        )
    slots = int(jobs) if jobs else None
    return Sweep(
        axes,
        slots,
        limits.timeout,
        RETRY in words,
        FORCE in words,
        limits.cell_timeout,
        limits.runner,
    )


def decide(command: Sweep, world: World) -> tuple[Effect, ...]:
    """Decide what follows: numbers allotted for all points, and one entry for the sweep.

    Raises:
        RequestError: The grid or a value is not possible, or the excursion cannot run.
    """
    return effects_of(plan(command, world), world)


def effects_of(planned: Plan, world: World) -> tuple[Effect, ...]:
    """Give what follows from a plan: its runs asked for, and an entry that says so."""
    if not planned.asked:
        return ()
    return (*planned.asked, *entry_effects(planned.sweep, State.RUNNING, world))


def plan(command: Sweep, world: World) -> Plan:
    """Plan a sweep: a new one, or what is missing of the same one as it was begun before.

    Raises:
        RequestError: The grid or a value is not possible, or the excursion cannot run.
    """
    excursion, declared = world.open_excursion(), world.declared()
    if world.uncommitted:
        raise RequestError(
            "the excursion's worktree has changes that are not committed: "
            + ", ".join(world.uncommitted[:5]),
            right="Commit them there (git add -A && git commit): all points of a sweep run the "
            "same commit.",
        )
    pattern, files = _alone(command, world)
    points = expand(declared.parameters, command.axes, where="-p", sets=declared.sets)
    known = _same(world, pattern, points)
    if known is not None and command.force and not known.missing:
        known = None
    numbers = count(next_number(world))

    def request(parameters: Mapping[str, Value], sweep: str, number: int) -> RunRequest:
        changes = {
            "run_id": f"{excursion.issue}.{number}",
            "parameters": dict(parameters),
            "seed": seed_of(parameters),
            "sweep": sweep,
        }
        return pattern.model_copy(update=changes)

    def effect(asked: RunRequest) -> RequestRun:
        return RequestRun(asked, files | {run.REQUEST: to_json(asked)})

    if known is None:
        name = pattern.run_id
        new = [request(p, name, next(numbers)) for p in points]
        sweep = Points(name, tuple(Point(each) for each in new), pattern.requested)
        return Plan(sweep, (), tuple(map(effect, new)))
    again = [p for p in known.points if needs_execution(p, retry_failed=command.retry_failed)]
    waiting = [p.request for p in again if p.result is None]
    new = [request(p.parameters, known.id, next(numbers)) for p in again if p.result is not None]
    return Plan(known.asked(new), tuple(map(effect, waiting)), tuple(map(effect, new)))


def entry_effects(sweep: Points, state: State, world: World) -> tuple[Effect, ...]:
    """Decide what tells of a sweep as it stands: its files, its entry, its excursion's label."""
    issue, declared = sweep.request.issue, run.declared_if_readable(world)
    picture, png = picture_of(sweep, declared, world.surroundings)
    files = {CSV: points_csv(sweep)} | ({FIGURE: png} if png else {})
    if state is State.STOPPED and not sweep.missing:
        state = State.ENDED
    entry = sweep_entry(
        sweep,
        state,
        declared=declared,
        predictions=read_predictions(world.thread),
        known_since=_known_since(sweep, world),
        picture=picture,
        limits=_limits(sweep, declared, world),
        surroundings=world.surroundings,
    )
    memory = _memory(sweep, state, declared) | write_attached(world.surroundings.attached)
    if sweep.results and spoilers_fold(world.thread):
        own = entry.partition("\n\n")[0]
        entry, memory[FOLDED] = folded_results(entry, own, f"Sweep {sweep.id}"), True
    running = state is State.RUNNING
    message = f"Sweep {sweep.id}: {len(sweep.succeeded)} of {len(sweep.points)} points succeeded\n"
    publish = PublishSweep(
        issue, sweep.first, files, sweep.request.commit, message, kept=not running
    )
    others = any(run.alive and run.request and run.request.sweep != sweep.id for run in world.runs)
    others |= any(other.alive for other in world.sweeps if other.first != sweep.first)
    stopped = () if others else (SetLabels(issue, remove=(LABEL_RUNNING,)),)
    return (
        *((publish,) if sweep.results else ()),
        UpsertEntry(issue, f"sweep:{sweep.id}", entry, memory),
        *((SetLabels(issue, add=(LABEL_RUNNING,)),) if running else stopped),
    )


def _alone(command: Sweep, world: World) -> tuple[RunRequest, dict[str, bytes]]:
    """Give what a run at the defaults would ask for; a sweep's runs differ in parameters only."""
    alone = Run({}, command.timeout, cell_timeout=command.cell_timeout, runner=command.runner)
    [asked] = [effect for effect in run.decide(alone, world) if isinstance(effect, RequestRun)]
    return asked.request, dict(asked.files)


def _same(
    world: World, pattern: RunRequest, points: Sequence[Mapping[str, Value]]
) -> Points | None:
    """Find the last sweep over the same points of the same notebook, at this commit and limit."""
    wanted = {point_key(point) for point in points}
    for sweep in reversed(read_sweeps(world.runs)):
        same_points = {point_key(point.parameters) for point in sweep.points} == wanted
        alike = all(getattr(sweep.request, name) == getattr(pattern, name) for name in _ALIKE)
        if same_points and alike:
            return sweep
    return None


def picture_of(
    sweep: Points, declared: ExcursionFile | None, surroundings: Surroundings = LOCAL
) -> tuple[Shown | None, bytes]:
    """Draw a sweep as PNG, and say what is on it; None and nothing without numbers to draw."""
    metric = compared(sweep, declared)
    chart = choose_chart(sweep, metric, declared) if metric else None
    if chart is None:
        return None, b""
    name = FIGURE.rpartition("/")[2]
    folder = surroundings.figures(
        sweep_ref(sweep.request.issue, sweep.first), f"sweeps/{sweep.first}/figures/"
    )
    png = draw_chart(chart)
    at = surroundings.attached.get(hashlib.sha256(png).hexdigest()) or f"{folder}{name}"
    shown = Shown(at, caption(chart, sweep), alt_text(chart, sweep))
    return shown if folder else None, png


def _known_since(sweep: Points, world: World) -> str:
    """Say when the first outcome could be known: what is said after is no prediction."""
    earlier = {result.answered_from for result in sweep.results} - {""}
    runs = [run.result for run in world.runs if run.result and run.result.run_id in earlier]
    return min([sweep.requested, *(result.started for result in runs)])


def _limits(sweep: Points, declared: ExcursionFile | None, world: World) -> dict[str, str]:
    """Write a run's limits of time by their names, where they are not those that hold anyway."""
    name = sweep.request.runner or (declared.runner if declared else "")
    runner = world.config.runners.get(name)
    limits: dict[str, str] = {}
    for name in ("timeout", "cell_timeout"):
        usual = getattr(declared, name, None) or getattr(runner, name, None)
        seconds = getattr(sweep.request, f"{name}_s")
        same = usual is not None and parse_duration(usual, where=name) == seconds
        if seconds is not None and not same:
            limits[name] = f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"
    return limits


def _memory(sweep: Points, state: State, declared: ExcursionFile | None) -> dict[str, object]:
    """Give what a sweep's entry remembers."""
    status: str = state.value
    if state is State.ENDED:
        status = "failed" if sweep.failed else "succeeded"
    memory: dict[str, object] = {
        "status": status,
        "commit": sweep.request.commit,
        "started": sweep.requested,
        "points": len(sweep.points),
        "succeeded": len(sweep.succeeded),
        "failed": len(sweep.failed),
        "last": max(int(p.request.run_id.partition(".")[2]) for p in sweep.points),
    }
    metric = compared(sweep, declared)
    best = best_point(sweep, metric) if metric else None
    if metric is not None and best is not None and best.result is not None:
        memory["best"] = {
            "run_id": best.request.run_id,
            "at": clip(point_at(best, sweep), 200),
            "metric": clip(metric.name, 100),
            "value": best.result.metrics[metric.name],
        }
    return memory


def write(command: Sweep) -> str:
    """Write the command as people do."""
    flags = [RETRY] * command.retry_failed + [FORCE] * command.force
    options = {
        "jobs": str(command.jobs) if command.jobs is not None else None,
        **Limits(command.timeout, command.cell_timeout, command.runner).pairs(),
    }
    return write_line("sweep", *flags, write_pairs({**command.axes, **options}))


SPEC = Spec(
    word="sweep",
    command=Sweep,
    role=Role.WRITE,
    usage="/sweep name=values… [jobs=4] [runner=NAME] [timeout=30m] [retry-failed] [force]",
    summary="Execute the notebook over a grid of parameters, reported in one entry.",
    example="/sweep layer=0..11 seed=[1, 2, 3]",
    parse=parse,
    write=write,
    decide=decide,
    executes=True,
    options=None,
    details="Values are a range `0..11`, a range with a step `0..1:0.25`, a list `[1, 2, 7..9]`, "
    '`["a, b", "c"]`, or one value. `jobs` says how many points run at once. The same sweep given '
    "again runs what is missing; `retry-failed` also what failed; `force` everything.",
)
