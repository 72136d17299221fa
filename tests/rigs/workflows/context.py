"""An event ─► whether a workflow runs for it, and the `github` context that it then has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rigs.github import Server


def is_on(triggers: Any, event: str, payload: Mapping[str, Any]) -> bool:
    """Tell whether a workflow with this `on:` runs for an event."""
    if isinstance(triggers, str):
        triggers = [triggers]
    if event not in triggers:
        return False
    about = triggers[event] if isinstance(triggers, Mapping) else None
    types = (about or {}).get("types")
    if isinstance(types, str):
        types = [types]
    return types is None or payload.get("action") in types


def github_context(
    server: Server,
    number: int,
    parsed: Mapping[str, Any],
    workflow: Path,
    event: str,
    payload: Mapping[str, Any],
    event_path: Path,
) -> dict[str, Any]:
    """Give the `github` context of the n-th run, but for what each job has of its own."""
    branch = server.world.default_branch
    sender = payload.get("sender", {})
    place = f"{server.repository}/.github/workflows/{workflow.name}"
    sha = server.bare.resolve(branch) or ""
    return {
        "actor": sender.get("login", ""),
        "actor_id": str(sender.get("id", "")),
        "triggering_actor": sender.get("login", ""),
        "api_url": server.origin,
        "server_url": server.origin,
        "graphql_url": f"{server.origin}/graphql",
        "base_ref": "",
        "head_ref": "",
        "event": payload,
        "event_name": event,
        "event_path": str(event_path),
        "ref": f"refs/heads/{branch}",
        "ref_name": branch,
        "ref_type": "branch",
        "ref_protected": "false",
        "repository": server.repository,
        "repository_id": str(server.document("")["id"]),
        "repository_owner": server.repository.partition("/")[0],
        "run_attempt": "1",
        "run_id": str(1000 + number),
        "run_number": str(number),
        "sha": sha,
        "workflow": parsed.get("name", place),
        "workflow_ref": f"{place}@refs/heads/{branch}",
        "workflow_sha": sha,
    }
