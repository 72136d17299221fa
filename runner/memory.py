"""How much memory a kernel may take here, and whether that is what ended it."""

from __future__ import annotations

import re
from pathlib import Path

import psutil

from runner.records import RunError
from runner.sizes import spoken_size

_CGROUP = Path("/sys/fs/cgroup")
_NVIDIA = Path("/dev/nvidiactl")
_NAMES = ("MemoryError", "_ArrayMemoryError", "OutOfMemoryError")
_MESSAGE = re.compile(r"can't allocate memory|cannot allocate memory|out of memory", re.IGNORECASE)


def machine_memory() -> int:
    """Give the bytes of memory that this machine, or the container that we are in, has."""
    total = int(psutil.virtual_memory().total)
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        path = _CGROUP / name
        text = path.read_text().strip() if path.is_file() else ""
        if text.isdigit():
            total = min(total, int(text))
    return total


def memory_limit(configured: int | None) -> int | None:
    """Give the limit of a kernel's memory in bytes; None for none.

    Where nothing is configured it is what the machine has, so that a notebook which asks for more
    is told so, rather than the machine choosing whom to kill. Where there is a GPU, whose driver
    maps far more than it uses, there is none unless it is configured.
    """
    if configured is not None:
        return configured
    return None if _NVIDIA.exists() else machine_memory()


def out_of_memory(name: str, message: str, limit: int | None) -> RunError | None:
    """Name an error that means there was no memory left; None if it means something else."""
    if name not in _NAMES and not (name == "RuntimeError" and _MESSAGE.search(message)):
        return None
    on_gpu = "cuda" in message.lower() or "hip" in message.lower()
    allowed = f"; the kernel may use {spoken_size(limit)}" if limit and not on_gpu else ""
    said = f"{name}: {message}" if message else name
    return RunError(name="Out of memory", message=f"{said[:1_500]}{allowed}")


def memory_kills() -> int:
    """Give how many processes the machine has killed here for want of memory so far."""
    path = _CGROUP / "memory.events"
    text = path.read_text() if path.is_file() else ""
    match = re.search(r"^oom_kill (\d+)$", text, re.MULTILINE)
    return int(match[1]) if match else 0
