"""What unit tests of sweeps are about: made-up points over a grid, each with an outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import samples

from bot.sweep import Point, Sweep

Outcome = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]


def sweep_of(outcome: Outcome, **axes: list[Any]) -> Sweep:
    """Make a sweep over these axes, the last of which changes fastest.

    Args:
        outcome: A point's parameters ─► what differs of its result; None where it waits.
        axes: The values of each.
    """
    points = []
    for number, values in enumerate(product(*axes.values()), start=1):
        parameters = dict(zip(axes, values, strict=True))
        run: dict[str, Any] = {"run_id": f"1.{number}", "parameters": parameters, "sweep": "1.1"}
        found = outcome(parameters)
        result = samples.result(**{**run, **found}) if found is not None else None
        points.append(Point(samples.request(**run), result))
    return Sweep("1.1", tuple(points), samples.STAMP)
