"""A repository's settings: who has which role, its runners, what its jobs may."""

from __future__ import annotations

from rigs.github.exchange import GitHubError, Reply, Request, answer
from rigs.github.people import PERMISSIONS
from rigs.github.world import World, route


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
