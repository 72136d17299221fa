"""A webhook's payload as GitHub sends it ─► what it asks of us; pure.

Only what was just said counts: comments that were created on issues, and labels that were put on
them. Edits, pull requests, bots, and our own entries ask for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.excursion import LABEL, Kind
from bot.forge.marker import read_marker

Payload = Mapping[str, Any]

_STARTING = frozenset((LABEL, *(kind.label for kind in Kind)))


@dataclass(frozen=True)
class Occasion:
    """Something that may ask for something.

    Attributes:
        issue: The issue's number.
        title: Its title, as it was then.
        who: The login of the person who did it.
        comment: The comment's number; 0 for a label.
        text: What the comment says; empty for a label.
        moment: When it was done; ISO 8601, UTC. The same for every delivery of it.
    """

    issue: int
    title: str
    who: str
    comment: int
    text: str
    moment: str

    @property
    def is_label(self) -> bool:
        """Whether it is an issue that was labelled, rather than a comment."""
        return not self.comment


def read_occasion(event: str, payload: Payload) -> Occasion | None:
    """Read what a payload may ask of us; None for nothing.

    Args:
        event: The event's name, such as `issue_comment`.
        payload: What came with it.
    """
    issue, sender = payload.get("issue"), payload.get("sender")
    if not isinstance(issue, dict) or not isinstance(sender, dict):
        return None
    if issue.get("pull_request") is not None:
        return None
    if event == "issue_comment" and payload.get("action") == "created":
        return _comment(issue, payload.get("comment"))
    if event == "issues" and payload.get("action") in {"labeled", "opened"}:
        return _label(issue, sender, payload)
    return None


def _comment(issue: Payload, comment: Any) -> Occasion | None:
    if not isinstance(comment, dict):
        return None
    author, body = comment.get("user") or {}, comment.get("body") or ""
    if author.get("type") == "Bot" or str(author.get("login", "")).endswith("[bot]"):
        return None
    if read_marker(body) is not None:
        return None
    return Occasion(
        issue=issue["number"],
        title=issue["title"],
        who=author.get("login", ""),
        comment=comment["id"],
        text=body,
        moment=comment["created_at"],
    )


def _label(issue: Payload, sender: Payload, payload: Payload) -> Occasion | None:
    if issue.get("state") == "closed":
        return None
    if payload["action"] == "labeled":
        names = {(payload.get("label") or {}).get("name")}
    else:
        names = {label.get("name") for label in issue.get("labels") or ()}
    if not names & _STARTING:
        return None
    return Occasion(
        issue=issue["number"],
        title=issue["title"],
        who=sender.get("login", ""),
        comment=0,
        text="",
        moment=issue["created_at"],
    )
