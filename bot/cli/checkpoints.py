"""A run ─► the folder in which its notebook keeps checkpoints, shared by attempts of the same run.

.excursions/1/checkpoints/
4f1c…/          what `checkpoint_dir()` gives every run whose inputs have this digest
4f1c….run       the run that had it last
run-3/          that of a run which shares it with nobody
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from bot.forge.thread_files import sweep_folder, write_atomically
from runner.records import RunRequest, RunResult, Status

_DIGITS = 16  # of a digest; enough to tell the runs of one issue apart


class Checkpoints:
    """The folders for checkpoints of one repository."""

    def __init__(self, root: Path, is_alive: Callable[[str], bool]) -> None:
        """Keep them below the local forge's folder.

        Args:
            root: That folder.
            is_alive: Says of a run's id whether somebody executes it now.
        """
        self._root = root
        self._is_alive = is_alive

    def left_by(self, request: RunRequest) -> str:
        """Name the earlier attempt that left something for this run; empty if none did."""
        shared = self._shared(request.issue, request.inputs_sha256)
        holder = _holder(shared)
        if not request.inputs_sha256 or not holder or self._is_alive(holder):
            return ""
        return holder if _has_files(shared) else ""

    def begin(self, request: RunRequest, *, in_use: bool = False) -> Path:
        """Give a run its folder, with what the attempt that it goes on from left, or else empty.

        Another run with the same inputs may be going on: then this one gets its own.

        Args:
            request: The run, which this process has claimed.
            in_use: Whether it goes on already, and works in its folder.
        """
        own = self._own(request.issue, request.run_id)
        if request.reproduces or not request.inputs_sha256:
            if not in_use:
                shutil.rmtree(own, ignore_errors=True)
            return own
        shared = self._shared(request.issue, request.inputs_sha256)
        shared.parent.mkdir(parents=True, exist_ok=True)
        with _locked(shared.parent):
            holder = _holder(shared)
            if holder not in {"", request.run_id} and self._is_alive(holder):
                return own
            if holder not in {request.goes_on_from, request.run_id}:
                shutil.rmtree(shared, ignore_errors=True)
            write_atomically(_note(shared), request.run_id.encode())
            return shared

    def end(self, result: RunResult) -> None:
        """Keep what a run left if it may be tried again, and only then."""
        shutil.rmtree(self._own(result.issue, result.run_id), ignore_errors=True)
        shared = self._shared(result.issue, result.inputs_sha256)
        if not result.inputs_sha256 or not shared.parent.exists():
            return
        with _locked(shared.parent):
            if _holder(shared) != result.run_id:
                return
            if result.status is Status.SUCCEEDED or not _has_files(shared):
                shutil.rmtree(shared, ignore_errors=True)
                _note(shared).unlink(missing_ok=True)

    def _shared(self, issue: int, digest: str) -> Path:
        return self._root / str(issue) / "checkpoints" / (digest[:_DIGITS] or "unknown")

    def _own(self, issue: int, run_id: str) -> Path:
        return self._root / str(issue) / "checkpoints" / f"run-{run_id.partition('.')[2]}"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Be the only one who changes who has which folder; clear what killed ones half wrote."""
    with FileLock(folder / ".lock"):
        sweep_folder(folder, ".")
        yield


def _note(shared: Path) -> Path:
    return shared.with_name(f"{shared.name}.run")


def _holder(shared: Path) -> str:
    """Read which run had a folder last."""
    note = _note(shared)
    return note.read_text().strip() if note.exists() else ""


def _has_files(folder: Path) -> bool:
    return any(path.is_file() for path in folder.rglob("*"))
