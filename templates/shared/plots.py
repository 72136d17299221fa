"""Numbers and their names ─► the figure of a cell, in one look, by matplotlib or by plotly.

Every function shows its figure and returns None. Values may be lists, arrays or tensors. Colours
are those of Okabe and Ito, which stay apart for colour-blind readers; names stand where the lines
end; and everything is large enough to be read where the picture is 400 pixels wide.
"""

from __future__ import annotations

import importlib
import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
AMBER, SKY, BLACK, GREY = "#E69F00", "#56B4E9", "#000000", "#6E6E6E"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, AMBER, SKY, BLACK)
DIVERGING = ("#2166AC", "#67A9CF", "#D1E5F0", "#F7F7F7", "#FDDBC7", "#EF8A62", "#B2182B")
SEQUENTIAL = ("#00224E", "#2A3F6D", "#575C6D", "#7D7C78", "#A59C74", "#D2C060", "#FEE838")
NOT_A_NUMBER = "#DDDDDD"

WIDTH, HEIGHT = 6.4, 3.8  # of a figure, in units of 100 pixels before it is scaled
SCALE = 1.25  # so a figure is 800 pixels wide
TEXT, SMALL = 16, 14  # height of letters, in pixels before they are scaled
POINT = 0.72  # of an inch of 100 pixels, in which matplotlib measures letters
_SIGNS = {"circle": "●", "square": "■", "diamond": "◆", "triangle-up": "▲", "triangle-down": "▼"}
_FEW_POINTS = 24  # up to which each one is marked
_LETTERS = 50  # side by side below a matrix


def use(plotting: str) -> None:
    """Choose what draws from here on, once, before the first figure.

    Raises:
        ValueError: It is neither "matplotlib" nor "plotly".
        ImportError: It is not installed; the message says what to install.
    """
    global _library
    if plotting not in ("matplotlib", "plotly"):
        raise ValueError(f"plotting is 'matplotlib' or 'plotly', not {plotting!r}")
    try:
        _library = importlib.import_module(f"plots_{plotting}")
    except ModuleNotFoundError as error:
        raise ImportError(
            f"plotting={plotting!r} needs {error.name}, which is not installed here: "
            f"pip install {'plotly kaleido' if plotting == 'plotly' else 'matplotlib'}"
        ) from error


def lines(
    series: Mapping[str, Any],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x: Any = None,
    bands: Mapping[str, tuple[Any, Any]] | None = None,
    levels: Mapping[str, float] | None = None,
    marks: Mapping[str, float] | None = None,
    dashed: Iterable[str] = (),
    log_x: bool = False,
    log_y: bool = False,
    y_limits: tuple[float | None, float | None] = (None, None),
) -> None:
    """Draw one line a name, each named at its end.

    Args:
        series: Name ─► heights [point], or a tuple (x [point], heights [point]).
        title: What is seen.
        x_label: What runs along, with its unit.
        y_label: What is measured, with its unit.
        x: Places of the points of series that bring none; 0, 1, 2 … if left out.
        bands: Name of a line ─► (low [point], high [point]), shaded behind it.
        levels: Name ─► height of a dotted line across, such as chance.
        marks: Name ─► place of a dotted line upright, such as the step of a phase change.
        dashed: Names of lines that are drawn dashed, such as a theory.
        log_x: Whether x is on a logarithmic scale.
        log_y: Whether heights are.
        y_limits: Lowest and highest height shown; None for what the data need.
    """
    dashed, bands, levels, marks = set(dashed), bands or {}, levels or {}, marks or {}
    curves = {name: _points(values, x) for name, values in series.items()}
    heights = [curve[1] for curve in curves.values()]
    heights += [_array(edge) for band in bands.values() for edge in band]
    frame = Frame(
        title,
        x_label,
        y_label,
        x_range=_range([curve[0] for curve in curves.values()], log=log_x, margin=0.0),
        y_range=_range([*heights, _array(list(levels.values()))], y_limits, log=log_y),
        log_x=log_x,
        log_y=log_y,
        whole_x=all(np.all(curve[0] == np.round(curve[0])) for curve in curves.values()),
    )
    pen = _pen(frame)
    colours = _colours(curves)
    for name, height in levels.items():
        pen.line(np.array(frame.x_range), np.full(2, height), GREY, dash="dot", name=name)
    for number, (name, (places, values)) in enumerate(curves.items()):
        if name in bands:
            low, high = (_array(edge) for edge in bands[name])
            pen.band(places, low, high, colours[name])
        dash = "dash" if name in dashed or number >= len(COLOURS) else "solid"
        marked = len(values) <= _FEW_POINTS and dash == "solid"
        pen.line(places, values, colours[name], dash=dash, marked=marked, name=name)
    for name, place in marks.items():
        pen.line(np.full(2, place), np.array(frame.y_range), GREY, dash="dot", name=name)
        right = frame.across(place) > 0.5
        pen.words(f" {name} ", frame.across(place), 0.97, GREY, "right" if right else "left")
    ends = [(frame.up(_last(values)), name, colours[name]) for name, (_, values) in curves.items()]
    ends += [(frame.up(height), name, GREY) for name, height in levels.items()]
    _name_ends(pen, ends)
    pen.show()


def scatter(
    x: Any,
    y: Any,
    *,
    title: str,
    x_label: str,
    y_label: str,
    labels: Sequence[object] | None = None,
    groups: Sequence[object] | None = None,
    lines: Mapping[str, tuple[Any, Any]] | None = None,
    equal: bool = False,
) -> None:
    """Draw points, in colours and shapes by group, with names beside them if given.

    Args:
        x: Places [point].
        y: Heights [point].
        title: What is seen.
        x_label: What runs along, with its unit.
        y_label: What runs up, with its unit.
        labels: What to write beside each point; empty for nothing. A name that would lie across
            another one is left out.
        groups: Each point's group, any value; groups are named at the right.
        lines: Name ─► (x [corner], y [corner]), thin and grey behind the points, such as a fit or
            the sides of a polygon; a name that begins with _ is not shown.
        equal: Whether one unit is as long along as up.
    """
    x, y, extra = _array(x), _array(y), lines or {}
    corners = [(_array(along), _array(up)) for along, up in extra.values()]
    x_range = _range([x, *(along for along, _ in corners)])
    y_range = _range([y, *(up for _, up in corners)])
    height = HEIGHT + 1.2 if equal else HEIGHT
    if equal:  # or a narrow cloud would make a narrow picture
        x_range = _at_least(x_range, y_range[1] - y_range[0])
        y_range = _at_least(y_range, 0.6 * (x_range[1] - x_range[0]))
    frame = Frame(title, x_label, y_label, x_range, y_range, equal=equal, height=height)
    pen = _pen(frame)
    for name, (along, up) in zip(extra, corners, strict=True):
        pen.line(along, up, GREY, width=1.0, name=name)
        if not name.startswith("_"):
            pen.words(f" {name}", _last(along), _last(up), GREY, where="data")
    names = list(dict.fromkeys(groups)) if groups is not None else [""]
    legend = []
    for number, group in enumerate(names):
        chosen = [groups is None or groups[i] == group for i in range(len(x))]
        colour, shape = COLOURS[number % len(COLOURS)], list(_SIGNS)[number % len(_SIGNS)]
        pen.dots(x[chosen], y[chosen], colour, shape, str(group))
        legend.append((1.0 - number * 0.01, f"{_SIGNS[shape]} {group}", colour))
    if groups is not None:
        _name_ends(pen, legend)
    if labels is not None:
        places = zip(x, y, map(str, labels), strict=False)
        _name_points(pen, frame, [(float(a), float(b), name) for a, b, name in places if name])
    pen.show()


def bars(
    values: Mapping[str, Any],
    *,
    title: str,
    x_label: str,
    y_label: str,
    errors: Mapping[str, float] | Sequence[float] | None = None,
    levels: Mapping[str, float] | None = None,
    colours: Mapping[str, str] | Sequence[str] | None = None,
) -> None:
    """Draw one bar a name; they lie down where there are many or their names are long.

    Args:
        values: Name ─► height.
        title: What is seen.
        x_label: What the names are.
        y_label: What is measured, with its unit.
        errors: Half the length of each bar's error bar, by name or in order.
        levels: Name ─► height of a dotted line across all bars, such as chance.
        colours: Colour of each bar, by name or in order; blue if left out.
    """
    names, levels = [str(name) for name in values], levels or {}
    heights = _array(list(values.values()))
    given = [errors[name] for name in values] if isinstance(errors, Mapping) else errors
    spread = _array(given) if given is not None else None
    if isinstance(colours, Mapping):
        colours = [colours.get(name, BLUE) for name in values]
    reach = [heights, _array([0.0, *levels.values()])]
    if spread is not None:
        reach += [heights - spread, heights + spread]
    lying = len(names) > 12 or sum(max(len(name), 3) for name in names) > 48
    ticks = _thinned([textwrap.fill(name, 28 if lying else 14) for name in names], most=60)
    ends = (len(names) - 0.4, -0.6) if lying else (-0.6, len(names) - 0.4)
    low, high = _range(reach)
    low, high = low if min(map(np.nanmin, reach)) < 0 else 0.0, high
    if lying:
        tall = max(HEIGHT, 1.2 + 0.27 * len(names))
        frame = Frame(
            title, y_label, x_label, (low, high), ends,
            y_ticks=ticks, height=tall, room_above=bool(levels),
        )  # fmt: skip
    else:
        frame = Frame(title, x_label, y_label, ends, (low, high), x_ticks=ticks)
    pen = _pen(frame)
    pen.boxes(heights, list(colours or [BLUE] * len(names)), spread, lying=lying)
    for name, level in levels.items():
        along, up = np.array(ends), np.full(2, level)
        pen.line(*((up, along) if lying else (along, up)), GREY, dash="dot", name=name)
    if lying:
        above = sorted((frame.across(level), name) for name, level in levels.items())
        for (place, name), side in zip(above, _sides(above), strict=True):
            pen.words(name, place, 1.0, GREY, side, above=True)
    else:
        _name_ends(pen, [(frame.up(level), name, GREY) for name, level in levels.items()])
    pen.show()


def histogram(
    values: Mapping[str, Any],
    *,
    title: str,
    x_label: str,
    y_label: str = "count",
    bins: int = 40,
) -> None:
    """Draw how often each size occurs, one outline a name, in the same bins.

    Args:
        values: Name ─► numbers; those that are not finite are left out.
        title: What is seen.
        x_label: What is counted, with its unit.
        y_label: What the height is.
        bins: Number of bins.
    """
    numbers = {name: _array(each).ravel() for name, each in values.items()}
    numbers = {name: each[np.isfinite(each)] for name, each in numbers.items()}
    together = np.concatenate(list(numbers.values())) if numbers else np.zeros(1)
    edges = np.histogram_bin_edges(together, bins=bins)
    counts = {name: np.histogram(each, bins=edges)[0] for name, each in numbers.items()}
    frame = Frame(
        title,
        x_label,
        y_label,
        (float(edges[0]), float(edges[-1])),
        (0.0, 1.08 * max((int(each.max()) for each in counts.values()), default=1)),
    )
    pen, colours = _pen(frame), _colours(counts)
    for name, each in counts.items():
        along, up = np.repeat(edges, 2), np.concatenate([[0], np.repeat(each, 2), [0]])
        pen.band(along, np.zeros(len(along)), up, colours[name])
        pen.line(along, up, colours[name], name=name)
    named = [(1.0 - 0.01 * i, f"■ {name}", colours[name]) for i, name in enumerate(counts)]
    _name_ends(pen, named)
    pen.show()


def matrix(
    values: Any,
    *,
    title: str,
    x_label: str,
    y_label: str,
    colour_label: str,
    rows: Sequence[object] | None = None,
    columns: Sequence[object] | None = None,
    centre: float | None = 0.0,
    annotate: bool = False,
    words: Sequence[Sequence[str]] | None = None,
    limits: tuple[float, float] | None = None,
) -> None:
    """Draw a matrix in colours, the first row at the top.

    Args:
        values: Numbers [row, column]; those that are not finite are grey.
        title: What is seen.
        x_label: What the columns are.
        y_label: What the rows are.
        colour_label: What the colours say, with its unit.
        rows: Name of each row.
        columns: Name of each column.
        centre: The value that is white, blue below and red above; None for colours that run from
            dark to light.
        annotate: Whether the numbers stand in their places as well.
        words: What stands in the places instead, [row][column].
        limits: Values of the darkest colours; those of the data, around the centre, if left out.
    """
    _map(
        Maps(
            _array(values)[None], title, x_label, y_label, colour_label,
            [""], rows, columns, centre, limits, annotate=annotate, words=words,
        )
    )  # fmt: skip


def heads(
    patterns: Any,
    *,
    title: str,
    names: Sequence[str] | None = None,
    tokens: Sequence[str] | None = None,
    colour_label: str = "attention (fraction)",
    x_label: str = "looks at (key position, tokens)",
    y_label: str = "from (query position, tokens)",
    limits: tuple[float, float] | None = None,
) -> None:
    """Draw attention patterns side by side, dark for none and bright for much.

    Args:
        patterns: Weights [head, query, key].
        title: What is seen.
        names: Name of each head; "head 0" and so on if left out.
        tokens: Text at each position, written along the sides if it is short enough.
        colour_label: What the colours say, with its unit.
        x_label: What the columns are.
        y_label: What the rows are.
        limits: Values of the darkest and the brightest colour, 0 and the highest if left out.
    """
    panels = _array(patterns)
    names = [f"head {number}" for number in range(len(panels))] if names is None else names
    top = float(np.nanmax(panels)) if panels.size else 1.0
    _map(
        Maps(
            panels, title, x_label, y_label, colour_label,
            names, tokens, tokens, None, limits or (0.0, top),
        )
    )  # fmt: skip


def links(
    patterns: Mapping[str, Any],
    *,
    title: str,
    tokens: Sequence[str],
    left: str = "from (query)",
    right: str = "looks at (key)",
    least: float = 0.1,
) -> None:
    """Draw attention from token to token as lines, thick for much, one colour a head.

    Args:
        patterns: Name of a head ─► weights [query, key].
        title: What is seen.
        tokens: Text at each position, written on both sides.
        left: What the left side is.
        right: What the right side is.
        least: Weight from which on a line is drawn.
    """
    panels = {name: _array(pattern) for name, pattern in patterns.items()}
    last = len(tokens) - 1
    frame = Frame(
        title, "", "", (-0.7, 1.7), (last + 0.6, -0.6),
        x_ticks={0: left, 1: right}, y_ticks={}, height=max(HEIGHT, 1.2 + 0.27 * len(tokens)),
    )  # fmt: skip
    pen, colours = _pen(frame), _colours(panels)
    for name, pattern in panels.items():
        for query, key in np.argwhere(pattern >= least):
            width = float(5 * pattern[query, key])
            pen.line(np.array([0.0, 1.0]), np.array([query, key]), colours[name], width=width)
    for place, token in enumerate(tokens):
        pen.words(f"{_visible(token)} ", 0.0, place, BLACK, "right", where="data")
        pen.words(f" {_visible(token)}", 1.0, place, BLACK, where="data")
    named = [
        (1.0 - 0.01 * number, f"■ {name}", colours[name]) for number, name in enumerate(panels)
    ]
    _name_ends(pen, named)
    pen.show()


def images(
    pictures: Any,
    *,
    title: str,
    names: Sequence[str] | None = None,
    colour_label: str = "",
    x_label: str = "",
    y_label: str = "",
    centre: float | None = None,
    limits: tuple[float, float] | None = None,
) -> None:
    """Draw small pictures side by side, all with the same colours.

    Args:
        pictures: Brightness [picture, height, width], one number a pixel.
        title: What is seen.
        names: What to write above each.
        colour_label: What the colours say, with its unit.
        x_label: What the columns are, where they are more than places in a picture.
        y_label: What the rows are; both are numbered where they have a name.
        centre: The value that is white, blue below and red above; None for dark to light.
        limits: Values of the darkest colours; those of the data if left out.
    """
    panels = _array(pictures)
    names = [""] * len(panels) if names is None else names
    bare: list[object] = []
    rows, columns = (None if y_label else bare), (None if x_label else bare)
    _map(Maps(panels, title, x_label, y_label, colour_label, names, rows, columns, centre, limits))


def arrows(
    vectors: Any,
    *,
    title: str,
    names: Sequence[str] | None = None,
    x_label: str = "first dimension",
    y_label: str = "second dimension",
) -> None:
    """Draw panels of arrows from a centre side by side, each with the circle of radius 1.

    Args:
        vectors: Where the arrows end [panel, arrow, 2]; an arrow has the same colour in all panels.
        title: What is seen.
        names: What to write above each panel.
        x_label: What runs along.
        y_label: What runs up.
    """
    panels = _array(vectors)
    reach = max(1.0, float(np.linalg.norm(panels, axis=-1).max(initial=0.0)))
    across = min(max(len(panels), 1), 4)
    down, wide, tall = math.ceil(len(panels) / across), 2.4 * reach, 3.0 * reach
    frame = Frame(
        title,
        x_label,
        y_label,
        x_range=(-wide / 2, (across - 0.5) * wide),
        y_range=(0.5 * tall - down * tall, 0.5 * tall),
        equal=True,
        x_ticks={},
        y_ticks={},
        height=1.1 + (WIDTH - 0.6) * down * tall / (across * wide),
    )
    pen, turn, shapes = _pen(frame), np.linspace(0, 2 * np.pi, 73), list(_SIGNS)
    for number, panel in enumerate(panels):
        right, up = wide * (number % across), -tall * (number // across) - 0.2 * reach
        pen.line(right + np.cos(turn), up + np.sin(turn), GREY, dash="dot")
        for each, (x, y) in enumerate(panel):
            if math.hypot(x, y) < 0.1:
                continue  # only a dot in the middle
            colour = COLOURS[each % len(COLOURS)]
            pen.line(np.array([right, right + x]), np.array([up, up + y]), colour)
            end = np.array([right + x]), np.array([up + y])
            pen.dots(*end, colour, shapes[each % len(shapes)], f"arrow {each}")
        if names is not None:
            above = up + 1.25 * reach
            pen.words(names[number], right, above, BLACK, "center", where="data")
    pen.show()


def tree(
    parents: Sequence[int],
    names: Sequence[str],
    shares: Any,
    *,
    title: str,
    x_label: str,
    faded: Iterable[int] = (),
) -> None:
    """Draw a tree from left to right, its branches as thick as their shares.

    Args:
        parents: Number of each node's parent, which comes before it; -1 of the root, the first.
        names: What to write on the branch that leads to each node.
        shares: How much of the whole each node has, 0 to 1 [node].
        title: What is seen.
        x_label: What a step to the right is.
        faded: Numbers of nodes whose branches are grey, such as those that were cut.
    """
    children: list[list[int]] = [[] for _ in parents]
    depth = [0] * len(parents)
    for node, parent in enumerate(parents):
        if parent >= 0:
            children[parent].append(node)
            depth[node] = depth[parent] + 1
    height, waiting, leaves = [0.0] * len(parents), [0], 0
    while waiting:  # leaves get a row each, in the order in which a reader meets them
        node = waiting.pop()
        waiting += reversed(children[node])
        if not children[node]:
            height[node], leaves = -float(leaves), leaves + 1
    for node in reversed(range(len(parents))):
        if children[node]:
            height[node] = (height[children[node][0]] + height[children[node][-1]]) / 2
    far, grey = max(depth), set(faded)
    frame = Frame(
        title, x_label, "", (-0.02, max(far, 1) + 0.02), (-leaves + 0.5, 0.8),
        x_ticks={step: str(step) for step in range(far + 1)}, y_ticks={},
        height=max(HEIGHT, 1.2 + 0.4 * leaves),
    )  # fmt: skip
    pen, shares = _pen(frame), _array(shares)
    for node, parent in enumerate(parents):
        if parent >= 0:
            start, end, up = float(depth[parent]), float(depth[node]), height[node]
            corner, colour = start + 0.16, GREY if node in grey else BLUE
            along, heights = np.array([start, corner, end]), np.array([height[parent], up, up])
            pen.line(
                along, heights, colour, width=1.0 + 7.0 * float(shares[node]), name=names[node]
            )
            ink = GREY if node in grey else BLACK
            pen.words(_visible(names[node]), corner, up + 0.12, ink, where="data", above=True)
    pen.show()


@dataclass(frozen=True)
class Frame:
    """The axes of a figure: what stands beside them, and from where to where they go."""

    title: str
    x_label: str
    y_label: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    log_x: bool = False
    log_y: bool = False
    whole_x: bool = False
    equal: bool = False
    x_ticks: Mapping[int, str] | None = None
    y_ticks: Mapping[int, str] | None = None
    height: float = HEIGHT
    room_above: bool = False  # for names between the axes and the title

    def across(self, x: float) -> float:
        """Give how far along a place is, as a fraction of the width."""
        return _fraction(x, self.x_range, log=self.log_x)

    def up(self, y: float) -> float:
        """Give how far up a height is, as a fraction of the height."""
        return min(max(_fraction(y, self.y_range, log=self.log_y), 0.0), 1.0)


@dataclass(frozen=True)
class Maps:
    """Matrices side by side [panel, row, column], in the same colours."""

    panels: Any
    title: str
    x_label: str
    y_label: str
    colour_label: str
    names: Sequence[str]
    rows: Sequence[object] | None  # names of rows; none at all for []
    columns: Sequence[object] | None
    centre: float | None
    limits: tuple[float, float] | None
    annotate: bool = False
    words: Sequence[Sequence[str]] | None = None  # what stands in the places, instead of numbers

    def written(self, panel: int) -> list[list[str]] | None:
        """Give what stands in the places of a panel, if anything does."""
        if self.words is not None:
            return [[_visible(word) for word in row] for row in self.words]
        if not self.annotate:
            return None
        nothing = max(map(abs, self.range)) / 200  # too small to be seen as a colour
        return [
            ["" if not np.isfinite(v) else "0" if abs(v) < nothing else f"{v:.2g}" for v in row]
            for row in self.panels[panel]
        ]

    @property
    def across(self) -> int:
        """Number of panels side by side."""
        number, large = len(self.panels), self.panels.shape[1] > 8
        if number <= 3 or (number == 4 and large):
            return min(number, 3 if number < 4 else 2)
        return 3 if number % 3 == 0 and number % 4 else 4

    @property
    def down(self) -> int:
        """Number of rows of panels."""
        return math.ceil(len(self.panels) / self.across)

    @property
    def shape(self) -> float:
        """Height of a panel by its width, so that places are squares unless it is very long."""
        rows, columns = self.panels.shape[1:]
        return float(min(max(rows / columns, 0.3), 1.4))

    @property
    def height(self) -> float:
        """Height of the figure."""
        each = (WIDTH - 1.7) / self.across * self.shape
        beside = 0.75 + (0.6 if self.x_label else 0.0) + 0.24 * broken(self.title).count("\n")
        below = self.ticks(self.columns, self.panels.shape[2])
        if self.upright(below):
            beside += 0.05 * max(map(len, below.values()))
        return max(beside + self.down * (each + (0.3 if any(self.names) else 0.1)), 2.8)

    @property
    def square(self) -> bool:
        """Whether places are squares."""
        rows, columns = self.panels.shape[1:]
        return bool(0.3 <= rows / columns <= 1.4)

    @property
    def range(self) -> tuple[float, float]:
        """Values of the two ends of the colours."""
        if self.limits is not None:
            return self.limits
        finite = self.panels[np.isfinite(self.panels)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
        if self.centre is None:
            return (low, high) if high > low else (low, low + 1.0)
        far = max(high - self.centre, self.centre - low) or 1.0
        return self.centre - far, self.centre + far

    @property
    def colours(self) -> Sequence[str]:
        """The colours, from the lowest value to the highest."""
        return SEQUENTIAL if self.centre is None else DIVERGING

    def ink(self, value: float) -> str:
        """Give the colour of text that can be read on a value's colour."""
        low, high = self.range
        where = (value - low) / (high - low)
        dark = where < 0.6 if self.centre is None else not 0.15 < where < 0.85
        return "#FFFFFF" if dark else BLACK

    def ticks(self, names: Sequence[object] | None, number: int) -> Mapping[int, str]:
        """Give what stands along a side, by place: as many names as can be read."""
        room = (16, 10, 6, 4)[self.across - 1]
        if names is None:
            steps = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
            step = next((step for step in steps if number / step <= room / 2 + 1), number)
            return {place: str(place) for place in range(0, number, step)}
        return _thinned([_visible(str(name)) for name in names], most=room)

    def upright(self, names: Mapping[int, str]) -> bool:
        """Whether names below a panel would touch if they stood side by side."""
        room = _LETTERS / self.across / self.panels.shape[2]  # letters a column
        return any(
            (len(one) + len(other)) / 2 + 1 > (end - start) * room
            for (start, one), (end, other) in pairwise(names.items())
        )


_library: Any = None  # plots_matplotlib or plots_plotly


def _chosen() -> Any:
    if _library is None:
        raise RuntimeError("choose what draws first: plots.use('matplotlib')")
    return _library


def _pen(frame: Frame) -> Any:
    """Begin a figure: give what draws lines, dots, boxes and words on one pair of axes."""
    return _chosen().Pen(frame)


def _map(maps: Maps) -> None:
    _chosen().show_maps(maps)


def _array(values: Any) -> Any:
    """Give numbers as an array of floats, wherever they were."""
    if hasattr(values, "detach"):  # a tensor
        values = values.detach().cpu().double().numpy()
    elif isinstance(values, list | tuple) and any(hasattr(each, "detach") for each in values):
        values = [_array(each) for each in values]
    return np.asarray(values, dtype=float)


def _points(values: Any, x: Any) -> tuple[Any, Any]:
    """Give a line's places and heights."""
    if isinstance(values, tuple) and len(values) == 2 and np.ndim(_array(values[0])) == 1:
        return _array(values[0]), _array(values[1])
    heights = _array(values)
    return (np.arange(len(heights), dtype=float) if x is None else _array(x)), heights


def _range(
    values: Iterable[Any],
    limits: tuple[float | None, float | None] = (None, None),
    *,
    log: bool = False,
    margin: float = 0.06,
) -> tuple[float, float]:
    """Find from where to where an axis goes, so that all values have room."""
    together = np.concatenate([np.ravel(each) for each in values] or [np.zeros(1)])
    together = together[np.isfinite(together) & ((together > 0) | (not log))]
    low, high = (together.min(), together.max()) if together.size else (0.5, 1.0)
    if log:
        low, high = np.log10(low), np.log10(high)
    if high == low:
        low, high = low - 0.5, high + 0.5
    room = margin * (high - low)
    low, high = low - room, high + room
    if log:
        low, high = 10**low, 10**high
    lowest, highest = limits
    return float(low if lowest is None else lowest), float(high if highest is None else highest)


def _at_least(ends: tuple[float, float], length: float) -> tuple[float, float]:
    """Move the two ends of an axis apart until it is so long, around the same middle."""
    room = max(0.0, length - (ends[1] - ends[0])) / 2
    return ends[0] - room, ends[1] + room


def _fraction(value: float, ends: tuple[float, float], *, log: bool) -> float:
    if log:
        value, ends = math.log10(max(value, 1e-300)), (math.log10(ends[0]), math.log10(ends[1]))
    return (value - ends[0]) / (ends[1] - ends[0])


def _last(values: Any) -> float:
    """Give the last finite value of a line; 0 if it has none."""
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if len(finite) else 0.0


def _colours(names: Iterable[str]) -> dict[str, str]:
    return {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}


def _name_ends(pen: Any, ends: Iterable[tuple[float, str, str]]) -> None:
    """Write each (height, name, colour) right of the axes, moved apart where they would touch."""
    wrapped = [(up, textwrap.fill(name, 20), colour) for up, name, colour in ends]
    wrapped.sort(key=lambda end: end[0])
    tall = [0.075 * (1 + text.count("\n")) for _, text, _ in wrapped]
    tall = [each * min(1.0, 1.1 / sum(tall)) for each in tall]
    middles = [up for up, _, _ in wrapped]
    for i in range(1, len(middles)):  # upwards, to make room
        middles[i] = max(middles[i], middles[i - 1] + (tall[i] + tall[i - 1]) / 2)
    for i in reversed(range(len(middles))):  # and back down from the top edge
        above = middles[i + 1] - (tall[i + 1] + tall[i]) / 2 if i + 1 < len(middles) else 1.0
        middles[i] = min(middles[i], above)
    for middle, (_, text, colour) in zip(middles, wrapped, strict=True):
        pen.words(text, 1.015, middle, colour)


def _name_points(pen: Any, frame: Frame, points: Iterable[tuple[float, float, str]]) -> None:
    """Write each (x, y, name) beside its point, on the side where no other name is in its way."""
    low, high = frame.y_range
    taken: list[tuple[float, float, float]] = []  # start, end, height: fractions of the axes
    for x, y, name in points:
        long = 0.02 * (len(name) + 1)
        for side, down in (("left", 0.0), ("right", 0.0), ("left", 0.09), ("right", 0.09)):
            start = frame.across(x) - (long if side == "right" else 0.0)
            up = _fraction(y, frame.y_range, log=False) - down
            if up < 0 or (start < 0 and side == "right"):
                continue
            if all(start >= b or start + long <= a or abs(up - at) > 0.055 for a, b, at in taken):
                taken.append((start + 0.02, start + long - 0.02, up))
                text = f"{name} " if side == "right" else f" {name}"
                place = y - down * (high - low)
                pen.words(text, x, place, BLACK, side, where="data", above=True)
                break


def _sides(names: Sequence[tuple[float, str]]) -> list[str]:
    """Find on which side of their places (fraction along, name) names do not touch."""
    sides = ["center"] * len(names)
    for i, ((place, one), (after, other)) in enumerate(pairwise(names)):
        if after - place < 0.01 * (len(one) + len(other) + 2):
            sides[i : i + 2] = ["right", "left"]
    return sides


def _thinned(names: Sequence[str], *, most: int) -> dict[int, str]:
    """Keep as many names as can be read, evenly spaced."""
    step = max(1, math.ceil(len(names) / most))
    return {place: name for place, name in enumerate(names) if place % step == 0}


def _visible(token: str) -> str:
    """Show a token's spaces and line ends, and cut it where it is long."""
    shown = token.replace("\n", "⏎").replace("\t", "⇥")
    shown = f"·{shown[1:]}" if shown.startswith(" ") and len(shown) > 1 else shown
    return shown if len(shown) <= 14 else f"{shown[:13]}…"


def broken(title: str) -> str:
    """Break a title into lines."""
    return textwrap.fill(title, 52)
