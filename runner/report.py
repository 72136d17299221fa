"""A run's folder, at whatever end ─► RunResult, with the pictures laid out beside it."""

from __future__ import annotations

import json
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Literal

from runner.journal import Story
from runner.outputs import Outputs, collect
from runner.records import (
    CellStatus,
    Environment,
    RunError,
    RunRequest,
    RunResult,
    Status,
    to_json,
)

NOTEBOOK = "notebook.ipynb"
RESULT = "result.json"
FIGURES = "figures"

_CELL_ENDS = {
    Status.SUCCEEDED: CellStatus.COMPLETED,
    Status.FAILED: CellStatus.FAILED,
    Status.TIMED_OUT: CellStatus.TIMED_OUT,
    Status.CANCELLED: CellStatus.CANCELLED,
    Status.DIED: CellStatus.DIED,
    Status.REFUSED: CellStatus.PENDING,
}


def report(
    folder: Path,
    request: RunRequest,
    story: Story,
    *,
    status: Status,
    error: RunError | None,
    duration_s: float | None,
    environment: Environment | None,
    kernel: Literal["", "cold", "warm"] = "",
) -> RunResult:
    """Write the result of a run and its pictures into its folder, and give it.

    Args:
        folder: Where the executed notebook lies, whole or as far as it was saved.
        request: What was asked for.
        story: What the journal says of the cells.
        status: How the run ended.
        error: Why, if not well; a cell's own error is read from the notebook.
        duration_s: How long it took; None where only the journal can tell.
        environment: What it ran on, if that is known.
        kernel: How the kernel was started, if one was.
    """
    outputs = _outputs(folder / NOTEBOOK)
    if error is None and status is not Status.SUCCEEDED:
        error = outputs.error
    for name, content in outputs.pictures.items():
        write_whole(folder / FIGURES / name, content)
    result = RunResult(
        run_id=request.run_id,
        issue=request.issue,
        notebook=request.notebook,
        status=status,
        parameters=request.parameters,
        seed=request.seed,
        commit=request.commit,
        dirty=request.dirty,
        notebook_sha256=request.notebook_sha256,
        started=story.started or request.requested,
        finished=story.finished or story.started or request.requested,
        duration_s=_between(story) if duration_s is None else round(duration_s, 3),
        cells=story.ended(_CELL_ENDS[status]),
        error=error,
        metrics=outputs.metrics,
        figures=tuple(outputs.figures),
        tables=tuple(outputs.tables),
        stdout_tail=outputs.stdout_tail,
        notes=(*_went_on(request), *outputs.notes),
        environment=environment,
        engine=request.engine,
        kernel=kernel,
        inputs_sha256=request.inputs_sha256,
        sweep=request.sweep,
        reproduces=request.reproduces,
    )
    write_whole(folder / RESULT, to_json(result))
    return result


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _outputs(notebook: Path) -> Outputs:
    """Read what came out, if a notebook was saved at all."""
    try:
        return collect(json.loads(notebook.read_bytes()))
    except FileNotFoundError:
        return Outputs()
    except ValueError:
        return Outputs(notes=["The executed notebook could not be read."])


def _went_on(request: RunRequest) -> tuple[str, ...]:
    """Say if the notebook found what an earlier attempt had saved."""
    earlier = request.goes_on_from
    return (f"Went on from what run {earlier} had saved.",) if earlier else ()


def _between(story: Story) -> float:
    if not story.started or not story.finished:
        return 0.0
    first, last = (datetime.fromisoformat(text) for text in (story.started, story.finished))
    return max(0.0, (last - first).total_seconds())
