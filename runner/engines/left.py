"""A run's folder ─► what its execution left there: its result, or what can still be told."""

from __future__ import annotations

import signal
from pathlib import Path

from pydantic import ValidationError

from runner.journal import FILE_NAME as JOURNAL
from runner.journal import read_story
from runner.records import RunError, RunRequest, RunResult, Status, read_result
from runner.report import RESULT, report


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
        said = last_words(folder)
        message = f"the process that executed it ended with status {code}: {said}"
    elif not began(folder):
        message = "the command was ended before anything was executed"
    return conclude(folder, request, Status.DIED, name="Killed", message=message)


def conclude(
    folder: Path, request: RunRequest, status: Status, *, name: str, message: str
) -> RunResult:
    """Write the result of a run that cannot do so itself, with all that it had made.

    Args:
        folder: The run's folder.
        request: What was asked for.
        status: How it ended.
        name: What ended it, in a word or two.
        message: The same in a sentence.
    """
    story = read_story(folder)
    error = RunError(cell=story.stopped_at, name=name, message=message)
    return report(
        folder,
        request,
        story,
        status=status,
        error=error,
        duration_s=None,
        environment=None,
    )


def last_words(folder: Path) -> str:
    """Give the end of what the process that executed a run said about itself."""
    log = folder / "runner.log"
    return log.read_text(errors="replace")[-1_500:].strip() if log.exists() else ""
