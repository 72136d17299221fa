"""All that a run's outcome may depend on ─► one digest, by which an earlier run is found again."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from runner.packages import installed, loose_code, site_folders
from runner.provenance import cuda_of, gpus, usable_cores
from runner.records import RunRequest

# To be raised whenever runs that had the same digest before may have different outcomes since.
SCHEMA = 1
# Variables that change what the same code computes, or which code it is.
_VARIABLES = (
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_TF32_OVERRIDE",
    "PYTHONHASHSEED",
    "PYTHONPATH",
)
_DRIVER = Path("/proc/driver/nvidia/gpus")


@dataclass(frozen=True)
class Surroundings:
    """What a kernel runs in, as far as it may change what comes out."""

    python: str
    machine: str
    packages: Mapping[str, str]
    loose_code: Mapping[str, str]  # that no package's version names
    cuda: str | None
    gpus: tuple[str, ...]
    threads: str
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Files:
    """What a notebook may import or read, each file by its path with its digest."""

    project: Mapping[str, str] = field(default_factory=dict)  # of its repository, at its commit
    data: Mapping[str, str] = field(default_factory=dict)  # that it declares, kept by git or not
    patch: bytes = b""  # what was not committed


def surroundings(python: str, environment: Mapping[str, str], cores: int | None) -> Surroundings:
    """Look at what a kernel would run in here; takes some milliseconds.

    Args:
        python: The interpreter that the kernel runs on.
        environment: The variables that it is started with.
        cores: How many it may use, if anybody said.
    """
    folders = site_folders(python)
    return Surroundings(
        python=f"{sys.implementation.name} {platform.python_version()}",
        machine=platform.machine(),
        packages=installed(folders),
        loose_code=loose_code(folders, environment),
        cuda=cuda_of(folders),
        gpus=_gpu_names(),
        threads=environment.get("OMP_NUM_THREADS", str(cores or usable_cores())),
        variables={name: environment[name] for name in _VARIABLES if name in environment},
    )


def inputs_digest(
    request: RunRequest, notebook: bytes, files: Files, surroundings: Surroundings
) -> str:
    """Digest all that the outcome of a run may depend on.

    Limits of time, and who asked when, are not part of it; nor is what a notebook says in Markdown.

    Args:
        request: What is asked for.
        notebook: The notebook as it will be executed.
        files: What it may read.
        surroundings: What it will run in.
    """
    elsewhere = request.engine != "local"
    said = {
        "schema": SCHEMA,
        "cells": code_cells(notebook),
        "parameters": [
            (name, type(value).__name__, repr(value))  # 1, 1.0 and True are three things
            for name, value in sorted(request.parameters.items())
        ],
        "seed": request.seed,
        "project": dict(files.project),
        "data": dict(files.data),
        "patch": hashlib.sha256(files.patch).hexdigest() if files.patch else "",
        "surroundings": asdict(surroundings),
        "place": [request.engine, request.resources.partition, request.resources.gpus]
        if elsewhere
        else [],
    }
    if request.code:  # what is known of a block is no answer to a run, nor the other way round
        said["eval"] = True
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def data_digest(data: Mapping[str, str]) -> str:
    """Digest the data files of a run in one; empty where there are none."""
    text = json.dumps(dict(data), sort_keys=True)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest() if data else ""


def code_cells(notebook: bytes) -> list[tuple[str, list[str]]]:
    """Read a notebook's code cells in their order: source and tags."""
    cells: list[dict[str, Any]] = json.loads(notebook)["cells"]
    return [
        ("".join(cell["source"]), sorted(map(str, cell["metadata"].get("tags", ()))))
        for cell in cells
        if cell["cell_type"] == "code"
    ]


def _gpu_names() -> tuple[str, ...]:
    """Name the GPUs; the driver's files say it at once, its program takes a second."""
    found = []
    for path in sorted(_DRIVER.glob("*/information")):
        lines = path.read_text(errors="replace").splitlines()
        found += [line.partition(":")[2].strip() for line in lines if line.startswith("Model:")]
    if found or not shutil.which("nvidia-smi"):
        return tuple(found)
    return tuple(gpu.name for gpu in gpus()[0])
