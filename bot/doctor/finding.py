"""One thing that was looked at: what it is, how it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How something is."""

    GOOD = "good"
    ADVICE = "advice"  # works, but could be better
    UNKNOWN = "unknown"  # could not be looked at
    MISSING = "missing"  # something does not work


@dataclass(frozen=True)
class Finding:
    """What was found.

    Attributes:
        about: What was looked at, such as `labels`.
        state: How it is.
        what: What was found, in a sentence.
        right: What to do; empty where nothing is to be done.
    """

    about: str
    state: State
    what: str
    right: str = ""


def good(about: str, what: str) -> Finding:
    """Nothing is to be done."""
    return Finding(about, State.GOOD, what)


def missing(about: str, what: str, right: str) -> Finding:
    """Something does not work until it is done."""
    return Finding(about, State.MISSING, what, right)


def advice(about: str, what: str, right: str) -> Finding:
    """It works, and would be better."""
    return Finding(about, State.ADVICE, what, right)


def unknown(about: str, what: str, right: str = "") -> Finding:
    """It could not be looked at."""
    return Finding(about, State.UNKNOWN, what, right)


def is_well(findings: Iterable[Finding]) -> bool:
    """Say whether nothing is missing."""
    return all(finding.state is not State.MISSING for finding in findings)
