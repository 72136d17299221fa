"""A command ─► its moments, the bytes that were written for it, and the memory that it took.

Bytes are those handed to `write` by the command and by everything that it started, as the machine
counts them: what a process wrote is added to its parent's count once it has ended. The kernel's
are among them; it sends its outputs, which does not count. What a zygote forked counts as the
zygote's.

Memory is the peak of the largest process but the kernel. Of a process that was started it is what
the machine remembers as its highest (VmHWM); of one that a zygote forked it is the pages that are
its own, looked at again and again, since the others are the zygote's, there once for all.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks import zygotes
from benchmarks.side_by_side import Moments

_LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class Weight:
    """What a command took: seconds, and bytes."""

    moments: Moments
    written: int
    memory: int


def weigh(contender: Callable[[], Moments]) -> Weight:
    """Run a contender once and weigh it."""
    counted = [Path("/proc/self/io"), *(Path(f"/proc/{pid}/io") for pid in zygotes.pids())]
    before = sum(map(_written, counted))
    with _watching() as peak:
        moments = contender()
    return Weight(moments, sum(map(_written, counted)) - before, peak())


def _written(io: Path) -> int:
    """Read how many bytes a process, and those of its children that ended, handed to `write`."""
    lines = dict(line.split(": ") for line in io.read_text("ascii").splitlines())
    return int(lines["wchar"])


@contextlib.contextmanager
def _watching() -> Iterator[Callable[[], int]]:
    """Look after the memory of what is started, until left."""
    done = threading.Event()
    peaks = [0]
    zygote_pids = zygotes.pids()
    roles: dict[int, str] = {}

    def watch() -> None:
        while not done.wait(_LOOK_EVERY_S):
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error, OSError):
                    if not any("ipykernel" in word for word in process.cmdline()):
                        peaks.append(_highest(process))
            forks = [fork for pid in zygote_pids for fork in psutil.Process(pid).children()]
            if {fork.pid for fork in forks} - set(roles):
                roles.update(zygotes.roles())
            for fork in forks:
                with contextlib.suppress(psutil.Error, OSError):
                    if roles.get(fork.pid) != "kernel":
                        peaks.append(fork.memory_full_info().uss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lambda: max(peaks)
    finally:
        done.set()
        thread.join()


def _highest(process: psutil.Process) -> int:
    """Read the most memory that a process ever had."""
    status = Path(f"/proc/{process.pid}/status").read_text("ascii")
    found = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(next(found, 0)) * 1024  # one that has just ended has none
