"""Whether a reproduction agrees with its original."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from bot.agreement import Verdict, compare, compare_environments, compare_metric
from runner.records import Environment, Figure, Gpu, Metric, RunError, Status

IDENTICAL, WITHIN, DIFFERENT = Verdict

METRICS = st.one_of(
    st.booleans(), st.integers(), st.floats(), st.sampled_from(["nan", "inf", "-inf", "NaN", "x"])
)


@pytest.mark.parametrize(
    ("first", "second", "tolerance", "verdict"),
    [
        (0.5, 0.5, None, IDENTICAL),
        (1, 1.0, None, IDENTICAL),
        (0.0, -0.0, None, IDENTICAL),
        (0.5, 0.5000001, None, DIFFERENT),
        (0.5, 0.5000001, 1e-6, WITHIN),
        (0.3, 0.4, 0.1, WITHIN),  # as written; in binary they are further apart
        (0.3, 0.41, 0.1, DIFFERENT),
        (0.5, 0.5000001, 0.0, DIFFERENT),
        (math.nan, math.nan, None, IDENTICAL),
        ("nan", math.nan, None, IDENTICAL),  # as a notebook records it, and as it may be read
        ("nan", 0.5, 9.0, DIFFERENT),
        ("inf", "Infinity", None, IDENTICAL),
        ("inf", "-inf", math.inf, DIFFERENT),
        (True, True, None, IDENTICAL),
        (True, 1, 2.0, DIFFERENT),
        (True, False, 2.0, DIFFERENT),
        ("grokked", "grokked", None, IDENTICAL),
        ("grokked", "memorised", 1.0, DIFFERENT),
        ("1", 1, 1.0, DIFFERENT),
        (10**400, 10**400 + 1, None, DIFFERENT),
        (None, 0.5, 1.0, DIFFERENT),
        (0.5, None, 1.0, DIFFERENT),
    ],
)
def test_two_values_of_a_metric(
    first: Metric | None, second: Metric | None, tolerance: float | None, verdict: Verdict
) -> None:
    assert compare_metric("m", first, second, tolerance).verdict is verdict


@given(METRICS)
def test_a_value_is_identical_with_itself(value: Metric) -> None:
    assert compare_metric("m", value, value, None).verdict is IDENTICAL


@given(METRICS, METRICS, st.floats(min_value=0) | st.none())
def test_it_does_not_matter_which_came_first(
    one: Metric, other: Metric, tolerance: float | None
) -> None:
    there = compare_metric("m", one, other, tolerance)
    back = compare_metric("m", other, one, tolerance)
    assert there.verdict is back.verdict
    if there.difference is not None:
        assert there.difference == -(back.difference or 0)


@given(METRICS, METRICS, st.floats(min_value=0, allow_infinity=False))
def test_more_tolerance_never_makes_it_worse(one: Metric, other: Metric, tolerance: float) -> None:
    strict = compare_metric("m", one, other, tolerance).verdict
    assert compare_metric("m", one, other, tolerance * 2).verdict <= strict
    assert strict <= compare_metric("m", one, other, None).verdict


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(-1e6, 1e6))
def test_a_difference_is_second_minus_first(first: float, step: float) -> None:
    second = first + step
    pair = compare_metric("m", first, second, None)
    assert pair.difference == pytest.approx(float(Decimal(str(second)) - Decimal(str(first))))


def test_one_different_metric_makes_the_whole_different() -> None:
    first = samples.result(metrics={"a": 1.0, "b": 2.0, "gone": 1})
    second = samples.result(metrics={"a": 1.0, "b": 2.05, "new": 1})
    agreed = compare(first, second, {"b": 0.1})
    assert [(pair.name, pair.verdict) for pair in agreed.metrics] == [
        ("a", IDENTICAL),
        ("b", WITHIN),
        ("gone", DIFFERENT),
        ("new", DIFFERENT),
    ]
    assert agreed.verdict is DIFFERENT


def figure(file: str, sha256: str) -> Figure:
    return Figure(file=file, sha256=sha256, cell=1, width=1, height=1)


def test_pictures_are_compared_by_their_bytes_and_decide_only_where_nothing_else_does() -> None:
    first = samples.result(figures=(figure("a.png", "1"), figure("b.png", "2")))
    second = samples.result(figures=(figure("a.png", "1"), figure("b.png", "3")))
    agreed = compare(first, second, {})
    assert agreed.figures == (("a.png", True), ("b.png", False))
    assert agreed.verdict is IDENTICAL

    silent: dict[str, Any] = {"metrics": {}}
    agreed = compare(first.model_copy(update=silent), second.model_copy(update=silent), {})
    assert agreed.verdict is DIFFERENT


@pytest.mark.parametrize(
    ("status", "cell", "name", "verdict"),
    [
        (Status.FAILED, 3, "ValueError", IDENTICAL),
        (Status.FAILED, 4, "ValueError", DIFFERENT),
        (Status.FAILED, 3, "TypeError", DIFFERENT),
        (Status.DIED, 3, "ValueError", DIFFERENT),
        (Status.SUCCEEDED, 3, "ValueError", DIFFERENT),
    ],
)
def test_a_failure_is_reproduced_by_the_same_error_in_the_same_cell(
    status: Status, cell: int, name: str, verdict: Verdict
) -> None:
    error = RunError(cell=3, name="ValueError", message="layer 3 of 2")
    first = samples.result(status=Status.FAILED, error=error, metrics={})
    ended = RunError(cell=cell, name=name, message="layer 4 of 2")
    second = samples.result(
        status=status, error=None if status is Status.SUCCEEDED else ended, metrics={}
    )
    assert compare(first, second, {}).ends is verdict


def test_what_differs_between_two_environments_is_listed() -> None:
    there = Environment(
        python="3.11.7",
        platform="Linux",
        packages_sha256="1",
        packages={"numpy": "2.1", "old": "1", "same": "1"},
        torch="2.13.0",
        cpu="EPYC",
        cores=2,
        gpus=(Gpu(name="A100", memory_bytes=1),),
    )
    here = there.model_copy(
        update={
            "packages": {"numpy": "2.2", "new": "1", "same": "1"},
            "driver": "550.1",
            "gpus": (Gpu(name="H100", memory_bytes=1),),
        }
    )
    assert compare_environments(there, there) == ()
    assert compare_environments(there, None) == ()
    assert compare_environments(there, here) == (
        ("driver", "none", "550.1"),
        ("GPUs", "A100", "H100"),
        ("package new", "none", "1"),
        ("package numpy", "2.1", "2.2"),
        ("package old", "1", "none"),
    )
