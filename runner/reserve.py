"""Bytes of results so far ─► as much room kept free on the disk, so that they can be told.

When the disk is full it is too late to write the notebook that says so. A file that holds nothing
takes the room that the finished notebook and its pictures will need, and is removed before they
are written. On a disk with little room it takes less, rather than let the run fail for it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

FILE_NAME = "reserve"
_FIRST = 4 << 20  # bytes
_STEP = 8 << 20  # bytes, at most, taken ahead of need
_SHARE = 4  # of what is free, no more than one part in so many is taken before there are results
_FACTOR = 2  # the notebook, and its pictures once more


class Reserve:
    """Room on the disk of a run's folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        self._held = 0
        free = shutil.disk_usage(folder).free
        self._step = min(_STEP, free // _SHARE // 2)
        self._needed = min(_FIRST, free // _SHARE // 2)
        self._hold()

    def grow(self, size: int) -> None:
        """Keep room for more results, until it is given back.

        Raises:
            OSError: There is no more.
        """
        before = self._needed
        self._needed += _FACTOR * size
        if self._needed <= self._held or self._descriptor < 0:
            return
        try:
            self._hold()
        except OSError:
            self._needed = before  # for another attempt
            raise

    def release(self) -> None:
        """Give the room back, for what it was kept for."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def _hold(self) -> None:
        """Take what is needed and a step more; where that is too much, what is needed."""
        if not hasattr(os, "posix_fallocate"):
            return
        try:
            self._take(self._needed + self._step)
        except OSError:
            self._take(self._needed)

    def _take(self, wanted: int) -> None:
        if wanted > self._held:
            os.posix_fallocate(self._descriptor, self._held, wanted - self._held)
            self._held = wanted
