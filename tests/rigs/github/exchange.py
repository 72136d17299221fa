"""What goes over the wire: a request of a client, the reply to it, and the two on record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rigs.github.people import Person


class GitHubError(Exception):
    """A refusal in GitHub's words.

    Attributes:
        status: The HTTP status.
        message: What GitHub says.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Request:
    """A request as it arrived.

    Attributes:
        headers: By lower-case name, without the one that carries the token.
        query: The last value of each parameter.
        who: Whose token it carries; None if none.
    """

    method: str
    path: str
    raw_query: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    who: Person | None

    def json(self) -> dict[str, Any]:
        """Give the body, which must be a JSON object or nothing.

        Raises:
            GitHubError: It is not.
        """
        try:
            body = json.loads(self.body or b"{}")
        except ValueError:
            raise GitHubError(400, "Problems parsing JSON") from None
        if not isinstance(body, dict):
            raise GitHubError(400, "Body should be a JSON object")
        return body

    def person(self) -> Person:
        """Give who asks.

        Raises:
            GitHubError: Nobody in particular.
        """
        if self.who is None:
            raise GitHubError(401, "Requires authentication")
        return self.who


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """Give the body, read as JSON."""
        return json.loads(self.body)


def answer(status: int, document: Any, **headers: str) -> Reply:
    """Make a reply of a JSON document."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Reply(status, json.dumps(document).encode(), kind | headers)


def refusal(error: GitHubError) -> Reply:
    """Make the reply that says an error as GitHub would."""
    document = {"message": error.message, "documentation_url": "https://docs.github.com/rest"}
    return answer(error.status, document | {"status": str(error.status)})


@dataclass(frozen=True)
class Exchange:
    """A request and its reply on record.

    Attributes:
        number: From 1, in the order of arrival.
        source: Who made the reply: `emulate`, `supplement`, `graphql`, `git` or `fault`.
        reply: What was answered; with a fault after acting, what would have been.
        fault: The fault that was injected; "" if none was.
    """

    number: int
    request: Request
    reply: Reply
    source: str
    fault: str = ""

    def __str__(self) -> str:
        fault = f" [{self.fault}]" if self.fault else ""
        line = f"{self.number:3} {self.request.method} {self.request.path}"
        return f"{line} -> {self.reply.status} ({self.source}){fault}"
