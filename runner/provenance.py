"""What a run happens on: Python, packages, processor, GPUs, as found without importing them."""

from __future__ import annotations

import csv
import hashlib
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from runner.packages import installed, site_folders
from runner.records import Environment, Gpu

_GPU_FIELDS = "name,memory.total,driver_version"


def environment(python: str = sys.executable) -> Environment:
    """Describe the environment that a notebook runs in.

    Args:
        python: The interpreter that its kernel runs on: this one, or that of an environment made
            of it.
    """
    folders = site_folders(python)
    packages = installed(folders)
    lines = "".join(f"{name}=={version}\n" for name, version in packages.items())
    found, driver = gpus()
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        packages_sha256=hashlib.sha256(lines.encode()).hexdigest(),
        packages=packages,
        torch=packages.get("torch"),
        cuda=cuda_of(folders),
        driver=driver,
        cpu=_cpu(),
        cores=usable_cores(),
        gpus=found,
    )


def usable_cores() -> int:
    """Count the cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not everywhere
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def cuda_of(folders: Iterable[Path]) -> str | None:
    """Read which CUDA torch was built for from its own file, since importing takes a second."""
    for folder in folders:
        path = folder / "torch" / "version.py"
        if path.exists():
            match = re.search(r"^cuda.*=\s*'([0-9.]+)'", path.read_text(), re.MULTILINE)
            return match[1] if match else None
    return None


def gpus() -> tuple[tuple[Gpu, ...], str | None]:
    """Ask the driver which GPUs there are, and its own version."""
    try:
        done = subprocess.run(
            ["nvidia-smi", f"--query-gpu={_GPU_FIELDS}", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return (), None
    return read_gpus(done.stdout) if done.returncode == 0 else ((), None)


def read_gpus(text: str) -> tuple[tuple[Gpu, ...], str | None]:
    """Read what the driver says of its GPUs, a line each; what it says otherwise is left out."""
    rows = [
        row
        for row in csv.reader(text.splitlines(), skipinitialspace=True)
        if len(row) == 3 and row[1].isdigit()
    ]
    found = tuple(Gpu(name=row[0], memory_bytes=int(row[1]) * 2**20) for row in rows)
    return found, rows[0][2] if rows else None


def _cpu() -> str:
    """Name the processor."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        match = re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE)
        if match:
            return match[1].strip()
    return platform.processor() or platform.machine()
