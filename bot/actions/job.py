"""The environment that GitHub Actions gives a step ─► what our jobs need of it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.config import FILE_NAME, Config, read_config
from bot.errors import ForgeError, RequestError

_TOKEN = "GITHUB_TOKEN"  # noqa: S105  # the variable's name


@dataclass(frozen=True)
class Job:
    """A step of a job, by its environment."""

    environment: Mapping[str, str]

    @classmethod
    def here(cls) -> Job:
        """Give the step that this process is."""
        return cls(os.environ)

    def __getitem__(self, name: str) -> str:
        """Give a variable.

        Raises:
            ForgeError: It is missing.
        """
        value = self.environment.get(name, "")
        if not value:
            raise ForgeError(
                f"the variable {name} is not set",
                right="This command is for the steps of the workflow that `excursion init "
                "--github` writes.",
            )
        return value

    @property
    def token(self) -> str:
        """What GitHub knows us by."""
        return self[_TOKEN]

    @property
    def repository(self) -> str:
        """The repository, as owner/name."""
        return self["GITHUB_REPOSITORY"]

    @property
    def api_url(self) -> str:
        """Where the REST API is."""
        return self.environment.get("GITHUB_API_URL") or "https://api.github.com"

    @property
    def server_url(self) -> str:
        """Where pages, and git, are."""
        return (self.environment.get("GITHUB_SERVER_URL") or "https://github.com").rstrip("/")

    @property
    def page(self) -> str:
        """The repository's page."""
        return f"{self.server_url}/{self.repository}"

    @property
    def workflow(self) -> int:
        """The id of this workflow run; 0 outside of one."""
        number = self.environment.get("GITHUB_RUN_ID", "")
        return int(number) if number.isascii() and number.isdigit() else 0

    @property
    def log(self) -> str:
        """The page with this workflow run's jobs; empty outside of one."""
        number = self.environment.get("GITHUB_RUN_ID", "")
        return f"{self.page}/actions/runs/{number}" if number.isdigit() else ""

    @property
    def between_writes_s(self) -> float:
        """The seconds between two writes; GitHub asks for one at least."""
        return float(self.environment.get("EXCURSIONS_BETWEEN_WRITES_S") or 1)

    def payload(self) -> dict[str, Any]:
        """Read the event's payload.

        Raises:
            ForgeError: There is none.
        """
        path = Path(self["GITHUB_EVENT_PATH"])
        try:
            found = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise ForgeError(f"the event cannot be read: {error}", where=str(path)) from error
        return found if isinstance(found, dict) else {}

    def output(self, **values: str) -> None:
        """Give outputs of the step; nothing in a value can pass for another output."""
        from bot.actions.outputs import write_outputs

        write_outputs(Path(self["GITHUB_OUTPUT"]), values)


def read_settings(job: Job) -> Config:
    """Read the configuration in the checkout of the default branch, which is trusted.

    Raises:
        RequestError: It is not there, or broken.
    """
    path = workspace(job) / FILE_NAME
    if not path.is_file():
        raise RequestError(
            f"the default branch has no {FILE_NAME}", right="excursion init --github"
        )
    return read_config(path.read_bytes())


def workspace(job: Job) -> Path:
    """Give the folder that the repository is checked out in."""
    return Path(job.environment.get("GITHUB_WORKSPACE") or Path.cwd())
