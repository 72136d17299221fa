"""Threads as plain files: a folder an issue, Markdown with a small front matter, a file a comment.

    .excursions/
      1/
        issue.md
        0001-ada.md
        0002-excursions.md
        runs/1/…            what run 1.1 made
        thread.md  thread.html

Written atomically, so that a reader or a crash never meets half a file.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from bot.errors import ForgeError
from bot.excursion import slug
from bot.forge.marker import read_marker, write_marker
from bot.thread import BOT, Comment, Thread

ISSUE_FILE = "issue.md"
_COMMENT_FILE = re.compile(r"(\d{4,9})-[a-z0-9-]*\.md")
_LAST = "last-comment"
_ISSUE_FOLDER = re.compile(r"[1-9]\d{0,8}")
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_NEW = ".new-"
_PIECE = 1 << 20  # bytes
_FENCE = "---\n"

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut.

    Raises:
        ForgeError: The disk is full or may not be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise disk_error(error, path) from error


def holds(path: Path, content: bytes) -> bool:
    """Say whether a file is there and holds just this; it is not read whole at once."""
    if not path.is_file() or path.stat().st_size != len(content):
        return False
    with path.open("rb") as file:
        return all(
            file.read(_PIECE) == content[start : start + _PIECE]
            for start in range(0, len(content), _PIECE)
        )


def disk_error(error: OSError, path: Path) -> ForgeError:
    """Say in words why something could not be written."""
    if error.errno in DISK_FULL:
        return ForgeError(
            "the disk is full",
            where=str(path),
            right="Free some space and give the command again; nothing is lost.",
        )
    return ForgeError(
        f"could not be written: {error.strerror or error}",
        where=str(path),
        right="Mend that and give the command again.",
    )


def sweep(root: Path) -> None:
    """Remove what was left by writers that were killed; nobody may be writing meanwhile."""
    sweep_folder(root, ".", "[1-9]*")
    for folder in root.glob(f"{_NEW}*"):
        shutil.rmtree(folder, ignore_errors=True)


def sweep_folder(folder: Path, *below: str) -> None:
    """Remove what killed writers left in some folders below one; nobody may be writing there."""
    for left in [path for place in below for path in folder.glob(f"{place}/.*.tmp")]:
        left.unlink(missing_ok=True)


def issue_numbers(root: Path) -> list[int]:
    """List the issues that have a folder, in order."""
    if not root.is_dir():
        return []
    return sorted(
        int(entry.name)
        for entry in root.iterdir()
        if _ISSUE_FOLDER.fullmatch(entry.name) and (entry / ISSUE_FILE).is_file()
    )


def create_issue(root: Path, thread: Thread) -> bool:
    """Make an issue's folder with its first file in one step; False if the number was taken."""
    final = root / str(thread.number)
    if (final / ISSUE_FILE).exists():
        return False
    temporary = root / f"{_NEW}{secrets.token_hex(4)}"
    write_atomically(temporary / ISSUE_FILE, _issue_text(thread).encode())
    try:
        temporary.rename(final)
    except OSError as error:
        (temporary / ISSUE_FILE).unlink(missing_ok=True)
        temporary.rmdir()
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            return False
        raise disk_error(error, final) from error
    return True


def write_issue(root: Path, thread: Thread) -> None:
    """Write an issue's own file anew."""
    write_atomically(root / str(thread.number) / ISSUE_FILE, _issue_text(thread).encode())


def read_issue(root: Path, number: int) -> Thread | None:
    """Read an issue without its comments; None if there is no such issue.

    Raises:
        ForgeError: Its file was changed so that it cannot be read; the message names it.
    """
    path = root / str(number) / ISSUE_FILE
    if not path.is_file():
        return None
    front, body = _read(path)
    return Thread(
        number=number,
        title=str(front.get("title", "")),
        body=body,
        state="closed" if front.get("state") == "closed" else "open",
        labels=tuple(str(label) for label in front.get("labels") or ()),
        author=str(front.get("author", "")),
        created=str(front.get("created", "")),
    )


def read_thread(root: Path, number: int) -> Thread | None:
    """Read an issue and its comments; None if there is no such issue.

    Raises:
        ForgeError: A file of it was changed so that it cannot be read; the message names it.
    """
    thread = read_issue(root, number)
    if thread is None:
        return None
    comments = []
    for entry in sorted((root / str(number)).iterdir()):
        match = _COMMENT_FILE.fullmatch(entry.name)
        if match:
            comments.append(_read_comment(entry, int(match[1])))
    ordered = tuple(sorted(comments, key=lambda comment: comment.number))
    return replace(thread, comments=ordered)


def create_comment(
    root: Path, issue: int, *, author: str, now: str, body: str, key: str = "", data: Any = None
) -> int:
    """Write a new comment under the next number and give it.

    That of a comment which somebody deleted is not given again: what was done for it counts as
    done for that number.
    """
    folder = root / str(issue)
    numbers = [int(m[1]) for e in folder.iterdir() if (m := _COMMENT_FILE.fullmatch(e.name))]
    number = max([*numbers, _last_number(folder)]) + 1
    comment = Comment(number, author, now, now, body, key, data)
    name = slug(key.replace(":", "-") if key else author) or "comment"
    write_atomically(folder / f"{number:04d}-{name}.md", comment_text(comment).encode())
    write_atomically(folder / _LAST, f"{number}\n".encode())
    return number


def _last_number(folder: Path) -> int:
    """Read the last number that a comment was given, 0 where that is not known."""
    try:
        return int((folder / _LAST).read_text()[:20])
    except (OSError, ValueError):
        return 0


def rewrite_comment(root: Path, issue: int, comment: Comment, **front: Any) -> None:
    """Write a comment anew where it is."""
    folder = root / str(issue)
    for entry in folder.iterdir():
        match = _COMMENT_FILE.fullmatch(entry.name)
        if match and int(match[1]) == comment.number:
            write_atomically(entry, comment_text(comment, **front).encode())
            return


def remove_comment(root: Path, issue: int, number: int) -> None:
    """Remove a comment's file."""
    for entry in (root / str(issue)).iterdir():
        match = _COMMENT_FILE.fullmatch(entry.name)
        if match and int(match[1]) == number:
            entry.unlink(missing_ok=True)


def comment_text(comment: Comment, **more: Any) -> str:
    """Write a comment as its file: front matter, body, and the marker of an entry at the end."""
    front = {"author": comment.author, "created": comment.created, "updated": comment.updated}
    if comment.key:
        front["entry"] = comment.key
    body = comment.body.rstrip("\n")
    if comment.key:
        body = f"{body}\n\n{write_marker(comment.key, comment.data or {})}"
    return _with_front(front | more, body)


def _issue_text(thread: Thread) -> str:
    front = {
        "issue": thread.number,
        "title": thread.title,
        "state": thread.state,
        "labels": list(thread.labels),
        "author": thread.author,
        "created": thread.created,
    }
    return _with_front(front, thread.body)


def _with_front(front: dict[str, Any], body: str) -> str:
    head = yaml.dump(front, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return f"{_FENCE}{head}{_FENCE}\n{body.rstrip()}\n"


def _read(path: Path) -> tuple[dict[str, Any], str]:
    """Part a file into its front matter and its body."""
    try:
        text = path.read_text("utf-8")
        if not text.startswith(_FENCE):
            raise ValueError("it does not begin with a front matter between two lines ---")
        head, fence, body = text.removeprefix(_FENCE).partition(f"\n{_FENCE}")
        front = yaml.load(head, Loader=_Loader)  # noqa: S506  # the safe loader, in C
        if not fence or not isinstance(front, dict):
            raise ValueError("its front matter does not end, or is no mapping")
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ForgeError(
            f"cannot be read: {error}", where=str(path), right="Mend the file by hand."
        ) from error
    return front, body.strip("\n")


def _read_comment(path: Path, number: int) -> Comment:
    front, body = _read(path)
    author = str(front.get("author", ""))
    key, data = "", None
    if author == BOT:
        marker = read_marker(body)
        if marker:
            key, data = marker
            body = body.rstrip().rpartition("\n")[0].rstrip()
    created = str(front.get("created", ""))
    return Comment(number, author, created, str(front.get("updated", created)), body, key, data)
