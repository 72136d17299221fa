"""Requests to GitHub: how long is waited, what is sent again, and what is told when all fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from bench import Clock
from rigs.github.faults import Fault
from rigs.github.server import Server

from bot.errors import ForgeError
from bot.forge.github_api import Api, GoneError, RefusedError


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(github: Server, clock: Clock) -> Api:
    github.open_issue("ada", "One")
    token = github.job_token(issues="write", contents="write")
    return Api(token, github.repository, github.origin, clock.patience)


def test_it_waits_as_long_as_github_asks(api: Api, github: Server, clock: Clock) -> None:
    github.fault(at=1, kind=Fault.SECONDARY_RETRY_AFTER, retry_after=7)
    assert api.get("/issues/1").data["title"] == "One"
    assert clock.slept == 7


def test_where_github_does_not_say_it_waits_a_minute_and_then_longer(
    api: Api, github: Server, clock: Clock
) -> None:
    github.fault(at=1, kind=Fault.TOO_MANY, times=2)
    api.get("/issues/1")
    assert clock.slept == 60 + 120


def test_it_keeps_a_second_between_writes(api: Api, clock: Clock) -> None:
    for content in ("eyes", "rocket", "eyes"):
        api.write("POST", "/issues/1/reactions", {"content": content})
    assert clock.slept == 2


def test_what_was_done_though_the_answer_was_lost_is_not_done_again(
    api: Api, github: Server
) -> None:
    def posted() -> object:
        found = api.get("/issues/1/comments").data
        return found[0] if found else None

    github.fault(at=1, kind=Fault.BAD_GATEWAY_AFTER)
    answer = api.write("POST", "/issues/1/comments", {"body": "Once."}, happened=posted)
    assert answer.data["body"] == "Once."
    assert len(api.get("/issues/1/comments").data) == 1


def test_a_refusal_is_believed_when_it_is_repeated(api: Api, github: Server) -> None:
    with pytest.raises(GoneError) as refused:
        api.get("/issues/99")
    assert len(github.exchanges) == 3
    assert refused.value.exit_status == 3


def test_a_token_that_may_not_is_told_what_is_missing(github: Server, clock: Clock) -> None:
    github.open_issue("ada", "One")
    token = github.job_token(contents="read", issues="read")
    api = Api(token, github.repository, github.origin, clock.patience)
    with pytest.raises(RefusedError, match="Resource not accessible") as refused:
        api.write("POST", "/issues/1/comments", {"body": "No."})
    assert "permissions" in refused.value.right
    assert token not in str(refused.value)
    assert token not in repr(api)


def test_a_github_that_is_gone_is_an_error_that_says_so(api: Api, github: Server) -> None:
    github.fault(at=1, kind=Fault.RESET_BEFORE, times=100)
    with pytest.raises(ForgeError, match="cannot be reached"):
        api.get("/issues/1")


class _Moved(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(307)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Keep silent."""


@pytest.fixture
def moved() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Moved)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_was_not_posted_where_the_repository_was_is_no_success(
    moved: str, clock: Clock
) -> None:
    api = Api("t", "o/r", moved, clock.patience)
    with pytest.raises(RefusedError, match="307") as refused:
        api.write("POST", "/issues/1/comments", {"body": "Where?"})
    assert "moved" in refused.value.right
