"""Cells and a zygote ─► the notebook as it was executed, and how its kernel came to be."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runner.engines import local
from runner.engines.job import Job
from runner.records import Resources, RunRequest, RunResult, Status, Warm, to_json
from runner.warm import client

# Imported in a second, where torch and TransformerLens would take five.
LIGHT = Warm(preload=("numpy", "matplotlib.pyplot"))


@contextlib.contextmanager
def zygotes_of_ones_own() -> Iterator[Path]:
    """Use zygotes that nobody else uses, and stop them at the end."""
    with (
        # short, since sockets are in it, and their paths must be
        tempfile.TemporaryDirectory(prefix="warm-", dir="/tmp") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("XDG_RUNTIME_DIR", folder)
        for name in ("EXCURSIONS_WARM", "CI"):
            patch.delenv(name, raising=False)
        try:
            yield Path(folder)
        finally:
            list(client.ask_all("stop"))


@contextlib.contextmanager
def zygote(warm: Warm) -> Iterator[dict[str, Any]]:
    """Have a zygote that is ready, and that nobody else uses; give what it says of itself."""
    with zygotes_of_ones_own():
        client.start(warm, os.environ)
        yield status()


def status() -> dict[str, Any]:
    """Give what the only zygote says of itself."""
    (found,) = client.ask_all("status")
    return found


@dataclass(frozen=True)
class Executed:
    """A notebook that was executed.

    Attributes:
        result: What the runner says of it.
        folder: The run's folder.
        started: How its kernel was started, `warm` or `cold`.
        why_cold: Why it was not forked, if it was to be.
        outputs: Those of the cells that were given, one list for each.
    """

    result: RunResult
    folder: Path
    started: str
    why_cold: str
    outputs: list[list[dict[str, Any]]]

    def printed(self, cell: int = 0) -> str:
        """Give what a cell printed."""
        streams = [each["text"] for each in self.outputs[cell] if each["output_type"] == "stream"]
        return "".join("".join(text) for text in streams)

    def said(self, cell: int = 0) -> Any:
        """Give what a cell printed as JSON."""
        return json.loads(self.printed(cell))


def write_request(
    folder: Path, *cells: str, warm: Warm | None, seed: int | None = None, **parameters: Any
) -> RunRequest:
    """Put a notebook of these cells, unless one is there, and its request into a run's folder."""
    from conftest import write_notebook  # which has fixtures of this

    source = folder / "source.ipynb"
    if cells:
        folder.mkdir(parents=True)
        write_notebook(source, "nothing = 0", *cells)
    request = RunRequest(
        run_id="1.1",
        issue=1,
        notebook="excursions/demos/1-x/notebook.ipynb",
        notebook_sha256=hashlib.sha256(source.read_bytes()).hexdigest(),
        commit="c" * 40,
        parameters=parameters,
        seed=seed,
        timeout_s=300,
        resources=Resources(warm=warm),
        requested="2026-01-01T00:00:00Z",
    )
    (folder / "request.json").write_bytes(to_json(request))
    return request


def execute(
    folder: Path,
    *cells: str,
    warm: Warm | None = LIGHT,
    seed: int | None = None,
    workdir: Path | None = None,
    environment: Mapping[str, str] | None = None,
    **parameters: Any,
) -> Executed:
    """Execute a notebook of these cells, or the one that lies in the folder.

    In a forked kernel, or (`warm=None`) in one that is started.
    """
    request = write_request(folder, *cells, warm=warm, seed=seed, **parameters)
    results: list[RunResult] = []
    events: list[dict[str, Any]] = []
    job = Job(request, folder, workdir or folder, environment=environment or {})
    local.execute([job], 1, listen=lambda _, event: events.append(event), ended=results.append)
    kernels = [event for event in events if event["event"] == "kernel"]
    notebook = json.loads((folder / "notebook.ipynb").read_text("utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    shown = [
        cell["outputs"]
        for cell in code
        if not {"parameters", "injected-parameters"} & {*cell["metadata"].get("tags", [])}
    ]
    kernel = kernels[0] if kernels else {"started": "", "why": ""}
    return Executed(results[0], folder, kernel["started"], kernel["why"], shown)


def succeeded(executed: Executed) -> Executed:
    """Make sure that a warm run went well."""
    assert executed.result.status is Status.SUCCEEDED, executed.result.error
    assert executed.started == "warm", executed.why_cold
    return executed
