"""`/cancel` and `/retry`: which run is meant, what is asked for, and what is answered."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import samples

from bot.command import Cancel, Retry
from bot.commands import decide
from bot.commands.world import World
from bot.effects import CancelRuns, Effect, Reply, RequestRun
from bot.errors import RequestError
from bot.forge.protocol import StoredRun, StoredSweep
from runner.records import RunRequest, Status

SOURCE = b"the notebook"
SHA = hashlib.sha256(SOURCE).hexdigest()


def run(number: int, status: Status | None = None, **asked: Any) -> StoredRun:
    request = samples.request(run_id=f"1.{number}", notebook_sha256=SHA, **asked)
    kept = {name: asked[name] for name in ("sweep", "parameters", "code") if name in asked}
    result = samples.result(run_id=f"1.{number}", status=status, **kept) if status else None
    return StoredRun(number, request, result, alive=status is None)


def world(*runs: StoredRun, **changes: Any) -> World:
    files = {run.number: {"source.ipynb": SOURCE} for run in runs}
    return samples.world(runs=runs, run_files=files, **changes)


def cancelled(effects: tuple[Effect, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    first, reply = effects
    assert isinstance(first, CancelRuns)
    assert isinstance(reply, Reply)
    return first.runs, first.sweeps


def requested(effects: tuple[Effect, ...]) -> list[RunRequest]:
    return [effect.request for effect in effects if isinstance(effect, RequestRun)]


def point(number: int, status: Status | None = None) -> StoredRun:
    return run(number, status, sweep="1.2", parameters={"layer": number, "seed": 7})


# -- /cancel -------------------------------------------------------------------------------------


def test_the_only_one_that_goes_on_is_meant() -> None:
    assert cancelled(decide(Cancel(), world(run(1, Status.SUCCEEDED), run(2)))) == ((2,), ())


def test_a_sweep_is_one_thing_that_goes_on_whatever_its_points_do() -> None:
    here = world(
        run(1, Status.FAILED), point(2), point(3), sweeps=(StoredSweep(first=2, alive=True),)
    )
    assert cancelled(decide(Cancel(), here)) == ((), (2,))
    assert cancelled(decide(Cancel(2), here)) == ((), (2,))
    assert cancelled(decide(Cancel(3), here)) == ((3,), ())


def test_several_are_named_where_none_is() -> None:
    with pytest.raises(RequestError, match=r"several go on: run 1\.1, run 1\.2"):
        decide(Cancel(), world(run(1), run(2)))


def test_what_has_ended_or_was_never_begun_is_answered() -> None:
    [reply] = decide(Cancel(1), world(run(1, Status.CANCELLED)))
    assert isinstance(reply, Reply)
    assert "was cancelled already" in reply.text
    [reply] = decide(Cancel(), world(run(1, Status.SUCCEEDED)))
    assert isinstance(reply, Reply)
    assert "Nothing of excursion 1" in reply.text
    with pytest.raises(RequestError, match=r"no run 1\.4"):
        decide(Cancel(4), world(run(1)))


# -- /retry --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", [Status.FAILED, Status.DIED, Status.TIMED_OUT, Status.CANCELLED, Status.REFUSED]
)
def test_the_last_that_did_not_succeed_is_asked_for_again(status: Status) -> None:
    old = run(2, status, commit="01d" * 10, timeout_s=7.0, runner="gone")
    here = world(run(1, Status.FAILED), old, run(3, Status.SUCCEEDED))
    [request] = requested(decide(Retry(), here))
    assert (request.run_id, request.retries, request.commit) == ("1.4", "1.2", "01d" * 10)
    assert (request.timeout_s, request.parameters) == (7.0, {"layer": 0, "seed": 7})
    [longer] = requested(decide(Retry(1, timeout="2h", runner="local"), here))
    assert (longer.retries, longer.timeout_s, longer.runner) == ("1.1", 7_200, "local")


def test_what_was_tried_again_and_evals_are_not_meant_unless_they_are_named() -> None:
    here = world(
        run(1, Status.FAILED),
        run(2, Status.FAILED, code="1/0"),
        run(3, Status.SUCCEEDED, retries="1.1"),
    )
    with pytest.raises(RequestError, match="but for what was tried again"):
        decide(Retry(), here)
    [request] = requested(decide(Retry(1), here))
    assert request.retries == "1.1"


def test_the_points_of_a_sweep_that_did_not_succeed_are_asked_for_again() -> None:
    here = world(point(2, Status.SUCCEEDED), point(3, Status.FAILED), point(4, Status.CANCELLED))
    found = requested(decide(Retry(), here))
    assert [(r.run_id, r.parameters["layer"]) for r in found] == [("1.5", 3), ("1.6", 4)]
    assert {(r.sweep, r.retries) for r in found} == {("1.2", "1.2")}
    [alone] = requested(decide(Retry(4), here))
    assert alone.parameters["layer"] == 4


@pytest.mark.parametrize(
    ("command", "stored", "what", "right"),
    [
        (Retry(1), run(1, Status.SUCCEEDED), "succeeded", "excursion reproduce 1 1"),
        (Retry(1), run(1), "still going", "excursion cancel 1 1"),
        (Retry(7), run(1, Status.FAILED), "no run 1.7", "There are: 1."),
        (Retry(2, head=True), point(2, Status.FAILED), "points run at one commit", "/sweep again"),
    ],
)
def test_what_cannot_be_tried_again_is_refused(
    command: Retry, stored: StoredRun, what: str, right: str
) -> None:
    with pytest.raises(RequestError) as error:
        decide(command, world(stored))
    assert what in error.value.what
    assert right in (error.value.right or "")
