"""Stored runs ─► sweeps: the points of each in the grid's order, and what came of them.

A sweep is several runs that name the first of them. A point keeps its place in the grid when it
gets another run, because the one before was stopped or died.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bot.forge.protocol import StoredRun
from bot.parameters import Value
from runner.records import RunRequest, RunResult, Status

SEED = "seed"  # the axis over which others are averaged


@dataclass(frozen=True)
class Point:
    """A point of the grid, as its last run tells of it."""

    request: RunRequest
    result: RunResult | None = None  # None until that run is told of

    @property
    def parameters(self) -> Mapping[str, Value]:
        """The values of all parameters."""
        return self.request.parameters

    @property
    def succeeded(self) -> bool:
        """Whether it has a good result."""
        return self.result is not None and self.result.status is Status.SUCCEEDED

    @property
    def failed(self) -> bool:
        """Whether it came to an end of its own that was not good."""
        return not self.succeeded and not self.waits

    @property
    def waits(self) -> bool:
        """Whether it has yet to be executed, or was stopped."""
        return self.result is None or self.result.status is Status.CANCELLED


def needs_execution(point: Point, *, retry_failed: bool) -> bool:
    """Decide whether a point has to be executed (again).

    A failure of the notebook's own would fail again, so that it stays unless asked for; what was
    stopped, and what died with its kernel or machine, has no outcome yet.
    """
    died = point.result is not None and point.result.status is Status.DIED
    return point.waits or died or (retry_failed and point.failed)


@dataclass(frozen=True)
class Sweep:
    """Several runs over a grid of parameters, reported together."""

    id: str  # the run id of its first run
    points: tuple[Point, ...]  # the first axis changes slowest
    requested: str  # when its first run was asked for; ISO 8601, UTC

    @property
    def first(self) -> int:
        """The number of its first run, which names it."""
        return int(self.id.partition(".")[2])

    @property
    def request(self) -> RunRequest:
        """The request of its first point; all points have all but parameters in common."""
        return self.points[0].request

    @cached_property
    def axes(self) -> Mapping[str, tuple[Value, ...]]:
        """The parameters that vary, the slowest first, each with its values in their order."""
        first = self.points[0].parameters
        change = {
            name: next(n for n, p in enumerate(self.points) if p.parameters[name] != first[name])
            for name in first
            if any(point.parameters[name] != first[name] for point in self.points)
        }
        slowest_first = sorted(change, key=lambda name: -change[name])
        return {
            name: tuple(dict.fromkeys(point.parameters[name] for point in self.points))
            for name in slowest_first
        }

    @property
    def fixed(self) -> Mapping[str, Value]:
        """The parameters that do not vary."""
        return {n: v for n, v in self.points[0].parameters.items() if n not in self.axes}

    @property
    def succeeded(self) -> tuple[Point, ...]:
        """The points with a good result."""
        return tuple(point for point in self.points if point.succeeded)

    @property
    def failed(self) -> tuple[Point, ...]:
        """The points that came to an end that was not good."""
        return tuple(point for point in self.points if point.failed)

    @property
    def waiting(self) -> tuple[Point, ...]:
        """The points that have yet to be executed, or were stopped."""
        return tuple(point for point in self.points if point.waits)

    @property
    def missing(self) -> tuple[Point, ...]:
        """The points that are executed when the sweep is asked for again."""
        return tuple(p for p in self.points if needs_execution(p, retry_failed=False))

    @property
    def results(self) -> tuple[RunResult, ...]:
        """What is known of the points that came to any end."""
        return tuple(point.result for point in self.points if point.result is not None)

    def told(self, result: RunResult) -> Sweep:
        """Give the sweep with the result of one of its runs."""
        return replace(
            self,
            points=tuple(
                replace(point, result=result) if point.request.run_id == result.run_id else point
                for point in self.points
            ),
        )

    def asked(self, requests: Iterable[RunRequest]) -> Sweep:
        """Give the sweep with new runs for some of its points."""
        new = {point_key(request.parameters): Point(request) for request in requests}
        known = ((point, point_key(point.parameters)) for point in self.points)
        return replace(self, points=tuple(new.get(key, point) for point, key in known))


def point_key(parameters: Mapping[str, Value]) -> str:
    """Name a point by its values."""
    return json.dumps(dict(parameters), sort_keys=True)


def read_sweeps(runs: Iterable[StoredRun]) -> tuple[Sweep, ...]:
    """Read the sweeps among the runs of an issue, the oldest first."""
    found: dict[str, dict[str, Point]] = {}
    requested: dict[str, str] = {}
    for run in sorted(runs, key=lambda run: run.number):
        request = run.request
        if request is None or not request.sweep:
            continue
        points = found.setdefault(request.sweep, {})
        points[point_key(request.parameters)] = Point(request, run.result)  # the last one stands
        requested.setdefault(request.sweep, request.requested)
    return tuple(Sweep(name, tuple(found[name].values()), requested[name]) for name in found)
