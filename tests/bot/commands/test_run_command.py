"""What follows from `/run` and from a run's end."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import pytest
from PIL import Image
from samples import (
    COMMIT,
    DECLARED,
    EXCURSION,
    NOTEBOOK_BYTES,
    STAMP,
    entry,
    request,
    result,
    thread,
    unbegun,
    world,
)

from bot.command import Run
from bot.commands import decide
from bot.commands.run import decide_again, decide_ended, run_memory, same_request
from bot.commands.world import World
from bot.config import Config, Runner
from bot.effects import Effect, PublishFiles, RequestRun, SetLabels, UpsertEntry
from bot.errors import RequestError
from bot.events import RunEnded
from bot.excursion_file import FILE_NAME, NOTEBOOK, write_excursion_file
from bot.forge.marker import write_marker
from bot.forge.protocol import StoredRun
from runner.records import (
    Figure,
    Resources,
    RunRequest,
    Status,
    Warm,
    read_request,
    read_result,
    to_json,
)

SHA = hashlib.sha256(NOTEBOOK_BYTES).hexdigest()


def requested(effects: tuple[Effect, ...]) -> RunRequest:
    """The request among the effects, which must be the whole of what a run begins with."""
    asked, said, labelled = effects
    assert isinstance(asked, RequestRun)
    assert isinstance(said, UpsertEntry)
    assert said.key == f"run:{asked.request.run_id}"
    assert labelled == SetLabels(1, add=("excursion:running",))
    return asked.request


def with_notebook(content: bytes) -> dict[str, bytes]:
    return {**world().files, NOTEBOOK: content}


def with_declared(**changes: Any) -> dict[str, bytes]:
    declared = DECLARED.model_copy(update=changes)
    return {**world().files, FILE_NAME: write_excursion_file(declared).encode()}


def test_a_run_is_pinned_to_commit_notebook_and_parameters_before_anything_happens() -> None:
    effects = decide(Run({"layer": "3"}), world())
    assert requested(effects) == RunRequest(
        run_id="1.1",
        issue=1,
        notebook=f"{EXCURSION.folder}/{NOTEBOOK}",
        notebook_sha256=SHA,
        commit=COMMIT,
        parameters={"layer": 3, "seed": 7},
        seed=7,
        timeout_s=3600.0,
        resources=Resources(warm=Warm()),
        runner="local",
        requested_by="Ada",
        requested=STAMP,
    )


def test_a_run_s_ref_holds_its_request_and_its_notebook_from_the_start() -> None:
    effects = decide(Run(), world())
    asked, said, _ = effects
    assert isinstance(asked, RequestRun)
    assert isinstance(said, UpsertEntry)
    assert read_request(asked.files["request.json"]) == asked.request
    assert asked.files["source.ipynb"] == NOTEBOOK_BYTES
    assert set(asked.files) == {"request.json", "source.ipynb"}
    assert said.body.startswith("### ⏳ Run 1.1 is running")
    assert said.data == {"status": "running", "commit": COMMIT, "started": STAMP}


def test_a_run_gets_the_number_above_all_that_are_known() -> None:
    runs = (StoredRun(2, None, None), StoredRun(1, None, None))
    assert requested(decide(Run(), world(runs=runs))).run_id == "1.3"
    remembered = thread(entry(2, "run:1.7", {}), entry(3, "run:1.x", {}))
    assert requested(decide(Run(), world(runs=runs, thread=remembered))).run_id == "1.8"


@pytest.mark.parametrize(
    ("command", "excursion", "runner", "seconds"),
    [
        ("10s", "30m", "2h", 10),
        (None, "30m", "2h", 1800),
        (None, None, "2h", 7200),
    ],
)
def test_the_nearest_time_limit_counts(
    command: str | None, excursion: str | None, runner: str, seconds: float
) -> None:
    here = world(
        config=Config(runners={"local": Runner(timeout=runner)}),
        files=with_declared(timeout=excursion),
    )
    assert requested(decide(Run(timeout=command), here)).timeout_s == seconds


@pytest.mark.parametrize(
    ("command", "excursion", "runner", "seconds"),
    [
        ("10s", "30m", "2h", 10),
        (None, "30m", "2h", 1800),
        (None, None, "2h", 7200),
        (None, None, None, None),
    ],
)
def test_the_nearest_time_limit_of_a_cell_counts(
    command: str | None, excursion: str | None, runner: str | None, seconds: float | None
) -> None:
    here = world(
        config=Config(runners={"local": Runner(cell_timeout=runner)}),
        files=with_declared(cell_timeout=excursion),
    )
    assert requested(decide(Run(cell_timeout=command), here)).cell_timeout_s == seconds


def test_a_run_without_a_seed_has_none() -> None:
    here = world(files=with_declared(parameters={"layer": DECLARED.parameters["layer"]}))
    assert requested(decide(Run(), here)).seed is None


def test_changes_that_are_not_committed_are_kept_when_that_is_wanted() -> None:
    changed = NOTEBOOK_BYTES.replace(b'"source": ""', b'"source": "x"')
    here = world(uncommitted=("notebook.ipynb",), patch=b"diff", working_notebook=changed)
    effects = decide(Run(dirty=True), here)
    asked = effects[0]
    assert isinstance(asked, RequestRun)
    assert asked.request.dirty
    assert asked.request.notebook_sha256 == hashlib.sha256(changed).hexdigest()
    assert asked.files["uncommitted.patch"] == b"diff"
    assert asked.files["source.ipynb"] == changed
    clean = requested(decide(Run(dirty=True), world()))
    assert not clean.dirty


@pytest.mark.parametrize(
    ("command", "here", "message"),
    [
        (
            Run(),
            world(thread=unbegun()),
            "the excursion of issue 1 has not begun\n  excursion start 1",
        ),
        (Run(), world(thread=thread(state="closed")), "issue 1 is closed"),
        (Run(), world(head=None), "the branch 1-does-it-settle is gone"),
        (Run(), world(files={}), "excursion.toml: is not on the branch 1-does-it-settle"),
        (Run(), world(files={FILE_NAME: b"= 1"}), "is not valid TOML"),
        (Run(), world(files=with_declared(notebook="")), "is a write-up: it has no notebook"),
        (Run(), world(files=with_declared(runner="gpu")), "there is no runner 'gpu'"),
        (Run(), world(uncommitted=("a", "b")), "changes that are not committed: a, b"),
        (Run(dirty=True), world(uncommitted=("a",)), "notebook.ipynb: is not on the"),
        (Run({"layr": "1"}), world(), "Did you mean 'layer'?"),
        (Run({"layer": "1.0"}), world(), "layer='1.0' is not a whole number from 0 to 11"),
        (Run({"layer": "12"}), world(), "layer='12' is out of bounds"),
        (Run(timeout="soon"), world(), "--timeout: 'soon' is not a duration"),
        (Run(timeout=""), world(), "--timeout: '' is not a duration"),
        (Run(cell_timeout="1"), world(), "--cell-timeout: '1' is not a duration"),
    ],
)
def test_a_run_that_is_not_possible_is_refused(command: Run, here: World, message: str) -> None:
    with pytest.raises(RequestError) as refused:
        decide(command, here)
    assert message in str(refused.value)
    assert refused.value.right


CELL = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "", "outputs": []}


@pytest.mark.parametrize(
    ("notebook", "message"),
    [
        (b"", "is not a notebook"),
        (b"\xff\xfe", "is not a notebook"),
        (b"[]", "is not a notebook"),
        (b"{}", "is not a notebook"),
        (b"[" * 100_000, "is not a notebook"),
        (json.dumps({"nbformat": 4, "cells": [3]}).encode(), "is not a notebook"),
        (json.dumps({"nbformat": 4, "cells": 3}).encode(), "is not a notebook"),
        (json.dumps({"nbformat": 4, "cells": [{"metadata": None}]}).encode(), "is not a notebook"),
        (
            json.dumps({"nbformat": 4, "cells": [{"metadata": {"tags": None}}]}).encode(),
            "is not a notebook",
        ),
        (json.dumps({"nbformat": 4, "cells": [{**CELL, "outputs": 3}]}).encode(), "no list of"),
        (json.dumps({"nbformat": 4, "cells": [{**CELL, "source": 3}]}).encode(), "no source"),
        (json.dumps({"nbformat": 4, "cells": [], "metadata": 3}).encode(), "is no mapping"),
        (json.dumps({"nbformat": 3, "cells": []}).encode(), "has the notebook format 3"),
        (json.dumps({"nbformat": 4, "cells": []}).encode(), "no cells are tagged"),
        (json.dumps({"nbformat": 4, "cells": [CELL, CELL]}).encode(), "2 cells are tagged"),
    ],
    ids=range(15),
)
def test_a_broken_notebook_is_refused_before_anything_runs(notebook: bytes, message: str) -> None:
    with pytest.raises(RequestError) as refused:
        decide(Run(), world(files=with_notebook(notebook)))
    assert message in refused.value.what
    assert refused.value.where == f"{EXCURSION.folder}/{NOTEBOOK}"
    assert refused.value.right


def test_a_notebook_without_parameters_needs_no_cell_for_them() -> None:
    plain = json.dumps({"nbformat": 4, "cells": []}).encode()
    files = {**with_declared(parameters={}), NOTEBOOK: plain}
    assert requested(decide(Run(), world(files=files))).parameters == {}


def test_an_interrupted_command_given_again_asks_for_the_very_same_run() -> None:
    first = decide(Run({"layer": "3"}), world())
    asked = first[0]
    assert isinstance(asked, RequestRun)
    assert decide_again(asked.request, {**asked.files, "stray": b"x"}) == first


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"run_id": "1.9", "requested_by": "Bo", "requested": "2027-01-01T00:00:00Z"}, True),
        ({"parameters": {"layer": 1, "seed": 7}}, False),
        ({"commit": "0" * 40}, False),
        ({"notebook_sha256": "1" * 64}, False),
        ({"timeout_s": 1.0}, False),
        ({"dirty": True}, False),
    ],
)
def test_two_requests_are_the_same_whoever_asked_and_when(
    changes: dict[str, Any], same: bool
) -> None:
    assert same_request(request(), request(**changes)) is same


# A run's end


def png(width: int = 3) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, 2)).save(out, "PNG")
    return out.getvalue()


FIGURES = (
    Figure(file="figure-01.png", sha256="x", cell=1, width=9, height=9),
    Figure(file="figure-02.png", sha256="x", cell=2, width=9, height=9),
)
FILES = {
    "request.json": to_json(request()),
    "source.ipynb": NOTEBOOK_BYTES,
    NOTEBOOK: b"executed",
    "figures/figure-01.png": png(),
    "figures/figure-02.png": b"<svg onload=alert(1)>",
    "figures/stray.html": b"<script>",
    "secret.txt": b"token",
}


@pytest.mark.parametrize("status", Status)
def test_whatever_the_end_what_was_made_is_published_and_told(status: Status) -> None:
    ended = result(status=status, figures=FIGURES)
    effects = decide_ended(RunEnded(1, 1, ended), world(run_files={1: FILES}))
    published, told, labelled = effects
    assert isinstance(published, PublishFiles)
    assert (published.issue, published.run) == (1, 1)
    assert published.message == f"Run 1.1 {status.value}\n"
    assert isinstance(told, UpsertEntry)
    assert told.key == "run:1.1"
    assert told.data["status"] == status.value
    assert "(runs/1/figures/figure-01.png)" in told.body
    assert labelled == SetLabels(1, remove=("excursion:running",))


def test_only_what_is_known_to_be_safe_is_published() -> None:
    ended = result(figures=FIGURES)
    published = decide_ended(RunEnded(1, 1, ended), world(run_files={1: FILES}))[0]
    assert isinstance(published, PublishFiles)
    assert set(published.files) == {
        "request.json",
        "notebook.ipynb",
        "figures/figure-01.png",
        "result.json",
    }
    kept = read_result(published.files["result.json"])
    (figure,) = kept.figures
    assert (figure.file, figure.width, figure.height) == ("figure-01.png", 3, 2)
    assert figure.sha256 == hashlib.sha256(published.files["figures/figure-01.png"]).hexdigest()
    assert kept.notes == ("The picture figure-02.png of cell 2 could not be shown.",)


def test_a_run_is_told_even_if_its_declaration_can_no_longer_be_read() -> None:
    here = world(files={FILE_NAME: b"= broken"}, head=None)
    effects = decide_ended(RunEnded(1, 1, result()), here)
    assert isinstance(effects[1], UpsertEntry)


def test_the_label_stays_while_another_run_is_going() -> None:
    going = world(runs=(StoredRun(1, None, None, alive=True), StoredRun(2, None, None, alive=True)))
    assert len(decide_ended(RunEnded(1, 1, result()), going)) == 2
    alone = world(runs=(StoredRun(1, None, None, alive=True), StoredRun(2, None, result())))
    assert len(decide_ended(RunEnded(1, 1, result()), alone)) == 3


def test_an_entry_remembers_no_more_than_a_post_has_room_for() -> None:
    metrics = {f"{n}{'m' * 5000}": "日" * 5000 for n in range(500)} | {"accuracy": 0.5}
    ended = result(metrics=metrics)
    told = decide_ended(RunEnded(1, 1, ended), world())[1]
    assert isinstance(told, UpsertEntry)
    marker = write_marker(told.key, dict(told.data))
    assert len(told.body) + len(marker) < 65_536
    assert run_memory(result())["metrics"] == {"loss": 0.25, "accuracy": 0.99821}
