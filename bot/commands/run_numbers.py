"""How people name runs ─► their numbers: `3`, `#3`, `12.3` in issue 12, `run 3`, `2, 3 and 4`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot.errors import RequestError

OPTION = "run"  # in a command that takes a text
_NAME = re.compile(r"#?(?:(?P<issue>[1-9][0-9]{0,8})\.)?(?P<number>[1-9][0-9]{0,8})")
_AROUND = frozenset(("run", "runs", "and", "&", "vs", "with"))


def run_numbers(words: tuple[str, ...], issue: int | None, *, right: str) -> tuple[str, ...]:
    """Read words that name runs of an issue.

    Args:
        words: As they were written.
        issue: Where they were; None where that is not known, and only numbers name a run.
        right: What to write, if they name none.

    Raises:
        RequestError: A word names no run, or a run of another issue.
    """
    return tuple(_number(part, issue, right=right, culprit=part) for part in _parts(words))


def run_option(named: Mapping[str, str], issue: int | None) -> dict[str, str]:
    """Read the pair `run=` among others, if there is one.

    Raises:
        RequestError: It names no run, or a run of another issue.
    """
    if OPTION not in named:
        return dict(named)
    written = named[OPTION]
    number = _number(written, issue, right="Write run=2.", culprit=f"{OPTION}=")
    return {**named, OPTION: number}


def _parts(words: tuple[str, ...]) -> Iterator[str]:
    for word in words:
        for part in word.split(","):
            if part and (part.lower() not in _AROUND or len(words) == 1):
                yield part


def _number(written: str, issue: int | None, *, right: str, culprit: str) -> str:
    match = _NAME.fullmatch(written)
    if match is None or (match["issue"] and issue is None):
        raise RequestError(f"{written!r} is not a run's number", right=right, culprit=culprit)
    if match["issue"] and int(match["issue"]) != issue:
        raise RequestError(
            f"run {written.removeprefix('#')} is of another excursion than this, {issue}",
            right=f"Name it in issue {match['issue']}.",
            culprit=culprit,
        )
    return match["number"]
