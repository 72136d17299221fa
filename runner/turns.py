"""Runs that want to begin on this machine ─► as many at once as it has room for, in line.

Every run of this user holds a *turn* while it goes on: a file, locked by whoever executes the run,
that says how much memory the run is reckoned with. Whoever wants one waits in line, asleep, until
all that came before have theirs; only the first in line looks now and then whether there is room.
However a process ends, its turn and its place in line end with it.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.capacity import MEMORY_OF_A_RUN, Capacity, no_room, read_capacity
from runner.records import Resources
from runner.warm.place import UnsafePlaceError, folder

OFF = "EXCURSIONS_TURNS"  # set to "off", runs wait for nobody
_LOOK_EVERY_S = 0.25
_MOST = 4_096  # turns at once

Say = Callable[[str], None]


class Turn:
    """Leave to execute one run; who holds the descriptor holds it."""

    def __init__(self, descriptors: tuple[int, ...] = ()) -> None:
        self.descriptors = descriptors

    def end(self) -> None:
        """Let another run begin."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = ()


class Turns:
    """The line before this machine.

    Args:
        place: The folder of the files; by default one that this user's processes share.
        capacity: Reads what the machine has free.
    """

    def __init__(
        self, place: Path | None = None, capacity: Callable[[], Capacity] = read_capacity
    ) -> None:
        self._capacity = capacity
        self._place = place
        if place is None and os.environ.get(OFF, "") != "off":
            try:
                self._place = folder() / "turns"
            except UnsafePlaceError:
                self._place = None  # no place that is ours alone: nobody can be waited for
        if self._place is not None:
            self._place.mkdir(mode=0o700, exist_ok=True)

    def wait(self, each: Resources, say: Say) -> tuple[Turn, bool]:
        """Wait for a turn; give it, and whether it had to be waited for.

        Args:
            each: What the run may take.
            say: Told once why it has to wait.

        Raises:
            KeyboardInterrupt: A signal to stop came while it waited.
        """
        if self._place is None:
            return Turn(), False
        waited = False
        with _line(self._place / "line", self._say_so(each, say)) as first_at_once:
            waited = not first_at_once
            while (turn := self._try(each)) is None:
                if not waited:
                    self._say_so(each, say)()
                    waited = True
                time.sleep(_LOOK_EVERY_S)
        return turn, waited

    def now(self, each: Resources) -> Turn | None:
        """Give a turn if there is room and nobody waits for it; None otherwise."""
        if self._place is None:
            return Turn()
        with _line(self._place / "line", None) as first:
            return self._try(each) if first else None

    def _say_so(self, each: Resources, say: Say) -> Callable[[], None]:
        def tell() -> None:
            held = self._held()
            others, why = len(held), no_room(len(held), sum(held), self._capacity(), each)
            runs = "1 run goes" if others == 1 else f"{others} runs go"
            busy = f": {runs} on here, and there is no room for another ({why})" if why else ""
            say(f"Waiting for a turn{busy}. Ctrl-C gives up; {OFF}=off waits for nobody.")

        return tell

    def _try(self, each: Resources) -> Turn | None:
        """Take a turn if there is room; only the first in line may ask."""
        held = self._held()  # where nobody has one, nothing needs to be looked up
        if held and no_room(len(held), sum(held), self._capacity(), each):
            return None
        return self._take(each.memory_bytes or MEMORY_OF_A_RUN)

    def _take(self, memory: int) -> Turn | None:
        """Lock the first file that nobody holds, and write down what the run is reckoned with."""
        for number in range(_MOST):
            descriptor = os.open(self._file(number), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(memory).encode())
            return Turn((descriptor,))
        return None

    def _held(self) -> list[int]:
        """Give the memory, in bytes, that each run which holds a turn is reckoned with."""
        if self._place is None:
            return []
        held = []
        for path in self._place.iterdir():
            if not re.fullmatch(r"turn-[0-9]+", path.name):
                continue
            descriptor = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                text = os.read(descriptor, 32)
                held.append(int(text) if text.isdigit() else MEMORY_OF_A_RUN)
            finally:
                os.close(descriptor)
        return held

    def _file(self, number: int) -> Path:
        return Path(f"{self._place}/turn-{number}")


@contextmanager
def _line(path: Path, tell: Callable[[], None] | None) -> Iterator[bool]:
    """Be the first in line; gives whether one was so at once.

    Args:
        path: The file that the first holds.
        tell: Called before it is waited for; None where it is not.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if tell is None:
                yield False
                return
            tell()
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # asleep, in the order of coming
            yield False
            return
        yield True
    finally:
        os.close(descriptor)
