"""A job ─► the folders and the documented environment of the machine that it runs on."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Of the tests' own environment only this goes into a job: where programs are, and coverage.
_KEPT = ("COVERAGE_", "COV_CORE_")
_TOLD = (
    *("actor", "actor_id", "api_url", "base_ref", "event_name", "event_path", "graphql_url"),
    *("head_ref", "job", "ref", "ref_name", "ref_protected", "ref_type", "repository"),
    *("repository_id", "run_attempt", "run_id", "run_number", "server_url", "sha"),
    *("triggering_actor", "workflow", "workflow_ref", "workflow_sha", "workspace"),
)
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass
class Machine:
    """A machine of a job, made anew for each.

    Attributes:
        github: The `github` context.
        environment: What the workflow, the job and GITHUB_ENV have set so far.
        path: What GITHUB_PATH has put before PATH.
    """

    folder: Path
    github: dict[str, Any]
    token: str
    environment: dict[str, str] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)

    @property
    def workspace(self) -> Path:
        """The folder that steps run in."""
        name = str(self.github["repository"]).rpartition("/")[2]
        return self.folder / "work" / name / name

    @property
    def temporary(self) -> Path:
        """RUNNER_TEMP."""
        return self.folder / "work" / "_temp"

    def prepare(self) -> None:
        """Make the folders, and the event's file in them."""
        for each in (self.workspace, self.temporary, self.folder / "home", self.folder / "tools"):
            each.mkdir(parents=True)

    def runner_context(self) -> dict[str, str]:
        """Give the `runner` context."""
        arch = {"x86_64": "X64", "aarch64": "ARM64"}.get(platform.machine(), "X64")
        return {
            "name": "rig",
            "os": "Linux",
            "arch": arch,
            "temp": str(self.temporary),
            "tool_cache": str(self.folder / "tools"),
            "environment": "github-hosted",
            "debug": "",
        }

    def variables(self, step: Mapping[str, str], action: Mapping[str, str]) -> dict[str, str]:
        """Give all variables of a step: the documented ones cannot be overridden.

        https://docs.github.com/actions/reference/variables-reference#default-environment-variables

        Args:
            step: What the step's `env:` says.
            action: What the action or command files of this step add to the documented ones.
        """
        github = self.github
        owner = str(github["repository"]).partition("/")[0]
        default = {f"GITHUB_{key.upper()}": str(github[key]) for key in _TOLD}
        runner = {f"RUNNER_{key.upper()}": value for key, value in self.runner_context().items()}
        del runner["RUNNER_DEBUG"]
        base = {
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GIT_CONFIG_NOSYSTEM": "1",
            **{name: text for name, text in os.environ.items() if name.startswith(_KEPT)},
        }
        documented = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REPOSITORY_OWNER": owner,
            "GITHUB_REPOSITORY_OWNER_ID": "1",
            "GITHUB_RETENTION_DAYS": "90",
            **default,
            **runner,
            **action,
        }
        together = {**base, **self.environment, **step, **documented}
        path = together.get("PATH", _SYSTEM_PATH)
        return {**together, "PATH": os.pathsep.join([*self.path, path])}
