"""A sweep over two parameters, or three ─► a heatmap, or one for each value of the third."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bot.log.sweep.chart import Axis, Cell, Chart, short
from bot.log.sweep.ink import INK, MOST_TICKS, ORANGE, Marks, axis_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FAILED: dict[str, Any] = {"facecolor": "#EFEDE8", "edgecolor": "#C9C5BC", "linewidth": 0.0}
_WAITING: dict[str, Any] = {**_FAILED, "facecolor": "white", "hatch": "///"}
_MOST_NUMBERS_ACROSS, _MOST_NUMBERS_DOWN = 14, 24  # written into a heatmap's cells
_OTHER_SIDE = 0.1  # of the greatest: what lies nearer to zero is not worth half of the colours
_STEPS = (1, 2, 5, 10, 20, 50)


def draw_heatmaps(figure: Figure, chart: Chart) -> Marks:
    """Draw one heatmap, or one for each value of the third parameter, on one scale of colours."""
    x, y = chart.axes[:2]
    panels = len(chart.axes[2].values) if len(chart.axes) > 2 else 1
    across = min(panels, 3 if len(x.values) <= 6 else 2)
    down = math.ceil(panels / across)
    wide = across * min(8.0, max(0.5 * len(x.values), 2.2)) + 1.9
    high = down * (max(0.42 * len(y.values), 1.3) + (0.45 if panels > 1 else 0.0)) + 1.9
    high += 0.06 * max(map(len, _labels(x))) if _is_slanted(x, panels) else 0.0
    figure.set_size_inches(max(7.2, min(10.0, wide)), min(11.0, high))
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    low, top = min(chart.means.values()), max(chart.means.values())
    colours = _colours(low, top)
    best = chart.best()
    for place, ax in enumerate(grid.flat):
        if place >= panels:
            ax.set_axis_off()
            continue
        tail = (place,) if panels > 1 else ()
        _heatmap(ax, chart, tail, colours, low, top)
        if best is not None and best[2:] == tail:
            _frame(ax, best[0], best[1])
        if panels > 1:
            third = chart.axes[2]
            ax.set_title(
                f"{short(third.name)} = {third.label(place)}", fontsize=11, weight="normal"
            )
    for ax in grid.flat[max(0, panels - across) : panels]:  # the lowest of each column
        ax.tick_params(labelbottom=True)
        ax.set_xlabel(axis_label(x, room=figure.get_figwidth() / across - 0.8))
    for ax in grid[:, 0]:
        ax.set_ylabel(axis_label(y, room=max(0.42 * len(y.values), 1.3)))
    bar = figure.colorbar(colours, ax=grid, pad=0.02, aspect=30 if high > 4 else 15)
    bar.outline.set_visible(False)
    bar.set_label(short(chart.metric))
    return _heatmap_marks(chart, framed=best is not None)


def _colours(low: float, top: float) -> Any:
    """Choose a scale: from light to dark, or around zero where values lie on both sides of it."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    most = max(-low, top)
    if min(-low, top) > _OTHER_SIDE * most:
        return ScalarMappable(Normalize(-most, most), "RdBu")  # blue is positive
    pad = 0.0 if top > low else abs(low) * 0.05 or 0.5
    return ScalarMappable(Normalize(low - pad, top + pad), "viridis")


def _heatmap(
    ax: Axes, chart: Chart, tail: tuple[int, ...], colours: Any, low: float, top: float
) -> None:
    """Draw one heatmap; places without a value are hatched, and marked if they failed."""
    from matplotlib.patches import Rectangle

    x, y = chart.axes[:2]
    across, down = len(x.values), len(y.values)
    panels = len(chart.axes[2].values) if tail else 1
    numbers = across <= _MOST_NUMBERS_ACROSS and down <= _MOST_NUMBERS_DOWN and panels <= 3
    size = 9.5 if panels == 1 else 8.5
    for i in range(across):
        for j in range(down):
            cell = chart.cells.get((i, j, *tail), Cell())
            if cell.mean is None:
                look = _FAILED if cell.failed else _WAITING
                ax.add_patch(Rectangle((i - 0.5, j - 0.5), 1, 1, **look))
                if cell.failed:
                    ax.plot([i], [j], "x", color=ORANGE, ms=6, mew=2)
                continue
            shade = colours.to_rgba(cell.mean)
            ax.add_patch(Rectangle((i - 0.5, j - 0.5), 1, 1, facecolor=shade, linewidth=0))
            if numbers:
                dark = 0.299 * shade[0] + 0.587 * shade[1] + 0.114 * shade[2] < 0.55
                text = _brief(cell.mean, low, top) + ("*" if cell.failed else "")
                ax.text(
                    i, j, text, ha="center", va="center", fontsize=size,
                    color="white" if dark else INK,
                )  # fmt: skip
    for side in ax.spines.values():
        side.set_visible(False)
    ax.set_xlim(-0.5, across - 0.5)
    ax.set_ylim((-0.5, down - 0.5) if y.is_numeric else (down - 0.5, -0.5))
    ax.tick_params(length=0)
    slanted = _is_slanted(x, panels)
    every = _every(across)
    ax.set_xticks(
        range(0, across, every),
        _labels(x),
        rotation=35 if slanted else 0,
        ha="right" if slanted else "center",
    )
    every = _every(down, most=30)
    ax.set_yticks(range(0, down, every), [y.label(p) for p in range(0, down, every)])


def _every(count: int, most: int = MOST_TICKS) -> int:
    """Say which values are named: each, or every second, fifth, tenth … of many."""
    return next((step for step in _STEPS if count <= step * most), math.ceil(count / most))


def _labels(axis: Axis) -> list[str]:
    """Write the values below a heatmap, every other of many."""
    count = len(axis.values)
    return [axis.label(place) for place in range(0, count, _every(count))]


def _is_slanted(axis: Axis, panels: int) -> bool:
    """Say whether the values have no room side by side."""
    labels = _labels(axis)
    return max(map(len, labels)) * len(labels) > (90 if panels == 1 else 35)


def _heatmap_marks(chart: Chart, *, framed: bool) -> Marks:
    """Give those of a heatmap's marks that occur, and what they mean."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def mark(marker: str, color: str) -> Line2D:
        return Line2D([], [], marker=marker, color=color, ms=7, mew=1.5, linestyle="none")

    cells = chart.cells.values()
    best = Patch(facecolor="none", edgecolor=ORANGE, linewidth=2.5)
    occur = (
        (framed, best, "best mean" if chart.is_spread else "best"),
        (any(c.failed and c.mean is None for c in cells), mark("x", ORANGE), "failed"),
        (any(c.failed and c.mean is not None for c in cells), mark("*", INK), "failed in part"),
        (any(c.mean is None and not c.failed for c in cells), Patch(**_WAITING), "not run yet"),
    )
    return [(handle, text) for does, handle, text in occur if does]


def _frame(ax: Axes, column: int, row: int) -> None:
    from matplotlib.patches import Rectangle

    ax.add_patch(
        Rectangle(
            (column - 0.5, row - 0.5),
            1,
            1,
            fill=False,
            edgecolor=ORANGE,
            linewidth=2.5,
            clip_on=False,
            zorder=5,
        )
    )


def _brief(value: float, low: float, top: float) -> str:
    """Write a value so that it differs from its neighbours, in as few characters as that takes."""
    span = top - low
    size = max(abs(low), abs(top))
    if not span or size >= 1e5 or span < 1e-4:
        return f"{value:.3g}"
    return f"{value:z.{min(4, max(0, 1 - math.floor(math.log10(span))))}f}"  # z: never -0.00
