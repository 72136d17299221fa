"""A sweep in words: its best points, what a picture of it shows, the command that asks for it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.durations import spoken
from bot.excursion_file import ExcursionFile
from bot.grid import write_axis
from bot.log.run_entry import SIGNS
from bot.log.safety import clip, code, inline, plain
from bot.log.sweep.chart import Chart, Kind
from bot.log.sweep.metric import BestMean, Compared, best_mean, best_point, setting_text
from bot.log.tables import WIDEST, number
from bot.parameters import written
from bot.surroundings import LOCAL, Surroundings
from bot.sweep import Point, Sweep
from runner.records import Metric, RunRequest

_LONGEST_COMMAND = 6_000
_LOOKS = {
    Kind.LINE: "Line plot",
    Kind.DOTS: "Dot plot",
    Kind.STRIP: "Dot plot",
    Kind.HEATMAP: "Heatmap",
    Kind.PANELS: "Heatmaps",
}


def count(many: int, noun: str) -> str:
    """Write a number of things: `1 point`, `36 points`."""
    return f"{many} {noun}{'' if many == 1 else 's'}"


def point_at(point: Point, sweep: Sweep) -> str:
    """Name a point by what varies: `layer=1 seed=2`, as plain text."""
    return clip(plain(setting_text(point.parameters, sweep.axes)), 2 * WIDEST)


def best_text(sweep: Sweep, metric: Compared | None) -> str:
    """Say which point is best, and which setting over seeds; empty where that cannot be said."""
    if metric is None:
        return "*No point recorded a metric.*" if sweep.succeeded else ""
    name = code(clip(metric.name, WIDEST))
    if not metric.numbers:
        return f"*No point recorded a number for {name}.*" if sweep.succeeded else ""
    odd = count(len(metric.odd), "point")
    rest = f" *{odd} recorded no finite number for it.*" if metric.odd else ""
    point = best_point(sweep, metric)
    if point is None:
        return f"*No main metric is declared, so no point is best; {name} is shown.*{rest}"
    if len(set(metric.numbers)) == 1 and len(metric.numbers) > 1:
        same = inline(number(metric.numbers[0]))
        return f"**{name} is {same} at each of {len(metric.numbers)} points.**{rest}"
    recorded = point.result.metrics[metric.name] if point.result else ""
    value = inline(number(recorded))
    where = f" at {code(point_at(point, sweep))}" if sweep.axes else ""
    text = f"**Best {name} ({metric.goal}): {value}**{where}, run {point.request.run_id}."
    mean = best_mean(sweep, metric)
    return text + (f" {_mean_text(mean)}" if mean else "") + rest


def _mean_text(mean: BestMean) -> str:
    low, high = inline(number(min(mean.values))), inline(number(max(mean.values)))
    value = inline(number(mean.mean))
    if not mean.setting:
        return f"Mean over {len(mean.values)} seeds: **{value}** ({low} to {high})."
    setting = code(clip(plain(setting_text(mean.setting, mean.setting)), 2 * WIDEST))
    return f"Best mean over {len(mean.values)} seeds: **{value}** at {setting} ({low} to {high})."


def caption(chart: Chart, sweep: Sweep) -> str:
    """Say below a picture what it shows."""
    means = f", mean of {chart.over}" if chart.averaged else ""
    band = ", with the range" if chart.kind in {Kind.LINE, Kind.DOTS} and chart.is_spread else ""
    text = f"{chart.title}{means}{band}."
    if sweep.failed:
        text += f" {count(len(sweep.failed), 'point')} failed (✕)."
    if sweep.waiting:
        text += f" {count(len(sweep.waiting), 'point')} not run yet."
    return text


def alt_text(chart: Chart, sweep: Sweep) -> str:
    """Say what a reader would see who cannot see the picture."""
    means = chart.means
    at_mean = means.__getitem__
    places = {"lowest": min(means, key=at_mean), "highest": max(means, key=at_mean)}
    ends = [f"{word} {number(means[at])} at {_place(chart, at)}" for word, at in places.items()]
    said = (
        ends if len(set(means.values())) > 1 else [f"{number(next(iter(means.values())))} all over"]
    )
    return f"{_LOOKS[chart.kind]} of {caption(chart, sweep)} The values: {'; '.join(said)}."


def _place(chart: Chart, at: tuple[int, ...]) -> str:
    return " ".join(
        f"{axis.name}={axis.label(place)}" for axis, place in zip(chart.axes, at, strict=True)
    )


def axes_text(sweep: Sweep) -> str:
    """Say what varies, in one line of Markdown: each axis and its values."""
    axes = [f"{name}={write_axis(values)}" for name, values in sweep.axes.items()]
    return ", ".join(code(clip(plain(axis), WIDEST)) for axis in axes)


def again(sweep: Sweep, limits: Mapping[str, str], surroundings: Surroundings = LOCAL) -> str:
    """Write the command that asks for this sweep; empty where it would be far too long.

    Args:
        sweep: The sweep.
        limits: Limits of a run's time by their names, where others would hold otherwise.
        surroundings: Where the command is given.
    """
    axes = {name: write_axis(values) for name, values in sweep.axes.items()}
    axes |= {name: write_axis((value,)) for name, value in sweep.fixed.items()}
    return _command("sweep", sweep.request, axes, limits, surroundings)


def once_more(point: Point, limits: Mapping[str, str], surroundings: Surroundings = LOCAL) -> str:
    """Write the command that runs one point alone; empty where it would be far too long."""
    values = {name: written(value) for name, value in point.parameters.items()}
    return _command("run", point.request, values, limits, surroundings)


def _command(
    verb: str,
    request: RunRequest,
    given: Mapping[str, str],
    limits: Mapping[str, str],
    surroundings: Surroundings,
) -> str:
    if surroundings.is_github:
        text = surroundings.command(verb, request.issue, {**given, **limits})
    else:
        options = [f" --{name.replace('_', '-')} {limit}" for name, limit in limits.items()]
        text = surroundings.command(verb, request.issue, given) + "".join(options)
    return text if len(text) <= _LONGEST_COMMAND else ""


def outcome(point: Point) -> str:
    """Say in a word or two what came of a point, as plain text."""
    result = point.result
    if result is None:
        return "not run yet"
    sign, _ = SIGNS[result.status]
    if point.succeeded:
        earlier = f"that of run {result.answered_from}" if result.answered_from else ""
        return earlier or spoken(result.duration_s)
    return f"{sign} {result.status.replace('_', ' ')}"


def point_line(point: Point, sweep: Sweep, declared: ExcursionFile | None) -> str:
    """Tell of a point in one line, as plain text: where it is, what it recorded, its run."""
    result = point.result
    metrics: dict[str, Metric] = dict(result.metrics) if result and point.succeeded else {}
    names = [*(declared.metrics.headline if declared else ())] or list(metrics)
    main = declared.metrics.main if declared else ""
    shown = next((name for name in (main, *names) if name in metrics), None)
    facts = [point_at(point, sweep)] if sweep.axes else []
    facts += [f"{shown} {number(metrics[shown])}"] if shown else []
    if result is not None and not point.succeeded:
        why = f": {result.error.name}: {result.error.message}" if result.error else ""
        facts.append(clip(plain(f"{result.status.replace('_', ' ')}{why}"), 2 * WIDEST))
    facts.append(f"run {point.request.run_id}")
    return " ".join(" · ".join(facts).split())
