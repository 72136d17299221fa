"""What makes two runs the same run, and what does not."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import Any

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from runner.cache import Files, Surroundings, code_cells, data_digest, inputs_digest, surroundings
from runner.provenance import read_gpus
from runner.records import Resources, RunRequest

AROUND = Surroundings(
    python="cpython 3.11.7",
    machine="x86_64",
    packages={"torch": "2.13.0"},
    loose_code={},
    cuda=None,
    gpus=(),
    threads="2",
    variables={},
)
FILES = Files(project={"model.py": "blob"}, data={"data/a.csv": "sha256:a"})


def notebook(*cells: dict[str, Any], **metadata: Any) -> bytes:
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4}).encode()


def code(source: str | list[str], *tags: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {"tags": tags}, "outputs": []} | more


TEXT = {"cell_type": "markdown", "source": "words", "metadata": {}}
NOTEBOOK = notebook(code("seed = 0", "parameters"), code("print(seed)\nprint(1)"))


def digest(
    notebook: bytes = NOTEBOOK,
    files: Files = FILES,
    around: Surroundings = AROUND,
    **changes: Any,
) -> str:
    return inputs_digest(samples.request(**changes), notebook, files, around)


SAME = digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"run_id": "1.7"},
        {"timeout_s": 5.0},
        {"cell_timeout_s": 5.0},
        {"requested_by": "Grace"},
        {"requested": "2027-01-01T00:00:00Z"},
        {"commit": "c" * 40},
        {"notebook_sha256": "1" * 64},
        {"parameters": {"seed": 7, "layer": 0}},
        {"resources": Resources(memory_bytes=1, usd_per_gpu_hour=2.5)},
    ],
    ids=str,
)
def test_who_asked_and_for_how_long_does_not_matter(changes: dict[str, Any]) -> None:
    assert digest(**changes) == SAME


def test_nor_do_words_outputs_and_the_way_a_source_is_stored() -> None:
    other = notebook(
        TEXT,
        code(["seed = 0"], "parameters", id="abc", execution_count=7),
        TEXT,
        code(["print(seed)\n", "print(1)"], outputs=[{"output_type": "stream", "text": "x"}]),
        kernelspec={"name": "another"},
    )
    assert digest(other) == SAME


def request_changes() -> list[dict[str, Any]]:
    return [
        {"parameters": {"layer": 1, "seed": 7}},
        {"parameters": {"layer": 0.0, "seed": 7}},
        {"parameters": {"layer": False, "seed": 7}},
        {"parameters": {"layer": "0", "seed": 7}},
        {"parameters": {"seed": 7}},
        {"seed": 8},
        {"engine": "slurm"},
        {"engine": "slurm", "resources": Resources(partition="a100")},
        {"engine": "slurm", "resources": Resources(gpus=2)},
        {"notebook": notebook(code("seed = 0", "parameters"), code("print(seed)\nprint(2)"))},
        {"notebook": notebook(code("seed = 0"), code("print(seed)\nprint(1)"))},
        {"notebook": notebook(code("print(seed)\nprint(1)"), code("seed = 0", "parameters"))},
        {
            "notebook": notebook(
                code("seed = 0", "parameters"), code("print(seed)"), code("print(1)")
            )
        },
        {"files": dataclasses.replace(FILES, project={"model.py": "other"})},
        {"files": dataclasses.replace(FILES, project={"models.py": "blob"})},
        {"files": dataclasses.replace(FILES, data={"data/a.csv": "sha256:b"})},
        {"files": dataclasses.replace(FILES, data={})},
        {"files": dataclasses.replace(FILES, patch=b"+1")},
        {"around": dataclasses.replace(AROUND, python="cpython 3.12.1")},
        {"around": dataclasses.replace(AROUND, machine="aarch64")},
        {"around": dataclasses.replace(AROUND, packages={"torch": "2.13.0+cu126"})},
        {"around": dataclasses.replace(AROUND, loose_code={"/code": "1"})},
        {"around": dataclasses.replace(AROUND, cuda="12.6")},
        {"around": dataclasses.replace(AROUND, gpus=("H100",))},
        {"around": dataclasses.replace(AROUND, threads="1")},
        {"around": dataclasses.replace(AROUND, variables={"PYTHONHASHSEED": "0"})},
    ]


def test_whatever_may_change_the_outcome_makes_another_run() -> None:
    digests = [digest(**changes) for changes in request_changes()]
    assert len({SAME, *digests}) == len(digests) + 1


VALUES = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)


GIVEN = st.dictionaries(st.sampled_from("abc"), VALUES)


@given(GIVEN, GIVEN)
def test_parameters_are_the_same_if_and_only_if_names_types_and_values_are(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    same = {n: (type(v), repr(v)) for n, v in one.items()} == {
        n: (type(v), repr(v)) for n, v in other.items()
    }
    assert (digest(parameters=one) == digest(parameters=other)) is same


@given(st.lists(st.text(max_size=6), max_size=4), st.lists(st.text(max_size=6), max_size=4))
def test_code_is_the_same_if_and_only_if_its_cells_are(one: list[str], other: list[str]) -> None:
    ones, others = (notebook(*map(code, cells)) for cells in (one, other))
    assert (digest(ones) == digest(others)) is (one == other)
    assert [source for source, _ in code_cells(ones)] == one


def test_data_have_a_digest_of_their_own() -> None:
    assert data_digest({}) == ""
    assert data_digest({"a": "1", "b": "2"}) == data_digest({"b": "2", "a": "1"})
    assert data_digest({"a": "1"}) != data_digest({"a": "2"})


def test_what_a_kernel_would_run_in_here() -> None:
    around = surroundings(sys.executable, {"OMP_NUM_THREADS": "3", "HOME": "/"}, None)
    assert around.threads == "3"
    assert around.packages["papermill"]
    assert around.variables == {}
    assert surroundings(sys.executable, {}, 5).threads == "5"
    assert int(surroundings(sys.executable, {"PYTHONHASHSEED": "1"}, None).threads) >= 1


def test_a_request_keeps_its_digest() -> None:
    request = samples.request(inputs_sha256="1" * 64, data_sha256="2" * 64, goes_on_from="1.3")
    assert RunRequest.model_validate_json(request.model_dump_json()) == request


def test_the_drivers_own_words_are_read() -> None:
    said = "NVIDIA H100 80GB HBM3, 81559, 550.54.15\nNVIDIA H100 80GB HBM3, 81559, 550.54.15\n"
    gpus, driver = read_gpus(said)
    assert driver == "550.54.15"
    assert [(gpu.name, gpu.memory_bytes) for gpu in gpus] == [
        ("NVIDIA H100 80GB HBM3", 81559 * 2**20)
    ] * 2
    assert read_gpus("No devices were found\n") == ((), None)
    assert read_gpus("GPU, [N/A], 550\n") == ((), None)
