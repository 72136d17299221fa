"""This machine ─► findings: git, what notebooks need, warm kernels, GPUs."""

from __future__ import annotations

import importlib.util
import os
import re
import sys

from bot.doctor.finding import Finding, advice, good
from bot.forge.git import Git
from runner import provenance
from runner.warm import client

_GIT = (2, 38)  # `git merge-tree --write-tree`
_NOTEBOOKS = ("papermill", "nbclient", "ipykernel", "nbconvert", "psutil", "threadpoolctl")


def machine_findings(git: Git) -> list[Finding]:
    """Look at this machine."""
    return [_git(git), _python(), _notebooks(), _warm(), _gpu()]


def _git(git: Git) -> Finding:
    said = git.text("--version")
    found = re.search(r"(\d+)\.(\d+)", said)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    if version < _GIT:
        what = f"{said} merges answers file by file"
        return advice("git", what, f"Version {_GIT[0]}.{_GIT[1]} merges them line by line")
    return good("git", said)


def _python() -> Finding:
    return good("python", f"{sys.version.split()[0]} at {sys.prefix}")


def _notebooks() -> Finding:
    lacking = [name for name in _NOTEBOOKS if importlib.util.find_spec(name) is None]
    if lacking:
        right = "pip install 'excursions[notebooks]', unless notebooks only run on GitHub"
        return advice("notebooks", f"cannot be run here: there is no {', '.join(lacking)}", right)
    if importlib.util.find_spec("torch") is None:
        return advice("notebooks", "there is no torch here", "pip install torch")
    return good("notebooks", "what runs them is installed")


def _warm() -> Finding:
    why_not = client.possible()
    if why_not:
        return good("warm kernels", f"runs start cold: {why_not}")
    running = len(list(client.ask_all("status")))
    if not running:
        return good("warm kernels", "none is running; one starts by itself after a run")
    return good("warm kernels", f"{running} running")


def _gpu() -> Finding:
    gpus, driver = provenance.gpus()
    if not gpus:
        return good("gpu", "none here")
    names = ", ".join(f"{gpu.name} ({gpu.memory_bytes / 2**30:.0f} GiB)" for gpu in gpus)
    cuda = provenance.environment().cuda
    if cuda is None and importlib.util.find_spec("torch") is not None:
        right = "Install a torch that was built for CUDA"
        return advice("gpu", f"{names}, but the torch here is made for CPUs", right)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    hidden = " (CUDA_VISIBLE_DEVICES hides some)" if visible is not None else ""
    return good("gpu", f"{names}, driver {driver}, CUDA {cuda or 'unknown'}{hidden}")
