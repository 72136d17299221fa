"""What GitHub's GraphQL answers ─► the thread, git objects, and what runs took lately."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.forge.marker import read_marker, write_marker
from bot.thread import BOT, Comment, Thread

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """A git object; its content where it is a text that came along whole."""

    oid: str
    content: bytes | None


@dataclass(frozen=True)
class Spent:
    """What an entry remembers of the runs that it tells of."""

    issue: int
    key: str
    data: Mapping[str, Any]


def read_thread(issue: Node, comments: Iterable[Node], bot: str) -> Thread:
    """Read an issue as a thread.

    Args:
        issue: The issue.
        comments: All of its comments.
        bot: Who posted entries, where the token was another one then.
    """
    return Thread(
        number=issue["number"],
        title=issue["title"],
        body=issue["body"] or "",
        state=issue["state"].lower(),
        labels=tuple(label["name"] for label in issue["labels"]["nodes"]),
        author=login(issue.get("author")),
        created=issue["createdAt"],
        comments=tuple(read_comment(comment, bot) for comment in comments),
    )


def read_comment(node: Node, bot: str) -> Comment:
    """Read a comment; one of ours whose marker is understood is an entry."""
    body = (node["body"] or "").replace("\r\n", "\n")
    author = login(node.get("author"))
    marker = read_marker(body) if is_ours(node, bot) else None
    if marker is None:
        return Comment(number_of(node), author, node["createdAt"], node["updatedAt"], body)
    key, data = marker
    text = body.rstrip().rpartition("\n")[0].strip("\n")
    return Comment(number_of(node), BOT, node["createdAt"], node["updatedAt"], text, key, data)


def read_spent(issues: Iterable[Node], bot: str) -> tuple[Spent, ...]:
    """Read what entries of several issues remember."""
    found = []
    for issue in issues:
        for node in issue["comments"]["nodes"]:
            marker = read_marker(node["body"] or "") if is_ours(node, bot) else None
            if marker is not None:
                found.append(Spent(issue["number"], *marker))
    return tuple(found)


def is_ours(node: Node, bot: str) -> bool:
    """Say whether we posted a comment: it alone, and no text in it, decides."""
    return bool(node["viewerDidAuthor"]) or login(node.get("author")) == bot


def login(author: Node | None) -> str:
    """Give an account's login as REST writes it; nobody can register one with brackets."""
    if author is None:
        return "ghost"  # whose account is gone
    name = str(author["login"])
    is_bot = author["__typename"] == "Bot" and not name.endswith("[bot]")
    return f"{name}[bot]" if is_bot else name


def number_of(node: Node) -> int:
    """Give a comment's number as REST knows it."""
    return int(node["fullDatabaseId"])


def read_object(node: Node | None) -> Found | None:
    """Read a git object; its text counts only if it is just what git keeps."""
    if node is None:
        return None
    text = node.get("text")
    if text is None or node.get("isTruncated") or node.get("isBinary"):
        return Found(node["oid"], None)
    content = text.encode("utf-8", "surrogatepass")
    return Found(node["oid"], content if blob_id(content) == node["oid"] else None)


def blob_id(content: bytes) -> str:
    """Give the name that git has for a file's content."""
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content)).hexdigest()  # noqa: S324  # git's


def with_marker(body: str, key: str, data: dict[str, Any]) -> str:
    """Write an entry as it is posted."""
    text = body.strip("\n")
    return f"{text}\n\n{write_marker(key, data)}"
