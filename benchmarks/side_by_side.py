"""Commands in turn ─► the median time of each, and its ratio to the first.

Taken in turn (A B C A B C …), so that a machine whose speed drifts is fair to all.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Contender:
    """A command, and what must be made ready, unmeasured, before each of its runs."""

    words: Sequence[str]
    cwd: Path
    before: Callable[[], None] = lambda: None


def measure(contenders: Mapping[str, Contender], *, rounds: int) -> dict[str, float]:
    """Run every contender `rounds` times after one warm-up and give the medians in seconds.

    Raises:
        subprocess.CalledProcessError: A command failed; there is nothing to measure then.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for round_number in range(rounds + 1):
        for name, contender in contenders.items():
            contender.before()
            began = time.perf_counter()
            subprocess.run(contender.words, cwd=contender.cwd, check=True, capture_output=True)
            if round_number:
                times[name].append(time.perf_counter() - began)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def show(title: str, medians: Mapping[str, float], *, rounds: int) -> None:
    """Print the medians, each beside its ratio to the last contender's."""
    *_, reference = medians
    print(f"{title} (medians of {rounds}, in turn; Python {sys.version.split()[0]})")
    for name, seconds in medians.items():
        ratio = seconds / medians[reference]
        print(f"  {name:<44} {seconds:7.3f} s   × {ratio:5.2f} of {reference}")
