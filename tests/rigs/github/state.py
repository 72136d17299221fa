"""A world ─► what is in it, without numbers and times: equal for two worlds that tell the same."""

from __future__ import annotations

import re
from typing import Any

from rigs.github.world import World

_COMMENT = re.compile(r"issuecomment-\d+")
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| ?UTC|[+-]\d\d:\d\d)?|\b\d\d:\d\d UTC"
)


def describe(world: World) -> dict[str, Any]:
    """Give threads, reactions, labels, pull requests and refs with their files."""
    clean = _cleaner(world)
    issues = world.every("/issues", "&state=all&sort=created&direction=asc")
    pulls = world.every("/pulls", "&state=all&sort=created&direction=asc")
    return {
        "issues": {issue["number"]: _issue(world, issue, clean) for issue in issues},
        "pulls": {
            pull["number"]: {
                "title": clean(pull["title"]),
                "body": clean(pull["body"] or ""),
                "state": pull["state"],
                "merged": bool(pull.get("merged_at")),
                "head": pull["head"]["ref"],
                "base": pull["base"]["ref"],
                "labels": sorted(label["name"] for label in pull["labels"]),
                "comments": _comments(world, pull["number"], clean),
            }
            for pull in pulls
        },
        "labels": sorted(label["name"] for label in world.every("/labels")),
        "refs": {ref: _ref(world, sha, clean) for ref, sha in world.bare.refs().items()},
    }


def _issue(world: World, issue: dict[str, Any], clean: Any) -> dict[str, Any]:
    number = issue["number"]
    return {
        "title": clean(issue["title"]),
        "body": clean(issue["body"] or ""),
        "author": issue["user"]["login"],
        "state": issue["state"],
        "state_reason": issue["state_reason"],
        "labels": sorted(label["name"] for label in issue["labels"]),
        "reactions": _reactions(world, f"/issues/{number}"),
        "linked": sorted(world.linked.get(number, [])),
        "sub_issues": sorted(world.sub_issues.get(number, [])),
        "comments": _comments(world, number, clean),
    }


def _comments(world: World, number: int, clean: Any) -> list[dict[str, Any]]:
    return [
        {
            "author": comment["user"]["login"],
            "body": clean(comment["body"]),
            "reactions": _reactions(world, f"/issues/comments/{comment['id']}"),
            "pinned": comment["id"] in world.pinned,
            "minimized": world.minimized.get(comment["id"]),
        }
        for comment in world.every(f"/issues/{number}/comments")
    ]


def _reactions(world: World, subject: str) -> list[tuple[str, str]]:
    return sorted((each.login, each.content) for each in world.reactions if each.subject == subject)


def _ref(world: World, sha: str, clean: Any) -> dict[str, Any]:
    """Give the files of a ref's tip, and the messages of its history."""
    entries = [entry for entry in world.bare.tree(sha, deep=True) if entry.kind == "blob"]
    files = {entry.path: _content(world, entry.sha, clean) for entry in entries}
    return {"files": files, "messages": world.bare.git("log", "--format=%s", sha).splitlines()}


def _content(world: World, sha: str, clean: Any) -> str:
    """Give a text without what differs from one world to the next; of anything else, its SHA."""
    try:
        return str(clean(world.bare.raw("cat-file", "blob", sha).decode()))
    except UnicodeDecodeError:
        return sha


def _cleaner(world: World) -> Any:
    """Make the function that takes out of a text what differs from one world to the next."""
    lines = world.bare.git("log", "--all", "--format=%H %s").splitlines()
    subjects = dict(line.split(" ", 1) for line in lines)
    known = re.compile(r"\b[0-9a-f]{7,40}\b")

    def name(match: re.Match[str]) -> str:
        for commit, subject in subjects.items():
            if commit.startswith(match[0]):
                return f"<commit: {subject}>"
        return match[0]

    def clean(text: str) -> str:
        text = known.sub(name, text.replace(world.origin, "https://github.test"))
        return _TIME.sub("<time>", _COMMENT.sub("issuecomment-<n>", text)).strip()

    return clean
