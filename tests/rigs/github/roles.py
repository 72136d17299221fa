"""Who has which role in the repository, in GitHub's words of today and of old."""

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
