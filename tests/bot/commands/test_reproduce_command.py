"""`/reproduce`: what it asks for, and what it refuses."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import pytest
import samples

from bot.agreement import Verdict
from bot.command import Reproduce
from bot.commands import reproduce
from bot.commands.comparison import agreement
from bot.commands.parser import parse_comment
from bot.commands.run import run_memory
from bot.commands.world import World
from bot.effects import RequestRun
from bot.errors import RequestError
from bot.forge.protocol import StoredRun
from bot.log.run_entry import run_entry
from runner.records import RunRequest, RunResult, Status

SOURCE = b"the notebook"
ASKED = {
    "notebook_sha256": hashlib.sha256(SOURCE).hexdigest(),
    "inputs_sha256": "1" * 64,
    "goes_on_from": "1.2",
    "sweep": "1.1",
    "timeout_s": 60.0,
    "requirements": ("einops",),
    "data": ("data",),
}


def world(files: dict[str, bytes] | None = None, **changes: Any) -> World:
    first = StoredRun(1, samples.request(**ASKED | changes), samples.result())
    kept = {"source.ipynb": SOURCE} if files is None else files
    return samples.world(runs=(first,), run_files={1: kept})


def requested(world: World, command: Reproduce = Reproduce(1)) -> RunRequest:  # noqa: B008  # frozen
    effect = reproduce.decide(command, world)[0]
    assert isinstance(effect, RequestRun)
    assert effect.files["source.ipynb"] == SOURCE
    return effect.request


def test_it_is_written_with_the_number_of_a_run() -> None:
    assert parse_comment("/reproduce 3") == (Reproduce(3),)
    assert parse_comment("/reproduce 3 timeout=2h") == (Reproduce(3, "2h"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/reproduce", "no run is named"),
        ("/reproduce 1 2", "2 runs cannot be reproduced"),
        ("/reproduce all", "is not a run's number"),
        ("/reproduce 0", "is not a run's number"),
    ],
)
def test_anything_else_is_refused(text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        parse_comment(text)


def test_the_same_is_asked_for_again_under_a_new_number() -> None:
    request = requested(world())
    assert (request.run_id, request.reproduces, request.requested_by) == ("1.2", "1.1", "Ada")
    assert (request.inputs_sha256, request.goes_on_from, request.sweep) == ("", "", "")
    first = samples.request(**ASKED)
    same = ("commit", "parameters", "seed", "notebook_sha256", "timeout_s", "requirements", "data")
    assert [getattr(request, name) for name in same] == [getattr(first, name) for name in same]


def test_it_may_be_given_more_time() -> None:
    assert requested(world(), Reproduce(1, "2h")).timeout_s == 7200


def test_uncommitted_changes_are_asked_for_again_too() -> None:
    files = {"source.ipynb": SOURCE, "uncommitted.patch": b"diff"}
    effect = reproduce.decide(Reproduce(1), world(files, dirty=True))[0]
    assert isinstance(effect, RequestRun)
    assert effect.files["uncommitted.patch"] == b"diff"
    assert effect.request.dirty


def test_a_closed_issue_and_a_lost_branch_are_no_obstacle() -> None:
    closed = dataclasses.replace(world(), thread=samples.thread(state="closed"), head=None)
    assert requested(closed).reproduces == "1.1"


def test_a_run_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(RequestError, match=r"(?s)no run 1.7 with a result.*There are: 1\."):
        reproduce.decide(Reproduce(7), world())


def test_a_run_that_was_stopped_has_nothing_to_compare_with() -> None:
    stopped = StoredRun(1, samples.request(), samples.result(status=Status.CANCELLED))
    with pytest.raises(RequestError, match="was cancelled"):
        reproduce.decide(Reproduce(1), samples.world(runs=(stopped,)))


@pytest.mark.parametrize("files", [{}, {"source.ipynb": b"another"}])
def test_a_notebook_that_is_lost_or_is_another_is_refused(files: dict[str, bytes]) -> None:
    with pytest.raises(RequestError, match="not to be found as it was"):
        reproduce.decide(Reproduce(1), world(files))


def repeated(original: RunResult, again: RunResult, **requests: Any) -> tuple[str, World]:
    """The entry of a reproduction."""
    after = samples.world(
        runs=(
            StoredRun(1, samples.request(data_sha256="1"), original),
            StoredRun(2, samples.request(run_id="1.2", **requests), again),
        )
    )
    entry = run_entry(
        again,
        excursion=samples.EXCURSION,
        declared=samples.DECLARED,
        predictions=(),
        figures_at="runs/2/figures/",
        original=original,
        agreement=agreement(again, after),
    )
    return entry, after


def again(**changes: Any) -> RunResult:
    return samples.result(**{"run_id": "1.2", "reproduces": "1.1"} | changes)


def test_an_entry_leads_with_the_verdict() -> None:
    entry, _ = repeated(samples.result(), again())
    assert entry.startswith("### ✅ Run 1.2 reproduces run 1.1: all 2 metrics identical")
    assert "Ran on the same" in entry


def test_an_entry_shows_both_values_and_what_else_is_different() -> None:
    environment = samples.result().environment
    assert environment is not None
    other = environment.model_copy(update={"packages": {"numpy": "2.2.0"}})
    entry, world = repeated(
        samples.result(),
        again(metrics={"loss": 0.251, "accuracy": 0.99821}, environment=other),
        data_sha256="2",
    )
    assert entry.startswith(
        "### ❗ Run 1.2 differs from run 1.1: of 2 metrics, 1 identical, 1 different"
    )
    assert "| `loss` | 0.2500 | 0.2510 | **different by +0.001** |" in entry
    assert "| package numpy | 2.1.0 | 2.2.0 |" in entry
    assert "| data files | as they were | changed since |" in entry
    agreed = agreement(again(metrics={}), world)
    assert agreed is not None
    assert agreed.verdict is Verdict.DIFFERENT


def test_values_that_look_alike_are_written_out() -> None:
    entry, _ = repeated(
        samples.result(metrics={"loss": 0.25}), again(metrics={"loss": 0.2500000001})
    )
    assert "| 0.25 | 0.2500000001 |" in entry


def test_an_end_that_differs_is_named_before_everything() -> None:
    failed = again(status=Status.FAILED, metrics={}, error={"cell": 3, "name": "ValueError"})
    entry, _ = repeated(samples.result(), failed)
    assert entry.startswith(
        "### ❗ Run 1.2 differs from run 1.1: it failed with ValueError in cell 3, "
        "the original succeeded"
    )
    entry, _ = repeated(failed.model_copy(update={"run_id": "1.1", "reproduces": ""}), failed)
    assert entry.startswith("### ✅ Run 1.2 fails in the same way as run 1.1: it failed with Value")


def test_one_that_was_stopped_is_not_compared() -> None:
    entry, world = repeated(samples.result(), again(status=Status.CANCELLED, metrics={}))
    assert entry.startswith("### ⏹️ Run 1.2, repeating run 1.1, was cancelled after")
    assert agreement(again(status=Status.CANCELLED), world) is None


def test_a_threads_memory_knows_what_repeats_what() -> None:
    assert run_memory(again())["reproduces"] == "1.1"
    assert "reproduces" not in run_memory(samples.result())
