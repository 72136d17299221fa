"""`permissions:` of a workflow and of a job ─► what the job's token may do.

https://docs.github.com/actions/reference/workflow-syntax-for-github-actions#permissions
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rigs.workflows.language import WorkflowError

_SCOPES = (
    *("actions", "attestations", "checks", "contents", "deployments", "discussions", "id-token"),
    *("issues", "packages", "pages", "pull-requests", "security-events", "statuses"),
)
_LEVELS = ("none", "read", "write")
# What a repository gives where nothing is said, if its settings are the restricted ones.
_RESTRICTED = {"contents": "read", "packages": "read"}


def granted(asked: Any) -> dict[str, str]:
    """Give each scope's level for a value of `permissions:`, or for None, where there is none."""
    if asked is None:
        given = dict(_RESTRICTED)
    elif asked in ("read-all", "write-all"):
        given = dict.fromkeys(_SCOPES, str(asked).removesuffix("-all"))
    else:
        given = {str(scope): str(level) for scope, level in asked.items()}
    return {scope: given.get(scope, "none") for scope in _SCOPES}


def capped(asked: Any, cap: Mapping[str, str] | None, name: str) -> dict[str, str]:
    """Give what a job of a called workflow gets: nothing that its caller has not.

    Raises:
        WorkflowError: It asks for more than that, in GitHub's words.
    """
    if cap is None:
        return granted(asked)
    if asked is None:
        return dict(cap)
    wanted = granted(asked)
    for scope, level in wanted.items():
        if _LEVELS.index(level) > _LEVELS.index(cap[scope]):
            raise WorkflowError(
                f"The nested job '{name}' is requesting '{scope}: {level}', "
                f"but is only allowed '{scope}: {cap[scope]}'"
            )
    return wanted
