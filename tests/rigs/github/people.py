"""A token ─► who it belongs to, and what that one may do.

A person has a role in the repository; the bot has the permissions of its job, as `permissions:` in
a workflow gives them. Refusals are GitHub's own.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

BOT: Final = "github-actions[bot]"

# https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user:
# `permission` knows four words, to which the five roles are mapped.
PERMISSIONS: Final[Mapping[str, str]] = {
    "admin": "admin",
    "maintain": "write",
    "write": "write",
    "triage": "read",
    "read": "read",
    "none": "none",
}
_RANKS: Final = tuple(PERMISSIONS)[::-1]
_LEVELS: Final = ("none", "read", "write")


@dataclass(frozen=True)
class Need:
    """What a request needs.

    Attributes:
        scopes: A token of a job must have one of these permissions.
        level: At least this much of it: `read` or `write`.
        role: A person must have this role, or a higher one.
    """

    scopes: tuple[str, ...]
    level: str
    role: str


@dataclass(frozen=True)
class Person:
    """Whoever a token belongs to.

    Attributes:
        role: The person's role in the repository.
        grants: For a token of a job, its permissions; None for a person's own token.
    """

    login: str
    role: str
    grants: Mapping[str, str] | None = None

    def may(self, need: Need) -> bool:
        """Tell whether the token suffices."""
        if self.grants is None:
            return _RANKS.index(self.role) >= _RANKS.index(need.role)
        given = max(_LEVELS.index(self.grants.get(scope, "none")) for scope in need.scopes)
        return given >= _LEVELS.index(need.level)


@dataclass
class People:
    """Everybody who is known to the server.

    Attributes:
        roles: Each person's role in the repository, by login; `none` for a stranger.
        tokens: Whose each token is.
    """

    roles: Mapping[str, str]
    tokens: dict[str, Person] = field(default_factory=dict)

    def token(self, login: str) -> str:
        """Make a personal token of somebody who is known."""
        return self._new("ghp_", Person(login, self.roles[login]))

    def job_token(self, grants: Mapping[str, str]) -> str:
        """Make a token as a job gets it, with the permissions that it asks for."""
        return self._new("ghs_", Person(BOT, "write", {"metadata": "read", **grants}))

    def _new(self, prefix: str, person: Person) -> str:
        token = prefix + secrets.token_hex(18)
        self.tokens[token] = person
        return token


_ISSUES = ("issues", "pull_requests")


def need(method: str, path: str) -> Need:
    """Say what a request to the REST API needs; the path begins behind `/repos/O/R/`.

    https://docs.github.com/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
    """
    reads = method in ("GET", "HEAD")
    level = "read" if reads else "write"
    first, _, rest = path.partition("/")
    if first in ("", "collaborators"):
        return Need(("metadata",) if reads else ("administration",), level, "read")
    if first == "actions" and rest.startswith(("permissions", "runners")):
        return Need(("administration",), level, "admin")  # which no job's token has
    if first == "actions":
        return Need(("actions",), level, "read" if reads else "write")
    if first == "labels":
        return Need(_ISSUES, level, "read" if reads else "write")
    if first in ("issues", "milestones"):
        # Anyone who can read may write of their own; to label takes triage.
        own = reads or rest.endswith(("comments", "reactions")) or "/reactions/" in rest or not rest
        return Need(_ISSUES, level, "read" if own else "triage")
    if first == "pulls":
        return Need(("pull_requests",), level, "read" if reads else "write")
    return Need(("contents",), level, "read" if reads else "write")
