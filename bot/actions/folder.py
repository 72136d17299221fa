"""A folder that strangers filled ─► its files' bytes, nothing followed, nothing read without end.

What an untrusted job uploaded may hold links, devices, pipes, names that mean something else on
another machine, and files larger than any disk. Each name is looked at without following it, then
opened below the folder's own descriptor (https://man7.org/linux/man-pages/man2/openat.2.html).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import ForgeError

_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9._-]{0,119}")
_MOST_NAMES = 2_000
_NOT_FOLLOWED = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class ArtifactRefusedError(ForgeError):
    """What a job left is not what an execution leaves; nothing of it is to be trusted."""


class Folder:
    """The files of one folder, and of folders in it."""

    def __init__(self, descriptor: int, where: str) -> None:
        self._descriptor = descriptor
        self.where = where
        self._sizes = self._look()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what is in it, sorted; folders end in `/`."""
        return tuple(sorted(self._sizes))

    def size(self, name: str) -> int | None:
        """Give a file's size in bytes, None if there is none."""
        return self._sizes.get(name)

    def read(self, name: str, most: int) -> bytes | None:
        """Read a file of at most so many bytes; None if there is none, or it is larger.

        Raises:
            ArtifactRefusedError: It has changed into something else since it was looked at.
        """
        size = self._sizes.get(name)
        if size is None or size > most:
            return None
        with _opened(name, self._descriptor, 0, self.where) as descriptor:
            self._check(name, os.fstat(descriptor))
            with os.fdopen(os.dup(descriptor), "rb") as file:
                content = file.read(most + 1)
        return content if len(content) <= most else None

    @contextmanager
    def below(self, name: str) -> Iterator[Folder | None]:
        """Open a folder in it, None if there is none.

        Raises:
            ArtifactRefusedError: It holds what no execution leaves.
        """
        if f"{name}/" not in self._sizes:
            yield None
            return
        with _opened(name, self._descriptor, os.O_DIRECTORY, self.where) as descriptor:
            yield Folder(descriptor, f"{self.where}/{name}")

    def _look(self) -> dict[str, int]:
        """List what is there, each of it a file or a folder that has one name alone."""
        sizes: dict[str, int] = {}
        folded: dict[str, str] = {}
        with os.scandir(self._descriptor) as entries:
            for entry in entries:
                name = entry.name
                if len(sizes) >= _MOST_NAMES:
                    raise self._refused(f"holds more than {_MOST_NAMES} files")
                if not _NAME.fullmatch(name):
                    raise self._refused(f"holds the name {name!r}")
                if other := folded.get(name.lower()):
                    raise self._refused(f"holds both {other!r} and {name!r}, one on many machines")
                folded[name.lower()] = name
                status = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    sizes[f"{name}/"] = 0
                else:
                    self._check(name, status)
                    sizes[name] = status.st_size
        return sizes

    def _check(self, name: str, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise self._refused(f"{name!r} is {_kind(status.st_mode)}, not a file")
        if status.st_nlink != 1:
            raise self._refused(f"{name!r} is a hard link: the file has other names elsewhere")

    def _refused(self, what: str) -> ArtifactRefusedError:
        return ArtifactRefusedError(what, where=self.where)


@contextmanager
def open_folder(path: Path) -> Iterator[Folder | None]:
    """Open a folder, None if there is none.

    Raises:
        ArtifactRefusedError: It is a link, or holds what no execution leaves.
        ForgeError: The disk failed.
    """
    if not os.path.lexists(path):
        yield None
        return
    with _opened(str(path), None, os.O_DIRECTORY, path.name) as descriptor:
        yield Folder(descriptor, path.name)


@contextmanager
def _opened(name: str, below: int | None, flags: int, where: str) -> Iterator[int]:
    try:
        descriptor = os.open(name, _NOT_FOLLOWED | flags, dir_fd=below)
    except OSError as error:
        what = f"{os.path.basename(name)!r} cannot be opened: {error.strerror}"  # noqa: PTH119
        raise ArtifactRefusedError(what, where=where) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _kind(mode: int) -> str:
    kinds = (
        (stat.S_ISLNK, "a link"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((words for test, words in kinds if test(mode)), "something else")
