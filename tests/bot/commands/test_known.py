"""What was run before is answered from that run, and only where that is honest."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import pytest
import samples

from bot.command import Run
from bot.commands import run
from bot.commands.known import answer_known, earlier_run, known_outcomes
from bot.commands.world import World
from bot.effects import RequestRun, UpsertEntry
from bot.forge.protocol import StoredRun
from runner.records import Figure, RunResult, Status, read_request, read_result

KEY = "5eed" * 16
SHA = "0" * 64


def stored(number: int = 1, **changes: Any) -> StoredRun:
    fields = {"run_id": f"1.{number}", "inputs_sha256": KEY} | changes
    return StoredRun(number, samples.request(run_id=f"1.{number}"), samples.result(**fields))


def asked(**changes: Any) -> Any:
    return samples.request(**{"run_id": "1.9", "inputs_sha256": KEY} | changes)


def numbers(*runs: StoredRun, **changes: Any) -> int | None:
    found = earlier_run(asked(**changes), known_outcomes(samples.world(runs=runs)))
    return found.number if found else None


def test_the_last_run_with_the_same_inputs_answers() -> None:
    assert numbers(stored(1), stored(2), stored(3, inputs_sha256="0" * 64)) == 2


def test_one_that_was_executed_rather_than_one_that_was_itself_answered() -> None:
    answered = stored(2, cache_hit=True, answered_from="1.1")
    assert numbers(stored(1), answered) == 1
    assert numbers(answered) == 2  # its ref holds all that the other did


@pytest.mark.parametrize(
    "changes",
    [
        *({"status": status} for status in Status if status is not Status.SUCCEEDED),
        {"dirty": True},
        {"inputs_sha256": ""},
    ],
)
def test_a_run_that_did_not_end_well_or_cleanly_answers_nothing(changes: dict[str, Any]) -> None:
    assert numbers(stored(**changes)) is None


@pytest.mark.parametrize("changes", [{"dirty": True}, {"reproduces": "1.1"}, {"inputs_sha256": ""}])
def test_what_must_be_executed_is_not_answered(changes: dict[str, Any]) -> None:
    assert numbers(stored(), **changes) is None


def test_a_run_that_came_out_differently_when_repeated_answers_nothing() -> None:
    other_inputs = "0" * 64
    again = stored(2, reproduces="1.1", metrics={"loss": 0.3}, inputs_sha256=other_inputs)
    assert numbers(stored(1), again) is None
    assert numbers(stored(1), again, inputs_sha256=other_inputs) is None
    assert numbers(stored(1), again, stored(3)) == 3
    assert numbers(stored(1), stored(2, reproduces="1.1")) == 2


def test_inputs_that_gave_two_outcomes_answer_nothing() -> None:
    again = stored(2, reproduces="1.1", metrics={"loss": 0.3})
    assert numbers(stored(1), again, stored(3)) is None


def test_a_reproduction_that_was_stopped_raises_no_doubt() -> None:
    stopped = stored(2, reproduces="1.1", metrics={}, status=Status.CANCELLED)
    assert numbers(stored(1), stopped) == 1


FIGURE = Figure(file="figure-01.png", sha256="f", cell=0, width=1, height=1)
FILES = {
    "request.json": b"{}",
    "result.json": b"{}",
    "notebook.ipynb": samples.NOTEBOOK_BYTES,
    "figures/figure-01.png": b"png",
}


def answered(world: World, **earlier: Any) -> tuple[RequestRun, UpsertEntry]:
    source = hashlib.sha256(world.files["notebook.ipynb"]).hexdigest()
    before = stored(1, **{"figures": (FIGURE,), "notebook_sha256": source} | earlier)
    world = dataclasses.replace(world, runs=(before,))
    effects = run.decide(Run(), world)
    request = effects[0].request.model_copy(update={"inputs_sha256": KEY})  # type: ignore[union-attr]
    known = {request.run_id: (before, FILES)}
    found = answer_known(effects, {request.run_id: request}, known, world)
    assert len(found) == 2  # and no label that says something runs
    asking, entry = found
    assert isinstance(asking, RequestRun)
    assert isinstance(entry, UpsertEntry)
    return asking, entry


def result_of(asking: RequestRun) -> RunResult:
    assert asking.answer is not None
    return asking.answer


def test_an_answered_run_has_its_own_number_and_moment_and_the_files_of_the_other() -> None:
    asking, _ = answered(samples.world())
    result = result_of(asking)
    assert (result.run_id, result.cache_hit, result.answered_from) == ("1.2", True, "1.1")
    assert (result.started, result.finished, result.duration_s) == (
        *(samples.STAMP, samples.STAMP),
        0.0,
    )
    assert result.metrics == samples.result().metrics
    assert set(asking.files) == set(FILES)
    assert asking.files["figures/figure-01.png"] == b"png"
    assert read_result(asking.files["result.json"]) == result
    assert read_request(asking.files["request.json"]) == asking.request


def test_its_entry_says_at_its_top_where_the_answer_is_from() -> None:
    _, entry = answered(samples.world(), duration_s=52.0)
    first, second = entry.body.split("\n\n")[:2]
    assert first == "### ⚡ Run 1.2: answered from run 1.1"
    assert "--force" in second
    assert "nothing was executed" in second
    assert "52 s" in second
    assert "![" in entry.body
    assert entry.data["answered_from"] == "1.1"


def test_a_prediction_made_after_the_first_outcome_is_none() -> None:
    late = samples.prediction(1, "I knew it", stamped="2026-11-21T09:30:15Z")
    world = samples.world(thread=samples.thread(late))
    _, entry = answered(world, started="2026-11-21T09:00:00Z")
    assert "I knew it" not in entry.body


def test_where_only_words_changed_the_notebook_is_the_new_one() -> None:
    words = b'{"cell_type": "markdown", "metadata": {}, "source": "New words."}, '
    source = samples.NOTEBOOK_BYTES.replace(b'"cells": [', b'"cells": [' + words)
    world = samples.world()
    world = dataclasses.replace(world, files={**world.files, "notebook.ipynb": source})
    asking, _ = answered(world, notebook_sha256="other")
    assert b"New words." in asking.files["notebook.ipynb"]
    assert result_of(asking).figures[0].cell == 1
    assert result_of(asking).notebook_sha256 == asking.request.notebook_sha256


def test_other_code_is_executed_whatever_its_digest_says() -> None:
    world = samples.world()
    effects = run.decide(Run(), world)
    request = effects[0].request  # type: ignore[union-attr]
    files = {**FILES, "notebook.ipynb": samples.NOTEBOOK_BYTES.replace(b'""', b'"1"')}
    found = answer_known(
        effects, {request.run_id: request}, {request.run_id: (stored(), files)}, world
    )
    assert [type(effect) for effect in found] == [type(effect) for effect in effects]
    assert found[0].answer is None  # type: ignore[union-attr]


def test_what_is_executed_carries_its_digest_in_its_ref() -> None:
    world = samples.world()
    effects = run.decide(Run(), world)
    request = effects[0].request.model_copy(update={"inputs_sha256": KEY})  # type: ignore[union-attr]
    found = answer_known(effects, {request.run_id: request}, {}, world)
    assert read_request(found[0].files["request.json"]).inputs_sha256 == KEY  # type: ignore[union-attr]
    assert found[1:] == effects[1:]
