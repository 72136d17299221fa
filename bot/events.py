"""What happened outside ─► Event: somebody asked, somebody commanded, a run ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from bot.command import Asked as Given
from bot.command import Command
from bot.excursion import Kind
from runner.records import RunResult


class Role(IntEnum):
    """What a person may do in a repository, the weakest first (GitHub's `role_name`)."""

    NONE = 0
    READ = 1
    TRIAGE = 2
    WRITE = 3
    MAINTAIN = 4
    ADMIN = 5


@dataclass(frozen=True)
class Actor:
    """Who did it, and what they may do here."""

    name: str
    role: Role


@dataclass(frozen=True)
class Asked:
    """Somebody asked a question that has no issue yet."""

    actor: Actor
    title: str
    kind: Kind | None = None
    template: str | None = None
    hypothesis: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Commanded:
    """Somebody gave a command in, or for, an issue."""

    actor: Actor
    issue: int
    command: Command
    asked: Given = field(default_factory=Given)


@dataclass(frozen=True)
class RunEnded:
    """A run came to its end, whatever the end."""

    issue: int
    run: int
    result: RunResult


Event = Asked | Commanded | RunEnded
