"""Names of git's objects ─► what they hold, read through one process that stays.

A command looks at some twenty objects, and a process for each would take longer than all else that
it does.
"""

from __future__ import annotations

import os
import subprocess
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# Set by git for its hooks and aliases; they would point us at another repository or index.
_FOREIGN = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX"),
    *("GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"),
)


@dataclass(frozen=True)
class Found:
    """An object as it was found under some name."""

    id: str
    kind: str  # "blob", "tree", "commit" or "tag"
    content: bytes


class BrokenReaderError(Exception):
    """The process ended before it had answered; asking anew may tell why."""


class Objects:
    """Reads the objects of one repository; several threads may ask."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def look_up(self, names: Sequence[str]) -> list[Found | None]:
        """Read objects by their names, such as `main^{commit}`; None for what is not there.

        Raises:
            BrokenReaderError: Git cannot read here.
            FileNotFoundError: Git is not installed.
        """
        with self._lock:
            try:
                return [self._read(name) for name in names]
            except (BrokenReaderError, BrokenPipeError):  # somebody ended it, or it was Ctrl-C
                self._process = None
                try:
                    return [self._read(name) for name in names]
                except BrokenPipeError as error:
                    raise BrokenReaderError from error

    def _read(self, name: str) -> Found | None:
        asked = name.encode(errors="surrogateescape")
        if b"\n" in asked:
            return None  # git reads a name up to the end of its line
        ask, answer = self._pipes()
        ask.write(asked + b"\n")
        ask.flush()
        line = answer.readline()
        if not line.endswith(b"\n"):
            raise BrokenReaderError
        fields = line.decode(errors="replace").split()
        if len(fields) != 3 or not fields[2].isdigit():  # missing, ambiguous, another repository's
            return None
        size = int(fields[2])
        content = answer.read(size + 1)
        if len(content) != size + 1:
            raise BrokenReaderError
        return Found(fields[0], fields[1], content[:-1])

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            self._process = subprocess.Popen(
                ["git", "cat-file", "--batch"],
                cwd=self._root,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
                process_group=0,  # what the terminal sends to us is not for it; it ends as we do
            )
            weakref.finalize(self, _end, self._process)
        if self._process.stdin is None or self._process.stdout is None:
            raise BrokenReaderError
        return self._process.stdin, self._process.stdout


def environment() -> dict[str, str]:
    """Give the variables for git: ours, but for those that would lead it elsewhere."""
    clean = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    return clean | {"LC_ALL": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0"}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a reader: it has no more to read."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:  # it has gone already
                continue
    process.wait()
