"""What an engine is given and what it tells: one request with the places that belong to it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.records import RunRequest, RunResult

Listener = Callable[[str, dict[str, Any]], None]  # run id, event
Ended = Callable[[RunResult], None]


@dataclass(frozen=True)
class Job:
    """A request, and where it is to be executed.

    Attributes:
        request: What to run; it lies in the folder as `request.json`.
        folder: The run's folder; everything made is put there.
        workdir: The folder in which the notebook runs.
        python: The interpreter that the notebook's kernel runs on.
        environment: Variables that the kernel is given beside the caller's own.
        share: File descriptors that whoever executes shall hold open until it ends.
        cancel: The file that is there when this job, of several, shall stop; it says who wants it.
    """

    request: RunRequest
    folder: Path
    workdir: Path
    python: str = sys.executable
    environment: Mapping[str, str] = field(default_factory=dict)
    share: tuple[int, ...] = ()
    cancel: Path | None = None

    @property
    def cancelled(self) -> bool:
        """Whether somebody wants it to stop."""
        return self.cancel is not None and self.cancel.exists()


class EngineError(Exception):
    """An engine could not go on; the runs that it was given may.

    Args:
        what: What is wrong, one sentence.
        right: What to do next.
    """

    def __init__(self, what: str, *, right: str) -> None:
        super().__init__(what)
        self.what = what
        self.right = right
