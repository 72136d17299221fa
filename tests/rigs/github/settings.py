"""A repository's settings on GitHub, which only those who administer it may see.

Importing this fills the table of routes, as the supplement does. `settings` tells what is set.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rigs.github.exchange import GitHubError, Reply, Request, answer
from rigs.github.world import World, route


@dataclass
class Settings:
    """What somebody has set, or what stands at Settings → Actions of a new repository.

    Attributes:
        runners: Each self-hosted runner's name, with its labels and whether it is online.
        workflows: Each workflow's path, with its state.
    """

    enabled: bool = True
    allowed: str = "all"
    default_permissions: str = "read"
    may_make_pulls: bool = False
    runners: dict[str, tuple[tuple[str, ...], bool]] = field(default_factory=dict)
    workflows: dict[str, str] = field(default_factory=dict)


settings = Settings()


def renew() -> None:
    """Set everything back."""
    vars(settings).update(vars(Settings()))


def _administers(request: Request) -> None:
    if request.who is None or request.who.role != "admin" or request.who.grants is not None:
        raise GitHubError(403, "Resource not accessible by integration")


@route("GET", "/actions/permissions")
def actions_permissions(world: World, request: Request) -> Reply:
    _administers(request)
    said: dict[str, Any] = {"enabled": settings.enabled, "sha_pinning_required": False}
    return answer(200, said | ({"allowed_actions": settings.allowed} if settings.enabled else {}))


@route("GET", "/actions/permissions/workflow")
def workflow_permissions(world: World, request: Request) -> Reply:
    _administers(request)
    return answer(
        200,
        {
            "default_workflow_permissions": settings.default_permissions,
            "can_approve_pull_request_reviews": settings.may_make_pulls,
        },
    )


@route("GET", "/actions/runners")
def runners(world: World, request: Request) -> Reply:
    _administers(request)
    listed = [
        {
            "id": number,
            "name": name,
            "os": "linux",
            "status": "online" if online else "offline",
            "busy": False,
            "labels": [{"name": label, "type": "custom"} for label in labels],
        }
        for number, (name, (labels, online)) in enumerate(settings.runners.items(), start=1)
    ]
    return answer(200, {"total_count": len(listed), "runners": listed})


@route("GET", "/actions/workflows")
def workflows(world: World, request: Request) -> Reply:
    top = f"{world.api}/actions/workflows"
    pages = f"{world.origin}/{world.full_name}"
    listed = [
        {
            "id": number,
            "node_id": f"W_{number}",
            "name": path,
            "path": path,
            "state": state,
            "created_at": "2026-11-21T00:00:00Z",
            "updated_at": "2026-11-21T00:00:00Z",
            "url": f"{top}/{number}",
            "html_url": f"{pages}/blob/main/{path}",
            "badge_url": f"{pages}/workflows/{number}/badge.svg",
        }
        for number, (path, state) in enumerate(settings.workflows.items(), start=1)
    ]
    return answer(200, {"total_count": len(listed), "workflows": listed})
