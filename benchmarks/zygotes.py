"""Zygotes of our own, what they forked, and the certainty that they did."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from runner.warm import client

_What = TypeVar("_What")


@contextmanager
def zygotes_of_our_own() -> Iterator[None]:
    """Use zygotes that nobody else uses, and stop them at the end."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:  # short: sockets are in it
        before = os.environ.get("XDG_RUNTIME_DIR")
        os.environ["XDG_RUNTIME_DIR"] = folder
        try:
            yield
        finally:
            list(client.ask_all("stop"))
            del os.environ["XDG_RUNTIME_DIR"]
            if before is not None:
                os.environ["XDG_RUNTIME_DIR"] = before


def pids() -> list[int]:
    """Give the process ids of the zygotes."""
    return [int(zygote["pid"]) for zygote in client.ask_all("status")]


def roles() -> dict[int, str]:
    """Give what each process is that was forked and goes on: `kernel` if it is one."""
    statuses = client.ask_all("status")
    return {int(pid): role for status in statuses for pid, role in status["roles"].items()}


def forking(contender: Callable[[], _What]) -> Callable[[], _What]:
    """Let none of a contender's runs do without a fork.

    Raises:
        RuntimeError: One did.
    """

    def checked() -> _What:
        before = _forked()
        what = contender()
        if _forked() == before:
            raise RuntimeError("a run that should have been warm was cold")
        return what

    return checked


def _forked() -> int:
    return sum(int(zygote["forked"]) for zygote in client.ask_all("status"))
