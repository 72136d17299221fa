"""A sweep and its declaration ─► the metric that is compared, its value at each point, the best."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bot.excursion_file import ExcursionFile
from bot.parameters import Value, written
from bot.sweep import SEED, Point, Sweep
from runner.records import Metric

_FURTHEST = 1e100


@dataclass(frozen=True)
class Compared:
    """The metric by which points are compared."""

    name: str
    goal: str  # "highest" or "lowest"; empty where no template says which is better
    values: tuple[float | None, ...]  # by point; None where there is no finite number
    odd: tuple[Point, ...]  # those that succeeded without one

    @property
    def numbers(self) -> tuple[float, ...]:
        """The values that there are."""
        return tuple(value for value in self.values if value is not None)


@dataclass(frozen=True)
class BestMean:
    """The setting whose mean over seeds is best."""

    setting: Mapping[str, Value]  # empty where nothing but the seed varies
    values: tuple[float, ...]  # one a seed

    @property
    def mean(self) -> float:
        """The mean over seeds."""
        return math.fsum(self.values) / len(self.values)


def compared(sweep: Sweep, declared: ExcursionFile | None) -> Compared | None:
    """Choose the metric to compare points by, None where no point recorded any.

    The main metric where one is declared, else the first of the headline, else the first number
    that was recorded.
    """
    metrics = declared.metrics if declared else None
    main = metrics.main if metrics else ""
    good = [point.result for point in sweep.points if point.succeeded and point.result]
    recorded = [n for result in good for n, v in result.metrics.items() if as_number(v) is not None]
    others = [*(metrics.headline if metrics else ()), *recorded]
    name = main or next(iter(others), "")
    if not name or not any(result.metrics for result in good):
        return None
    values = [_value(point, name) for point in sweep.points]
    odd = [p for p, v in zip(sweep.points, values, strict=True) if p.succeeded and v is None]
    goal = metrics.goal if metrics and name == main else ""
    return Compared(name, goal, tuple(values), tuple(odd))


def as_number(value: Metric | None) -> float | None:
    """Read a metric as a number to compare by, a truth value as 0 or 1.

    None for text, for what is not finite, and beyond 1e100, where a sum may come to no end.
    """
    if value is None or isinstance(value, str):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if abs(number) < _FURTHEST else None


def best_point(sweep: Sweep, metric: Compared) -> Point | None:
    """Give the point with the best value, the first of several; None where none is better."""
    if not metric.goal or not metric.numbers:
        return None
    best = max(metric.numbers) if metric.goal == "highest" else min(metric.numbers)
    return sweep.points[metric.values.index(best)]


def best_mean(sweep: Sweep, metric: Compared) -> BestMean | None:
    """Give the setting with the best mean over seeds, of those that have a value for each seed.

    The best of many seeds alone is good by chance. Where nothing else varies, it is the mean of
    those seeds that have a value; None where seeds do not vary.
    """
    others = [name for name in sweep.axes if name != SEED]
    if not metric.goal or SEED not in sweep.axes:
        return None
    if not others:
        return BestMean({}, metric.numbers) if len(metric.numbers) > 1 else None
    groups: dict[tuple[Value, ...], list[float]] = {}
    for point, value in zip(sweep.points, metric.values, strict=True):
        setting = tuple(point.parameters[name] for name in others)
        groups.setdefault(setting, []).extend([] if value is None else [value])
    seeds = len(sweep.axes[SEED])
    whole = [
        BestMean(dict(zip(others, setting, strict=True)), tuple(values))
        for setting, values in groups.items()
        if len(values) == seeds
    ]
    sign = 1 if metric.goal == "highest" else -1
    return max(whole, key=lambda each: sign * each.mean, default=None)


def setting_text(parameters: Mapping[str, Value], names: Mapping[str, object]) -> str:
    """Write the values of some parameters: `layer=1 seed=2`."""
    return " ".join(f"{name}={written(parameters[name])}" for name in names)


def _value(point: Point, name: str) -> float | None:
    if not point.succeeded or point.result is None:
        return None
    return as_number(point.result.metrics.get(name))
