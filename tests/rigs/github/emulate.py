"""Logins and a repository's name ─► emulate's GitHub server, which keeps issues and pull requests.

One Node process for all tests; each test gets a fresh server in it.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable

from rigs import node
from rigs.github.exchange import Reply, Request

_SCOPES = ["repo", "user", "workflow", "admin:repo_hook"]
_PASSED_ON = ("accept", "content-type")
_PASSED_BACK = ("content-type", "link", "location", "etag")


class Emulate:
    """The Node process.

    Attributes:
        port: Where the present server listens on 127.0.0.1.
    """

    def __init__(self) -> None:
        self._process = node.start("github/emulate.mjs")
        self.port = 0

    def renew(self, owner: str, name: str, logins: Iterable[str]) -> None:
        """Replace the server by one that has nothing but a repository."""
        everybody = sorted({owner, *logins})
        seed = {
            "tokens": {_token(login): {"login": login, "scopes": _SCOPES} for login in everybody},
            "github": {
                "users": [{"login": login} for login in everybody],
                "repos": [{"owner": owner, "name": name}],
            },
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(seed), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        assert line, f"emulate ended with status {self._process.wait()}"
        self.port = json.loads(line)["port"]

    def ask(self, request: Request, login: str | None, origin: str) -> Reply:
        """Pass a request on; the links in the reply lead to `origin`."""
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        if login:
            headers["authorization"] = f"Bearer {_token(login)}"
        path = request.path + (f"?{request.raw_query}" if request.raw_query else "")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(request.method, path, request.body or None, headers)
            reply = connection.getresponse()
            body = self._ours(reply.read().decode(), origin).encode()
        finally:
            connection.close()
        kept = {
            name.title(): self._ours(value, origin)
            for name, value in reply.getheaders()
            if name.lower() in _PASSED_BACK
        }
        return Reply(reply.status, body, kept)

    def close(self) -> None:
        """End the process, by ending its input."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def _ours(self, text: str, origin: str) -> str:
        for host in ("localhost", "127.0.0.1"):
            text = text.replace(f"http://{host}:{self.port}", origin)
        return text


def _token(login: str) -> str:
    return f"token-of-{login}"
