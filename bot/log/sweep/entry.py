"""Sweep ─► its one entry: the best point, a picture, a table over all points, what failed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from bot.durations import spoken
from bot.excursion_file import ExcursionFile
from bot.log.predictions import short_moment
from bot.log.ran_on import dollars, machine
from bot.log.run_details import environment_text, folded, meanings
from bot.log.run_entry import LONGEST, chosen, headline, log_link, predicted
from bot.log.safety import clip, code, fence, inline
from bot.log.sweep.metric import best_point, compared
from bot.log.sweep.table import points_table
from bot.log.sweep.words import again, axes_text, best_text, count, once_more, point_at
from bot.scoring import Prediction
from bot.surroundings import LOCAL, Surroundings
from bot.sweep import Point, Sweep
from runner.records import RunResult

FIGURE = "figures/sweep.png"
_ROOM_OF_TABLE = 30_000  # characters
_ROOM_OF_FAILURES = 6_000
_MOST_NAMED = 12  # points of one failure


class State(StrEnum):
    """How far a sweep is."""

    RUNNING = "running"
    STOPPED = "stopped"  # points are missing, and nobody is at work on them
    ENDED = "ended"


@dataclass(frozen=True)
class Shown:
    """A picture of a sweep, and what is said of it."""

    at: str  # where the thread finds it
    caption: str
    alt: str


def sweep_entry(
    sweep: Sweep,
    state: State,
    *,
    declared: ExcursionFile | None,
    predictions: tuple[Prediction, ...],
    known_since: str,
    picture: Shown | None,
    limits: Mapping[str, str] | None = None,
    surroundings: Surroundings = LOCAL,
) -> str:
    """Render the entry of a sweep, at whatever stage.

    Args:
        sweep: Its points, and what came of them.
        state: How far it is.
        declared: The excursion's declaration at the commit that ran, if it can still be read.
        predictions: All predictions of the thread.
        known_since: When the first outcome could be known; those stamped before are shown.
        picture: A plot of it, if one can be drawn.
        limits: Limits of a run's time by their names, where others would hold otherwise.
        surroundings: Where the thread is read.
    """
    metric = compared(sweep, declared)
    best = best_point(sweep, metric) if metric else None
    seen = headline(best.result.metrics, declared) if best and best.result else ""
    seen = f"best: {seen}" if seen else f"{len(sweep.succeeded)} of {len(sweep.points)} succeeded"
    before = [
        _heading(sweep, state),
        _lead(sweep, declared),
        _progress(sweep, state, limits or {}, surroundings),
        _failures(sweep, state),
        best_text(sweep, metric),
        shown_picture(picture) if picture else "",
    ]
    after = [
        predicted(seen, known_since, predictions, sweep.results, "sweep") if sweep.results else "",
        _ran_on(sweep.results, sweep.request.commit),
        log_link(surroundings),
    ]
    folds = [
        _fold("What the metrics mean", meanings(_recorded(sweep), declared)),
        _fold("How to run it again", _again(sweep, best, limits or {}, surroundings)),
        _fold("Environment", environment_text(sweep.results[0]) if sweep.results else ""),
    ]

    def joined(points: str) -> str:
        return "\n\n".join(part for part in (*before, points, *after, *folds) if part)

    if len(joined("")) > LONGEST - _ROOM_OF_TABLE // 4:
        folds.pop()
    room = min(_ROOM_OF_TABLE, LONGEST - len(joined("")) - 10)
    return clip(joined(points_table(sweep, metric, declared, room=room)), LONGEST)


def _heading(sweep: Sweep, state: State) -> str:
    total, failed = len(sweep.points), len(sweep.failed)
    ended = total - len(sweep.missing if state is State.STOPPED else sweep.waiting)
    name = f"Sweep {sweep.id}"
    if state is State.RUNNING:
        return f"### ⏳ {name} is running: {ended} of {count(total, 'point')} done"
    if state is State.STOPPED:
        return f"### ⏸️ {name} was stopped: {ended} of {count(total, 'point')} done"
    if not failed:
        words = f"all {total} points" if total > 1 else "its one point"
        return f"### ✅ {name}: {words} succeeded"
    if failed == total:
        return f"### ❌ {name}: {'all' if total > 1 else 'its'} {count(total, 'point')} failed"
    return f"### ⚠️ {name}: {total - failed} of {total} points succeeded, {failed} failed"


def _lead(sweep: Sweep, declared: ExcursionFile | None) -> str:
    defaults = {n: d.default for n, d in declared.parameters.items()} if declared else {}
    fixed = chosen(sweep.fixed, defaults)
    if not sweep.axes:
        return f"With {fixed}."
    rest = fixed.replace("all parameters at", "the others at", 1)
    return f"Over {axes_text(sweep)}{f', with {rest}' if sweep.fixed else ''}."


def _progress(
    sweep: Sweep, state: State, limits: Mapping[str, str], surroundings: Surroundings
) -> str:
    """Say who asked, while it goes on; and how to go on, where it was stopped."""
    request = sweep.request
    if state is State.RUNNING:
        return (
            f"*Asked for by {inline(request.requested_by)} at {short_moment(sweep.requested)} UTC, "
            f"at commit {code(request.commit[:10])}. "
            f"Each run may take {spoken(request.timeout_s)} at most.*"
        )
    if state is State.STOPPED:
        command = again(sweep, limits, surroundings)
        missing = count(len(sweep.missing), "point")
        verb = "is" if len(sweep.missing) == 1 else "are"
        said = (
            f"\n\n{fence(command, surroundings.language)}"
            if command
            else " Give its command again."
        )
        return f"Given again, it runs only the {missing} that {verb} missing:{said}"
    return ""


def _failures(sweep: Sweep, state: State) -> str:
    """Name every failure with the points that came to it, but for those that will run again."""
    failed = [p for p in sweep.failed if state is not State.STOPPED or p not in sweep.missing]
    groups: dict[str, list[Point]] = {}
    for point in failed:
        groups.setdefault(_failure(point), []).append(point)
    if not groups:
        return ""
    lines = []
    for failure, points in groups.items():
        named = [
            f"{code(point_at(p, sweep))} (run {p.request.run_id})"
            if sweep.axes
            else p.request.run_id
            for p in points[:_MOST_NAMED]
        ]
        rest = len(points) - len(named)
        named += [f"{rest} more"] if rest else []
        cells = {p.result.error.cell for p in points if p.result and p.result.error}
        place = f" in cell {next(iter(cells))}" if len(cells) == 1 and None not in cells else ""
        lines.append(f"> - **{failure}**{place}: {', '.join(named)}")
    fitting = [s <= _ROOM_OF_FAILURES for s in accumulate(len(line) for line in lines)]
    shown = lines[: sum(fitting)]
    if len(shown) < len(lines):
        shown.append(f"> - {count(len(lines) - len(shown), 'more failure')} in the runs' own files")
    total = count(len(failed), "point")
    return "\n".join([f"> [!WARNING]\n> {total} failed:\n>", *shown])


def _failure(point: Point) -> str:
    """Say why a point failed."""
    result = point.result
    if result is None or result.error is None:
        return result.status.replace("_", " ") if result else ""
    error = result.error
    return inline(clip(f"{error.name}: {error.message}" if error.message else error.name, 300))


def shown_picture(picture: Shown, *, at: str = "") -> str:
    """Show a picture of a sweep, where the thread finds it or elsewhere."""
    return f"![{inline(picture.alt)}]({at or picture.at})\n*{inline(picture.caption)}*"


def _ran_on(results: Sequence[RunResult], commit: str) -> str:
    """Say in one line what the runs ran on, and what they took together."""
    if not results:
        return ""
    places = dict.fromkeys(tuple(machine(result.environment, peaks=False)) for result in results)
    places.pop((), None)
    facts = [f"commit {code(commit[:10])}", *next(iter(places), ())]
    began, ended = min(r.started for r in results), max(r.finished for r in results)
    took = spoken(math.fsum(result.duration_s for result in results))
    till = short_moment(ended).removeprefix(f"{short_moment(began)[:10]} ")
    facts += [f"{short_moment(began)} to {till} UTC, {took} of runs"]
    gpu_s = math.fsum(result.cost.gpu_s for result in results)
    facts += [f"{spoken(gpu_s)} of GPU"] if gpu_s else []
    prices = [result.cost.usd for result in results if result.cost.usd is not None]
    facts += [dollars(math.fsum(prices))] if prices and gpu_s else []
    text = f"**Ran on** {' · '.join(facts)}"
    if len(places) > 1:
        text += (
            f"\n\n*Note: the runs found {len(places)} different environments; this is the first.*"
        )
    return text


def _recorded(sweep: Sweep) -> frozenset[str]:
    return frozenset(name for result in sweep.results for name in result.metrics)


def _again(
    sweep: Sweep, best: Point | None, limits: Mapping[str, str], surroundings: Surroundings
) -> str:
    command = again(sweep, limits, surroundings)
    if not command:
        return ""
    text = f"With the branch as it is now:\n\n{fence(command, surroundings.language)}"
    if best is not None and sweep.axes:
        once = once_more(best, limits, surroundings)
        text += f"\n\nThe best point alone:\n\n{fence(once, surroundings.language)}"
    return text


def _fold(title: str, text: str) -> str:
    return folded(title, text) if text else ""
