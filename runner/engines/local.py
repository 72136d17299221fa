"""The local engine: a RunRequest in a folder ─► a process of its own here ─► RunResult."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from runner.journal import FILE_NAME as JOURNAL
from runner.journal import read_story
from runner.records import RunError, RunRequest, RunResult, Status, read_result
from runner.report import RESULT, report

Listener = Callable[[dict[str, Any]], None]
_STOP_S = 5.0  # what a cancelled job on GitHub leaves us, and a little less


def execute(
    request: RunRequest,
    folder: Path,
    workdir: Path,
    *,
    listen: Listener,
    share: tuple[int, ...] = (),
) -> RunResult:
    """Execute a request in a process of its own.

    A KeyboardInterrupt stops the run; what it made is kept and told in the result, and further
    signals to stop are ignored from then on.

    Args:
        request: What to run; it lies in the folder as `request.json`.
        folder: The run's folder.
        workdir: The folder in which the notebook runs.
        listen: Called with each event of the journal, and with what the cells print.
        share: File descriptors that the process shall hold open until it ends.
    """
    with (folder / "runner.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "runner", str(folder), str(workdir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C is ours to pass on
            pass_fds=share,
        )
    if process.stdout is None or process.stdin is None:
        raise RuntimeError("a process started with pipes has none")
    try:
        for line in process.stdout:
            listen(json.loads(line))
        process.wait()
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the rest is short, and must not be cut off
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    finally:
        process.stdout.close()
        process.stdin.close()
    return read_left(folder) or recover(folder, request, code=process.returncode)


def began(folder: Path) -> bool:
    """Say whether anything was ever executed in a run's folder."""
    return (folder / JOURNAL).exists()


def read_left(folder: Path) -> RunResult | None:
    """Read the result that an execution left, None if it did not get that far."""
    try:
        return read_result((folder / RESULT).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def recover(folder: Path, request: RunRequest, *, code: int | None = None) -> RunResult:
    """Say what became of a run whose process ended without a word, from what it left."""
    message = "the process that executed it was killed"
    if code is not None and code < 0:
        message = f"the process that executed it was killed by {signal.Signals(-code).name}"
    elif code:
        log = folder / "runner.log"
        said = log.read_text(errors="replace")[-1_500:].strip() if log.exists() else ""
        message = f"the process that executed it ended with status {code}: {said}"
    elif not began(folder):
        message = "the command was ended before anything was executed"
    story = read_story(folder)
    error = RunError(cell=story.stopped_at, name="Killed", message=message)
    return report(
        folder,
        request,
        story,
        status=Status.DIED,
        error=error,
        duration_s=None,
        environment=None,
    )
