"""SIGINT and SIGTERM to whoever executes a run ─► CancelledError, where nothing is half done."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class CancelledError(KeyboardInterrupt):
    """Somebody wants this run to stop.

    A KeyboardInterrupt, since asyncio lets only that out of whatever it calls.
    """


class Stops:
    """What signals to stop do: the first is raised as CancelledError, later ones change nothing.

    It is raised between two steps of the event loop, never within one: what a step writes down of
    a kernel's message is written whole, once.
    """

    def __init__(self) -> None:
        self._over = False
        self._held = False
        self._kept: CancelledError | None = None

    def listen(self) -> None:
        """Let through what was held back until it could be told of."""
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _NUMBERS)

    def ignore(self) -> None:
        """Change nothing from now on: the rest is short, and must not be cut off."""
        self._over = True
        _ignore()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep a signal that comes meanwhile until the end."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._kept is not None:
            kept, self._kept = self._kept, None
            raise kept

    def cancel(self, number: int, _frame: FrameType | None) -> None:
        """Stop the run."""
        _ignore()
        error = CancelledError(f"stopped by {signal.Signals(number).name}")
        if self._held:
            self._kept = error
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise error from None
        loop.call_soon_threadsafe(self._raise, error)

    def _raise(self, error: CancelledError) -> None:
        if not self._over:
            raise error


@contextlib.contextmanager
def stoppable() -> Iterator[Stops]:
    """Have signals stop what is done here; at the end they are ignored."""
    stops = Stops()
    for each in _NUMBERS:
        signal.signal(each, stops.cancel)
    try:
        yield stops
    finally:
        stops.ignore()


def _ignore() -> None:
    for each in _NUMBERS:
        signal.signal(each, signal.SIG_IGN)
