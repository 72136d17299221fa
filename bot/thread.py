"""The thread as data: an issue, its comments, and what the hidden markers in our entries say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BOT = "excursions[bot]"

# Keys of the entries that a thread has one of; others are `run:1.2` and `prediction:3`.
WELCOME = "welcome"
ANSWER = "answer"

# How a comment is acknowledged, and how that ends: done, its author's mistake, our fault.
EYES, DONE, WRONG, OURS = "eyes", "rocket", "-1", "confused"
ENDS = (DONE, WRONG, OURS)


@dataclass(frozen=True)
class Comment:
    """One post in a thread; an *entry* when it is ours."""

    number: int
    author: str
    created: str  # ISO 8601, UTC
    updated: str
    body: str
    key: str = ""  # an entry's key, such as "run:1.3"; empty for a person's comment
    data: dict[str, Any] | None = None  # what the entry's hidden marker remembers

    @property
    def is_entry(self) -> bool:
        """Whether the post is ours."""
        return self.author == BOT and bool(self.key)


@dataclass(frozen=True)
class Thread:
    """An issue and its comments: the research log."""

    number: int
    title: str
    body: str
    state: str  # "open" or "closed"
    labels: tuple[str, ...]
    author: str
    created: str
    comments: tuple[Comment, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the question still waits for its answer."""
        return self.state == "open"

    def entry(self, key: str) -> Comment | None:
        """Give our entry of that key."""
        return next((c for c in self.comments if c.is_entry and c.key == key), None)

    def entries(self, prefix: str) -> tuple[Comment, ...]:
        """Give our entries whose keys begin with `prefix:`, in the order they were posted."""
        return tuple(c for c in self.comments if c.is_entry and c.key.startswith(f"{prefix}:"))
