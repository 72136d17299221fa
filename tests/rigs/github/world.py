"""What the supplement keeps beside emulate, and the table of routes that its parts fill."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from rigs.github.bare import Bare
from rigs.github.exchange import Reply, Request, answer
from rigs.github.people import People

Ask = Callable[[str, str, dict[str, Any] | None], Reply]


@dataclass
class Reaction:
    """Somebody's reaction; `subject` is the path of the issue or comment, `at` an ISO time."""

    number: int
    subject: str
    login: str
    content: str
    at: str


@dataclass
class World:
    """A repository on GitHub as one test meets it.

    Attributes:
        origin: The server's address, for the API, the pages and git alike.
        private: Whether strangers are told that there is nothing.
        default_branch: Where work is merged.
        ask: Asks emulate in the name of the repository's owner: method, path, body.
        linked: The names of the branches linked to each issue, by its number.
        sub_issues: The numbers of each issue's sub-issues, by its number.
        pinned: The identifiers of pinned comments.
        minimized: Why each minimized comment is, by its identifier.
        refuses_links: Make `createLinkedBranch` answer `linkedBranch: null`, as GitHub does to a
            token that may not, or for a name that is taken.
        refuses_sub_issues: Answer as where the feature is not to be had.
        attachments: What was uploaded to the store of attachments, in order.
        workflow_runs: What became of each workflow run, by its id: `in_progress`, `cancelled`,
            `completed`.
        store_moved_to: Where the store redirects to; empty if it does not.
        attached_at: Where the store says that they lie; empty for where GitHub has them.
        said: When comments were made, by their numbers, where a test has a clock of its own.
    """

    origin: str
    owner: str
    name: str
    bare: Bare
    people: People
    ask: Ask
    private: bool = False
    default_branch: str = "main"
    reactions: list[Reaction] = field(default_factory=list)
    linked: dict[int, list[str]] = field(default_factory=dict)
    sub_issues: dict[int, list[int]] = field(default_factory=dict)
    pinned: set[int] = field(default_factory=set)
    minimized: dict[int, str] = field(default_factory=dict)
    refuses_links: bool = False
    refuses_sub_issues: bool = False
    attachments: list[bytes] = field(default_factory=list)
    attached_at: str = ""
    said: dict[int, str] = field(default_factory=dict)
    store_moved_to: str = ""
    workflow_runs: dict[int, str] = field(default_factory=dict)
    _last: int = 0

    @property
    def full_name(self) -> str:
        """The repository's name with its owner's."""
        return f"{self.owner}/{self.name}"

    @property
    def api(self) -> str:
        """The repository's address in the REST API."""
        return f"{self.origin}/repos/{self.full_name}"

    def next_number(self) -> int:
        """Give a number that nothing else of the supplement has."""
        self._last += 1
        return self._last

    def user(self, login: str) -> dict[str, Any]:
        """Give a user as GitHub shows one."""
        found = dict(self.ask("GET", f"/users/{login}", None).json())
        return {
            name: value.replace("[", "%5B").replace("]", "%5D") if name.endswith("url") else value
            for name, value in found.items()
        }

    def every(self, path: str, query: str = "") -> Iterator[dict[str, Any]]:
        """Give all that emulate lists at a path below the repository."""
        page, more = 1, True
        while more:
            where = f"/repos/{self.full_name}{path}?per_page=100&page={page}{query}"
            found = self.ask("GET", where, None).json()
            yield from found
            page, more = page + 1, bool(found)


def listed(world: World, request: Request, items: Sequence[Any]) -> Reply:
    """Answer with the page of a list that is asked for, and with links to its neighbours."""
    size = min(int(request.query.get("per_page", 30)), 100)
    page = int(request.query.get("page", 1))
    last = max(1, -(-len(items) // size))
    links = []
    for rel, number in (("prev", page - 1), ("next", page + 1), ("last", last), ("first", 1)):
        if 1 <= number <= last and number != page:
            query = urlencode({**request.query, "page": number})
            links.append(f'<{world.origin}{request.path}?{query}>; rel="{rel}"')
    headers = {"Link": ", ".join(links)} if links else {}
    return answer(200, list(items[(page - 1) * size : page * size]), **headers)


P = ParamSpec("P")
Handler = Callable[Concatenate[World, Request, P], Reply]
_TABLE: list[tuple[str, re.Pattern[str], Callable[..., Reply]]] = []


def route(method: str, path: str) -> Callable[[Handler[P]], Handler[P]]:
    """Have a function answer requests; the path is below the repository.

    `{name}` in it is one segment of a path, `{name*}` any number of them. Both are arguments.
    """
    pattern = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", path)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)

    def enter(handler: Handler[P]) -> Handler[P]:
        _TABLE.append((method, re.compile(pattern), handler))
        return handler

    return enter


def find(method: str, path: str) -> Callable[[World, Request], Reply] | None:
    """Find who answers a request to a path below the repository; None if nobody does."""
    for known, pattern, handler in _TABLE:
        match = pattern.fullmatch(path)
        if match and known == method:
            return _bound(handler, match.groupdict())
    return None


def _bound(
    handler: Callable[..., Reply], arguments: dict[str, str]
) -> Callable[[World, Request], Reply]:
    return lambda world, request: handler(world, request, **arguments)
