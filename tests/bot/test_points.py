"""Stored runs read as sweeps: the grid's order, what varies, and what each point came to."""

from __future__ import annotations

from typing import Any

import pytest
import samples
from grids import sweep_of

from bot.forge.protocol import StoredRun
from bot.sweep import Point, needs_execution, read_sweeps
from runner.records import Status


def stored(number: int, sweep: str, **parameters: Any) -> StoredRun:
    run = {"run_id": f"1.{number}", "parameters": parameters, "sweep": sweep}
    return StoredRun(number, samples.request(**run), samples.result(**run))


def test_runs_that_name_the_same_first_run_are_a_sweep_and_single_ones_are_none() -> None:
    runs = [
        stored(6, "1.4", layer=1),
        stored(1, "", layer=0),
        stored(2, "1.2", layer=0),
        stored(3, "1.2", layer=1),
        stored(4, "1.4", layer=0),
        StoredRun(5, None, None),  # a ref that holds nothing we understand
    ]
    first, second = read_sweeps(runs)
    assert (first.id, first.first) == ("1.2", 2)
    assert [point.request.run_id for point in second.points] == ["1.4", "1.6"]


def test_what_varies_stands_with_the_slowest_first_and_the_rest_is_fixed() -> None:
    sweep = sweep_of(lambda _: {}, head=[3, 1, 2], layer=[0, 1], n=[5])
    assert list(sweep.axes.items()) == [("head", (3, 1, 2)), ("layer", (0, 1))]
    assert sweep.fixed == {"n": 5}


def test_one_point_has_no_axes() -> None:
    sweep = sweep_of(lambda _: {}, layer=[3])
    assert sweep.axes == {}
    assert sweep.fixed == {"layer": 3}


@pytest.mark.parametrize(
    ("status", "again", "when_asked"),
    [
        (None, True, True),
        (Status.CANCELLED, True, True),
        (Status.DIED, True, True),
        (Status.FAILED, False, True),
        (Status.TIMED_OUT, False, True),
        (Status.REFUSED, False, True),
        (Status.SUCCEEDED, False, False),
    ],
)
def test_what_has_no_outcome_of_its_own_is_executed_again(
    status: Status | None, again: bool, when_asked: bool
) -> None:
    point = Point(samples.request(), samples.result(status=status) if status else None)
    assert needs_execution(point, retry_failed=False) is again
    assert needs_execution(point, retry_failed=True) is when_asked
    assert [point.succeeded, point.failed, point.waits].count(True) == 1


def test_a_result_is_told_to_its_point_and_to_no_other() -> None:
    waiting = sweep_of(lambda _: None, layer=[0, 1])
    told = waiting.told(samples.result(run_id="1.2"))
    assert [point.result is None for point in told.points] == [True, False]
    assert told.told(samples.result(run_id="1.9")) == told


def test_a_new_run_takes_the_place_of_its_point_whatever_the_order_of_its_parameters() -> None:
    sweep = sweep_of(lambda _: {"status": Status.DIED}, layer=[0, 1], seed=[7])
    again = samples.request(run_id="1.3", parameters={"seed": 7, "layer": 0}, sweep="1.1")
    asked = sweep.asked([again])
    assert [point.request.run_id for point in asked.points] == ["1.3", "1.2"]
    assert [point.waits for point in asked.points] == [True, False]
