"""What a sweep of many points costs its entry, its plot and its search for earlier answers.

Nothing is executed: points with results are made up, and the functions that a sweep goes through
are called with them. `python -m benchmarks.many_points 256 1000 10000`. Numbers for docs/scale.md.
"""

from __future__ import annotations

import io
import math
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from bot.commands.known import earlier_run, known_outcomes
from bot.commands.world import World
from bot.config import Config
from bot.forge.protocol import StoredRun
from bot.log.sweep.chart import choose_chart
from bot.log.sweep.entry import State, sweep_entry
from bot.log.sweep.metric import compared
from bot.log.sweep.plot import draw_chart
from bot.log.sweep.table import points_csv
from bot.sweep import Point, Sweep
from bot.thread import Thread
from runner.records import Environment, RunRequest, RunResult, Status, read_result, to_json

_Answer = TypeVar("_Answer")
_MOST_DRAWN = 10_000


def main() -> None:
    """Measure at each number of points and print."""
    for number in [int(word) for word in sys.argv[1:]] or [256, 1_000, 10_000]:
        print(f"\n{number:,} points")
        _measure(number)


def _measure(number: int) -> None:
    side = math.isqrt(number)
    sweep = Sweep("1.1", tuple(_point(n, side) for n in range(side * side)), "2026-01-01T00:00:00Z")
    metric = compared(sweep, None)
    assert metric is not None
    requests = sum(len(to_json(point.request)) for point in sweep.points)
    _show("all requests, as job outputs hold them", f"{requests / 1e6:.2f} MB")
    csv = _timed("the table of all points, as CSV", lambda: points_csv(sweep))
    _show("its size", f"{len(csv) / 1e3:,.0f} kB")
    entry = _timed("the entry", lambda: _entry(sweep))
    rows = entry.count("\n| 1.")
    _show("its size, and the rows that it has room for", f"{len(entry):,} characters, {rows:,}")
    chart = choose_chart(sweep, metric, None)
    if chart is not None and number <= _MOST_DRAWN:
        png = _timed(f"the heatmap, {side} by {side}", lambda: draw_chart(chart))
        _show("its size", f"{_pixels(png)}, {len(png) / 1e3:,.0f} kB")
    result = sweep.results[0]
    told = _timed("one more result told to the sweep", lambda: sweep.told(result))
    assert told.points
    text = to_json(result)
    _timed("all results read", lambda: [read_result(text) for _ in sweep.points])
    _look_up(sweep)


def _look_up(sweep: Sweep) -> None:
    """Look for the earlier answers of all points among their runs, as a command does."""
    runs = tuple(StoredRun(n, p.request, p.result) for n, p in enumerate(sweep.points, start=1))
    thread = Thread(1, "Many?", "", "open", (), "A", "2026-01-01T00:00:00Z", ())
    world = World(datetime(2026, 1, 1, tzinfo=UTC), "A", Config(), thread, runs=runs)

    def look() -> bool:
        known = known_outcomes(world)
        return all(earlier_run(point.request, known) for point in sweep.points)

    assert _timed("the earlier answers of all points looked for", look)


def _entry(sweep: Sweep) -> str:
    return sweep_entry(
        sweep, State.ENDED, declared=None, predictions=(), known_since="", picture=None
    )


def _point(number: int, side: int) -> Point:
    layer, head = divmod(number, side)
    request = RunRequest(
        run_id=f"1.{number + 1}",
        issue=1,
        notebook="excursions/demos/1-many/notebook.ipynb",
        notebook_sha256="0" * 64,
        commit="c" * 40,
        parameters={"layer": layer, "head": head, "seed": 0},
        seed=0,
        timeout_s=600,
        sweep="1.1",
        inputs_sha256=f"{number:064x}",
        requested="2026-01-01T00:00:00Z",
    )
    environment = Environment(
        python="3.11.7",
        platform="Linux",
        packages_sha256="0" * 64,
        packages={f"package-{n}": "1.0" for n in range(170)},
    )
    value = math.exp(-(((layer / side - 0.6) / 0.2) ** 2)) * math.cos(head / side)
    result = RunResult(
        **request.model_dump(
            include={
                *("run_id", "issue", "notebook", "notebook_sha256", "commit", "parameters"),
                *("seed", "sweep", "inputs_sha256"),
            }
        ),
        status=Status.SUCCEEDED,
        started="2026-01-01T00:00:00Z",
        finished="2026-01-01T00:00:01Z",
        duration_s=1.0,
        metrics={"effect": value},
        environment=environment,
        engine="local",
    )
    return Point(request, result)


def _pixels(png: bytes) -> str:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    with Image.open(io.BytesIO(png)) as image:
        return f"{image.width:,} by {image.height:,}"


def _timed(what: str, do: Callable[[], _Answer]) -> _Answer:
    began = time.perf_counter()
    found = do()
    _show(what, f"{time.perf_counter() - began:.3f} s")
    return found


def _show(what: str, found: str) -> None:
    print(f"  {what:<44} {found}", flush=True)


if __name__ == "__main__":
    main()
