"""What GraphQL reads of issues, comments and git objects, answered from a world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rigs.github.exchange import GitHubError, Request
from rigs.github.world import World

Document = dict[str, Any]


def actor(user: Document | None) -> Document | None:
    """Show an account as GraphQL does: a bot's login has no suffix there."""
    if user is None:
        return None
    login = str(user["login"])
    if login.endswith("[bot]"):
        return {"__typename": "Bot", "login": login.removesuffix("[bot]")}
    return {"__typename": "User", "login": login}


def labels(world: World, request: Request, source: Document, **arguments: Any) -> Document:
    """Answer `Issue.labels`."""
    nodes = [{"name": label["name"]} for label in source["found"]["labels"]]
    return {"totalCount": len(nodes), "nodes": nodes[: arguments["first"]]}


def comments(world: World, request: Request, source: Document, **arguments: Any) -> Document:
    """Answer `Issue.comments`; a cursor is how many comments came before."""
    path = f"/repos/{world.full_name}/issues/{source['number']}/comments"
    found: list[Document] = []
    for page in range(1, 100):
        more = world.ask("GET", f"{path}?per_page=100&page={page}", None).json()
        found += more
        if len(more) < 100:
            break
    if arguments.get("last"):
        chosen, more_follow, end = found[-arguments["last"] :], False, len(found)
    else:
        start = int(arguments.get("after") or 0)
        end = min(len(found), start + arguments["first"])
        chosen, more_follow = found[start:end], end < len(found)
    return {
        "totalCount": len(found),
        "pageInfo": {"hasNextPage": more_follow, "endCursor": str(end) if chosen else None},
        "nodes": [_comment(world, comment, request.person().login) for comment in chosen],
    }


def _comment(world: World, comment: Document, viewer: str) -> Document:
    return {
        "__typename": "IssueComment",
        "id": comment["node_id"],
        "fullDatabaseId": str(comment["id"]),
        "author": actor(comment["user"]),
        "viewerDidAuthor": comment["user"]["login"] == viewer,
        "body": comment["body"],
        "createdAt": world.said.get(comment["id"], comment["created_at"]),
        "updatedAt": comment["updated_at"],
    }


def issues(issue: Callable[[World, Document], Document]) -> Callable[..., Document]:
    """Make what answers `Repository.issues`; as many labels as are named, any of them."""

    def answer(world: World, request: Request, source: Document, **arguments: Any) -> Document:
        where = f"/repos/{world.full_name}/issues?state=all&per_page=100"
        found = world.ask("GET", where, None).json()
        wanted = set(arguments.get("labels") or ())
        since = (arguments.get("filterBy") or {}).get("since") or ""
        viewer = request.person().login
        nodes = [
            {**issue(world, each), "viewerDidAuthor": each["user"]["login"] == viewer}
            for each in found
            if "pull_request" not in each
            and (not wanted or wanted & {label["name"] for label in each["labels"]})
            and each["updated_at"] >= since
        ]
        start = int(arguments.get("after") or 0)
        end = min(len(nodes), start + arguments["first"])
        return {
            "totalCount": len(nodes),
            "pageInfo": {"hasNextPage": end < len(nodes), "endCursor": str(end) if end else None},
            "nodes": nodes[start:end],
        }

    return answer


def git_object(world: World, request: Request, source: Document, **arguments: Any) -> Any:
    """Answer `Repository.object`: whatever git resolves an expression to."""
    try:
        oid = world.bare.git("rev-parse", "-q", "--verify", str(arguments["expression"]))
        kind = world.bare.git("cat-file", "-t", oid)
    except GitHubError:
        return None
    shown: Document = {"__typename": kind.title(), "id": f"G_{oid}", "oid": oid}
    if kind != "blob":
        return shown
    content = world.bare.raw("cat-file", "blob", oid)
    binary = b"\0" in content[:8000]
    whole = content[:512_000]
    text = None if binary else whole.decode("utf-8", "replace")
    truncated = len(whole) < len(content)
    return {**shown, "text": text, "isBinary": binary, "isTruncated": truncated}
