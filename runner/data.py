"""Patterns within a notebook's folder ─► the data files that they name, with their digests."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

_WILD = frozenset("*?[")


class DataError(ValueError):
    """A pattern is not possible, or names what cannot be read."""

    def __init__(self, pattern: str, problem: str) -> None:
        super().__init__(f"{pattern!r} {problem}")
        self.pattern = pattern
        self.problem = problem


def data_digests(
    patterns: Sequence[str],
    folder: Path,
    *,
    inside: Sequence[Path],
    tracked: Mapping[str, str],
    digest: Callable[[Path], str],
) -> dict[str, str]:
    """Give every file that the patterns name, by its path in the folder, with its digest.

    A pattern is a path in which `*`, `?` and `[…]` stand for parts of a name and `**` for any
    folders; one that names a folder names everything below it. Hidden files are named only by a
    pattern that begins with a dot where they do.

    Args:
        patterns: What names the data.
        folder: The notebook's folder; it need not be there if all data are tracked.
        inside: The folders that no file may lie outside of, wherever symbolic links lead.
        tracked: What git holds at the run's commit, by path in the folder, with its blob.
        digest: Reads a file and gives its digest.

    Raises:
        DataError: A pattern names nothing, leads out, or names what is no readable file.
    """
    found: dict[str, str] = {}
    for pattern in patterns:
        named = {path: f"git:{blob}" for path, blob in tracked.items() if matches(pattern, path)}
        for path, file in _walk(folder, pattern, inside):
            if path not in named:
                named[path] = found.get(path) or f"sha256:{_read(file, pattern, digest)}"
        if not named:
            raise DataError(pattern, "names no file")
        found |= named
    return dict(sorted(found.items()))


def data_files(patterns: Sequence[str], folder: Path, *, inside: Sequence[Path]) -> list[str]:
    """List the files on disk that the patterns name, by their paths in the folder.

    Raises:
        DataError: A pattern is not possible or leads out.
    """
    return sorted({path for pattern in patterns for path, _ in _walk(folder, pattern, inside)})


def matches(pattern: str, path: str) -> bool:
    """Say whether a pattern names a path, or a folder above it."""
    return _match(_parts(pattern), PurePosixPath(path).parts)


def _match(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if not pattern:
        return not any(_is_hidden(part) for part in path)  # all below what has been named
    first, rest = pattern[0], pattern[1:]
    if first == "**" and not rest:
        return bool(path) and _match((), path)
    if first == "**" and _match(rest, path):
        return True
    if not path or (_is_hidden(path[0]) and not _is_hidden(first)):
        return False
    return _match(pattern if first == "**" else rest, path[1:]) and fnmatchcase(path[0], first)


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


def _parts(pattern: str) -> tuple[str, ...]:
    """Part a pattern at its slashes.

    Raises:
        DataError: It is empty, absolute or leads out of the folder.
    """
    path = PurePosixPath(pattern)
    if not path.parts or not pattern.isprintable():
        raise DataError(pattern, "is no path")
    if path.is_absolute() or ".." in path.parts:
        raise DataError(pattern, "leads out of the excursion's folder")
    # Two `**` in a row mean one, and would be tried in every combination.
    return tuple(
        part
        for n, part in enumerate(path.parts)
        if part != "**" or path.parts[n - 1 : n] != ("**",)
    )


def _literal(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Give the leading parts that stand for themselves."""
    wild = next((n for n, part in enumerate(parts) if _WILD & set(part)), len(parts))
    return parts[:wild]


def _walk(folder: Path, pattern: str, inside: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Give the files that a pattern names, following links as far as they stay inside."""
    parts = _parts(pattern)
    start = folder.joinpath(*_literal(parts))
    if not os.path.lexists(start):
        return
    hidden_too = any(_is_hidden(part) for part in parts)
    waiting, seen = [start], set()
    while waiting:
        path = waiting.pop()
        real = path.resolve()
        if not any(real.is_relative_to(place.resolve()) for place in inside):
            raise DataError(pattern, f"leads out of the repository: {path} is a link to {real}")
        try:
            known = path.stat()
            if not stat.S_ISDIR(known.st_mode):
                name = path.relative_to(folder).as_posix()
                if _match(parts, PurePosixPath(name).parts):
                    yield name, path
            elif (known.st_dev, known.st_ino) not in seen:  # links may lead in circles
                seen.add((known.st_dev, known.st_ino))
                below = [each for each in path.iterdir() if hidden_too or not _is_hidden(each.name)]
                waiting += sorted(below, reverse=True)
        except OSError as error:
            raise DataError(pattern, f"cannot be read: {error.strerror} ({path})") from error


def _read(file: Path, pattern: str, digest: Callable[[Path], str]) -> str:
    if not file.is_file():
        raise DataError(pattern, f"names what is no file: {file}")
    try:
        return digest(file)
    except OSError as error:
        raise DataError(pattern, f"cannot be read: {error}") from error
