"""The folder that an untrusted job uploaded, and its request ─► what may be published of a run.

The job executed strangers' code, so all of it is hostile: what cannot come from an honest
execution refuses the whole, what can (a broken picture, a file too many) is left out and noted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.actions.folder import ArtifactRefusedError, Folder, open_folder
from bot.actions.genuine import genuine
from bot.actions.notebook import MOST_BYTES, NotebookError, read_notebook
from bot.commands.run import PATCH, REQUEST
from bot.excursion_file import NOTEBOOK
from bot.log.figures import MOST_BYTES as MOST_OF_A_PICTURE
from bot.log.figures import safe_figures
from bot.log.redact import Secrets
from bot.log.redacted_run import redacted_run
from runner.records import Cell, CellStatus, RunError, RunRequest, RunResult, Status, to_json

RESULT = "result.json"
FIGURES = "figures"
JOURNAL = "journal.jsonl"  # stays when an execution was killed
# What the runner has in a run's folder while it executes; none of it is published.
_LEFTOVERS = frozenset({JOURNAL, "outputs.log", "prepared.ipynb", "runner.log", "source.ipynb"})
_MOST_OF_RESULT = 32_000_000
_MOST_OF_PATCH = 10_000_000
_MOST_OFJOURNAL = 10_000_000
_MOST_OF_PICTURES = 256_000_000  # all together
_MOST_CELLS = 10_000


@dataclass(frozen=True)
class Artifact:
    """What may be published of a run.

    Attributes:
        result: What it came to; None if the execution ended without a word.
        files: What its ref shall hold, by their paths in the run's folder.
        notes: What was left out, and why; a result's notes hold these too.
        cells: How each code cell fared as far as is known, where there is no result.
    """

    result: RunResult | None
    files: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = ()


def read_artifact(
    folder: Path,
    request: RunRequest,
    source: bytes | None = None,
    secrets: Secrets | None = None,
) -> Artifact:
    """Read what a job left of a run.

    Args:
        folder: Where it was downloaded to; need not be there.
        request: What was asked of the job, as the job that asked remembers it.
        source: The notebook at the request's commit, if it is at hand: the executed one must hold
            the same code.
        secrets: What this process knows to be secret by its value; what is so by its form is taken
            out in any case.

    Raises:
        ArtifactRefusedError: It is not what an execution of this request leaves; the message says
            why.
        ForgeError: The disk failed.
    """
    with open_folder(folder) as top:
        if top is None:
            return Artifact(None, {REQUEST: to_json(request)})
        notes: list[str] = []
        files = {REQUEST: to_json(request)}  # ours, whatever the job says that it was asked
        _keep_notebook(top, request, source, files, notes)
        if request.dirty and (patch := top.read(PATCH, _MOST_OF_PATCH)) is not None:
            files[PATCH] = patch
        _note_others(top, request, notes)
        size = top.size(RESULT)
        if size is None:
            return _without_result(top, request, files, notes, secrets or Secrets())
        text = top.read(RESULT, _MOST_OF_RESULT)
        if text is None:
            what = f"{RESULT} has {size} bytes, {_MOST_OF_RESULT} at most"
            raise ArtifactRefusedError(what, where=top.where)
        result = genuine(text, request, where=top.where)
        with top.below(FIGURES) as shown:
            pictures = _pictures(shown, result, notes) if shown else {}
    clean, files = redacted_run(result, files, secrets or Secrets())
    safe, encoded = safe_figures(clean, pictures)
    whole = safe.model_copy(update={"notes": (*safe.notes, *notes)})
    files |= encoded | {RESULT: to_json(whole)}
    return Artifact(whole, files, tuple(note for note in whole.notes if note not in result.notes))


def untold(
    request: RunRequest, why: str, *, at: str, cells: Iterable[Cell] = (), notes: Iterable[str] = ()
) -> RunResult:
    """Give the result of a run of which there is none that can be believed.

    Args:
        request: What was asked for.
        why: What is known of its end, a sentence.
        at: This moment; ISO 8601, UTC.
        cells: How each code cell fared, as far as is known.
        notes: What else a reader should know.
    """
    ended = tuple(
        cell.model_copy(update={"status": CellStatus.DIED})
        if cell.status is CellStatus.RUNNING
        else cell
        for cell in cells
    )
    stopped = next((cell.index for cell in ended if cell.status is CellStatus.DIED), None)
    asked = request.model_dump(include=set(RunRequest.model_fields) & set(RunResult.model_fields))
    return RunResult(
        **asked | {"version": 1},
        status=Status.DIED,
        started=request.requested or at,
        finished=at,
        duration_s=0.0,
        cells=ended,
        error=RunError(cell=stopped, name="No result", message=why),
        notes=tuple(notes),
    )


def _without_result(
    top: Folder,
    request: RunRequest,
    files: dict[str, bytes],
    notes: list[str],
    secrets: Secrets,
) -> Artifact:
    """Give what there is of a run whose execution ended without a word."""
    nothing = untold(request, "", at=request.requested)
    clean, files = redacted_run(nothing, files, secrets)
    return Artifact(None, files, (*clean.notes, *notes), _journal(top))


def _keep_notebook(
    top: Folder,
    request: RunRequest,
    source: bytes | None,
    files: dict[str, bytes],
    notes: list[str],
) -> None:
    """Keep the executed notebook, or note what is wrong with it."""
    size = top.size(NOTEBOOK)
    if size is None:
        return
    content = top.read(NOTEBOOK, MOST_BYTES)
    try:
        if content is None:
            raise NotebookError(f"has {size} bytes, {MOST_BYTES} at most")
        files[NOTEBOOK] = read_notebook(content, request, source)
    except NotebookError as error:
        notes.append(f"The executed notebook was left out: it {error}.")


def _pictures(shown: Folder, result: RunResult, notes: list[str]) -> dict[str, bytes]:
    """Read the pictures that the result names, as long as they are not too many."""
    named = [figure.file for figure in result.figures]
    room = _MOST_OF_PICTURES
    found: dict[str, bytes] = {}
    for name in named:
        content = shown.read(name, min(MOST_OF_A_PICTURE, room))
        if content is not None:
            room -= len(content)
            found[f"{FIGURES}/{name}"] = content
    _note(len(set(shown.names) - set(named)), "in its folder of pictures", notes)
    return found


def _note_others(top: Folder, request: RunRequest, notes: list[str]) -> None:
    """Note how much there is that no run has."""
    known = {REQUEST, RESULT, NOTEBOOK, f"{FIGURES}/", *([PATCH] if request.dirty else ())}
    others = [n for n in top.names if n not in known | _LEFTOVERS and not n.endswith(".tmp")]
    _note(len(others), "beside the result", notes)


def _note(others: int, where: str, notes: list[str]) -> None:
    if others:
        what = f"{others} files {where}" if others > 1 else f"A file {where}"
        notes.append(f"{what} that no run has {'were' if others > 1 else 'was'} left out.")


def _journal(top: Folder) -> tuple[Cell, ...]:
    """Tell how far an execution came that was killed, from the journal that it kept."""
    text = top.read(JOURNAL, _MOST_OFJOURNAL) or b""
    cells: dict[int, Cell] = {}
    for line in text.splitlines():
        try:
            match json.loads(line):
                case {"event": "cells", "code": list(indexes)}:
                    cells = {
                        i: Cell(index=i, status=CellStatus.PENDING)
                        for i in indexes
                        if isinstance(i, int) and 0 <= i < _MOST_CELLS
                    }
                case {"event": "cell started", "cell": int(index)} if index in cells:
                    cells[index] = Cell(index=index, status=CellStatus.RUNNING)
                case {"event": "cell ended", "cell": int(index), "status": str(status)} if (
                    index in cells
                ):
                    cells[index] = Cell(index=index, status=CellStatus(status))
        except (ValueError, TypeError, RecursionError):
            break  # cut short when it was killed, or no journal: what follows says nothing
    return tuple(cell for _, cell in sorted(cells.items()))
