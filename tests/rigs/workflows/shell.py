"""A command line ─► a group of processes, executed to its end, whatever the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path

from rigs.workflows.records import Interruption

# https://docs.github.com/actions/reference/workflow-syntax-for-github-actions#jobsjob_idstepsshell
SHELLS = {
    "": ["bash", "-e"],
    "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"],
    "sh": ["sh", "-e"],
    "python": [sys.executable],
}
_ASKING_FIRST = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


class End(Enum):
    """How it ended; `outcome` is the step's."""

    SUCCESS = "success"
    FAILURE = "failure"
    LATE = "late"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def outcome(self) -> str:
        """What the step came to."""
        return "failure" if self in (End.LATE, End.LOST) else self.value


def execute(
    words: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    printed: Path,
    limit_s: float,
    stop: Interruption | None,
) -> End:
    """Execute a command.

    Args:
        printed: Where standard output and standard error go, in the order of printing.
        stop: What ends it from outside, if that says when.
    """
    with printed.open("wb") as file:
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        end = _wait(process, limit_s, stop)
        if end is End.LOST:
            _signal(process, (signal.SIGKILL,))
        elif end in (End.CANCELLED, End.LATE):
            _signal(process, _ASKING_FIRST)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what of the group outlived its first process
        process.wait()
        return end


def _wait(process: subprocess.Popen[bytes], limit_s: float, stop: Interruption | None) -> End:
    left = limit_s
    while left > 0:
        try:
            return End.FAILURE if process.wait(0.05) else End.SUCCESS
        except subprocess.TimeoutExpired:
            left -= 0.05
        if stop is not None and stop.when is not None and stop.when():
            return End.LOST if stop.lost else End.CANCELLED
    return End.LATE


def _signal(process: subprocess.Popen[bytes], signals: Sequence[signal.Signals]) -> None:
    """Signal the whole group, one signal after another until its first process is gone."""
    for each in signals:
        try:
            os.killpg(process.pid, each)
            process.wait(2)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return
