"""A notebook that says the time ten times a second ─► the seconds that are lost if something dies.

When a process dies, what it had handed to the machine is kept; when the machine dies, only what an
fsync had brought to the disk. Both are measured: the one by killing, the other by noting when each
fsync came back and what it held.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from benchmarks import zygotes
from benchmarks.places import EXCURSION, Repository, repository
from benchmarks.side_by_side import FailedError, must

_STAMP = re.compile(r"stamp (\d+\.\d+)")
_SPY = Path(__file__).parent / "spy"
_STAMP_EVERY_S = 0.1
_START_S = 60.0
_LOOK_EVERY_S = 0.02


def lost_s(top: Path, preload: Sequence[str], *, kills: int, seconds: float) -> float:
    """Kill the runner and its zygote at random moments; give the most seconds that were lost."""
    ours = _repository(top, preload, seconds)
    worst = 0.0
    for _ in range(kills):
        must([EXCURSION, "warm", "start"], top)  # the last one was killed
        process = ours.run().start()
        runner, began = _executing(top), time.time()
        time.sleep(random.uniform(0.2, 0.8) * seconds)  # noqa: S311  # a moment, no secret
        killed = time.time()
        for pid in (runner, *zygotes.pids()):
            os.kill(pid, signal.SIGKILL)
        _, said = process.communicate()
        if process.returncode == 0:  # the run died, which the command tells
            raise FailedError(["excursion", "run"], said)
        worst = max(worst, killed - max([began, *_stamps(ours.last_run() / "notebook.ipynb")]))
    return worst


def unsynced_s(top: Path, preload: Sequence[str], *, seconds: float) -> float:
    """Give the longest time from an output to the end of the fsync that had it."""
    path = os.pathsep.join(filter(None, (str(_SPY), os.environ.get("PYTHONPATH"))))
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        with _variables(PYTHONPATH=path, FSYNC_LOG=log.name):
            ours = _repository(top, preload, seconds)
            ours.run()()
        lines = log.read().decode("ascii").splitlines()
    synced = [tuple(map(float, line.split())) for line in lines]
    return max(
        min(when for when, last in synced if last >= stamp) - stamp
        for stamp in _stamps(ours.notebook())
    )


def _repository(top: Path, preload: Sequence[str], seconds: float) -> Repository:
    """Make one whose notebook says the time for a while."""
    stamps = f"""
import time
for _ in range({round(seconds / _STAMP_EVERY_S)}):
    print(f"stamp {{time.time():.3f}}", flush=True)
    time.sleep({_STAMP_EVERY_S})
"""
    return repository(top, (stamps,), warm=True, preload=preload)


def _executing(top: Path) -> int:
    """Wait until the last cell of a run in this repository has begun; give who executes it."""
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                for file in process.open_files():
                    path = Path(file.path)
                    ours = path.name == "journal.jsonl" and path.is_relative_to(top)
                    if ours and '"cell": 1' in path.read_text("utf-8"):
                        return int(process.pid)
        time.sleep(_LOOK_EVERY_S)
    raise RuntimeError("the notebook did not begin")


def _stamps(notebook: Path) -> list[float]:
    return [float(stamp) for stamp in _STAMP.findall(notebook.read_text("utf-8"))]


@contextlib.contextmanager
def _variables(**values: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
