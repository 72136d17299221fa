"""What a machine has free ─► how many runs may go on at once, and what each of them is given.

A run is reckoned with one core, the memory that its configuration names or else 1.5 GB (a kernel
that has imported torch and holds a small model), and where there are GPUs with one of them, unless
the configuration says how much of a GPU's memory a run takes.
"""

from __future__ import annotations

import csv
import math
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.records import Resources
from runner.sizes import spoken_size

MEMORY_OF_A_RUN = 1_500_000_000  # bytes
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_DEVICES, _ORDER = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"
_NO_LIMIT = 2**60  # bytes; cgroups of version 1 write "none" as some number above


@dataclass(frozen=True)
class FreeGpu:
    """A GPU that may be used."""

    name: str  # as CUDA_VISIBLE_DEVICES names it
    free_bytes: int


@dataclass(frozen=True)
class Capacity:
    """What a machine has free."""

    cores: int
    free_memory: int  # bytes
    gpus: tuple[FreeGpu, ...] = ()
    memory: int = 2**60  # bytes that it has in all


def slots_for(points: int, capacity: Capacity, each: Resources) -> int:
    """Say how many of so many runs may go on at once: at least one, never more than cores."""
    limits = [
        points,
        capacity.cores // (each.cores or 1),
        capacity.free_memory // (each.memory_bytes or MEMORY_OF_A_RUN),
    ]
    if capacity.gpus:
        limits.append(len(_places(capacity, each)))
    return max(1, min(limits))


def no_room(others: int, reckoned: int, capacity: Capacity, each: Resources) -> str:
    """Say what keeps another run from beginning beside those that go on; empty if nothing does.

    Args:
        others: How many go on, whoever began them.
        reckoned: The bytes of memory that they are reckoned with, whether they have taken it yet.
        capacity: What the machine has free, beside what they have taken.
        each: What the run may take.
    """
    if others == 0:
        return ""  # waiting would not help
    if others >= max(1, capacity.cores // (each.cores or 1)):
        return f"{capacity.cores} {'core' if capacity.cores == 1 else 'cores'}"
    need = each.memory_bytes or MEMORY_OF_A_RUN
    if need > capacity.free_memory or need + reckoned > capacity.memory:
        return f"{spoken_size(capacity.free_memory)} of memory are free"
    if capacity.gpus and each.gpu_memory_bytes:
        fits = any(gpu.free_bytes >= each.gpu_memory_bytes for gpu in capacity.gpus)
        return "" if fits else "no GPU has enough memory free"
    if capacity.gpus and others >= max(1, len(capacity.gpus) // max(1, each.gpus)):
        return f"{len(capacity.gpus)} GPU{'s' * (len(capacity.gpus) > 1)}"
    return ""


def share_of(
    slot: int, slots: int, capacity: Capacity, each: Resources, given: Mapping[str, str]
) -> dict[str, str]:
    """Say what a run's environment names as its share: threads, and one place on the GPUs.

    Args:
        slot: Which of the places for runs that go on at once it has, counted from 0.
        slots: How many there are.
        capacity: What the machine has free.
        each: What a run may take.
        given: The environment as it is; threads that somebody chose are left alone.
    """
    share = threads_of(slots, capacity, each, given)
    if len(capacity.gpus) > 1 and slots > 1:
        places = _places(capacity, each)
        share[_DEVICES] = places[slot % len(places)]
        if _DEVICES not in given:  # our numbers are the driver's, which CUDA orders otherwise
            share[_ORDER] = "PCI_BUS_ID"
    return share


def threads_of(
    slots: int, capacity: Capacity, each: Resources, given: Mapping[str, str]
) -> dict[str, str]:
    """Say how many threads each of so many runs at once is given, if nobody chose."""
    if _THREADS[0] in given:
        return {}
    threads = each.cores or max(1, capacity.cores // slots)
    return {name: str(threads) for name in _THREADS if name not in given}


def _places(capacity: Capacity, each: Resources) -> list[str]:
    """List what runs may each be given of the GPUs, those first that share with nobody."""
    if each.gpus > 1:
        names = [gpu.name for gpu in capacity.gpus]
        groups = [names[i : i + each.gpus] for i in range(0, len(names), each.gpus)]
        return [",".join(group) for group in groups if len(group) == each.gpus] or [",".join(names)]
    need = each.gpu_memory_bytes or MEMORY_OF_A_RUN
    room = {gpu.name: gpu.free_bytes // need for gpu in capacity.gpus}
    most = max(room.values())
    rounds = most if each.gpu_memory_bytes else min(most, 1)
    places = [name for turn in range(rounds) for name, runs in room.items() if runs > turn]
    return places or [capacity.gpus[0].name]


def read_capacity() -> Capacity:
    """Read what this machine, or the container we are in, has free."""
    import psutil

    from runner.memory import machine_memory

    groups = _cgroups(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))
    memory = [psutil.virtual_memory().available, *(_free_memory(group) for group in groups)]
    cores = [_cores(), *(_quota(group) for group in groups)]
    return Capacity(
        min(cores), min(memory), _gpus(os.environ.get(_DEVICES)), memory=machine_memory()
    )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cgroups(own: Path, root: Path) -> list[Path]:
    """List the folders of the control groups that limit this process, of version 2 or 1.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#interface-files
    """
    if not own.exists():
        return []
    found = []
    for line in own.read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        base = root / controllers if controllers else root
        inner = base / path.lstrip("/")
        found += [inner, *(folder for folder in inner.parents if folder.is_relative_to(base))]
    return [folder for folder in dict.fromkeys(found) if folder.is_dir()]


def _free_memory(group: Path) -> int:
    """Read what a control group may still take, what it could give up of files included."""
    limit = _number(group / "memory.max") or _number(group / "memory.limit_in_bytes")
    used = _number(group / "memory.current") or _number(group / "memory.usage_in_bytes")
    if limit is None or used is None or limit >= _NO_LIMIT:
        return _NO_LIMIT
    statistics = group / "memory.stat"
    lines = statistics.read_text().splitlines() if statistics.exists() else []
    stand = dict(line.partition(" ")[::2] for line in lines)
    reclaimable = int(stand.get("inactive_file", stand.get("total_inactive_file", "0")))
    return max(0, limit - used + reclaimable)


def _quota(group: Path) -> int:
    """Read how many cores' time a control group may take, at least one."""
    path = group / "cpu.max"
    words = path.read_text().split() if path.exists() else []
    if len(words) == 2 and words[0].isdigit():
        return max(1, math.ceil(int(words[0]) / int(words[1])))
    quota, period = _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")
    return max(1, math.ceil(quota / period)) if quota and period else 2**20


def _number(path: Path) -> int | None:
    text = path.read_text().strip() if path.is_file() else ""
    return int(text) if text.isdigit() else None


def _gpus(visible: str | None) -> tuple[FreeGpu, ...]:
    """Ask the driver which GPUs we may use and what they have free."""
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=index,uuid,memory.free", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return read_gpus(done.stdout if done.returncode == 0 else "", visible)


def read_gpus(listed: str, visible: str | None) -> tuple[FreeGpu, ...]:
    """Read the driver's list of index, name and free MiB, and keep what is to be visible.

    Args:
        listed: What `nvidia-smi` said.
        visible: `CUDA_VISIBLE_DEVICES`, None where it is not set. What it names otherwise than
            the driver does (a part of a GPU) counts as free.
    """
    rows = [row for row in csv.reader(listed.splitlines(), skipinitialspace=True) if len(row) == 3]
    known = [
        (uuid, FreeGpu(index, int(free) * 2**20)) for index, uuid, free in rows if free.isdigit()
    ]
    if visible is None or not known:
        return tuple(gpu for _, gpu in known)
    chosen = []
    for name in (word.strip() for word in visible.split(",")):
        if not name or name == "-1":
            break  # CUDA, too, sees nothing of what follows
        same = [gpu for uuid, gpu in known if name == gpu.name or uuid.startswith(name)]
        chosen.append(FreeGpu(name, same[0].free_bytes if same else _NO_LIMIT))
    return tuple(chosen)
