"""One issue on GitHub, read with one query: what the parts of the GitHub forge have in common."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from bot.errors import ForgeError, RequestError
from bot.forge import github_queries as queries
from bot.forge.github_api import Api, RefusedError
from bot.forge.github_reading import Found, Node, Spent, read_object, read_spent, read_thread
from bot.forge.github_remote import Remote
from bot.thread import Thread

_BATCH = 50  # objects in one query; their texts come along


class GithubPlace:
    """An issue, its comments, and git objects, as they were read."""

    def __init__(
        self,
        api: Api,
        issue: int,
        *,
        bot: str,
        remote: Remote,
        moment: str,
        expected: Iterable[str] = (),
        spent_since: str = "",
    ) -> None:
        """Read nothing yet.

        Args:
            api: Sends requests.
            issue: The issue; of others nothing can be asked.
            bot: Who posted entries, where the token was another one then.
            remote: The repository for git, where many files go at once.
            moment: When what we do now was asked for; ISO 8601, UTC. Commits bear it, so that
                the same done again gives the same commits.
            expected: Git objects that will probably be asked for, named as git names them; they
                come along with the issue.
            spent_since: If given, what runs of the repository took since then comes along, too.
        """
        self._api = api
        self._issue = issue
        self._bot = bot
        self._remote = remote
        self._moment = moment
        self._expected = tuple(dict.fromkeys(expected))
        self._spent_since = spent_since
        self._objects: dict[str, Found | None] = {}
        self._thread: Thread | None = None
        self._ids: tuple[str, str] = ("", "")  # of the repository and the issue
        self._spent: tuple[Spent, ...] = ()
        self._fresh: set[str] = set()  # keys of entries that this process posted

    def _known(self, issue: int) -> Thread:
        """Give the thread, read once."""
        if issue != self._issue:
            raise ForgeError(f"this job is about issue {self._issue}, not {issue}")
        if self._thread is None:
            self._thread = self._read()
        return self._thread

    def _read(self) -> Thread:
        """Read the issue, its comments, and what will probably be asked for, in one query."""
        names = {f"o{n}": f"e{n}" for n, _ in enumerate(self._expected)}
        variables = dict(zip(names.values(), self._expected, strict=True))
        since = {"since": self._spent_since} if self._spent_since else {}
        document = queries.reading(names, spent=bool(since))
        asked = {**self._whose(), "issue": self._issue, "after": None, **since, **variables}
        try:
            repository = self._api.query(document, asked)["repository"]
        except RefusedError as error:
            if error.status == 404:
                raise RequestError(f"there is no issue {self._issue}") from error
            raise
        issue = repository["issue"]
        comments = self._all_comments(issue["comments"])
        self._ids = (repository["id"], issue["id"])
        if since:
            self._spent = read_spent(repository["spent"]["nodes"], self._bot)
        for alias, expression in zip(names, self._expected, strict=True):
            self._objects[expression] = read_object(repository[alias])
        return read_thread(issue, comments, self._bot)

    def _all_comments(self, page: Node) -> list[Node]:
        """Read the pages behind the first."""
        found = list(page["nodes"])
        while page["pageInfo"]["hasNextPage"]:
            after = page["pageInfo"]["endCursor"]
            asked = {**self._whose(), "issue": self._issue, "after": after}
            page = self._api.query(queries.COMMENTS, asked)["repository"]["issue"]["comments"]
            found += page["nodes"]
        return found

    def _comments_now(self) -> list[Node]:
        """Read all comments anew."""
        asked = {**self._whose(), "issue": self._issue, "after": None}
        issue = self._api.query(queries.COMMENTS, asked)["repository"]["issue"]
        return self._all_comments(issue["comments"])

    def _whose(self) -> dict[str, Any]:
        return {"owner": self._api.owner, "name": self._api.name}

    def _look(self, expressions: Iterable[str]) -> Mapping[str, Found | None]:
        """Look git objects up by the names that git has for them, all that are new in one go."""
        self._known(self._issue)
        wanted = tuple(expressions)
        missing = iter([name for name in dict.fromkeys(wanted) if name not in self._objects])
        while batch := list(islice(missing, _BATCH)):
            names = {f"o{n}": f"e{n}" for n, _ in enumerate(batch)}
            variables = dict(zip(names.values(), batch, strict=True))
            document = queries.files(names)
            found = self._api.query(document, {**self._whose(), **variables})["repository"]
            for alias, expression in zip(names, batch, strict=True):
                self._objects[expression] = read_object(found[alias])
        return {name: self._objects[name] for name in wanted}

    def _content(self, found: Found | None) -> bytes | None:
        """Give the content of a blob, fetched alone where it did not come along."""
        if found is None or found.content is not None:
            return found.content if found else None
        data = self._api.get(f"/git/blobs/{found.oid}").data
        return base64.b64decode(data["content"])

    def _forget(self, expression: str) -> None:
        """Look a git object up anew, since it has changed."""
        names = (f"{expression}:", f"{expression}^")
        for known in [e for e in self._objects if e == expression or e.startswith(names)]:
            del self._objects[known]
