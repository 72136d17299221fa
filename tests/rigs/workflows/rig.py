"""What all runs of workflows share: a server, a language, places, and new machines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rigs.github import Server
from rigs.workflows import standins
from rigs.workflows.language import Language
from rigs.workflows.machine import Machine
from rigs.workflows.standins import StandIn


class Rig:
    """What all runs share.

    Attributes:
        actions: The folders of the repositories whose actions and workflows can be used, by name.
        environment: Variables that every job finds on its machine, such as PYTHONPATH.
        stand_ins: What is done for an action of somebody else's.
    """

    def __init__(
        self,
        github: Server,
        language: Language,
        folder: Path,
        *,
        actions: Mapping[str, Path] | None = None,
        environment: Mapping[str, str] | None = None,
        stand_ins: Mapping[str, StandIn] | None = None,
    ) -> None:
        self.github = github
        self.language = language
        self.actions = dict(actions or {})
        self.environment = dict(environment or {})
        self.stand_ins = {**standins.KNOWN, **(stand_ins or {})}
        self.folder = folder
        self._machines = 0

    def new_machine(self, github: Mapping[str, Any], token: str) -> Machine:
        """Make the machine for a job."""
        self._machines += 1
        folder = self.folder / f"machine-{self._machines}"
        machine = Machine(folder, dict(github), token)
        machine.github |= {"workspace": str(machine.workspace), "token": token}
        machine.environment |= self.environment
        machine.prepare()
        return machine
