"""Signals to stop while Slurm has our jobs ─► what they mean there, and when."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class HangupError(KeyboardInterrupt):
    """The terminal was closed; Slurm needs none."""


@contextmanager
def leaving_on_hangup() -> Iterator[None]:
    """End with HangupError on SIGHUP, which is not to cancel anything."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        raise HangupError

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGHUP, leave)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGHUP) is leave:
            signal.signal(signal.SIGHUP, before)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep signals to stop until the end, also from the programs that are started meanwhile."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def keep(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    before = {each: signal.signal(each, keep) for each in _STOPS}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)  # which a child inherits
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for each, handler in before.items():
            signal.signal(each, handler)
        for number in came[:1]:
            signal.raise_signal(number)


def ignore() -> None:
    """Ignore signals to stop from now on."""
    for each in _STOPS:
        signal.signal(each, signal.SIG_IGN)
