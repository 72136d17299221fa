"""Settings and environment ─► where their zygote listens, and what it must have been made from.

A zygote serves those who would import the same things under the same variables: its *slot*. Within
a slot, one that was made from other package versions is stale; its *fingerprint* tells.
"""

from __future__ import annotations

import hashlib
import json
import os
import site
import stat
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # whoever only looks for a socket shall not wait for pydantic
    from runner.records import Warm

# Read when something is imported or a library is loaded, so a fork cannot be told otherwise.
_BAKED = (
    *("HF_", "TRANSFORMERS_", "TORCH", "PYTORCH_", "TOKENIZERS_", "SAFETENSORS_", "JAX_", "XLA_"),
    *("OMP_", "MKL_", "KMP_", "GOMP_", "OPENBLAS_", "NUMEXPR_", "CUBLAS_", "CUDA_", "NVIDIA_"),
    *("PYTHON", "LD_", "LC_", "MALLOC_", "MPLCONFIGDIR", "MATPLOTLIBRC", "XDG_CACHE_HOME"),
    *("LANG", "TZ", "HOME", "VIRTUAL_ENV", "CONDA_"),
)
# Read at every use, or set anew in each fork.
_NOT_BAKED = frozenset(
    ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
)
_SECRET = ("TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "_KEY")
# A zygote must stay fit for forking; each fork is told its own values.
_FORKABLE = {
    # numpy and pyarrow start threads when they are loaded, unless told before
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    # so that asking whether there is a GPU initialises nothing
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    # pyplot reads it when imported; the backend itself must not be imported in a zygote, since it
    # binds to the shell that runs, and plots would silently vanish
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
_SHIPPED = ("runner", "bot")  # what is installed together; a developer may be changing it
_INSTALLED = (".dist-info", ".egg-info", ".egg-link", ".pth")
_PLAIN = ("PATH", "USER", "LOGNAME", "SHELL", "TMPDIR", "XDG_RUNTIME_DIR")
_LONGEST_SOCKET = 100  # bytes; the kernel takes 107


class UnsafePlaceError(OSError):
    """The folder for sockets could be entered by somebody else."""


def baked(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that a zygote bakes in; never one that looks like a secret."""
    passive = {"OMP_WAIT_POLICY": "passive"}  # spinning is ruinous where cores are shared
    return {
        name: value
        for name, value in sorted((passive | dict(environment)).items())
        if name.startswith(_BAKED)
        and name not in _NOT_BAKED
        and not any(part in name.upper() for part in _SECRET)
    }


def first_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that a zygote is started with.

    They stay readable in `/proc/<pid>/environ` of every kernel, whatever is changed later.
    """
    plain = {name: environment[name] for name in _PLAIN if name in environment}
    return plain | baked(environment) | _FORKABLE


def slot(warm: Warm, environment: Mapping[str, str]) -> str:
    """Name the slot for these settings under these variables."""
    what = [sys.prefix, sys.version, sorted(warm.preload), baked(environment)]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]


def fingerprint() -> str:
    """Digest what is installed for this interpreter: names, versions and times of change."""
    facts: list[object] = [sys.version]
    own = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    for place in dict.fromkeys([*own, *site.getsitepackages(), site.getusersitepackages()]):
        if not place or not Path(place).is_dir():
            continue
        with os.scandir(place) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(_INSTALLED))
        facts.append((place, [(name, _changed(f"{place}/{name}")) for name in names]))
    ours = Path(__file__).parent.parent.parent
    for name in _SHIPPED:
        facts += [(str(path), _changed(path)) for path in sorted(ours.glob(f"{name}/**/*.py"))]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _changed(path: str | Path) -> int:
    return Path(path).stat().st_mtime_ns


def folder() -> Path:
    """Give the folder in which this user's sockets are, and nobody else may enter.

    Raises:
        UnsafePlaceError: There is one, but it is not this user's alone.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    base = Path(runtime) if runtime and len(os.fsencode(runtime)) < 60 else None
    if base is None or not base.is_dir() or not os.access(base, os.W_OK):
        base = Path(tempfile.gettempdir())
    place = base / f"excursions-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    status = place.lstat()
    mine = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    if not mine or stat.S_IMODE(status.st_mode) & 0o077:
        raise UnsafePlaceError(f"{place} is not a folder that this user alone may enter")
    if len(os.fsencode(str(place))) + 24 > _LONGEST_SOCKET:
        raise UnsafePlaceError(f"{place} is too long a path for a socket")
    return place


def link_path(top: Path, environment: Mapping[str, str]) -> Path:
    """Give the path of the link that a repository's commands find their zygote by.

    Raises:
        UnsafePlaceError: The folder could be entered by somebody else.
    """
    what = [str(top), sys.prefix, sys.version, baked(environment)]
    return folder() / f"{hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]}.link"


def socket_path(warm: Warm, environment: Mapping[str, str]) -> Path:
    """Give the path at which the zygote for these settings listens.

    Raises:
        UnsafePlaceError: The folder could be entered by somebody else.
    """
    return folder() / f"{slot(warm, environment)}.sock"
