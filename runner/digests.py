"""A file ─► its SHA-256, which is remembered, so that a large file is read once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs

_COLUMNS = "path BLOB PRIMARY KEY, device, inode, size, mtime_ns, ctime_ns, sha256"
# A file written so shortly before it was read could be written again without a later time.
_SETTLED_NS = 2_000_000_000
_WAIT_S = 5.0


class ChangingError(OSError):
    """A file was written while it was read."""


def default_store() -> Path:
    """Name the file in the user's cache folder in which digests are remembered."""
    return platformdirs.user_cache_path("excursions") / "digests.sqlite3"


class Digests:
    """Digests of files, remembered by path, size, times and inode.

    SHA-256 rather than BLAKE2: today's processors have instructions for it, with which it is the
    faster one, and everybody has a tool that checks it.
    """

    def __init__(
        self, store: Path | None = None, clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._store = default_store() if store is None else store
        self._clock_ns = clock_ns

    def of(self, path: Path) -> str:
        """Give a file's SHA-256 in hexadecimal.

        Raises:
            ChangingError: It was written meanwhile.
            OSError: It cannot be read.
        """
        found = path.stat()
        identity = _identity(found)
        digest = self._recall(path, identity)
        if digest is not None:
            return digest
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if _identity(path.stat()) != identity:
            raise ChangingError(f"{path} was written while it was read")
        if max(found.st_mtime_ns, found.st_ctime_ns) < self._clock_ns() - _SETTLED_NS:
            self._remember((os.fsencode(path), *identity, digest))
        return digest

    def remembers(self, path: Path) -> bool:
        """Say whether a file's digest is known without reading it."""
        return self._recall(path, _identity(path.stat())) is not None

    def _recall(self, path: Path, identity: tuple[int, ...]) -> str | None:
        if not self._store.exists():
            return None
        import sqlite3  # here, since few runs declare data

        query = (
            "SELECT sha256 FROM files WHERE path = ? AND device = ? AND inode = ? AND size = ? "
            "AND mtime_ns = ? AND ctime_ns = ?"
        )
        try:
            with contextlib.closing(sqlite3.connect(self._store, timeout=_WAIT_S)) as store:
                row = store.execute(query, (os.fsencode(path), *identity)).fetchone()
        except sqlite3.DatabaseError:
            return None  # a memory that fails costs time and nothing else
        return str(row[0]) if row else None

    def _remember(self, row: tuple[bytes | int | str, ...]) -> None:
        import sqlite3

        try:
            self._store.parent.mkdir(parents=True, exist_ok=True)
            with (
                contextlib.closing(sqlite3.connect(self._store, timeout=_WAIT_S)) as store,
                store,
            ):
                store.execute(f"CREATE TABLE IF NOT EXISTS files ({_COLUMNS})")
                store.execute("REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        except sqlite3.OperationalError:
            return  # busy, or a full disk: it is read again next time
        except (sqlite3.DatabaseError, OSError):
            with contextlib.suppress(OSError):
                self._store.unlink(missing_ok=True)  # no database: begun anew next time


def _identity(found: os.stat_result) -> tuple[int, ...]:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
