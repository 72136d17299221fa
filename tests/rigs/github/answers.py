"""A request ─► whoever answers it: git, GraphQL, the supplement or emulate; and their reply."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from rigs.github import (
    actions,
    attachments,
    contents,
    documents,
    git_data,
    graphql,
    issues,
    pulls,
    reactions,
    roles,
    smart_http,
)
from rigs.github.emulate import Emulate
from rigs.github.exchange import GitHubError, Reply, Request, answer, refusal
from rigs.github.people import need
from rigs.github.world import World, find

_ISSUE = re.compile(r"/issues/\d+")
_TABLED = (actions, contents, git_data, issues, reactions, roles)  # importing fills the table


class Answers:
    """What answers.

    Attributes:
        world: What there is.
    """

    def __init__(self, emulate: Emulate) -> None:
        self.emulate = emulate
        self._world: World | None = None

    @property
    def world(self) -> World:
        """What there is at present."""
        assert self._world is not None, "renew the server first"
        return self._world

    def enter(self, world: World) -> None:
        """Answer for another world from here on."""
        self._world = world

    def leave(self) -> None:
        """Let go of the world that there was, if any."""
        if self._world is not None:
            self._world.bare.objects.close()

    def ask(self, method: str, path: str, body: dict[str, Any] | None) -> Reply:
        """Ask emulate in the name of the repository's owner."""
        bare_path, _, query = path.partition("?")
        data = b"" if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"} if data else {}
        request = Request(method, bare_path, query, {}, headers, data, None)
        return self._adjusted(self.emulate.ask(request, self.world.owner, self.world.origin))

    def act(self, request: Request) -> tuple[Reply, str]:
        """Do as a request asks; the reply and who made it."""
        world = self.world
        try:
            if smart_http.is_git(world, request):
                return smart_http.serve(world, request), "git"
            if request.path == "/graphql":
                return graphql.execute(world, request), "graphql"
            if request.path == attachments.PATH:
                return attachments.upload(world, request), "supplement"
            if request.path.startswith(f"/{world.full_name}/"):
                return smart_http.show_file(world, request), "git"
            return self._rest(request)
        except GitHubError as error:
            return refusal(error), "supplement"
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # a malformed body
            return refusal(GitHubError(422, f"Invalid request.\n\n{error!r}")), "supplement"

    def _rest(self, request: Request) -> tuple[Reply, str]:
        world, top = self.world, f"/repos/{self.world.full_name}"
        path = request.path
        if path == "/user" and request.person().grants is not None:
            raise GitHubError(403, "Resource not accessible by integration")
        if path.startswith(("/users/", "/user", "/rate_limit")):
            return self._emulated(request), "emulate"
        if path != top and not path.startswith(f"{top}/"):
            raise GitHubError(404, "Not Found")
        below = path.removeprefix(top)
        self._check(request, below)
        answers = find(request.method, unquote(below))
        if answers is not None:
            return answers(world, request), "supplement"
        if not below.startswith(("/issues", "/labels", "/milestones", "/pulls")) and below:
            raise GitHubError(501, f"the rig has no {request.method} {below}")
        if request.method in ("POST", "PATCH") and not below.endswith("/labels"):
            issues.check_body(request.json())
        if below == "/pulls" and request.method == "POST":
            pulls.check_pull(world, request.json())
        if request.method == "GET" and below == "/issues":
            return issues.list_issues(world, request), "emulate"
        if request.method == "GET" and _ISSUE.fullmatch(below):
            return answer(200, documents.emulated(world, below)), "emulate"
        return self._emulated(request), "emulate"

    def _check(self, request: Request, below: str) -> None:
        """Refuse what the token may not; a public repository can be read with any, or none."""
        wanted = need(request.method, below.removeprefix("/"))
        who, private = request.who, self.world.private
        if private and (who is None or who.role == "none"):
            raise GitHubError(404, "Not Found")
        if who is None and wanted.level == "write":
            raise GitHubError(401, "Requires authentication")
        if (
            who is None
            or who.may(wanted)
            or (wanted.level == wanted.role == "read" and not private)
        ):
            return
        if who.grants is not None:
            raise GitHubError(403, "Resource not accessible by integration")
        if wanted.role != "read" or private:
            raise GitHubError(403, "Must have push access to repository")

    def _emulated(self, request: Request) -> Reply:
        login = request.who.login if request.who else None
        return self._adjusted(self.emulate.ask(request, login, self.world.origin))

    def _adjusted(self, reply: Reply) -> Reply:
        """Correct in emulate's documents what it cannot know."""
        if not reply.body:
            return reply
        document = json.loads(reply.body)
        documents.correct(self.world, document)
        return Reply(reply.status, json.dumps(document).encode(), reply.headers)
