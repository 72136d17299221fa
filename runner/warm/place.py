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
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # whoever only looks for a socket shall not wait for pydantic
    from runner.records import Warm

# Read when something is imported or a library is loaded, so a fork cannot be told otherwise.
_BAKED_FAMILIES = (
    *("HF_", "HUGGINGFACE_", "TRANSFORMERS_", "SAFETENSORS_", "JAXTYPING_", "JAX_", "XLA_"),
    *("TRANSFORMERLENS_", "DATASETS_", "ACCELERATE_", "USE_", "FSSPEC_", "PYDANTIC_"),
    *("PLOTLY_", "PILLOW_", "SYMPY_", "MPMATH_", "INDUCTOR_", "AOT", "FX_", "VSCODE_"),
    *("TORCH", "PYTORCH_", "TRITON_", "CUDA_", "CUBLAS_", "NVIDIA_", "NUMBA_", "TF_"),
    *("OMP_", "MKL_", "KMP_", "GOMP_", "OPENBLAS_", "NUMEXPR_", "NPY_", "NUMPY_", "SCIPY_"),
    *("PYTHON", "PANDAS_", "SKLEARN_", "TQDM_", "LC_", "LD_", "MALLOC_", "CONDA_"),
)
_BAKED_NAMES = frozenset(
    (
        *("HOME", "LANG", "LANGUAGE", "TZ", "VIRTUAL_ENV", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"),
        *("MPLCONFIGDIR", "MATPLOTLIBRC", "CI", "DO_NOT_TRACK", "DISABLE_TELEMETRY", "LOGLEVEL"),
        # not read, but a job's processes, and what they may use of the machine, are its own
        *("SLURM_JOB_ID", "SLURM_STEP_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID", "FLUX_JOB_ID"),
    )
)
# Read at every use, or set anew in each fork: what a run among several is given as its share.
_NOT_BAKED = frozenset(
    (
        *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"),  # CUDA is begun in the fork
        *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"),
    )
)
_SECRET = ("TOKEN", "SECRET", "PASS", "CREDENTIAL", "AUTH", "_KEY")
_NO_SECRET = frozenset(("HF_TOKEN_PATH", "HF_HUB_DISABLE_IMPLICIT_TOKEN"))
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
    """There is no folder for sockets that this user alone may enter."""


def baked(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that a zygote bakes in; never one that looks like a secret."""
    passive = {"OMP_WAIT_POLICY": "passive"}  # spinning is ruinous where cores are shared
    variables = sorted((passive | dict(environment)).items())
    return {name: value for name, value in variables if _is_baked(name)}


def _is_baked(name: str) -> bool:
    if name in _NOT_BAKED or not (name in _BAKED_NAMES or name.startswith(_BAKED_FAMILIES)):
        return False
    return name in _NO_SECRET or not any(part in name.upper() for part in _SECRET)


def first_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that a zygote is started with.

    They stay readable in `/proc/<pid>/environ` of every kernel, whatever is changed later.
    """
    plain = {name: environment[name] for name in _PLAIN if name in environment}
    paths = {"PYTHONPATH": os.pathsep.join(_python_path(environment))}  # none of some project
    return plain | baked(environment) | paths | _FORKABLE


def slot(warm: Warm, environment: Mapping[str, str]) -> str:
    """Name the slot for these settings under these variables."""
    what = [sorted(warm.preload), baked(environment), *_surroundings()]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]


def _surroundings() -> list[object]:
    """Give what a process has from the one that it was forked from, and cannot change."""
    spaces = Path("/proc/self/ns")  # of a container, or of a network of its own
    return [
        sys.prefix,
        sys.version,
        sorted(str(space.readlink()) for space in spaces.iterdir()),
        [os.getgid(), *sorted(os.getgroups())],
        len(os.sched_getaffinity(0)),  # libraries count them when they are loaded
    ]


def _python_path(environment: Mapping[str, str]) -> list[str]:
    """Give what the search path begins with, but for what depends on the folder one is in."""
    entries = environment.get("PYTHONPATH", "").split(os.pathsep)
    return [entry for entry in entries if Path(entry).is_absolute()]


def fingerprint(environment: Mapping[str, str]) -> str:
    """Digest what is installed for this interpreter: names, versions and times of change."""
    facts: list[object] = [sys.version]
    places = [*_python_path(environment), *site.getsitepackages(), site.getusersitepackages()]
    for place in places:  # which grows by what path files name
        names = _installed(place)
        facts.append((place, [(name, _changed(f"{place}/{name}")) for name in names]))
        for name in names:
            if name.endswith(".pth"):
                places += [each for each in _named(Path(place, name)) if each not in places]
    ours = Path(__file__).parent.parent.parent
    for name in _SHIPPED:
        facts += [(str(path), _changed(path)) for path in sorted(ours.glob(f"{name}/**/*.py"))]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def in_development() -> dict[str, int]:
    """Give the files of loaded modules that are not installed but worked on, and their times.

    What installs a package changes its dist-info folder; nothing tells of an edit but the file.
    """
    fixed = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    fixed += [*site.getsitepackages(), site.getusersitepackages()]
    files = [getattr(module, "__file__", None) for module in tuple(sys.modules.values())]
    ours = [f for f in files if isinstance(f, str) and not f.startswith(tuple(fixed))]
    return {file: _changed(file) for file in sorted(set(ours)) if Path(file).is_absolute()}


def edited(files: Mapping[str, int]) -> str:
    """Name a file that is not as it was; empty if all are."""
    return next((file for file, changed in files.items() if _changed(file) != changed), "")


def _installed(place: str) -> list[str]:
    try:
        with os.scandir(place) as entries:
            return sorted(entry.name for entry in entries if entry.name.endswith(_INSTALLED))
    except OSError:
        return []  # Python looks for nothing there either


def _named(path_file: Path) -> list[str]:
    """Give the folders that a path file adds to the search path."""
    try:
        lines = path_file.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []
    lines = [line.strip() for line in lines if not line.startswith(("#", "import ", "import\t"))]
    return [str(path_file.parent / line) for line in lines if line]


def _changed(path: str | Path) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except FileNotFoundError:  # it is being replaced at this moment
        return 0


def folder() -> Path:
    """Give the folder in which this user's sockets are, and nobody else may enter.

    Raises:
        UnsafePlaceError: It cannot be made, or is not this user's alone.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    base = Path(runtime) if runtime and len(os.fsencode(runtime)) < 60 else None
    if base is None or not base.is_dir() or not os.access(base, os.W_OK):
        base = Path(tempfile.gettempdir())
    place = base / f"excursions-{os.getuid()}"
    try:
        place.mkdir(mode=0o700, exist_ok=True)
        status = place.lstat()
    except OSError as error:
        raise UnsafePlaceError(f"{place} cannot be made: {error.strerror}") from error
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
    what = [str(top), baked(environment), *_surroundings()]
    return folder() / f"{hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]}.link"


def socket_path(warm: Warm, environment: Mapping[str, str]) -> Path:
    """Give the path at which the zygote for these settings listens.

    Raises:
        UnsafePlaceError: The folder could be entered by somebody else.
    """
    return folder() / f"{slot(warm, environment)}.sock"
