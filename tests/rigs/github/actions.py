"""Workflow runs on GitHub, as far as somebody may cancel one; importing this fills the table."""

from __future__ import annotations

from rigs.github.exchange import GitHubError, Reply, Request, answer
from rigs.github.world import World, route


@route("POST", "/actions/runs/{number}/cancel")
def cancel(world: World, request: Request, number: str) -> Reply:
    """https://docs.github.com/rest/actions/workflow-runs#cancel-a-workflow-run"""
    status = world.workflow_runs.get(int(number))
    if status is None:
        raise GitHubError(404, "Not Found")
    if status == "completed":
        raise GitHubError(409, "Cannot cancel a workflow run that is completed.")
    world.workflow_runs[int(number)] = "cancelled"
    return answer(202, {})
