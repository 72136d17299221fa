"""What emulate lacks of issues: sub-issues, pins, pull requests among them, a limit of length."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from rigs.github.documents import emulated, issue_of
from rigs.github.exchange import GitHubError, Reply, Request, answer
from rigs.github.world import World, listed, route


@route("PUT", "/issues/comments/{comment}/pin")
def pin(world: World, request: Request, comment: str) -> Reply:
    document = emulated(world, f"/issues/comments/{comment}")
    world.pinned.add(int(comment))
    return answer(200, document)


@route("DELETE", "/issues/comments/{comment}/pin")
def unpin(world: World, request: Request, comment: str) -> Reply:
    if int(comment) not in world.pinned:
        raise GitHubError(404, "Not Found")
    world.pinned.remove(int(comment))
    return Reply(204)


def issue_by(world: World, key: str, value: object) -> dict[str, Any]:
    """Give the issue whose field has this value.

    Raises:
        GitHubError: 404, if none has.
    """
    for issue in world.every("/issues", "&state=all"):
        if issue[key] == value:
            return issue
    raise GitHubError(404, "Not Found")


def add_sub_issue_to(world: World, parent: int, child: int) -> None:
    """Make an issue part of another.

    Raises:
        GitHubError: It is part of one already, or of itself.
    """
    if parent == child or any(child in children for children in world.sub_issues.values()):
        raise GitHubError(422, "Issue may not contain duplicate sub-issues")
    world.sub_issues.setdefault(parent, []).append(child)


@route("POST", "/issues/{number}/sub_issues")
def add_sub_issue(world: World, request: Request, number: str) -> Reply:
    if world.refuses_sub_issues:
        raise GitHubError(404, "Not Found")
    parent = emulated(world, f"/issues/{number}")
    child = issue_by(world, "id", request.json().get("sub_issue_id"))
    add_sub_issue_to(world, parent["number"], child["number"])
    return answer(201, parent)


@route("GET", "/issues/{number}/sub_issues")
def sub_issues(world: World, request: Request, number: str) -> Reply:
    children = world.sub_issues.get(int(number), [])
    found = [emulated(world, f"/issues/{child}") for child in children]
    return listed(world, request, [_as_github(world, each) for each in found])


def _as_github(world: World, issue: dict[str, Any]) -> dict[str, Any]:
    """Give an issue whose author's addresses are ones, and that leaves out what nobody decided."""
    shown = {
        name: value for name, value in issue.items() if (name, value) != ("state_reason", None)
    }
    return shown | {"user": world.user(issue["user"]["login"])}


def list_issues(world: World, request: Request) -> Reply:
    """List issues as GitHub does, pull requests among them; emulate leaves those out."""
    query = {key: text for key, text in request.query.items() if key not in ("page", "per_page")}
    text = "".join(f"&{key}={quote(value)}" for key, value in query.items())
    found = list(world.every("/issues", text))
    if not set(query) & {"milestone", "assignee", "mentioned"}:
        labels = set(filter(None, query.get("labels", "").split(",")))
        state = query.get("state", "open")
        for pull in world.every("/pulls", f"&state={state}"):
            issue = issue_of(world, emulated(world, f"/pulls/{pull['number']}"))
            wanted = labels <= {label["name"] for label in issue["labels"]}
            if wanted and query.get("creator") in (None, issue["user"]["login"]):
                found.append(issue)
    key = {"updated": "updated_at", "comments": "comments"}.get(query.get("sort", ""), "created_at")
    up = query.get("direction") == "asc"
    found.sort(key=lambda issue: (issue[key], issue["number"]), reverse=not up)
    return listed(world, request, found)


# https://docs.github.com/rest/issues/comments: GitHub says so when it is too late.
BODY_LIMIT = 65536


def check_body(asked: dict[str, Any]) -> None:
    """Refuse a text that is longer than GitHub takes; emulate would take it.

    Raises:
        GitHubError: 422 with GitHub's words.
    """
    if len(str(asked.get("body") or "")) > BODY_LIMIT:
        said = f"body is too long (maximum is {BODY_LIMIT} characters)"
        raise GitHubError(422, f"Validation Failed: {said}")
