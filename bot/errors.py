"""What can go wrong, in one hierarchy: a person's mistake, a failing forge or machine."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ExcursionError(Exception):
    """An error that is told in words, never as a traceback.

    Args:
        what: What is wrong, one sentence.
        where: The file, argument or ref that it is about.
        right: What would be right, or what to do next.
        culprit: What is wrong in a command's line, to be marked there: a word, or `name=` for a
            pair with its value.
    """

    exit_status = 3

    def __init__(self, what: str, *, where: str = "", right: str = "", culprit: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.right = right
        self.culprit = culprit

    def __str__(self) -> str:
        """Give the message as people read it: what, where, and what would be right."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  {self.right}" if self.right else head


class RequestError(ExcursionError):
    """The request was wrong; nothing was changed."""

    exit_status = 2


class ForgeError(ExcursionError):
    """Git, the disk or the machine failed; the request may be given again."""

    exit_status = 3


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word closest to what was written, if any is close."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(word: str, known: Iterable[str], *, noun: str) -> str:
    """Say which known word was probably meant, or list them all."""
    names = sorted(known)
    match = nearest(word, names)
    if match:
        return f"Did you mean {match!r}?"
    return f"Known {noun}: {', '.join(names)}." if names else f"There are no {noun}."
