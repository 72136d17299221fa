"""A sweep over one parameter ─► a line, a strip of dots, or a row of dots for each name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from bot.log.sweep.chart import Axis, Cell, Chart, short
from bot.log.sweep.ink import BLUE, GREY, MOST_TICKS, ORANGE, Marks, axis_label
from bot.log.tables import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BOTTOM = 0.035  # of the axes' height: where places without a value are marked


def draw_line(figure: Figure, chart: Chart) -> Marks:
    """Draw the mean along one parameter, with the range of what it is the mean of."""
    figure.set_size_inches(7.2, 4.3)
    ax = figure.subplots()
    axis = chart.axes[0]
    xs = axis.positions
    cells = [chart.cells.get((place,), Cell()) for place in range(len(xs))]
    means = [math.nan if cell.mean is None else cell.mean for cell in cells]
    if chart.is_spread:
        low = [min(cell.values, default=math.nan) for cell in cells]
        high = [max(cell.values, default=math.nan) for cell in cells]
        ax.fill_between(xs, low, high, color=BLUE, alpha=0.16, linewidth=0)
        for x, cell in zip(xs, cells, strict=True):
            ax.plot([x] * len(cell.values), cell.values, "o", color=BLUE, ms=3.5, alpha=0.45, mew=0)
    ax.plot(xs, means, "o-", color=BLUE, linewidth=2, ms=6.5, mec="white", mew=1)
    if axis.is_geometric:
        ax.set_xscale("log")
        ax.minorticks_off()
    _ticks(ax, axis, xs, log=axis.is_geometric)
    best = chart.best()
    if best is not None:
        _ring(ax, xs[best[0]], means[best[0]])
    _finish(ax, chart, axis)
    return _mark_gaps(ax, xs, cells)


def draw_strip(figure: Figure, chart: Chart) -> Marks:
    """Draw a dot for each seed, the mean as a line, one standard deviation as a band."""
    figure.set_size_inches(7.2, 3.8)
    ax = figure.subplots()
    axis = chart.axes[0]
    xs = [float(place) for place in range(len(axis.values))]
    cells = [chart.cells.get((place,), Cell()) for place in range(len(xs))]
    values = [value for cell in cells for value in cell.values]
    mean, deviation = math.fsum(values) / len(values), spread(values)
    if deviation:
        ax.axhspan(mean - deviation, mean + deviation, color=BLUE, alpha=0.12, linewidth=0)
    ax.axhline(mean, color=BLUE, linewidth=1.5, alpha=0.8)
    ax.annotate(
        f"mean {number(mean)}",
        (1.01, mean),
        xycoords=("axes fraction", "data"),
        color=BLUE,
        va="center",
    )
    for x, cell in zip(xs, cells, strict=True):
        ax.plot([x] * len(cell.values), cell.values, "o", color=BLUE, ms=8, mec="white", mew=1)
    _ticks(ax, axis, xs, log=False)
    ax.set_xlim(-0.6, len(xs) - 0.4)
    _finish(ax, chart, axis)
    return _mark_gaps(ax, xs, cells)


def draw_dots(figure: Figure, chart: Chart) -> Marks:
    """Draw a row for each name: its values, their range and their mean."""
    axis = chart.axes[0]
    count = len(axis.values)
    figure.set_size_inches(7.2, min(14.0, 1.7 + 0.42 * count))
    ax = figure.subplots()
    best = chart.best()
    for row in range(count):
        cell = chart.cells.get((row,), Cell())
        if cell.mean is None:
            text = "failed" if cell.failed else "not run yet"
            color = ORANGE if cell.failed else GREY
            ax.annotate(
                f"✕ {text}" if cell.failed else f"○ {text}",
                (0.01, row),
                xycoords=("axes fraction", "data"),
                color=color,
                va="center",
                fontsize=9.5,
            )
            continue
        ax.plot(
            [min(cell.values), max(cell.values)], [row, row], color=BLUE, lw=5, alpha=0.2,
            solid_capstyle="round",
        )  # fmt: skip
        if len(cell.values) > 1:
            dots = [row] * len(cell.values)
            ax.plot(cell.values, dots, "o", color=BLUE, ms=4, alpha=0.5, mew=0)
        ax.plot([cell.mean], [row], "o", color=BLUE, ms=8, mec="white", mew=1)
        is_best = best == (row,)
        if is_best:
            ax.plot([cell.mean], [row], "o", mfc="none", mec=ORANGE, ms=13, mew=2)
        some = " (some failed)" if cell.failed else ""
        ax.annotate(
            f"{number(cell.mean)}{some}",
            (1.01, row),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9.5,
            color=ORANGE if is_best or cell.failed else "#333333",
        )
    ax.grid(axis="x")
    every = max(1, math.ceil(count / 60))
    ax.set_yticks(range(0, count, every), [axis.label(p) for p in range(0, count, every)])
    ax.set_ylim(count - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.margins(x=0.08)
    ax.set_xlabel(short(chart.metric))
    ax.set_ylabel(axis_label(axis, room=figure.get_figheight()))
    return []


def _ring(ax: Axes, x: float, value: float) -> None:
    """Ring the best value, and write it there, readable on whatever is behind."""
    from matplotlib.patheffects import withStroke

    ax.plot([x], [value], "o", mfc="none", mec=ORANGE, ms=13, mew=2, zorder=5)
    ax.annotate(
        number(value), (x, value), textcoords="offset points", xytext=(0, 12), ha="center",
        color=ORANGE, fontsize=10, weight="bold", zorder=6,
        path_effects=[withStroke(linewidth=3, foreground="white")],
    )  # fmt: skip


def _mark_gaps(ax: Axes, xs: Sequence[float], cells: Sequence[Cell]) -> Marks:
    """Mark at the bottom where points failed, and where they have yet to run."""
    in_part = any(cell.failed and cell.values for cell in cells)
    kinds = (
        ([x for x, c in zip(xs, cells, strict=True) if c.failed], "x", ORANGE,
         "failed, all or in part" if in_part else "failed"),
        ([x for x, c in zip(xs, cells, strict=True) if c.waiting], "o", GREY, "not run yet"),
    )  # fmt: skip
    marks: Marks = []
    for places, marker, color, label in kinds:
        if places:
            [drawn] = ax.plot(
                places, [_BOTTOM] * len(places), marker, color=color, ms=7, mew=2, mfc="none",
                transform=ax.get_xaxis_transform(), clip_on=False, linestyle="none",
            )  # fmt: skip
            marks.append((drawn, label))
    if marks:
        low, high = ax.get_ylim()
        ax.set_ylim(low - 0.08 * (high - low), high)  # room for the marks
    return marks


def _ticks(ax: Axes, axis: Axis, xs: Sequence[float], *, log: bool) -> None:
    """Put ticks where there are values, if they are few enough."""
    if len(xs) <= MOST_TICKS and _are_apart(axis, [math.log(x) for x in xs] if log else xs):
        ax.set_xticks(xs, [axis.label(place) for place in range(len(xs))])
    elif not log and list(xs) == list(axis.values):
        ax.locator_params(axis="x", nbins=12, integer=all(x == int(x) for x in xs))
    else:
        every = math.ceil(len(xs) / MOST_TICKS)
        ax.set_xticks(xs[::every], [axis.label(p) for p in range(0, len(xs), every)])


def _are_apart(axis: Axis, xs: Sequence[float]) -> bool:
    """Say whether the labels of all values have room beside each other."""
    gaps = [b - a for a, b in pairwise(xs)]
    widest = max(len(axis.label(place)) for place in range(len(xs)))
    return not gaps or min(gaps) / sum(gaps) * 60 > widest


def _finish(ax: Axes, chart: Chart, axis: Axis) -> None:
    """Name the axes, and give a flat line some height."""
    ax.grid(axis="y")
    values = [value for cell in chart.cells.values() for value in cell.values]
    if len(set(values)) == 1:
        pad = abs(values[0]) * 0.1 or 1.0
        ax.set_ylim(values[0] - pad, values[0] + pad)
    else:
        ax.margins(y=0.16)
    ax.set_xlabel(axis_label(axis))
    ax.set_ylabel(short(chart.metric))


def spread(values: Sequence[float]) -> float:
    """Give the standard deviation of a sample, nothing for a single value."""
    if len(values) < 2:
        return 0.0
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
