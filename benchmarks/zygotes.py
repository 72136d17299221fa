"""A measured command ─► the same, sure that its kernel was forked; zygotes of our own."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from runner.warm import client

_READY_S = 180.0
_PAUSE_S = 0.1
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


def forked() -> int:
    """Count what was forked so far."""
    return sum(int(zygote["forked"]) for zygote in client.ask_all("status"))


def pids() -> list[int]:
    """Give the process ids of the zygotes."""
    return [int(zygote["pid"]) for zygote in client.ask_all("status")]


def ready(contender: Callable[[], object]) -> None:
    """Have the zygote ready from which a contender's runs are forked.

    Raises:
        RuntimeError: There was none to be had.
    """
    count, known = forked(), set(pids())
    end = time.monotonic() + _READY_S
    contender()  # where there is none, it starts one
    while forked() == count:
        if set(pids()) - known:
            known.update(pids())
            contender()
        elif time.monotonic() > end:
            raise RuntimeError("there is no zygote to fork kernels from")
        else:
            time.sleep(_PAUSE_S)


def warm(contender: Callable[[], _What]) -> Callable[[], _What]:
    """Have the zygote of a contender ready, and let none of its runs be cold.

    Raises:
        RuntimeError: There was none to be had, or a run was cold all the same.
    """
    ready(contender)

    def checked() -> _What:
        count = forked()
        what = contender()
        if forked() == count:
            raise RuntimeError("a run that should have been warm was cold")
        return what

    return checked
