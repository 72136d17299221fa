"""An answered excursion's folder ─► the runs that its answer rests on, as they can be run again.

What the folder holds is enough: its declaration, the executed notebook, the result of the run that
was chosen, and, where the answer rests on a sweep, the table over the sweep's points.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from bot.errors import RequestError
from bot.excursion_file import FILE_NAME, NOTEBOOK, ExcursionFile, read_excursion_file
from bot.log.safety import plain
from bot.log.sweep.table import CSV
from bot.parameters import bind, written
from runner.records import Metric, RunRequest, RunResult, Status, read_result

RESULT = "result.json"
FILES = (FILE_NAME, NOTEBOOK, RESULT, CSV)
_ABOUT = ("run", "status", "duration_s")  # the table's columns before the parameters
_INJECTED = "injected-parameters"
_TIMEOUT_S = 3_600.0


@dataclass(frozen=True)
class Recorded:
    """What a folder records.

    Attributes:
        folder: Its path within the repository.
        declared: What the excursion declares.
        source: The notebook without its outputs and without values from outside.
        runs: The results that are recorded, the chosen run's first.
        contradictions: What the table says otherwise than the chosen run's result, a line each.
    """

    folder: str
    declared: ExcursionFile
    source: bytes
    runs: tuple[RunResult, ...]
    contradictions: tuple[str, ...] = ()

    def request(self, run: RunResult) -> RunRequest:
        """Ask for one of the runs again."""
        return RunRequest(
            run_id=run.run_id,
            issue=run.issue,
            notebook=f"{self.folder}/{NOTEBOOK}",
            notebook_sha256=hashlib.sha256(self.source).hexdigest(),
            commit=run.commit,
            parameters=run.parameters,
            seed=run.seed,
            timeout_s=max(_TIMEOUT_S, 10 * run.duration_s),  # this machine may be a slower one
            requirements=self.declared.requirements,
            reproduces=run.run_id,
        )


def read_recorded(folder: str, files: Mapping[str, bytes]) -> Recorded:
    """Read what a folder records.

    Args:
        folder: Its path within the repository.
        files: Those of `FILES` that are there, by their names.

    Raises:
        RequestError: It is no answered excursion's folder, or what it records cannot be read.
    """
    for name in (FILE_NAME, NOTEBOOK, RESULT):
        if name not in files:
            raise RequestError(
                f"has no {name}: only an excursion that was answered from a run can be reproduced",
                where=folder,
                right=f"Name a folder that holds {FILE_NAME}, {NOTEBOOK} and {RESULT}.",
            )
    declared = read_excursion_file(files[FILE_NAME], where=f"{folder}/{FILE_NAME}")
    try:
        chosen = read_result(files[RESULT])
    except ValidationError as error:
        raise RequestError(
            f"is no result of a run: {error.errors()[0]['msg']}", where=f"{folder}/{RESULT}"
        ) from error
    rows = _rows(files[CSV], where=f"{folder}/{CSV}") if CSV in files else []
    others = [_point(row, chosen, declared, where=f"{folder}/{CSV}") for row in rows]
    good = [run for run in others if run is not None]
    return Recorded(
        folder,
        declared,
        _source(files[NOTEBOOK], f"{folder}/{NOTEBOOK}"),
        (chosen, *(run for run in good if run.run_id != chosen.run_id)),
        tuple(
            line
            for run in good
            if run.run_id == chosen.run_id
            for line in _contradictions(chosen, run)
        ),
    )


def _contradictions(chosen: RunResult, row: RunResult) -> Iterator[str]:
    """Say what a row of the table says otherwise than the result of the same run."""
    ours = {**chosen.parameters, **chosen.metrics}
    theirs = {**row.parameters, **row.metrics}
    for name in dict.fromkeys([*ours, *theirs]):
        one, other = (written(side[name]) if name in side else "" for side in (ours, theirs))
        if one != other:
            yield plain(
                f"The record contradicts itself: {name} of run {chosen.run_id} is "
                f"{one or 'not there'} in {RESULT}, {other or 'not there'} in {CSV}."
            )


def _rows(text: bytes, *, where: str) -> list[dict[str, str]]:
    """Read the table over a sweep's points."""
    try:
        rows = list(csv.DictReader(io.StringIO(text.decode("utf-8")), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise RequestError(f"is no table of points: {error}", where=where) from error
    if any(not {"run", "status"} <= row.keys() or None in row for row in rows):
        raise RequestError("is no table of points: it needs the columns run, status", where=where)
    return rows


def _point(
    row: Mapping[str, str], chosen: RunResult, declared: ExcursionFile, *, where: str
) -> RunResult | None:
    """Give a point of a sweep as a result; None for one that did not succeed."""
    if row["status"] != Status.SUCCEEDED.value:
        return None
    given = {name: _unguarded(row[name]) for name in declared.parameters if name in row}
    parameters = bind(declared.parameters, given, where=f"{where}, run {row['run']}")
    seed = parameters.get("seed")
    about = {*_ABOUT, *parameters}
    measured = {k: _metric(v) for k, v in row.items() if k not in about and v not in ("", None)}
    try:
        return RunResult.model_validate(
            chosen.model_dump()
            | {
                "run_id": row["run"],
                "parameters": parameters,
                "seed": seed if isinstance(seed, int) and not isinstance(seed, bool) else None,
                "duration_s": float(row.get("duration_s") or 0),
                "metrics": measured,
                "figures": (),
                "tables": (),
            }
        )
    except (ValidationError, ValueError) as error:
        raise RequestError(
            f"the run {row['run']!r} cannot be read: {error}", where=where
        ) from error


def _unguarded(text: str) -> str:
    """Take the apostrophe away that keeps a spreadsheet from reading a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in {*"=+-@\t\r"} else text


def _metric(text: str) -> Metric:
    """Read a metric as the table writes it."""
    if text in {"true", "false"}:
        return text == "true"
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        return value if value == value and abs(value) != float("inf") else text
    return _unguarded(text)


def _source(executed: bytes, where: str) -> bytes:
    """Give a notebook as it was before it was executed."""
    try:
        notebook: dict[str, Any] = json.loads(executed)
        cells = [c for c in notebook["cells"] if _INJECTED not in c["metadata"].get("tags", ())]
        for cell in cells:
            if cell["cell_type"] == "code":
                cell |= {"outputs": [], "execution_count": None}
            cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k == "tags"}
        notebook["metadata"].pop("papermill", None)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RequestError(f"is not a notebook: {error}", where=where) from error
    return f"{json.dumps(notebook | {'cells': cells}, indent=1, ensure_ascii=False)}\n".encode()
