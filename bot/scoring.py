"""Predictions and the runs that recorded their metrics ─► which came true, where, and how sure.

Only a run that began after a prediction was stamped says anything about it; one that repeats
another, or is answered from it, began when that one did. A run alone that is answered from an
earlier one says nothing new.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.condition import Condition
from runner.records import Metric, RunResult


@dataclass(frozen=True)
class Prediction:
    """What somebody said would happen, and when."""

    number: int
    text: str
    author: str
    stamped: str  # ISO 8601, UTC
    confidence: float | None = None  # from 0 to 1
    condition: Condition | None = None  # by which it is scored


@dataclass(frozen=True)
class Trial:
    """What one run says of a prediction."""

    run_id: str
    value: Metric
    holds: bool | None  # None where the value decides nothing


@dataclass(frozen=True)
class Verdict:
    """What a run, or all points of a sweep, say of a prediction."""

    name: str  # `run 12.3`, `sweep 12.5`
    trials: tuple[Trial, ...]

    @property
    def decided(self) -> tuple[bool, ...]:
        """What each run says that says anything."""
        return tuple(trial.holds for trial in self.trials if trial.holds is not None)

    @property
    def true(self) -> int:
        """How many runs say that it came true."""
        return sum(self.decided)

    @property
    def share(self) -> float | None:
        """The share of runs that say that it came true; None where none says anything."""
        return self.true / len(self.decided) if self.decided else None


@dataclass(frozen=True)
class Score:
    """What is known of a prediction.

    Attributes:
        prediction: What was said.
        verdicts: What runs and sweeps that began later say, the first first.
        late: The run that had recorded the metric before; None where nobody could know.
    """

    prediction: Prediction
    verdicts: tuple[Verdict, ...] = ()
    late: Trial | None = None

    @property
    def first(self) -> Verdict | None:
        """What decided it."""
        return next((each for each in self.verdicts if each.decided), None)

    def of(self, name: str) -> Verdict | None:
        """Give what one run or sweep says of it."""
        return next((each for each in self.verdicts if each.name == name), None)


def score(prediction: Prediction, results: Iterable[RunResult]) -> Score:
    """Hold a prediction against all runs of its excursion."""
    condition = prediction.condition
    if condition is None:
        return Score(prediction)
    known = {result.run_id: result for result in results}
    late: Trial | None = None
    found: dict[str, list[Trial]] = {}
    for result in sorted(known.values(), key=_order):
        if condition.metric not in result.metrics or (result.cache_hit and not result.sweep):
            continue
        value = result.metrics[condition.metric]
        trial = Trial(result.run_id, value, condition.holds(value))
        origin = known.get(result.reproduces or result.answered_from, result)
        if prediction.stamped <= origin.started:
            found.setdefault(name_of(result), []).append(trial)
        elif late is None and origin.finished <= prediction.stamped:
            late = trial
    verdicts = tuple(Verdict(name, tuple(trials)) for name, trials in found.items())
    return Score(prediction, verdicts, late)


def name_of(result: RunResult) -> str:
    """Name what a run's verdict belongs to: itself, or the sweep that it is a point of."""
    return f"sweep {result.sweep}" if result.sweep else f"run {result.run_id}"


def brier(confidence: float, decided: Sequence[bool]) -> float:
    """Give the Brier score of a confidence: 0 is perfect, 1 is sure of the opposite.

    The mean square of what it missed each outcome by
    (https://doi.org/10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2).
    """
    return math.fsum((confidence - came_true) ** 2 for came_true in decided) / len(decided)


def brier_by_person(
    scored: Iterable[tuple[Prediction, Sequence[bool]]],
) -> Mapping[str, tuple[float, int]]:
    """Give each person's mean Brier score, and of how many predictions it is the mean.

    Args:
        scored: Predictions, each with its outcomes; those without a confidence or an outcome count
            for nothing.
    """
    found: dict[str, list[float]] = {}
    for prediction, decided in scored:
        if prediction.confidence is not None and decided:
            found.setdefault(prediction.author, []).append(brier(prediction.confidence, decided))
    return {who: (math.fsum(each) / len(each), len(each)) for who, each in found.items()}


def _order(result: RunResult) -> tuple[str, int]:
    return result.started, int(result.run_id.partition(".")[2])
