"""What emulate lacks of the REST API: reactions, permissions, pins, sub-issues, pulls' branches."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from rigs.github.exchange import GitHubError, Reply, Request, answer
from rigs.github.people import PERMISSIONS
from rigs.github.world import Reaction, World, listed, route

CONTENTS: Final = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


def emulated(world: World, path: str) -> dict[str, Any]:
    """Give what emulate has at a path below the repository.

    Raises:
        GitHubError: 404, if it has nothing.
    """
    reply = world.ask("GET", f"/repos/{world.full_name}{path}", None)
    if reply.status == 404 and re.fullmatch(r"/issues/\d+", path):
        return _issue_of(world, emulated(world, path.replace("issues", "pulls")))
    if reply.status != 200:
        raise GitHubError(404, "Not Found")
    return dict(reply.json())


_SHARED = (
    *("id", "node_id", "number", "title", "body", "user", "labels", "state", "locked", "assignee"),
    *("assignees", "milestone", "created_at", "updated_at", "closed_at", "author_association"),
    *("active_lock_reason", "comments"),
)


def _issue_of(world: World, pull: dict[str, Any]) -> dict[str, Any]:
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


@route("GET", "/collaborators/{login}/permission")
def permission(world: World, request: Request, login: str) -> Reply:
    role = world.people.roles.get(login)
    if role is None:
        raise GitHubError(404, f"{login} is not a user")
    if role == "none" and not world.private:
        role = "read"  # whoever there is may read a public repository
    user = world.user(login) | {"role_name": role}
    word = PERMISSIONS[role]
    return answer(200, {"permission": word, "role_name": role, "user": user})


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
    parent = emulated(world, f"/issues/{number}")
    child = issue_by(world, "id", request.json().get("sub_issue_id"))
    add_sub_issue_to(world, parent["number"], child["number"])
    return answer(201, parent)


@route("GET", "/issues/{number}/sub_issues")
def sub_issues(world: World, request: Request, number: str) -> Reply:
    children = world.sub_issues.get(int(number), [])
    return listed(world, request, [emulated(world, f"/issues/{child}") for child in children])


@route("GET", "/actions/permissions/workflow")
def workflow_permissions(world: World, request: Request) -> Reply:
    document = {
        "default_workflow_permissions": world.workflow_permissions,
        "can_approve_pull_request_reviews": False,
    }
    return answer(200, document)


@route("GET", "/actions/runners")
def runners(world: World, request: Request) -> Reply:
    found = [
        {
            "id": number,
            "name": name,
            "os": "linux",
            "status": "online",
            "busy": False,
            "labels": [{"name": label, "type": "custom"} for label in labels],
        }
        for number, (name, labels) in enumerate(world.runners.items(), 1)
    ]
    return answer(200, {"total_count": len(found), "runners": found})


def list_issues(world: World, request: Request) -> Reply:
    """List issues as GitHub does, pull requests among them; emulate leaves those out."""
    query = {key: text for key, text in request.query.items() if key not in ("page", "per_page")}
    text = "".join(f"&{key}={quote(value)}" for key, value in query.items())
    found = list(world.every("/issues", text))
    if not set(query) & {"milestone", "assignee", "mentioned"}:
        labels = set(filter(None, query.get("labels", "").split(",")))
        state = query.get("state", "open")
        for pull in world.every("/pulls", f"&state={state}"):
            issue = _issue_of(world, emulated(world, f"/pulls/{pull['number']}"))
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


def check_pull(world: World, asked: dict[str, Any]) -> None:
    """Refuse a pull request as GitHub does, which knows the branches; emulate would make them.

    Raises:
        GitHubError: 422 with GitHub's words.
    """
    head = str(asked.get("head", "")).rpartition(":")[2]
    base = str(asked.get("base", ""))
    tips = [world.bare.refs().get(f"refs/heads/{name}") for name in (head, base)]
    if None in tips:
        raise GitHubError(422, "Validation Failed: head or base does not exist")
    if world.bare.is_ancestor(str(tips[0]), str(tips[1])):
        raise GitHubError(422, f"No commits between {base} and {head}")
    query = f"state=open&head={world.owner}:{head}&base={base}"
    if world.ask("GET", f"/repos/{world.full_name}/pulls?{query}", None).json():
        raise GitHubError(422, f"A pull request already exists for {world.owner}:{head}.")


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


# https://docs.github.com/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue
_CLOSES = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):? #(\d+)\b", re.IGNORECASE)


def merge(world: World, number: int) -> str:
    """Merge a pull request and close the issues that its text says; the merge commit.

    Raises:
        GitHubError: 405, if it cannot be merged.
    """
    pull = emulated(world, f"/pulls/{number}")
    base, head = (world.bare.refs()[f"refs/heads/{pull[end]['ref']}"] for end in ("base", "head"))
    try:
        tree = world.bare.git("merge-tree", "--write-tree", base, head)
    except GitHubError:
        raise GitHubError(405, "Pull Request is not mergeable") from None
    owner = {"name": world.owner, "email": f"{world.owner}@users.noreply.github.com"}
    message = f"Merge pull request #{number} from {world.owner}/{pull['head']['ref']}"
    sha = world.bare.write_commit(tree, [base, head], message, owner, owner)
    world.bare.git("update-ref", f"refs/heads/{pull['base']['ref']}", sha, base)
    top = f"/repos/{world.full_name}"
    merged = world.ask("PUT", f"{top}/pulls/{number}/merge", {})
    if merged.status != 200:
        raise GitHubError(merged.status, merged.body.decode())
    for issue in _CLOSES.findall(pull["body"] or ""):
        closed = {"state": "closed", "state_reason": "completed"}
        world.ask("PATCH", f"{top}/issues/{issue}", closed)
    return sha
