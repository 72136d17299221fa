"""A file that says that somebody wants a command to stop ─► the command stopped, as by Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from types import TracebackType

from bot.forge import claims

_LOOK_EVERY_S = 0.3
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Cancelling:
    """Looks, while the context lasts, whether somebody wants what is executed in it to stop.

    Then the context is left as Ctrl-C would leave it, but for the KeyboardInterrupt, which ends
    with it; and signals mean afterwards what they meant before.

    Args:
        folder: Of the run or the sweep.
    """

    def __init__(self, folder: Path) -> None:
        self.asked = False
        self._folder = folder
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, name="cancelling", daemon=True)

    def __enter__(self) -> Cancelling:
        """Begin to look."""
        self._before = {number: signal.getsignal(number) for number in _STOPS}
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> bool:
        """Look no longer."""
        self._done.set()
        try:
            self._thread.join()
        except KeyboardInterrupt:
            if not self.asked:
                raise
        if self.asked:
            for number, meaning in self._before.items():
                signal.signal(number, meaning)
        return self.asked and kind is not None and issubclass(kind, KeyboardInterrupt)

    def _look(self) -> None:
        while not self._done.wait(_LOOK_EVERY_S):
            if claims.is_cancelled(self._folder):
                self.asked = True
                # Not SIGINT, which a command in the background of a script ignores.
                os.kill(os.getpid(), signal.SIGTERM)
                return


def who_cancelled(*folders: Path) -> str:
    """Say who wanted the work on one of these folders to stop; empty if nobody did."""
    for folder in folders:
        if claims.is_cancelled(folder):
            return (folder / claims.CANCEL).read_text(errors="replace").strip()
    return ""
