"""Loaded by each Python that has this folder on its path: tells what each fsync brought to disk.

A line of the file that FSYNC_LOG names has the time at which an fsync came back, and the last
stamp (see benchmarks/risk.py) that the file held when it was asked for.
"""

import os
import re
import time

_STAMP = re.compile(rb"stamp (\d+\.\d+)")
_real = os.fsync


def _fsync(file: int) -> None:
    log = os.environ.get("FSYNC_LOG")  # asked for now: a fork has other variables than its zygote
    if not log:
        _real(file)
        return
    with open(f"/proc/self/fd/{file}", "rb") as content:  # noqa: PTH123  # of a Python that starts
        stamps = _STAMP.findall(content.read())
    _real(file)
    if stamps:
        line = f"{time.time()} {max(map(float, stamps))}\n"
        with open(log, "a", encoding="ascii") as told:  # noqa: PTH123
            told.write(line)


os.fsync = os.fdatasync = _fsync  # type: ignore[assignment]
