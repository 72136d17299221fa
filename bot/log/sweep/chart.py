"""A sweep ─► the chart that suits its parameters, as data: what is on which axis, and each cell.

One parameter of numbers gives a line, one of names a row of dots, two a heatmap, three a heatmap
for each value of the third; seeds are averaged over, and alone are a strip of dots. With more, the
two that have most values are shown.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from bot.excursion_file import ExcursionFile
from bot.log.safety import clip, plain
from bot.log.sweep.metric import Compared
from bot.parameters import Value, written
from bot.sweep import SEED, Sweep

_MOST_PANELS = 6
_FURTHEST = 1e100  # beyond, nothing can be drawn to scale
_LONGEST_NAME = 24  # characters of a value, or of a name
_LONGEST_MEANING = 70


class Kind(StrEnum):
    """How a chart looks."""

    LINE = "line"
    DOTS = "dots"
    HEATMAP = "heatmap"
    PANELS = "panels"
    STRIP = "strip"


@dataclass(frozen=True)
class Axis:
    """A parameter that varies."""

    name: str
    values: tuple[Value, ...]  # numbers in ascending order, others as they were given
    meaning: str = ""  # with the unit, where the declaration says it

    @property
    def is_numeric(self) -> bool:
        """Whether its values have places on a scale."""
        return all(isinstance(v, int | float) and not isinstance(v, bool) for v in self.values)

    @property
    def is_geometric(self) -> bool:
        """Whether its values grow by a factor rather than by a step: 16, 32, 64 or 1e-4, 1e-3."""
        numbers = self.positions
        if not self.is_numeric or len(numbers) < 3 or numbers[0] <= 0:
            return False
        factors = [math.log(b / a) for a, b in pairwise(numbers)]
        steps = [b - a for a, b in pairwise(numbers)]
        return max(factors) / min(factors) < max(steps) / min(steps)

    @property
    def positions(self) -> tuple[float, ...]:
        """Where its values stand on a scale, or how manieth they are where there is none."""
        manieth = tuple(float(place) for place in range(len(self.values)))
        if not self.is_numeric:
            return manieth
        numbers = tuple(float(value) for value in self.values)
        gaps = [b - a for a, b in pairwise(numbers)]
        size = max(map(abs, numbers))
        return numbers if size < _FURTHEST and min(gaps, default=1.0) > size * 1e-9 else manieth

    def label(self, place: int) -> str:
        """Write one of its values."""
        return short(written(self.values[place]))


@dataclass(frozen=True)
class Cell:
    """The points that stand at one place of a chart."""

    values: tuple[float, ...] = ()
    failed: int = 0  # points without a number though they came to an end
    waiting: int = 0

    @property
    def mean(self) -> float | None:
        """The mean of the values, None where there is none."""
        return math.fsum(self.values) / len(self.values) if self.values else None


@dataclass(frozen=True)
class Chart:
    """What is to be drawn."""

    kind: Kind
    metric: str
    meaning: str  # of the metric
    goal: str  # "highest", "lowest" or empty
    axes: tuple[Axis, ...]  # x, then y, then one with a panel for each value
    averaged: Mapping[str, int]  # axes that are averaged over, and how many values they have
    cells: Mapping[tuple[int, ...], Cell] = field(repr=False)  # by place on each of the axes

    @property
    def means(self) -> Mapping[tuple[int, ...], float]:
        """The mean at each place that has one."""
        return {at: cell.mean for at, cell in self.cells.items() if cell.mean is not None}

    @property
    def is_spread(self) -> bool:
        """Whether any place has several values."""
        return any(len(cell.values) > 1 for cell in self.cells.values())

    @property
    def title(self) -> str:
        """What it shows, in a few words."""
        x, *others = (short(axis.name) for axis in self.axes)
        by = f"{', '.join([x, *others[:-1]])} and {others[-1]}" if others else x
        return f"{short(self.metric)} by {by}"

    @property
    def subtitle(self) -> str:
        """What the metric means, which way is better, and what was averaged."""
        better = {"highest": "higher is better", "lowest": "lower is better"}.get(self.goal, "")
        means = f"mean of {self.over}" if self.averaged else ""
        if self.kind is Kind.STRIP and self.is_several:
            means = "line: mean; band: one standard deviation"
        elif self.kind in {Kind.LINE, Kind.DOTS} and self.is_spread:
            means += "; band: lowest to highest"
        return " · ".join(part for part in (self.meaning, better, means) if part)

    @property
    def is_several(self) -> bool:
        """Whether there are several values in all."""
        return sum(len(cell.values) for cell in self.cells.values()) > 1

    @property
    def over(self) -> str:
        """What was averaged over, in words: `3 seeds`."""
        parts = [
            f"{count} seeds" if name == SEED else f"{count} values of {short(name)}"
            for name, count in self.averaged.items()
        ]
        return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)

    def best(self) -> tuple[int, ...] | None:
        """Say where the best mean is, None where none is better."""
        means = self.means
        if not self.goal or len(set(means.values())) < 2:
            return None
        return (max if self.goal == "highest" else min)(means, key=lambda at: means[at])


def choose_chart(sweep: Sweep, metric: Compared, declared: ExcursionFile | None) -> Chart | None:
    """Choose how to draw a sweep; None where nothing varies or no point has a number."""
    if not sweep.axes or not metric.numbers:
        return None
    kind, names = _kind(sweep)
    axes = tuple(_axis(name, sweep.axes[name], declared) for name in names)
    shown = [{value: place for place, value in enumerate(axis.values)} for axis in axes]
    cells: dict[tuple[int, ...], Cell] = {}
    for point, value in zip(sweep.points, metric.values, strict=True):
        at = tuple(p[point.parameters[n]] for n, p in zip(names, shown, strict=True))
        cell = cells.get(at, Cell())
        cells[at] = Cell(
            values=cell.values + (() if value is None else (value,)),
            failed=cell.failed + (value is None and not point.waits),
            waiting=cell.waiting + point.waits,
        )
    averaged = {name: len(values) for name, values in sweep.axes.items() if name not in names}
    meanings = declared.metrics.descriptions if declared else {}
    meaning = clip(plain(meanings.get(metric.name, "")), _LONGEST_MEANING)
    return Chart(kind, metric.name, meaning, metric.goal, axes, averaged, cells)


def short(text: str) -> str:
    """Write a value or a name on one line, shortened where it is long."""
    return clip(re.sub(r"\s+", " ", plain(text)).strip() or "''", _LONGEST_NAME)


def _kind(sweep: Sweep) -> tuple[Kind, tuple[str, ...]]:
    """Choose the kind of chart, and the parameters that are its axes."""
    by_size = sorted(
        (name for name in sweep.axes if name != SEED), key=lambda name: -len(sweep.axes[name])
    )
    if not by_size:
        return Kind.STRIP, (SEED,)
    if len(by_size) == 1:
        numeric = Axis("", sweep.axes[by_size[0]]).is_numeric
        return (Kind.LINE if numeric else Kind.DOTS), (by_size[0],)
    if len(by_size) == 3 and len(sweep.axes[by_size[2]]) <= _MOST_PANELS:
        return Kind.PANELS, tuple(by_size)
    return Kind.HEATMAP, tuple(by_size[:2])


def _axis(name: str, values: Sequence[Value], declared: ExcursionFile | None) -> Axis:
    axis = Axis(name, tuple(values))
    ordered = tuple(sorted(values, key=float)) if axis.is_numeric else axis.values
    known = declared.parameters.get(name) if declared else None
    meaning = re.split(r"[;.](?:\s|$)", plain(known.description))[0] if known else ""
    return Axis(name, ordered, clip(re.sub(r"\s+", " ", meaning).strip(), _LONGEST_MEANING))
