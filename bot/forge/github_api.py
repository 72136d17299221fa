"""A request to GitHub ─► its answer, whatever happens on the way; sent until it is known as done.

Three kinds of trouble are met here, so that nobody above has to think of them. GitHub asks us to
wait: we do (https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api).
An answer is lost, or comes from a broken proxy: what only reads is sent again; what changes
something is sent again unless it has happened after all. A refusal that may be a moment's, since
GitHub's replicas lag behind one another, is asked for twice more before it is believed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from github import Auth
from github.Requester import Requester

from bot.errors import ForgeError

_FIRST_PAUSE_S = 1.0
_LEAST_WAIT_S = 60.0  # where GitHub says nothing of how long
_MOST_TRIES = 6  # of a request whose answer is lost
_DOUBTED = frozenset((404, 409, 422))  # may be a moment's
_BELIEVED_AT = 3
_READS = frozenset(("GET", "HEAD"))


class RefusedError(ForgeError):
    """GitHub understood a request and will not do it.

    Args:
        status: The HTTP status.
        message: What GitHub said.
        where: The request.
        right: What to do next.
    """

    def __init__(self, status: int, message: str, *, where: str, right: str) -> None:
        super().__init__(f"GitHub answered {status}: {message}", where=where, right=right)
        self.status = status
        self.message = message


class GoneError(RefusedError):
    """There is no such thing, as far as GitHub lets us see."""


@dataclass(frozen=True)
class Answer:
    """What GitHub said."""

    status: int
    headers: Mapping[str, str]
    data: Any


@dataclass(frozen=True)
class Patience:
    """How waiting is done, and for how long."""

    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time  # seconds since 1970, as GitHub's reset times are
    at_most_s: float = 900.0  # of all waiting together
    between_writes_s: float = 1.0
    answer_s: float = 15  # for any one answer


Happened = Callable[[], Any]  # what a lost answer would have said; None if nothing has happened


@dataclass
class Api:
    """GitHub's REST and GraphQL, for one repository, with one token."""

    token: str = field(repr=False)
    repository: str  # owner/name
    api_url: str = "https://api.github.com"
    patience: Patience = field(default_factory=Patience)
    count: int = 0  # of requests sent

    def __post_init__(self) -> None:
        """Open no connection yet."""
        self._requester = Requester(
            auth=Auth.Token(self.token),
            base_url=self.api_url,
            timeout=self.patience.answer_s,  # type: ignore[arg-type]  # requests takes any number
            user_agent="excursions",
            per_page=100,
            verify=True,
            retry=0,  # ours knows what may be sent twice
            pool_size=None,
            lazy=True,
        )
        self._waited = 0.0
        self._last_write: float | None = None

    @property
    def owner(self) -> str:
        """The account that the repository belongs to."""
        return self.repository.partition("/")[0]

    @property
    def name(self) -> str:
        """The repository's own name."""
        return self.repository.partition("/")[2]

    def get(self, path: str, *, allowed: tuple[int, ...] = (), **parameters: Any) -> Answer:
        """Read something of the repository, such as `/issues/12`."""
        return self._send("GET", self._at(path), parameters, None, None, allowed)

    def pages(self, path: str, **parameters: Any) -> Iterator[Any]:
        """Read the items of a list, page by page."""
        for page in range(1, 1_000):
            items = self.get(path, per_page=100, page=page, **parameters).data
            yield from items
            if len(items) < 100:
                return

    def write(
        self,
        verb: str,
        path: str,
        body: Any = None,
        *,
        happened: Happened | None = None,
        allowed: tuple[int, ...] = (),
    ) -> Answer:
        """Change something of the repository.

        Args:
            verb: `POST`, `PATCH`, `PUT` or `DELETE`.
            path: Below the repository, such as `/issues/12/comments`.
            body: What is sent, as JSON.
            happened: Looks whether a request whose answer was lost has been done. Needed for all
                that would be done twice if it were sent twice.
            allowed: Statuses that are answers, and no errors.

        Raises:
            RefusedError: GitHub will not do it.
            ForgeError: GitHub cannot be reached, or asks for more time than there is.
        """
        return self._send(verb, self._at(path), {}, body, happened, allowed)

    def query(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Ask a GraphQL query, which changes nothing.

        Raises:
            RefusedError: It holds something that is not there, or may not be seen.
        """
        return self._graphql(document, variables, None)

    def mutate(
        self, document: str, variables: Mapping[str, Any], happened: Happened
    ) -> dict[str, Any]:
        """Carry out a GraphQL mutation."""
        return self._graphql(document, variables, happened)

    def _graphql(
        self, document: str, variables: Mapping[str, Any], happened: Happened | None
    ) -> dict[str, Any]:
        url = self._requester.graphql_url
        body = {"query": document, "variables": dict(variables)}
        verb = "GRAPHQL" if happened is None else "MUTATION"
        answer = self._send(verb, url, {}, body, happened, ())
        if isinstance(answer.data, dict) and "data" in answer.data:
            data: dict[str, Any] = answer.data["data"] or {}
            return data
        raise RefusedError(502, "an answer without data", where=url, right=_GIVE_AGAIN)

    def _at(self, path: str) -> str:
        return f"/repos/{self.repository}{path}"

    def _send(
        self,
        verb: str,
        url: str,
        parameters: dict[str, Any],
        body: Any,
        happened: Happened | None,
        allowed: tuple[int, ...],
    ) -> Answer:
        reads = verb in _READS or verb == "GRAPHQL"
        where = f"{verb} {url}"
        lost = doubted = limited = 0
        while True:
            if not reads:
                self._pause_between_writes()
            answer, problem = self._once(verb, url, parameters, body)
            if answer is not None and (answer.status < 300 or answer.status in allowed):
                return answer
            if answer is None or answer.status >= 500:
                lost += 1
                if lost >= _MOST_TRIES:
                    raise ForgeError(
                        f"GitHub cannot be reached: {problem}", where=where, right=_GIVE_AGAIN
                    )
                self._wait(_FIRST_PAUSE_S * 2 ** (lost - 1), problem, where)
            elif _is_limit(answer):
                limited += 1
                self._wait(self._asked_wait(answer, limited), problem, where)
            elif answer.status in _DOUBTED and doubted + 1 < _BELIEVED_AT:
                doubted += 1
                self._wait(_FIRST_PAUSE_S * doubted, problem, where)
            else:
                kind = GoneError if answer.status == 404 else RefusedError
                raise kind(answer.status, problem, where=where, right=_advice(answer))
            if happened is not None and not _is_limit(answer):
                found = happened()
                if found is not None:
                    return Answer(200, {}, found)

    def _once(
        self, verb: str, url: str, parameters: dict[str, Any], body: Any
    ) -> tuple[Answer | None, str]:
        """Send a request; give its answer, if there is one, and what is wrong with it."""
        self.count += 1
        sent = "POST" if verb in {"GRAPHQL", "MUTATION"} else verb
        try:
            status, headers, text = self._requester.requestJson(
                sent, url, dict(parameters), None, body
            )
        except requests.RequestException as error:
            return None, type(error).__name__
        try:
            data = json.loads(text) if text else None
        except ValueError:
            if status < 300:
                return None, "an answer that is no JSON"
            data = None
        if verb in {"GRAPHQL", "MUTATION"} and status < 300:
            status = _graphql_status(data)
        said = _said(data)
        return Answer(status, headers, data), said or f"status {status}"

    def _pause_between_writes(self) -> None:
        """Keep the distance between writes that GitHub asks for."""
        now = self.patience.clock()
        if self._last_write is not None:
            early = self._last_write + self.patience.between_writes_s - now
            if early > 0:
                self.patience.sleep(early)
        self._last_write = max(now, self.patience.clock())

    def _asked_wait(self, answer: Answer, limited: int) -> float:
        """Say how long GitHub wants us to wait, in seconds."""
        after = answer.headers.get("retry-after", "")
        if after.isdigit():
            return max(1.0, float(after))
        reset = answer.headers.get("x-ratelimit-reset", "")
        if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
            return max(1.0, float(reset) - self.patience.clock())
        return _LEAST_WAIT_S * 2.0 ** (limited - 1)

    def _wait(self, seconds: float, problem: str, where: str) -> None:
        if self._waited + seconds > self.patience.at_most_s:
            raise ForgeError(
                f"GitHub wants us to wait for {seconds:.0f} s: {problem}",
                where=where,
                right="Run the job again after that; it goes on where it stopped.",
            )
        self._waited += seconds
        self.patience.sleep(seconds)


_GIVE_AGAIN = "Run the job again; it goes on where it stopped."


def _is_limit(answer: Answer | None) -> bool:
    """Say whether GitHub refused only because it was asked too much; nothing was done then."""
    if answer is None or answer.status not in (403, 429):
        return False
    if answer.status == 429 or "retry-after" in answer.headers:
        return True
    spent = answer.headers.get("x-ratelimit-remaining") == "0"
    return spent or "rate limit" in _said(answer.data).lower()


def _graphql_status(data: Any) -> int:
    """Give the status that REST would have answered, since GraphQL always says 200."""
    errors = data.get("errors") if isinstance(data, dict) else None
    if not errors:
        return 200
    kinds = {str(error.get("type", "")) for error in errors if isinstance(error, dict)}
    if kinds & {"RATE_LIMITED", "MAX_NODE_LIMIT_EXCEEDED"}:
        return 429
    if kinds & {"FORBIDDEN", "INSUFFICIENT_SCOPES"}:
        return 403
    return 404 if "NOT_FOUND" in kinds else 422


def _said(data: Any) -> str:
    """Give what GitHub said was wrong."""
    if not isinstance(data, dict):
        return ""
    errors = data.get("errors") or []
    details = [str(e.get("message") or e.get("code", "")) for e in errors if isinstance(e, dict)]
    return ": ".join(part for part in (str(data.get("message", "")), *details) if part)


def _advice(answer: Answer) -> str:
    """Say what to do about a refusal."""
    if answer.status in (401, 403):
        return "Give the job the permissions that `excursion doctor` names."
    if answer.status in (301, 302, 307, 308):
        return "The repository was renamed or moved; run the workflow again under its new name."
    return _GIVE_AGAIN
