"""The thread as data: an issue, its comments, and what the hidden markers in our entries say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

BOT = "excursions[bot]"

# Keys of the entries that a thread has one of; others are `run:1.2` and `prediction:3`.
WELCOME = "welcome"
ANSWER = "answer"  # of the first; one that was taken back is followed by `answer:2`
REOPENED = "reopened"  # `reopened:1` takes back what was answered before it
CLOSED = "closed"  # `closed:1`, without an answer

# How a comment is acknowledged, and how that ends: done, its author's mistake, our fault.
EYES, DONE, WRONG, OURS = "eyes", "rocket", "-1", "confused"
ENDS = (DONE, WRONG, OURS)


_NUMBER = re.compile(r"[:.]([0-9]{1,6})")


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

    @property
    def key_number(self) -> int:
        """The number at the end of an entry's key: 3 of `run:1.3` and `prediction:3`; 0 for none.

        A person may have edited the entry, so that anything can stand there.
        """
        at = max(self.key.rfind(":"), self.key.rfind("."), 0)
        match = _NUMBER.fullmatch(self.key, at)
        return int(match[1]) if match else 0


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

    @property
    def told(self) -> tuple[Comment, ...]:
        """Our entries that tell of the excursion, rather than answer somebody."""
        ours = (comment for comment in self.comments if comment.is_entry)
        return tuple(c for c in ours if not c.key.startswith(("reply:", "trouble:")))

    @property
    def answer(self) -> Comment | None:
        """Our entry with the answer that holds; None if there is none, or it was taken back."""
        holds = [turn for turn in self.turns if not turn.key.startswith(f"{CLOSED}:")]
        return None if not holds or holds[-1].key.startswith(f"{REOPENED}:") else holds[-1]

    @property
    def turns(self) -> tuple[Comment, ...]:
        """Our entries with which the excursion was answered, closed or opened again, in order."""
        begins = tuple(f"{word}:" for word in (ANSWER, CLOSED, REOPENED))
        ours = (comment for comment in self.comments if comment.is_entry)
        return tuple(c for c in ours if c.key == ANSWER or c.key.startswith(begins))

    @property
    def answer_key(self) -> str:
        """The key of the answer that holds, or of the next where there is none."""
        if self.answer is not None:
            return self.answer.key
        given = sum(turn.key.partition(":")[0] == ANSWER for turn in self.turns)
        return f"{ANSWER}:{given + 1}" if given else ANSWER

    def entries(self, prefix: str) -> tuple[Comment, ...]:
        """Give our entries whose keys begin with `prefix:`, in the order they were posted."""
        return tuple(c for c in self.comments if c.is_entry and c.key.startswith(f"{prefix}:"))
