"""A GraphQL document ─► what GitHub's own schema lets it ask, answered from this world.

graphql-core validates and executes it; the fields that this rig knows are in `_FIELDS`, and asking
for another one is an error that says so.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import graphql
from graphql import GraphQLError, GraphQLResolveInfo

from rigs import node
from rigs.github import graphql_reads
from rigs.github.exchange import GitHubError, Reply, Request, answer
from rigs.github.issues import add_sub_issue_to, issue_by
from rigs.github.people import Need
from rigs.github.world import World

_WRITES_ISSUES = Need(("issues",), "write", "triage")
_WRITES_BOTH = (Need(("contents",), "write", "write"), _WRITES_ISSUES)


@cache
def schema() -> graphql.GraphQLSchema:
    """Give GitHub's schema, as it publishes it; takes most of a second, once."""
    text = node.package_file("@octokit", "graphql-schema", "schema.graphql").read_text("utf-8")
    return graphql.build_schema(text, assume_valid=True, assume_valid_sdl=True, no_location=True)


def execute(world: World, request: Request) -> Reply:
    """Answer a request to `/graphql`."""
    request.person()
    asked = request.json()
    try:
        document = graphql.parse(str(asked.get("query", "")))
    except GraphQLError as error:
        return answer(200, {"errors": [error.formatted]})
    errors = graphql.validate(schema(), document)
    if errors:
        return answer(200, {"errors": [error.formatted for error in errors]})
    result = graphql.execute_sync(
        schema(),
        document,
        context_value=(world, request),
        variable_values=asked.get("variables") or {},
        operation_name=asked.get("operationName"),
        field_resolver=_resolve,
    )
    told = [_formatted(error) for error in result.errors or ()]
    return answer(200, {"data": result.data} | ({"errors": told} if told else {}))


def _formatted(error: GraphQLError) -> dict[str, Any]:
    inner = error.original_error
    kinds = {403: "FORBIDDEN", 404: "NOT_FOUND"}
    kind = kinds.get(inner.status, "UNPROCESSABLE") if isinstance(inner, GitHubError) else "RIG"
    message = inner.message if isinstance(inner, GitHubError) else error.message
    return {**error.formatted, "message": message, "type": kind}


def _resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    known = _FIELDS.get(f"{info.parent_type.name}.{info.field_name}")
    if known is not None:
        world, request = info.context
        return known(world, request, source, **arguments)
    if not isinstance(source, dict) or info.field_name not in source:
        raise GraphQLError(f"the rig has no {info.parent_type.name}.{info.field_name}")
    return source[info.field_name]


Field = Callable[..., Any]


def _allow(request: Request, *needs: Need) -> None:
    if not all(request.person().may(need) for need in needs):
        raise GitHubError(403, "Resource not accessible by integration")


def _ref(world: World, name: str, sha: str) -> dict[str, Any]:
    target = {"__typename": "Commit", "id": f"C_{sha}", "oid": sha}
    return {"id": f"REF_{name}", "name": name, "prefix": "refs/heads/", "target": target}


def _repository(world: World, request: Request, source: Any, **arguments: Any) -> dict[str, Any]:
    if f"{arguments['owner']}/{arguments['name']}".lower() != world.full_name.lower():
        raise GitHubError(404, "Could not resolve to a Repository")
    found = world.ask("GET", f"/repos/{world.full_name}", None).json()
    tip = world.bare.resolve(world.default_branch)
    return {
        "__typename": "Repository",
        "id": found["node_id"],
        "databaseId": found["id"],
        "name": world.name,
        "nameWithOwner": world.full_name,
        "isPrivate": world.private,
        "defaultBranchRef": _ref(world, world.default_branch, tip) if tip else None,
    }


def _repository_ref(world: World, request: Request, source: Any, **arguments: Any) -> Any:
    name = str(arguments["qualifiedName"])
    full = name if name.startswith("refs/") else f"refs/heads/{name}"
    sha = world.bare.refs().get(full)
    return _ref(world, full.removeprefix("refs/heads/"), sha) if sha else None


def _issue(world: World, found: dict[str, Any]) -> dict[str, Any]:
    return {
        "__typename": "Issue",
        "id": found["node_id"],
        "databaseId": found["id"],
        "fullDatabaseId": str(found["id"]),
        "number": found["number"],
        "title": found["title"],
        "body": found["body"] or "",
        "state": found["state"].upper(),
        "url": found["html_url"],
        "createdAt": found["created_at"],
        "author": graphql_reads.actor(found["user"]),
        "found": found,
    }


def _repository_issue(world: World, request: Request, source: Any, **arguments: Any) -> Any:
    return _issue(world, issue_by(world, "number", arguments["number"]))


def _linked(world: World, request: Request, source: Any, **arguments: Any) -> dict[str, Any]:
    names = world.linked.get(source["number"], [])
    tips = world.bare.refs("refs/heads/")
    nodes = [
        _linked_branch(world, name, tips[f"refs/heads/{name}"])
        for name in names
        if f"refs/heads/{name}" in tips  # a branch that is deleted is no longer linked
    ]
    return {"totalCount": len(nodes), "nodes": nodes[: arguments.get("first", 100)]}


def _linked_branch(world: World, name: str, sha: str) -> dict[str, Any]:
    return {"id": f"LB_{name}", "ref": _ref(world, name, sha)}


def _create_linked_branch(
    world: World,
    request: Request,
    source: Any,
    **arguments: Any,  # named as in GitHub's schema
) -> dict[str, Any]:
    asked = arguments["input"]
    _allow(request, *_WRITES_BOTH)
    found = issue_by(world, "node_id", asked["issueId"])
    name = str(asked.get("name") or f"{found['number']}-branch").removeprefix("refs/heads/")
    issue = _issue(world, found)
    shared = {"clientMutationId": asked.get("clientMutationId"), "issue": issue}
    if world.refuses_links or f"refs/heads/{name}" in world.bare.refs():
        return {**shared, "linkedBranch": None}
    if not world.bare.has(asked["oid"], "commit"):
        raise GitHubError(422, "oid does not name a commit")
    world.bare.git("check-ref-format", "--branch", name)
    world.bare.git("update-ref", f"refs/heads/{name}", asked["oid"], "0" * 40)
    world.linked.setdefault(found["number"], []).append(name)
    return {**shared, "linkedBranch": _linked_branch(world, name, asked["oid"])}


def _add_sub_issue(world: World, request: Request, source: Any, **arguments: Any) -> dict[str, Any]:
    asked = arguments["input"]
    _allow(request, _WRITES_ISSUES)
    parent = issue_by(world, "node_id", asked["issueId"])
    child = issue_by(world, "node_id", asked["subIssueId"])
    add_sub_issue_to(world, parent["number"], child["number"])
    return {
        "clientMutationId": asked.get("clientMutationId"),
        "issue": _issue(world, parent),
        "subIssue": _issue(world, child),
    }


def _minimize(world: World, request: Request, source: Any, **arguments: Any) -> dict[str, Any]:
    asked = arguments["input"]
    _allow(request, _WRITES_ISSUES)
    for comment in world.every("/issues/comments"):
        if comment["node_id"] == asked["subjectId"]:
            world.minimized[comment["id"]] = asked["classifier"]
            reason = str(asked["classifier"]).lower()
            seen = {
                "__typename": "IssueComment",
                "id": comment["node_id"],
                "isMinimized": True,
                "minimizedReason": reason,
            }
            client = asked.get("clientMutationId")
            return {"clientMutationId": client, "minimizedComment": seen}
    raise GitHubError(404, "Could not resolve to a node with that global id")


_FIELDS: dict[str, Field] = {
    "Repository.object": graphql_reads.git_object,
    "Repository.issues": graphql_reads.issues(_issue),
    "Issue.labels": graphql_reads.labels,
    "Issue.comments": graphql_reads.comments,
    "Query.repository": _repository,
    "Repository.issue": _repository_issue,
    "Repository.ref": _repository_ref,
    "Issue.linkedBranches": _linked,
    "Mutation.createLinkedBranch": _create_linked_branch,
    "Mutation.addSubIssue": _add_sub_issue,
    "Mutation.minimizeComment": _minimize,
}
