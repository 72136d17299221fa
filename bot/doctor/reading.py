"""A repository on GitHub ─► what GitHub says of its settings, as far as the token may ask."""

from __future__ import annotations

import base64
from typing import Any

from bot.doctor.settings import Refused, Said, Settings
from bot.forge.github_api import Api
from bot.setup.files import WORKFLOW

_REFUSALS = (403, 404)  # GitHub says 404 for what a token may not know of


def read_settings(api: Api) -> Settings | Refused:
    """Ask for all that the doctor looks at.

    Raises:
        ForgeError: GitHub cannot be reached, or does not know the token.
    """
    repository = _ask(api, "")
    if isinstance(repository, Refused):
        return repository
    default = str(repository["default_branch"])
    actions = _ask(api, "/actions/permissions")
    only_chosen = isinstance(actions, dict) and actions.get("allowed_actions") == "selected"
    return Settings(
        repository=repository,
        actions=actions,
        chosen=_ask(api, "/actions/permissions/selected-actions") if only_chosen else None,
        workflow=_ask(api, "/actions/permissions/workflow"),
        workflows=_ask(api, "/actions/workflows", per_page=100),
        runners=_ask(api, "/actions/runners", per_page=100),
        branch=_ask(api, f"/branches/{default}"),
        labels=tuple(str(label["name"]) for label in api.pages("/labels")),
        committed=_committed(api, default),
    )


def _ask(api: Api, path: str, **parameters: Any) -> Said:
    answer = api.get(path, allowed=_REFUSALS, **parameters)
    return Refused(answer.status) if answer.status in _REFUSALS else answer.data


def _committed(api: Api, branch: str) -> str | None:
    """Read the workflow's file on a branch."""
    file = _ask(api, f"/contents/{WORKFLOW}", ref=branch)
    if not isinstance(file, dict):
        return None
    return base64.b64decode(file["content"]).decode(errors="replace")
