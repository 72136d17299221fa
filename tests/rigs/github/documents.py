"""What emulate shows ─► the same, with what only the supplement knows put right."""

from __future__ import annotations

import re
from typing import Any, Final

from rigs.github.exchange import GitHubError
from rigs.github.world import World

CONTENTS: Final = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


def emulated(world: World, path: str) -> dict[str, Any]:
    """Give what emulate has at a path below the repository.

    Raises:
        GitHubError: 404, if it has nothing.
    """
    reply = world.ask("GET", f"/repos/{world.full_name}{path}", None)
    if reply.status == 404 and re.fullmatch(r"/issues/\d+", path):
        return issue_of(world, emulated(world, path.replace("issues", "pulls")))
    if reply.status != 200:
        raise GitHubError(404, "Not Found")
    return dict(reply.json())


_SHARED = (
    *("id", "node_id", "number", "title", "body", "user", "labels", "state", "locked", "assignee"),
    *("assignees", "milestone", "created_at", "updated_at", "closed_at", "author_association"),
    *("active_lock_reason", "comments"),
)


def issue_of(world: World, pull: dict[str, Any]) -> dict[str, Any]:
    """Give a pull request as the issue that it is to GitHub, and not to emulate."""
    url = f"{world.api}/issues/{pull['number']}"
    rels = {"labels_url": "labels{/name}", "comments_url": "comments", "events_url": "events"}
    counts = dict.fromkeys(CONTENTS, 0) | {"url": f"{url}/reactions", "total_count": 0}
    links = ("url", "html_url", "diff_url", "patch_url", "merged_at")
    issue = {
        **{key: pull.get(key) for key in _SHARED},
        **{key: f"{url}/{rel}" for key, rel in rels.items()},
        "url": url,
        "html_url": pull["html_url"],
        "repository_url": world.api,
        "pull_request": {key: pull[key] for key in links},
        "reactions": counts,
    }
    correct(world, issue)
    return issue


def correct(world: World, document: Any) -> None:
    """Put right, in a document of emulate's, what only the supplement knows."""
    if isinstance(document, list):
        for item in document:
            correct(world, item)
    elif isinstance(document, dict):
        if str(document.get("login", "")).endswith("[bot]"):
            document["type"] = "Bot"
        if "ref" in document and "sha" in document:  # the head or base of a pull request
            tip = world.bare.refs().get(f"refs/heads/{document['ref']}")
            document["sha"] = tip or document["sha"]
        if document.get("full_name") == world.full_name and "private" in document:
            visibility = "private" if world.private else "public"
            document |= {
                "private": world.private,
                "visibility": visibility,
                "default_branch": world.default_branch,
            }
        counts = document.get("reactions")
        if isinstance(counts, dict):
            subject = str(counts.get("url", "")).removeprefix(world.api).removesuffix("/reactions")
            found = [each.content for each in world.reactions if each.subject == subject]
            counts |= {content: found.count(content) for content in CONTENTS}
            counts["total_count"] = len(found)
        for value in document.values():
            correct(world, value)
