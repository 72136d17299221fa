"""Sixteen parameter points, two at a time: `excursion sweep`, and papermill's command in two lanes.

Both execute the same notebook, a tiny model and one plot, sixteen times. Ours ends in one entry
with a table and a plot over the points; papermill's leaves sixteen notebooks.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.notebooks import PLOT, TINY_MODEL
from benchmarks.places import PapermillFolder, papermill_folder, repository
from benchmarks.side_by_side import Moments, measure, show, target
from benchmarks.zygotes import zygotes_of_our_own
from runner.records import WARM_MODULES

JOBS = 2
OURS, COLD, PAPERMILL = "excursion sweep", "excursion sweep, cold", "papermill"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--points", type=int, default=16)
    parser.add_argument("--quick", action="store_true", help="once, two points, without torch")
    chosen = parser.parse_args(arguments)
    cells, preload = (PLOT, ["matplotlib.pyplot"]) if chosen.quick else (TINY_MODEL, WARM_MODULES)
    rounds, points = (1, 2) if chosen.quick else (chosen.rounds, chosen.points)
    with tempfile.TemporaryDirectory() as folder, zygotes_of_our_own():
        top = Path(folder)
        ours = repository(top / "warm", cells, warm=True, preload=preload)
        cold = repository(top / "cold", cells, warm=False)
        lanes = papermill_folder(top / "papermill", cells)
        contenders: dict[str, Callable[[], Moments]] = {
            OURS: ours.sweep(points, JOBS),
            COLD: cold.sweep(points, JOBS),
            PAPERMILL: lambda: _two_at_a_time(lanes, points),
        }
        medians = measure(contenders, rounds=rounds, warm_up=False)
    show(f"{points} points, {JOBS} at a time", medians, rounds=rounds)
    faster = medians[PAPERMILL].ended / medians[OURS].ended
    target("times faster than papermill", faster, 10, at_least=True)


def _two_at_a_time(lanes: PapermillFolder, points: int) -> Moments:
    """Run papermill's command for each point, two at a time."""
    began = time.perf_counter()
    with ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(lambda seed: lanes.run(seed=seed)(), range(points)))
    ended = time.perf_counter() - began
    return Moments(ended, ended)


if __name__ == "__main__":
    main()
