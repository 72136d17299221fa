"""A folder's `owner` file: there until the command that made it is done, locked while it works.

The lock belongs to whoever holds the descriptor, child processes that share it included, so that
it ends with them however they end.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import RequestError

OWNER = "owner"
CANCEL = "cancel"  # there while whoever works on the folder shall stop; says who wants it
_PAUSE_S = 0.05
_PATIENCE_S = 2.0  # somebody who only looks may hold it for a moment


@contextmanager
def claim(folder: Path, what: str) -> Iterator[int]:
    """Be the one who works on a folder; left without an error, the work counts as done.

    Args:
        folder: The folder; it must be there.
        what: What it holds, for the message that somebody else works on it.

    Yields:
        The descriptor that holds the claim, for child processes to share.

    Raises:
        RequestError: Another process works on it.
    """
    path = folder / OWNER
    deadline = time.monotonic() + _PATIENCE_S
    while (descriptor := _lock(path)) is None:
        if time.monotonic() >= deadline:
            raise RequestError(
                f"{what} is being executed by another process", right="Wait for it, or end it."
            )
        time.sleep(_PAUSE_S)
    try:
        yield descriptor
        path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def is_cancelled(folder: Path) -> bool:
    """Say whether somebody wants the work on a folder to stop."""
    return (folder / CANCEL).exists()


def is_claimed(folder: Path) -> bool:
    """Say whether some process works on a folder."""
    try:
        descriptor = os.open(folder / OWNER, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def is_unfinished(folder: Path) -> bool:
    """Say whether work on a folder was begun, and not ended by whoever began it."""
    return (folder / OWNER).exists()


def forget(folder: Path) -> None:
    """Count interrupted work on a folder as done."""
    (folder / OWNER).unlink(missing_ok=True)


def _lock(path: Path) -> int | None:
    """Lock a file, making it where it is missing; None while somebody else holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.stat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass  # somebody holds it, or was done with it just now
    os.close(descriptor)
    return None
