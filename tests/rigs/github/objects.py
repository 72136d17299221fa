"""The name of a git object ─► what it is and what is in it; one git process answers them all."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Object:
    """A git object; `content` is empty where only its kind was asked for."""

    sha: str
    kind: str
    content: bytes = b""


class Objects:
    """The objects of a repository. Whatever is written later is found as well."""

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def kind(self, name: str) -> Object | None:
        """Find an object by SHA, ref or any other expression of git's, without its content."""
        with self._lock:
            return self._ask("info", name)

    def read(self, name: str) -> Object | None:
        """Find an object with its content."""
        with self._lock:
            return self._ask("contents", name)

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            if self._process is not None:
                self._process.communicate()
                self._process = None

    def _ask(self, verb: str, name: str) -> Object | None:
        if not name or any(letter in name for letter in "\n\0"):
            return None
        if self._process is None:
            words = ["git", f"--git-dir={self._git_dir}", "cat-file", "--batch-command"]
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(words, stdin=pipe, stdout=pipe)
        given, told = self._process.stdin, self._process.stdout
        assert given is not None
        assert told is not None
        given.write(f"{verb} {name}\n".encode())
        given.flush()
        line = told.readline().decode()
        if line.endswith((" missing\n", " ambiguous\n")):
            return None
        sha, kind, size = line.split()
        if verb == "info":
            return Object(sha, kind)
        content = told.read(int(size))
        told.read(1)  # the newline after it
        return Object(sha, kind, content)
