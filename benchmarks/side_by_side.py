"""Commands in turn ─► the medians of their moments, and a table that compares them.

Taken in turn (A B C A B C …), so that a machine whose speed drifts is fair to all.
"""

from __future__ import annotations

import os
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Moments:
    """Seconds from a command's start: until what it makes lay on disk, and until it had ended."""

    made: float
    ended: float


class FailedError(Exception):
    """A command failed; there is nothing to measure then."""

    def __init__(self, words: Sequence[str], said: bytes) -> None:
        super().__init__(f"{shlex.join(words)}: {said.decode(errors='replace').strip()}")


def must(words: Sequence[str], cwd: Path) -> None:
    """Run a command that is not measured.

    Raises:
        FailedError: It failed.
    """
    done = subprocess.run(words, cwd=cwd, check=False, capture_output=True)
    if done.returncode:
        raise FailedError(words, done.stderr)


@dataclass(frozen=True)
class Command:
    """A command, and the file that it makes.

    Attributes:
        words: Gives its words; asked before every run, since some must differ each time.
        cwd: Where it works.
        makes: Finds the file that it made, once it has ended; None where only the end counts.
        variables: Those that it gets beside our own.
    """

    words: Callable[[], Sequence[str]]
    cwd: Path
    makes: Callable[[], Path] | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> subprocess.Popen[bytes]:
        """Start it; what it says on standard error can be read."""
        return subprocess.Popen(
            list(self.words()),
            cwd=self.cwd,
            env=os.environ | dict(self.variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def __call__(self) -> Moments:
        """Run it.

        Raises:
            FailedError: It failed.
        """
        clock, began = time.time(), time.perf_counter()
        process = self.start()
        _, said = process.communicate()
        ended = time.perf_counter() - began
        if process.returncode:
            raise FailedError(self.words(), said)
        if self.makes is None:
            return Moments(ended, ended)
        return Moments(self.makes().stat().st_ctime - clock, ended)  # a rename sets it, too


def measure(
    contenders: Mapping[str, Callable[[], Moments]], *, rounds: int, warm_up: bool = True
) -> dict[str, Moments]:
    """Run every contender `rounds` times, after one that does not count, and give the medians."""
    moments: dict[str, list[Moments]] = {name: [] for name in contenders}
    for number in range(rounds + warm_up):
        for name, contender in contenders.items():
            one = contender()
            if number >= warm_up:
                moments[name].append(one)
    return {
        name: Moments(
            made=statistics.median(one.made for one in ones),
            ended=statistics.median(one.ended for one in ones),
        )
        for name, ones in moments.items()
    }


def show(title: str, medians: Mapping[str, Moments], *, rounds: int, made: str = "") -> None:
    """Print the medians, each beside its ratio to the last contender's."""
    *_, reference = medians
    print(f"{title} (medians of {rounds}, in turn; Python {sys.version.split()[0]})")
    for name, moments in medians.items():
        ratio = moments.ended / medians[reference].ended
        line = f"{name:<44} {moments.ended:7.3f} s   × {ratio:5.2f} of {reference}"
        if made:
            ratio = moments.made / medians[reference].made
            line += f"   {made}: {moments.made:7.3f} s   × {ratio:5.2f}"
        print(f"  {line}")


def target(what: str, reached: float, bound: float, *, at_least: bool = False) -> None:
    """Print whether a target is met."""
    met = reached >= bound if at_least else reached <= bound
    words = "at least" if at_least else "at most"
    print(f"  target: {what} {words} {bound:g}: {reached:.2f}, {'met' if met else 'MISSED'}")
