"""What `plots` draws ─► figures by matplotlib."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator
from plots import BLACK, HEIGHT, NOT_A_NUMBER, POINT, SCALE, SMALL, TEXT, WIDTH, Frame, Maps, broken

_DASHES = {"solid": "-", "dash": "--", "dot": ":"}
_SHAPES = {"circle": "o", "square": "s", "diamond": "D", "triangle-up": "^", "triangle-down": "v"}

plt.rcParams.update(
    {
        "figure.figsize": (WIDTH, HEIGHT),
        "figure.dpi": 100 * SCALE,
        "figure.constrained_layout.use": True,
        "font.size": TEXT * POINT,
        "axes.titlesize": (TEXT + 2) * POINT,
        "axes.titlelocation": "left",
        "xtick.labelsize": SMALL * POINT,
        "ytick.labelsize": SMALL * POINT,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
)


class Pen:
    """Draws on matplotlib's axes."""

    def __init__(self, frame: Frame) -> None:
        self.figure, self.axes = plt.subplots(figsize=(WIDTH, frame.height))
        self.beside: list[tuple[float, str, str]] = []  # (height, text, colour) right of the axes
        axes = self.axes
        axes.set_title(broken(frame.title), pad=26 if frame.room_above else None, parse_math=False)
        axes.set_xlabel(frame.x_label, parse_math=False)
        axes.set_ylabel(textwrap.fill(frame.y_label, 34), parse_math=False)
        if frame.log_x:
            axes.set_xscale("log")
        if frame.log_y:
            axes.set_yscale("log")
        axes.set(xlim=frame.x_range, ylim=frame.y_range)
        if frame.equal:
            axes.set_aspect("equal", adjustable="box", anchor="W")
            axes.locator_params(nbins=5)
        if frame.whole_x and not frame.log_x:
            axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
        for ticks, put in ((frame.x_ticks, axes.set_xticks), (frame.y_ticks, axes.set_yticks)):
            if ticks is not None:
                put(list(ticks), list(ticks.values()), parse_math=False)

    def line(
        self,
        x: Any,
        y: Any,
        colour: str,
        *,
        dash: str = "solid",
        marked: bool = False,
        width: float = 2.2,
        name: str = "",
    ) -> None:
        """Draw through points, "solid", "dash" or "dot", with each point marked or not."""
        style: dict[str, Any] = {"linestyle": _DASHES[dash], "linewidth": width}
        marker = "o" if marked else ""
        self.axes.plot(x, y, color=colour, marker=marker, markersize=5, label=f"_{name}", **style)

    def band(self, x: Any, low: Any, high: Any, colour: str) -> None:
        """Shade between two lines."""
        self.axes.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)

    def dots(self, x: Any, y: Any, colour: str, shape: str, name: str) -> None:
        """Draw points."""
        size = 36 if len(x) <= 200 else 12
        self.axes.scatter(x, y, s=size, color=colour, marker=_SHAPES[shape], label=f"_{name}")

    def boxes(self, heights: Any, colours: Sequence[str], errors: Any, *, lying: bool) -> None:
        """Draw bars at 0, 1, 2 …, upright or lying."""
        places = np.arange(len(heights))
        look: dict[str, Any] = {"ecolor": BLACK, "capsize": 3}
        if lying:
            self.axes.barh(places, heights, 0.72, color=list(colours), xerr=errors, **look)
        else:
            self.axes.bar(places, heights, 0.72, color=list(colours), yerr=errors, **look)

    def words(
        self,
        text: str,
        x: float,
        y: float,
        colour: str,
        side: str = "left",
        *,
        where: str = "axes",
        above: bool = False,
    ) -> None:
        """Write, `side` at the place, which is in fractions of the axes or in the data."""
        if where == "axes" and x > 1.0:
            self.beside.append((y, text, colour))
            return
        place = self.axes.transAxes if where == "axes" else self.axes.transData
        self.axes.text(
            x, y, text, color=colour, transform=place, ha=side, va="bottom" if above else "center",
            fontsize=(TEXT if where == "axes" else SMALL) * POINT, parse_math=False,
        )  # fmt: skip

    def show(self) -> None:
        """Show the figure below its cell."""
        if self.axes.get_aspect() != "auto":  # a second axis may not be as long as it has to be
            for up, text, colour in self.beside:
                self.axes.text(
                    1.015, up, text, color=colour, transform=self.axes.transAxes, va="center",
                    fontsize=TEXT * POINT, parse_math=False,
                )  # fmt: skip
        elif self.beside:  # as labels of a second axis, since room is made for those
            right = self.axes.twinx()
            right.set(ylim=(0, 1), yticks=[up for up, _, _ in self.beside])
            right.spines[:].set_visible(False)
            right.tick_params(length=0, pad=4, labelsize=TEXT * POINT)
            right.set_yticklabels([text for _, text, _ in self.beside], parse_math=False)
            for label, (_, _, colour) in zip(right.get_yticklabels(), self.beside, strict=True):
                label.set_color(colour)
        _show(self.figure)


def show_maps(maps: Maps) -> None:
    """Draw matrices side by side."""
    colours = LinearSegmentedColormap.from_list("ours", list(maps.colours), bad=NOT_A_NUMBER)
    low, high = maps.range
    figure, grid = plt.subplots(maps.down, maps.across, figsize=(WIDTH, maps.height), squeeze=False)
    for number, axes in enumerate(grid.flat):
        if number >= len(maps.panels):
            axes.set_visible(False)
            continue
        panel = np.ma.masked_invalid(maps.panels[number])
        aspect = "equal" if maps.square else "auto"
        picture = axes.imshow(panel, cmap=colours, vmin=low, vmax=high, aspect=aspect)
        axes.set_title(maps.names[number], loc="center", fontsize=SMALL * POINT, parse_math=False)
        axes.spines[:].set_visible(False)
        xs = maps.ticks(maps.columns, panel.shape[1])
        ys = maps.ticks(maps.rows, panel.shape[0])
        tilted = 90 if maps.upright(xs) else 0
        below = number + maps.across >= len(maps.panels)
        axes.set_xticks(
            list(xs), list(xs.values()) if below else [""] * len(xs), rotation=tilted,
            parse_math=False,
        )  # fmt: skip
        left = number % maps.across == 0
        axes.set_yticks(list(ys), list(ys.values()) if left else [""] * len(ys), parse_math=False)
        axes.tick_params(length=0 if maps.rows == [] else 3)
        for row, texts in enumerate(maps.written(number) or []):
            for column, text in enumerate(texts):
                colour = maps.ink(maps.panels[number, row, column])
                axes.text(column, row, text, ha="center", va="center", color=colour,
                          fontsize=SMALL * POINT, parse_math=False)  # fmt: skip
    figure.suptitle(
        broken(maps.title), x=0.01, ha="left", fontsize=(TEXT + 2) * POINT, parse_math=False
    )
    figure.supxlabel(maps.x_label, fontsize=TEXT * POINT, parse_math=False)
    figure.supylabel(maps.y_label, fontsize=TEXT * POINT, parse_math=False)
    bar = figure.colorbar(picture, ax=grid, shrink=0.9, aspect=24, pad=0.02)
    bar.set_label(textwrap.fill(maps.colour_label, 34), parse_math=False)
    bar.outline.set_visible(False)
    _show(figure)


def _show(figure: Any) -> None:
    plt.show()
    plt.close(figure)
