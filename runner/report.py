"""A run's folder, at whatever end ─► RunResult, with the pictures laid out beside it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from runner.block import own_outputs, value_of
from runner.journal import Story
from runner.outputs import Outputs, collect
from runner.records import (
    CellStatus,
    Cost,
    Environment,
    RunError,
    RunRequest,
    RunResult,
    Status,
    to_json,
)
from runner.transcript import FILE_NAME as LOG
from runner.transcript import PREPARED, Log, write_notebook

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
    cost: Cost | None = None,
    metadata: Mapping[str, Any] | None = None,
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
        cost: What it used up, if that is known.
        metadata: Those of the executed notebook, where they are known better than from its start.
    """
    story.cells = {cell.index: cell for cell in story.ended(_CELL_ENDS[status])}
    outputs = _outputs(folder, request, story, metadata)
    if status is not Status.SUCCEEDED:
        error = _whole_error(error, outputs.error)
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
        cells=tuple(cell for _, cell in sorted(story.cells.items())),
        error=error,
        metrics=outputs.metrics,
        figures=tuple(outputs.figures),
        tables=tuple(outputs.tables),
        stdout_tail=outputs.stdout_tail,
        notes=(*_went_on(request), *outputs.notes, *story.notes),
        environment=environment,
        cost=cost or Cost(),
        engine=request.engine,
        kernel=story.kernel,
        inputs_sha256=request.inputs_sha256,
        sweep=request.sweep,
        reproduces=request.reproduces,
        retries=request.retries,
        code=request.code,
        after=request.after,
        value=outputs.value,
    )
    write_whole(folder / RESULT, to_json(result))
    for name in (PREPARED, LOG):  # the notebook holds all that was in them
        (folder / name).unlink(missing_ok=True)
    return result


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever reads half of it."""
    with _whole(path) as file:
        file.write(content)


@contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write to, which takes its place once it is whole and the disk has it."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _whole_error(known: RunError | None, shown: RunError | None) -> RunError | None:
    """Join what we know of an error with the traceback that the notebook holds of it."""
    if known is None or shown is None or known.cell not in (None, shown.cell):
        return known or shown
    return known.model_copy(update={"cell": shown.cell, "traceback": shown.traceback})


def _outputs(
    folder: Path, request: RunRequest, story: Story, metadata: Mapping[str, Any] | None
) -> Outputs:
    """Write the executed notebook and its pictures, and read what came out, if anything was run."""
    try:
        prepared = json.loads((folder / PREPARED).read_bytes())
    except FileNotFoundError:
        return Outputs()
    except ValueError:  # cut short by a crash, before any cell
        return Outputs(notes=["The notebook was not yet written down."])
    log = Log(folder)
    if metadata is not None:
        prepared["metadata"] = metadata
    with _whole(folder / NOTEBOOK) as file:
        write_notebook(prepared, log, story, file)
    cells: list[dict[str, Any]] = prepared["cells"]
    outputs = (log.outputs(number) for number in range(len(cells)))
    shown = (
        own_outputs(cells, outputs)
        if request.code
        else ({**cell, "outputs": each} for cell, each in zip(cells, outputs, strict=True))
    )
    pictures = folder / FIGURES
    pictures.mkdir(exist_ok=True)
    found = collect({"cells": shown}, lambda name, data: (pictures / name).write_bytes(data))
    if request.code:
        found.value = value_of(log.outputs(len(cells) - 1), table=bool(found.tables))
    if not found.figures:
        pictures.rmdir()
    return found


def _went_on(request: RunRequest) -> tuple[str, ...]:
    """Say if the notebook found what an earlier attempt had saved."""
    earlier = request.goes_on_from
    return (f"Went on from what run {earlier} had saved.",) if earlier else ()


def _between(story: Story) -> float:
    if not story.started or not story.finished:
        return 0.0
    first, last = (datetime.fromisoformat(text) for text in (story.started, story.finished))
    return max(0.0, (last - first).total_seconds())
