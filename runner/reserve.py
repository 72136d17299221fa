"""Bytes of results so far ─► as much room kept free on the disk, so that they can be told.

When the disk is full it is too late to write the notebook that says so. A file that holds nothing
takes the room that the finished notebook and its pictures will need, and is removed before they
are written.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

FILE_NAME = "reserve"
_FIRST = 4 << 20  # bytes
_STEP = 8 << 20  # bytes
_FACTOR = 2  # the notebook, and its pictures once more


class Reserve:
    """Room on the disk of a run's folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        self._held = 0
        self._needed = _FIRST
        self._hold()

    def grow(self, size: int) -> None:
        """Keep room for more results.

        Raises:
            OSError: There is no more.
        """
        self._needed += _FACTOR * size
        if self._needed > self._held:
            self._hold()

    def release(self) -> None:
        """Give the room back, for what it was kept for."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def _hold(self) -> None:
        if hasattr(os, "posix_fallocate"):
            wanted = self._needed + _STEP
            os.posix_fallocate(self._descriptor, self._held, wanted - self._held)
            self._held = wanted
