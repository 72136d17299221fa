"""A result that an untrusted job wrote, beside its request ─► the same result, or why it is none.

Whoever executes a notebook can write any result. What it says of the outcome cannot be checked;
what it says of the request can, and so can its shape: nothing here is larger than a run's own.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from bot.actions.folder import ArtifactRefusedError
from bot.log.safety import clip
from runner.records import CellStatus, RunRequest, RunResult, Status, read_result

# What a result repeats of its request, word for word. The digest of the inputs is among them,
# since by it the outcome answers later runs.
_REPEATED = (
    *("run_id", "issue", "notebook", "notebook_sha256", "commit", "dirty", "parameters", "seed"),
    *("engine", "inputs_sha256", "sweep", "reproduces", "retries", "code", "after"),
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_MOST = {"cells": 10_000, "metrics": 200, "figures": 200, "tables": 50, "packages": 10_000}
_MOST_NOTES = 50
_MOST_GPUS = 64
_MOST_ROWS, _MOST_COLUMNS = 200, 50
_LARGEST = 2**53  # of any count or size
_LARGEST_METRIC = 10**300
_LONGEST = {
    "name": 500,
    "message": 2_000,
    "traceback": 50_000,
    "stdout_tail": 20_000,
    "value": 10_001,
}
_LONGEST_METRIC_NAME = 100
_LONGEST_TEXT = 500


def genuine(text: bytes, request: RunRequest, *, where: str) -> RunResult:
    """Read a result, and make sure that it is this request's.

    Args:
        text: What the job wrote.
        request: What was asked of it, as the job that asked remembers it.
        where: Names the artifact in messages.

    Raises:
        ArtifactRefusedError: It is no result, or another request's.
    """
    try:
        result = read_result(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        what = f"result.json is no result: {place} {first['msg']}".replace("  ", " ")
        raise ArtifactRefusedError(clip(what, 300), where=where) from error
    for why in (*_of_another(result, request), *_impossible(result)):
        raise ArtifactRefusedError(f"result.json {why}", where=where)
    return _shortened(result)


def _of_another(result: RunResult, request: RunRequest) -> Iterator[str]:
    """Say what of the result is of another request."""
    for name in _REPEATED:
        said, asked = (_written(getattr(record, name)) for record in (result, request))
        if said != asked:
            yield f"is of another run: it says {name} {clip(said, 80)}, asked was {clip(asked, 80)}"
    if result.cache_hit or result.answered_from:
        yield "says that nothing was executed"


def _impossible(result: RunResult) -> Iterator[str]:
    """Say what no execution could have written."""
    environment = result.environment
    counts = {name: len(getattr(result, name)) for name in _MOST if name != "packages"}
    counts["packages"] = len(environment.packages) if environment else 0
    yield from (
        f"has {counts[n]} {n}, {most} at most" for n, most in _MOST.items() if counts[n] > most
    )
    if environment and len(environment.gpus) > _MOST_GPUS:
        yield f"has {len(environment.gpus)} GPUs, {_MOST_GPUS} at most"
    for table in result.tables:
        if len(table.rows) > _MOST_ROWS or any(
            len(row) > _MOST_COLUMNS for row in (table.columns, *table.rows)
        ):
            yield f"has a table of more than {_MOST_ROWS} rows or {_MOST_COLUMNS} columns"
    if not all(_is_moment(moment) for moment in (result.started, result.finished)):
        began, ended = (clip(moment, 40) for moment in (result.started, result.finished))
        yield f"says that it began at {began!r} and ended at {ended!r}"
    elif result.finished < result.started:
        yield "says that it ended before it began"
    if not all(math.isfinite(number) and 0 <= number < _LARGEST for number in _numbers(result)):
        yield "has a count, a size or a duration that there cannot be"
    if any(len(name) > _LONGEST_METRIC_NAME or not name for name in result.metrics):
        yield f"has a metric whose name has more than {_LONGEST_METRIC_NAME} characters, or none"
    if any(isinstance(v, int) and abs(v) > _LARGEST_METRIC for v in result.metrics.values()):
        yield "has a metric that is too large to be written"
    if any(cell.status is CellStatus.RUNNING for cell in result.cells):
        yield "says that a cell is running still"
    if len({cell.index for cell in result.cells}) < len(result.cells):
        yield "names a cell twice"
    if len({figure.file.lower() for figure in result.figures}) < len(result.figures):
        yield "names a picture twice"
    if result.status is Status.SUCCEEDED and result.error is not None:
        yield "says that it succeeded, and why it did not"


def _numbers(result: RunResult) -> Iterator[float]:
    """Give every number that counts or measures something."""
    yield from (result.duration_s, result.cost.gpu_s, result.cost.usd or 0)
    yield (result.error.cell or 0) if result.error else 0
    for cell in result.cells:
        yield from (cell.index, cell.duration_s or 0)
    for figure in result.figures:
        yield from (figure.cell, figure.width, figure.height)
    for table in result.tables:
        yield from (table.cell, table.rows_total)
    if result.environment:
        yield result.environment.cores
        for gpu in result.environment.gpus:
            yield from (gpu.memory_bytes, gpu.peak_bytes or 0)


def _shortened(result: RunResult) -> RunResult:
    """Cut texts that are longer than the runner writes them."""
    changes: dict[str, Any] = {"stdout_tail": result.stdout_tail[-_LONGEST["stdout_tail"] :]}
    changes["value"] = result.value[: _LONGEST["value"]]
    changes["metrics"] = {
        name: clip(value, _LONGEST_TEXT) if isinstance(value, str) else value
        for name, value in result.metrics.items()
    }
    changes["notes"] = tuple(clip(note, _LONGEST_TEXT) for note in result.notes[:_MOST_NOTES])
    changes["figures"] = tuple(
        figure.model_copy(
            update={
                "caption": clip(figure.caption, _LONGEST_TEXT),
                "alt": clip(figure.alt, _LONGEST_TEXT),
            }
        )
        for figure in result.figures
    )
    changes["tables"] = tuple(
        table.model_copy(
            update={
                "columns": tuple(clip(cell, _LONGEST_TEXT) for cell in table.columns),
                "rows": tuple(
                    tuple(clip(cell, _LONGEST_TEXT) for cell in row) for row in table.rows
                ),
            }
        )
        for table in result.tables
    )
    if result.error:
        error = result.error
        changes["error"] = error.model_copy(
            update={
                "name": clip(error.name, _LONGEST["name"]),
                "message": clip(error.message, _LONGEST["message"]),
                "traceback": error.traceback[-_LONGEST["traceback"] :],
            }
        )
    return result.model_copy(update=changes)


def _is_moment(text: str) -> bool:
    try:
        return bool(_MOMENT.fullmatch(text) and datetime.fromisoformat(text))
    except ValueError:
        return False


def _written(value: object) -> str:
    """Write a value such that True is not 1, and 1 not 1.0."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
