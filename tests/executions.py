"""Notebooks of a few cells ─► their results, by the real runner in a process of its own."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

from conftest import write_notebook

from runner.engines import local
from runner.engines.job import Job, Listener
from runner.records import Resources, RunRequest, RunResult, to_json

PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"


def prepare(
    folder: Path,
    *cells: str,
    timeout_s: float = 60,
    cell_timeout_s: float | None = None,
    resources: Resources = Resources(),  # noqa: B008  # frozen
    **parameters: Any,
) -> RunRequest:
    """Make a run's folder as the engine finds it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_notebook(folder / "source.ipynb", "seed = 0", *cells)
    content = (folder / "source.ipynb").read_bytes()
    request = RunRequest(
        run_id="1.1",
        issue=1,
        notebook="excursions/demos/1-x/notebook.ipynb",
        notebook_sha256=hashlib.sha256(content).hexdigest(),
        commit="c" * 40,
        parameters={"seed": 0} | parameters,
        seed=0,
        timeout_s=timeout_s,
        cell_timeout_s=cell_timeout_s,
        resources=resources,
        requested="2026-01-01T00:00:00Z",
    )
    (folder / "request.json").write_bytes(to_json(request))
    return request


def run(tmp_path: Path, *cells: str, **options: Any) -> RunResult:
    """Execute these cells after the two that hold parameters."""
    request = prepare(tmp_path / "run", *cells, **options)
    workdir = tmp_path / "work"
    workdir.mkdir(exist_ok=True)
    return execute(request, tmp_path / "run", workdir)


def execute(
    request: RunRequest, folder: Path, workdir: Path, listen: Listener = lambda *_: None
) -> RunResult:
    """Execute what lies in a run's folder."""
    results: list[RunResult] = []
    local.execute([Job(request, folder, workdir)], 1, listen=listen, ended=results.append)
    return results[0]


def statuses(result: RunResult) -> list[str]:
    """The fates of the cells after the two that hold parameters."""
    return [cell.status.value for cell in result.cells[2:]]


def start(folder: Path, workdir: Path) -> subprocess.Popen[bytes]:
    """Start a runner of one's own, cold."""
    return subprocess.Popen(
        [sys.executable, "-m", "runner", str(folder), str(workdir), sys.executable],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )


def journal(folder: Path) -> str:
    """Read what has happened so far."""
    path = folder / "journal.jsonl"
    return path.read_text() if path.exists() else ""
