"""Reactions to issues and comments, which emulate lacks.

https://docs.github.com/rest/reactions/reactions
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rigs.github.documents import CONTENTS, emulated
from rigs.github.exchange import GitHubError, Reply, Request, answer
from rigs.github.world import Reaction, World, listed, route


def _reaction(world: World, reaction: Reaction) -> dict[str, Any]:
    return {
        "id": reaction.number,
        "node_id": f"REA_{reaction.number}",
        "user": world.user(reaction.login),
        "content": reaction.content,
        "created_at": reaction.at,
    }


def _react(world: World, request: Request, subject: str) -> Reply:
    emulated(world, subject)
    content, login = request.json().get("content"), request.person().login
    if content not in CONTENTS:
        raise GitHubError(422, "Validation Failed")
    same = (subject, login, content)
    for present in world.reactions:
        if (present.subject, present.login, present.content) == same:
            return answer(200, _reaction(world, present))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    new = Reaction(world.next_number(), subject, login, content, now)
    world.reactions.append(new)
    return answer(201, _reaction(world, new))


def _reactions(world: World, request: Request, subject: str) -> Reply:
    emulated(world, subject)
    content = request.query.get("content")
    found = [
        _reaction(world, each)
        for each in world.reactions
        if each.subject == subject and content in (None, each.content)
    ]
    return listed(world, request, found)


def _unreact(world: World, request: Request, subject: str, number: str) -> Reply:
    for each in world.reactions:
        if (each.subject, each.number) == (subject, int(number)):
            world.reactions.remove(each)
            return Reply(204)
    raise GitHubError(404, "Not Found")


@route("POST", "/issues/{number}/reactions")
def react_to_issue(world: World, request: Request, number: str) -> Reply:
    return _react(world, request, f"/issues/{number}")


@route("GET", "/issues/{number}/reactions")
def issue_reactions(world: World, request: Request, number: str) -> Reply:
    return _reactions(world, request, f"/issues/{number}")


@route("DELETE", "/issues/{number}/reactions/{reaction}")
def unreact_to_issue(world: World, request: Request, number: str, reaction: str) -> Reply:
    return _unreact(world, request, f"/issues/{number}", reaction)


@route("POST", "/issues/comments/{comment}/reactions")
def react_to_comment(world: World, request: Request, comment: str) -> Reply:
    return _react(world, request, f"/issues/comments/{comment}")


@route("GET", "/issues/comments/{comment}/reactions")
def comment_reactions(world: World, request: Request, comment: str) -> Reply:
    return _reactions(world, request, f"/issues/comments/{comment}")


@route("DELETE", "/issues/comments/{comment}/reactions/{reaction}")
def unreact_to_comment(world: World, request: Request, comment: str, reaction: str) -> Reply:
    return _unreact(world, request, f"/issues/comments/{comment}", reaction)
