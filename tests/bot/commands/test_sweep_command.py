"""What follows from `/sweep`: a run for each point, and the same sweep goes on where it was."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
import samples

from bot.command import Sweep
from bot.commands import decide
from bot.commands.sweep import entry_effects, parse, plan
from bot.commands.world import World
from bot.effects import PublishSweep, RequestRun, SetLabels, UpsertEntry
from bot.errors import RequestError
from bot.forge.protocol import StoredRun, StoredSweep
from bot.log.sweep.entry import State
from bot.sweep import read_sweeps
from runner.records import RunRequest, Status

AXES = {"layer": "0..2"}
ASKED = Sweep(AXES)


def asked(effects: tuple[Any, ...]) -> list[RunRequest]:
    return [effect.request for effect in effects if isinstance(effect, RequestRun)]


def stored(request: RunRequest, status: Status | None, **changes: Any) -> StoredRun:
    """A point's run as it is kept; without a status it was never executed."""
    number = int(request.run_id.partition(".")[2])
    fields = {
        "run_id": request.run_id,
        "parameters": dict(request.parameters),
        "sweep": request.sweep,
        "metrics": {"accuracy": number / 10} if status is Status.SUCCEEDED else {},
    }
    result = samples.result(status=status, **fields | changes) if status else None
    return StoredRun(number, request, result)


def after(*statuses: Status | None, **changes: Any) -> World:
    """A world in which the sweep was asked for before, and its points came to this."""
    requests = asked(decide(ASKED, samples.world()))
    runs = tuple(stored(r, s) for r, s in zip(requests, statuses, strict=True))
    return samples.world(runs=runs, **changes)


def numbers(command: Sweep, world: World) -> list[str]:
    return [request.run_id for request in asked(decide(command, world))]


GOOD, BAD, DEAD, LATE, STOPPED = (
    *(Status.SUCCEEDED, Status.FAILED, Status.DIED, Status.TIMED_OUT, Status.CANCELLED),
)


def test_every_point_is_a_run_that_names_the_first_and_one_entry_tells_of_all() -> None:
    effects = decide(Sweep({"layer": "0..1", "seed": "[1,2]"}), samples.world())
    requests = asked(effects)
    assert [request.run_id for request in requests] == ["1.1", "1.2", "1.3", "1.4"]
    assert {request.sweep for request in requests} == {"1.1"}
    assert [dict(request.parameters) for request in requests] == [
        {"layer": layer, "seed": seed} for layer in (0, 1) for seed in (1, 2)
    ]
    assert [request.seed for request in requests] == [1, 2, 1, 2]
    entry, labels = effects[4:]
    assert isinstance(entry, UpsertEntry)
    assert entry.key == "sweep:1.1"
    assert entry.data["status"] == "running"
    assert entry.data["last"] == 4
    assert labels == SetLabels(1, add=("excursion:running",))


def test_its_numbers_come_after_those_of_all_runs_and_entries() -> None:
    single = StoredRun(5, samples.request(run_id="1.5"), None)
    told = samples.thread(samples.entry(9, "sweep:1.6", {"last": 8}))
    assert numbers(ASKED, samples.world(runs=(single,), thread=told)) == ["1.9", "1.10", "1.11"]


@pytest.mark.parametrize(
    ("statuses", "retry", "expected"),
    [
        ((GOOD, GOOD, GOOD), False, []),
        ((GOOD, None, None), False, ["1.2", "1.3"]),  # they keep the numbers that they have
        ((GOOD, STOPPED, None), False, ["1.4", "1.3"]),
        ((DEAD, GOOD, GOOD), False, ["1.4"]),
        ((BAD, LATE, GOOD), False, []),
        ((BAD, LATE, GOOD), True, ["1.4", "1.5"]),
        ((BAD, None, STOPPED), True, ["1.4", "1.2", "1.5"]),
    ],
)
def test_given_again_it_runs_what_has_no_outcome(
    statuses: tuple[Status | None, ...], retry: bool, expected: list[str]
) -> None:
    again = dataclasses.replace(ASKED, retry_failed=retry)
    world = after(*statuses)
    assert numbers(again, world) == expected
    assert plan(again, world).sweep.id == "1.1"


@pytest.mark.parametrize("axes", [{"layer": "[2,1,0]"}, {"layer": "0..2", "seed": "7"}])
def test_the_same_points_written_otherwise_are_the_same_sweep(axes: dict[str, str]) -> None:
    assert numbers(Sweep(axes), after(GOOD, None, GOOD)) == ["1.2"]


@pytest.mark.parametrize(
    ("command", "changes"),
    [
        (Sweep({"layer": "0..3"}), {}),
        (Sweep({"layer": "0..1"}), {}),
        (Sweep(AXES, timeout="7m"), {}),
        (ASKED, {"head": "cd34" * 10}),
    ],
)
def test_another_grid_limit_or_commit_is_another_sweep(
    command: Sweep, changes: dict[str, Any]
) -> None:
    first, *_ = asked(decide(command, after(GOOD, GOOD, GOOD, **changes)))
    assert (first.run_id, first.sweep) == ("1.4", "1.4")


def test_force_begins_anew_what_is_complete_and_goes_on_with_what_is_not() -> None:
    forced = dataclasses.replace(ASKED, force=True)
    assert numbers(forced, after(GOOD, GOOD, GOOD)) == ["1.4", "1.5", "1.6"]
    assert numbers(forced, after(GOOD, GOOD, None)) == ["1.3"]


def test_a_point_that_got_another_run_keeps_its_place_and_the_last_one_stands() -> None:
    world = after(GOOD, STOPPED, GOOD)
    [again] = asked(decide(ASKED, world))
    [sweep] = read_sweeps((*world.runs, stored(again, GOOD)))
    assert [point.request.run_id for point in sweep.points] == ["1.1", "1.4", "1.3"]
    assert sweep.requested == samples.STAMP
    assert len(sweep.succeeded) == 3


@pytest.mark.parametrize(
    ("statuses", "state", "remembered", "labels"),
    [
        ((GOOD, GOOD, GOOD), State.ENDED, "succeeded", "remove"),
        ((GOOD, BAD, GOOD), State.ENDED, "failed", "remove"),
        ((GOOD, STOPPED, None), State.STOPPED, "stopped", "remove"),
        ((GOOD, BAD, GOOD), State.STOPPED, "failed", "remove"),  # all had ended
        ((GOOD, None, None), State.RUNNING, "running", "add"),
    ],
)
def test_what_is_told_of_it_as_it_stands(
    statuses: tuple[Status | None, ...], state: State, remembered: str, labels: str
) -> None:
    world = after(*statuses)
    [sweep] = read_sweeps(world.runs)
    publish, entry, label = entry_effects(sweep, state, world)
    assert isinstance(publish, PublishSweep)
    assert publish.kept is (state is not State.RUNNING)
    assert "points.csv" in publish.files
    assert ("figures/sweep.png" in publish.files) == (statuses.count(GOOD) > 0)
    assert isinstance(entry, UpsertEntry)
    assert entry.data["status"] == remembered
    best = max(n for n, status in enumerate(statuses, start=1) if status is GOOD)
    assert entry.data["best"] == {
        "run_id": f"1.{best}",
        "at": f"layer={best - 1}",
        "metric": "accuracy",
        "value": best / 10,
    }
    assert isinstance(label, SetLabels)
    assert bool(getattr(label, labels))


def test_before_any_point_has_ended_there_is_nothing_to_publish() -> None:
    world = after(None, None, None)
    [sweep] = read_sweeps(world.runs)
    assert [type(e) for e in entry_effects(sweep, State.RUNNING, world)] == [UpsertEntry, SetLabels]


def test_the_label_stays_while_something_else_runs() -> None:
    world = after(GOOD, GOOD, GOOD)
    [sweep] = read_sweeps(world.runs)
    single = StoredRun(9, samples.request(run_id="1.9"), None, alive=True)
    for busy in ({"runs": (*world.runs, single)}, {"sweeps": (StoredSweep(5, alive=True),)}):
        effects = entry_effects(sweep, State.ENDED, dataclasses.replace(world, **busy))
        assert not [effect for effect in effects if isinstance(effect, SetLabels)]


@pytest.mark.parametrize(
    ("command", "changes", "words"),
    [
        (Sweep({"lyer": "0..2"}), {}, "no parameter 'lyer'"),
        (Sweep({"layer": "0..12"}), {}, "layer='12'"),
        (Sweep({"seed": "1..257"}), {}, "257 points, 256 at most"),
        (Sweep(AXES, timeout="soon"), {}, "soon"),
        (ASKED, {"uncommitted": ("a.py",)}, "not committed: a.py"),
        (ASKED, {"head": None}, "is gone"),
        (ASKED, {"thread": samples.unbegun()}, "has not begun"),
        (ASKED, {"thread": samples.thread(state="closed")}, "is closed"),
    ],
)
def test_a_sweep_that_is_not_possible_is_refused(
    command: Sweep, changes: Mapping[str, Any], words: str
) -> None:
    with pytest.raises(RequestError, match=words) as caught:
        decide(command, samples.world(**changes))
    assert caught.value.right


def test_the_words_of_a_comment_become_axes_jobs_and_wishes() -> None:
    named = {"layer": "0..2", "seed": "[1,2]", "jobs": "2", "timeout": "5m"}
    axes = {"layer": "0..2", "seed": "[1,2]"}
    assert parse(("retry-failed",), named) == Sweep(axes, 2, "5m", retry_failed=True)
    assert parse(("force",), AXES) == Sweep(AXES, force=True)


@pytest.mark.parametrize("jobs", ["0", "two", "-1", "1.5", "", "²", "9" * 40])
def test_jobs_that_are_no_number_are_refused(jobs: str) -> None:
    with pytest.raises(RequestError, match="is not a number of runs"):
        parse((), {"jobs": jobs})


def test_a_word_that_it_does_not_know_is_refused() -> None:
    with pytest.raises(RequestError, match="does not know the word 'again'"):
        parse(("again",), AXES)
