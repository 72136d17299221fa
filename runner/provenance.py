"""What a run happens on: Python, packages, processor, GPUs, as found without importing them."""

from __future__ import annotations

import csv
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import re
import subprocess
from pathlib import Path

from runner.records import Environment, Gpu


def environment() -> Environment:
    """Describe the environment that notebooks run in, which is this interpreter's own."""
    packages = installed_packages()
    lines = "".join(f"{name}=={version}\n" for name, version in packages.items())
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        packages_sha256=hashlib.sha256(lines.encode()).hexdigest(),
        packages=packages,
        torch=packages.get("torch"),
        cuda=_cuda(),
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 0,
        gpus=_gpus(),
    )


def installed_packages() -> dict[str, str]:
    """List the installed distributions by their normalised names, in order."""
    found = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"]
        if name:
            found[re.sub(r"[-_.]+", "-", name).lower()] = distribution.version
    return dict(sorted(found.items()))


def _cuda() -> str | None:
    """Read which CUDA torch was built for from its own file, since importing takes a second."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.origin:
        return None
    path = Path(spec.origin).with_name("version.py")
    match = (
        re.search(r"^cuda.*=\s*'([0-9.]+)'", path.read_text(), re.MULTILINE)
        if path.exists()
        else None
    )
    return match[1] if match else None


def _cpu() -> str:
    """Name the processor."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        match = re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE)
        if match:
            return match[1].strip()
    return platform.processor() or platform.machine()


def _gpus() -> tuple[Gpu, ...]:
    """Ask the driver which GPUs there are."""
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    if done.returncode != 0:
        return ()
    rows = csv.reader(done.stdout.splitlines(), skipinitialspace=True)
    return tuple(
        Gpu(name=row[0], memory_bytes=int(row[1]) * 2**20)
        for row in rows
        if len(row) == 2 and row[1].isdigit()
    )
