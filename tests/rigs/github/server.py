"""Requests on 127.0.0.1 ─► replies as GitHub gives them, every exchange on record.

One is answered at a time, in the order of arrival, so that "the n-th request" means something.
"""

from __future__ import annotations

import base64
import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from rigs.github import contract, faults, pulls, state
from rigs.github.answers import Answers
from rigs.github.bare import Bare
from rigs.github.emulate import Emulate
from rigs.github.exchange import Exchange, GitHubError, Reply, Request, refusal
from rigs.github.faults import Fault, Planned
from rigs.github.listener import Arrived, Listener
from rigs.github.people import BOT, People, Person
from rigs.github.world import World

OWNER, NAME = "team", "research"
# A login for each role, and a stranger.
ROLES = {
    OWNER: "admin",
    "ada": "admin",
    "max": "maintain",
    "wes": "write",
    "tri": "triage",
    "rea": "read",
    "eve": "none",
}


class Server:
    """GitHub, as one test meets it; `renew` makes it anew for the next.

    Attributes:
        origin: Its address: of the API, of the pages and of git.
        exchanges: All requests since `renew`, in order, with their replies.
    """

    def __init__(self) -> None:
        self._emulate = Emulate()
        self._answers = Answers(self._emulate)
        self._http = Listener(self._answer)
        self._planned: list[Planned] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._past: list[str] = []  # breaches in worlds that are gone
        self._checked = 0  # how many exchanges have been told about already
        self.exchanges: list[Exchange] = []
        self.origin = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    # -- setting a scene ---------------------------------------------------------------------

    def renew(self, folder: Path, roles: dict[str, str] | None = None, **settings: Any) -> None:
        """Start from nothing: an empty repository in `folder`, and these people.

        Args:
            folder: Where the bare repository is made, in a new folder.
            roles: Each login's role; `ROLES` if not given.
            settings: Attributes of `World`: `private`, `default_branch`.
        """
        self._closing.set()  # those who wait for an answer in vain may go
        with self._lock:
            self._answers.leave()
            self._closing = threading.Event()
            everybody = {OWNER: "admin", **(ROLES if roles is None else roles), BOT: "write"}
            self._emulate.renew(OWNER, NAME, everybody)
            bare = Bare.create(folder / f"{NAME}.git", settings.get("default_branch", "main"))
            people = People(everybody)
            world = World(self.origin, OWNER, NAME, bare, people, self._answers.ask, **settings)
            self._answers.enter(world)
            self._planned.clear()
            self._past += contract.breaches(self.exchanges[self._checked :])
            self.exchanges.clear()
            self._checked = 0

    @property
    def world(self) -> World:
        """What there is, to look at and to set a scene in."""
        return self._answers.world

    @property
    def bare(self) -> Bare:
        """The repository on disk."""
        return self.world.bare

    @property
    def repository(self) -> str:
        """The repository's name: what GITHUB_REPOSITORY says."""
        return self.world.full_name

    def token(self, login: str) -> str:
        """Make a personal token."""
        return self.world.people.token(login)

    def job_token(self, **permissions: str) -> str:
        """Make a token of the bot: `job_token(issues="write", contents="write")`."""
        return self.world.people.job_token(permissions)

    def clone_url(self, token: str = "") -> str:
        """Give the address for git, with a token in it if one is given."""
        where = f"{self.origin}/{self.repository}.git"
        return where.replace("://", f"://x-access-token:{token}@") if token else where

    def as_person(self, login: str, method: str, path: str, body: Any = None) -> Any:
        """Do something in somebody's name, off the record; the path is below the repository.

        Raises:
            GitHubError: GitHub would refuse.
        """
        role = self.world.people.roles[login]
        reply = self._internal(Person(login, role), method, path, body)
        if reply.status >= 400:
            raise GitHubError(reply.status, reply.body.decode())
        return reply.json() if reply.body else None

    def open_issue(self, login: str, title: str, body: str = "", *labels: str) -> int:
        """Open an issue in somebody's name; its number."""
        asked = {"title": title, "body": body, "labels": list(labels)}
        return int(self.as_person(login, "POST", "/issues", asked)["number"])

    def comment(self, login: str, issue: int, body: str) -> dict[str, Any]:
        """Comment on an issue in somebody's name; the comment as the API shows it."""
        path = f"/issues/{issue}/comments"
        return dict(self.as_person(login, "POST", path, {"body": body}))

    def document(self, path: str) -> dict[str, Any]:
        """Give what the API shows at a path below the repository; "" is the repository."""
        return dict(self.as_person(OWNER, "GET", path))

    def merge(self, pull: int) -> str:
        """Merge a pull request with its button, closing the issues that it says; the commit."""
        return pulls.merge(self.world, pull)

    # -- faults and looking back ---------------------------------------------------------------

    def fault(
        self, *, at: int, kind: Fault, times: int = 1, retry_after: int = 1, path: str = ""
    ) -> None:
        """Have the n-th request from now, and `times - 1` after it, meet a fault.

        Where a path is given, only requests to it count.
        """
        first = len(self._asked(path)) + at
        self._planned.append(Planned(kind, first, times, retry_after, path))

    def state(self) -> dict[str, Any]:
        """Give all that there is, without numbers and times: comparable between two worlds."""
        return state.describe(self.world)

    def api_exchanges(self) -> list[Exchange]:
        """Give the exchanges that were not git's own."""
        return [exchange for exchange in self.exchanges if exchange.source != "git"]

    def breaches(self) -> list[str]:
        """Say where requests broke GitHub's contract since this was last asked, a line each."""
        found = self._past + contract.breaches(self.exchanges[self._checked :])
        self._past, self._checked = [], len(self.exchanges)
        return found

    def close(self) -> None:
        """Stop listening and end emulate."""
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        self._answers.leave()
        self._emulate.close()

    # -- answering -----------------------------------------------------------------------------

    def _answer(self, arrived: Arrived) -> Reply | None:
        """Answer a request; None for one that gets no answer."""
        with self._lock:
            request, authorised = self._request(arrived)
            number = len(self.exchanges) + 1
            planned = next((p for p in self._planned if self._meets(p, request.path)), None)
            if planned and not planned.kind.acts:
                ours, source = Reply(0), "fault"
            elif not authorised:
                ours, source = refusal(GitHubError(401, "Bad credentials")), "supplement"
            else:
                ours, source = self._answers.act(request)
            silent = planned is not None and (planned.kind.hangs or planned.kind.resets)
            told = faults.reply(planned) if planned and not silent else ours
            kept = ours if planned and planned.kind.acts else told
            kind = planned.kind.value if planned else ""
            self.exchanges.append(Exchange(number, request, kept, source, kind))
            closing = self._closing
        if planned and planned.kind.hangs:
            closing.wait(120)
        return None if silent else told

    def _asked(self, path: str) -> list[Exchange]:
        """Give the exchanges about a path, or all."""
        return [each for each in self.exchanges if not path or each.request.path == path]

    def _meets(self, planned: Planned, path: str) -> bool:
        """Tell whether the request that is being answered meets a fault."""
        count = len(self._asked(planned.path)) + 1
        return planned.path in ("", path) and planned.at <= count < planned.at + planned.times

    def _request(self, arrived: Arrived) -> tuple[Request, bool]:
        """Give the request and whether its token, if it has one, is known."""
        headers = dict(arrived.headers)
        kind, _, token = headers.pop("authorization", "").partition(" ")
        if kind.lower() == "basic":
            token = base64.b64decode(token).decode().partition(":")[2]
        who = self.world.people.tokens.get(token.strip())
        path, _, query = arrived.target.partition("?")
        given = dict(parse_qsl(query))
        request = Request(arrived.method, path, query, given, headers, arrived.body, who)
        return request, who is not None or not kind

    def _internal(self, person: Person, method: str, path: str, body: Any) -> Reply:
        full = f"/repos/{self.repository}{path}"
        data = b"" if body is None else json.dumps(body).encode()
        bare_path, _, query = full.partition("?")
        asked = Request(
            method, bare_path, query, dict(parse_qsl(query)), {"accept": "*/*"}, data, person
        )
        with self._lock:
            return self._answers.act(asked)[0]
