"""A run and its reproduction ─► whether they agree, and what differs in what they ran on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from runner.records import Environment, Metric, RunResult, Status


class Verdict(IntEnum):
    """How well two agree, the best first."""

    IDENTICAL = 0
    WITHIN = 1  # within the declared tolerance
    DIFFERENT = 2

    @property
    def words(self) -> str:
        """The verdict as people read it."""
        return ("identical", "within tolerance", "different")[self]


@dataclass(frozen=True)
class MetricPair:
    """What two runs recorded under one name; None where one did not."""

    name: str
    first: Metric | None
    second: Metric | None
    tolerance: float | None
    verdict: Verdict
    difference: float | None = None  # second minus first, of two finite numbers


@dataclass(frozen=True)
class Agreement:
    """How a reproduction compares with the run that it repeats."""

    ends: Verdict  # both succeeded, or failed in the same way
    metrics: tuple[MetricPair, ...]
    figures: tuple[tuple[str, bool], ...]  # file, and whether both are the same to the byte
    surroundings: tuple[tuple[str, str, str], ...]  # what differs, there, here

    @property
    def verdict(self) -> Verdict:
        """The worst of what the outcome is made of.

        Pictures count only where no metric was recorded: two that look alike may differ in a byte.
        """
        if self.metrics:
            return max([self.ends, *(pair.verdict for pair in self.metrics)])
        return max(self.ends, _verdict(all(same for _, same in self.figures)))


def compare(
    first: RunResult,
    second: RunResult,
    tolerance: Mapping[str, float],
    *,
    other_data: bool = False,
) -> Agreement:
    """Compare a run with one that repeats it.

    Args:
        first: The original.
        second: The reproduction.
        tolerance: By how much a metric may differ, absolutely; others must be identical.
        other_data: Whether the data files that they read are known to differ.
    """
    names = [*dict.fromkeys([*first.metrics, *second.metrics])]
    surroundings = compare_environments(first.environment, second.environment)
    if other_data:
        surroundings += (("data files", "as they were", "changed since"),)
    return Agreement(
        ends=_compare_ends(first, second),
        metrics=tuple(
            compare_metric(n, first.metrics.get(n), second.metrics.get(n), tolerance.get(n))
            for n in names
        ),
        figures=_compare_figures(first, second),
        surroundings=surroundings,
    )


def compare_metric(
    name: str, first: Metric | None, second: Metric | None, tolerance: float | None
) -> MetricPair:
    """Compare two values of a metric; NaN is identical with NaN, a truth value never with 1."""
    one, other = _number(first), _number(second)
    if one is None or other is None:
        same = type(first) is type(second) and first == second
        return MetricPair(name, first, second, tolerance, _verdict(same))
    same = one == other or (one.is_nan() and other.is_nan())
    if not (one.is_finite() and other.is_finite()):
        return MetricPair(name, first, second, tolerance, _verdict(same))
    difference = other - one
    within = tolerance is not None and abs(difference) <= Decimal(str(tolerance))
    return MetricPair(name, first, second, tolerance, _verdict(same, within), float(difference))


def _verdict(same: bool, within: bool = False) -> Verdict:
    return Verdict.IDENTICAL if same else Verdict.WITHIN if within else Verdict.DIFFERENT


def compare_environments(
    first: Environment | None, second: Environment | None
) -> tuple[tuple[str, str, str], ...]:
    """List what two environments differ in: its name, there, here."""
    if first is None or second is None:
        return ()
    pairs = [
        ("Python", first.python, second.python),
        ("platform", first.platform, second.platform),
        ("torch", first.torch, second.torch),
        ("CUDA", first.cuda, second.cuda),
        ("driver", first.driver, second.driver),
        ("processor", first.cpu, second.cpu),
        ("cores", str(first.cores), str(second.cores)),
        ("GPUs", _gpus(first), _gpus(second)),
    ]
    pairs += [
        (f"package {name}", first.packages.get(name), second.packages.get(name))
        for name in sorted(first.packages.keys() | second.packages.keys())
        if name != "torch"  # told of above
    ]
    return tuple((name, one or "none", two or "none") for name, one, two in pairs if one != two)


def _compare_ends(first: RunResult, second: RunResult) -> Verdict:
    """Say whether two runs ended in the same way: status, and cell and name of the error."""
    return _verdict((first.status, _failure(first)) == (second.status, _failure(second)))


def _failure(result: RunResult) -> tuple[int | None, str] | None:
    if result.status is Status.SUCCEEDED or result.error is None:
        return None
    return result.error.cell, result.error.name


def _compare_figures(first: RunResult, second: RunResult) -> tuple[tuple[str, bool], ...]:
    ours = {figure.file: figure.sha256 for figure in first.figures}
    theirs = {figure.file: figure.sha256 for figure in second.figures}
    return tuple((f, ours.get(f) == theirs.get(f)) for f in sorted(ours.keys() | theirs.keys()))


def _number(value: Metric | None) -> Decimal | None:
    """Give a number as it is written, so that 0.3 and 0.4 differ by 0.1; None for anything else."""
    if isinstance(value, str):
        word = value.lower().removeprefix("-")  # what is not finite travels as a word
        return Decimal(value) if word in {"nan", "inf", "infinity"} else None
    if isinstance(value, bool) or value is None:
        return None
    return Decimal(value if isinstance(value, int) else str(value))


def _gpus(environment: Environment) -> str:
    return ", ".join(gpu.name for gpu in environment.gpus)
