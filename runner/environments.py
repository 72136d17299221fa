"""Requirements beside what is installed here ─► an interpreter that has both, made once.

The environments and their locks lie in the user's cache folder:

    locks/<requirements and what is installed here>.json    what pip resolved, with hashes
    environments/<what was resolved>/                       a virtual environment with just that

An environment sees this interpreter's own packages beside its own, so that torch is not installed
twice. pip rather than uv: uv neither looks beyond the new environment's own folder, nor finds the
builds of torch that a machine has in a folder of wheels.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock
from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from runner.packages import installed, normalised, site_folders

_COMPLETE = "complete"  # is there once everything is installed
_PIP = ("--disable-pip-version-check", "--no-input", "--retries", "2")
_OLD_VERSIONS = re.compile(r"\(from versions: (?:[^,)]+, )+(?=(?:[^,)]+, ){2}[^,)]+\))")
_LONGEST_REASON = 1_500  # characters
_WORDS = {  # what pip calls the things that we give it
    "The user requested (constraint)": "installed here is",
    "The user requested": "the excursion requires",
}


class RequirementsError(ValueError):
    """The requirements are wrong, or cannot be had together."""

    def __init__(self, problem: str, right: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.right = right


class PipError(OSError):
    """pip is missing or failed, though the requirements could be resolved."""


@dataclass(frozen=True)
class Pin:
    """One package of a lock."""

    name: str
    version: str
    sha256: str

    @property
    def line(self) -> str:
        """The package as pip reads it."""
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}"


def default_folder() -> Path:
    """Name the folder in the user's cache folder in which environments are kept."""
    return platformdirs.user_cache_path("excursions") / "python"


def check(requirements: Iterable[str]) -> tuple[str, ...]:
    """Hold requirements against what an excursion may ask for, and write them in one way.

    A requirement names a package of an index, maybe with versions, extras and a marker
    (https://peps.python.org/pep-0508/). Not allowed are options of pip, which could turn it to
    another index, and direct addresses, behind which the same version may change.

    Raises:
        RequirementsError: One is none, or is not allowed.
    """
    found = set()
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise RequirementsError(
                f"{text!r} is no requirement: {str(error).splitlines()[0]}",
                'Write a name and versions, such as "einops==0.8.*"; options of pip are not taken.',
            ) from error
        if requirement.url:
            raise RequirementsError(
                f"{text!r} names an address", "Name the package and its version in an index."
            )
        found.add(str(requirement))
    return tuple(sorted(found))


def known(requirements: Sequence[str], folder: Path | None = None) -> str | None:
    """Give the interpreter for these requirements if it was made before, else None; costs little.

    Raises:
        RequirementsError: One of them is not allowed.
    """
    checked = check(requirements)
    if not checked:
        return sys.executable
    place = folder or default_folder()
    pins = _read_lock(_lock_path(place, checked))
    return _python(place, pins) if pins is not None else None


def make(
    requirements: Sequence[str],
    *,
    say: Callable[[str], None],
    folder: Path | None = None,
) -> str:
    """Give the interpreter for these requirements, making its environment if there is none yet.

    Killed at any point, it leaves nothing that counts as made. Several may make the same one at
    the same time: one does, the others wait for it.

    Args:
        requirements: What is needed beside what is installed here.
        say: Told what takes long.
        folder: Where environments are kept.

    Raises:
        RequirementsError: They are not allowed, or cannot be resolved; nothing is left of it.
        PipError: pip is missing, or could not install what it had resolved.
    """
    found = known(requirements, folder)
    if found is not None:
        return found
    place, checked = folder or default_folder(), check(requirements)
    lock = _lock_path(place, checked)
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock.with_suffix(".lock")):
        pins = _read_lock(lock)
        if pins is None:
            say(f"Looking for {', '.join(checked)}, once.")
            pins = _resolve(checked)
            _write(lock, [vars(pin) for pin in pins])
        if not pins:  # all of it is installed here
            return sys.executable
        home = _home(place, pins)
        home.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(home.with_suffix(".lock")):
            if not (home / _COMPLETE).exists():
                names = ", ".join(f"{pin.name} {pin.version}" for pin in pins)
                say(f"Installing {names} into an environment of their own, once.")
                _build(home, pins)
    return str(home / "bin" / "python")


def _lock_path(place: Path, requirements: Sequence[str]) -> Path:
    """Name the file of what was resolved for requirements, given what is installed here."""
    said = [requirements, _here(), installed(site_folders())]
    return place / "locks" / f"{_digest(said)}.json"


def _here() -> list[str]:
    return [sys.prefix, platform.python_version(), platform.machine()]


def _home(place: Path, pins: Sequence[Pin]) -> Path:
    return place / "environments" / _digest([_here(), [pin.line for pin in pins]])


def _digest(said: Any) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


def _python(place: Path, pins: Sequence[Pin]) -> str | None:
    if not pins:
        return sys.executable
    home = _home(place, pins)
    return str(home / "bin" / "python") if (home / _COMPLETE).exists() else None


def _read_lock(path: Path) -> tuple[Pin, ...] | None:
    try:
        return tuple(Pin(**pin) for pin in json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):  # damaged: resolved again
        return None


def _write(path: Path, data: Any) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    temporary.write_text(json.dumps(data, indent=1))
    temporary.replace(path)


def _resolve(requirements: Sequence[str]) -> tuple[Pin, ...]:
    """Ask pip what is needed beside what is installed here."""
    named = {normalised(Requirement(text).name) for text in requirements}
    with tempfile.TemporaryDirectory(prefix="excursions-resolve-") as scratch:
        folder = Path(scratch)
        _make_venv(folder / "python")
        constraints = folder / "constraints.txt"
        constraints.write_text("\n".join(_constraints(installed(site_folders()), named)))
        report = folder / "report.json"
        done = _pip(
            folder / "python",
            *("install", "--dry-run", "--report", str(report), "--constraint", str(constraints)),
            *requirements,
        )
        if done.returncode != 0:
            raise RequirementsError(
                f"the requirements cannot be had together with what is installed: {_reason(done)}",
                "Change them in excursion.toml. One that needs another version of a package that "
                "is installed here must name that package too.",
            )
        return _read_report(json.loads(report.read_bytes()))


def _constraints(packages: Mapping[str, str], named: Iterable[str]) -> list[str]:
    """Hold everything that is installed at its version, but for what is asked for by name."""
    lines = []
    for name, version in packages.items():
        try:
            Version(version)
        except InvalidVersion:
            continue  # pip would not take it, and could not choose it either
        if name not in named:
            lines.append(f"{name}=={version}")
    return lines


def _read_report(report: Mapping[str, Any]) -> tuple[Pin, ...]:
    """Read what pip would install (https://pip.pypa.io/en/stable/reference/installation-report/)."""
    pins = []
    for item in report["install"]:
        name, version = item["metadata"]["name"], item["metadata"]["version"]
        sha256 = item["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")
        if not sha256:
            raise RequirementsError(f"the index gives no hash of {name} {version}")
        pins.append(Pin(normalised(name), version, sha256))
    return tuple(sorted(pins, key=lambda pin: pin.name))


def _build(home: Path, pins: Sequence[Pin]) -> None:
    """Make an environment in its place, since it cannot be moved; complete once it says so."""
    shutil.rmtree(home, ignore_errors=True)  # of one who was killed
    try:
        _make_venv(home)
        lock = home / "requirements.txt"
        lock.write_text("".join(f"{pin.line}\n" for pin in pins))
        done = _pip(
            home,
            # What is installed here is not this environment's to remove.
            *("install", "--no-deps", "--ignore-installed"),
            *("--require-hashes", "--requirement", str(lock)),
        )
        if done.returncode != 0:
            raise PipError(f"pip could not install the requirements: {_reason(done)}")
        (home / _COMPLETE).touch()
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise


def _make_venv(home: Path) -> None:
    """Make an environment that is empty but sees what is installed here.

    Its own packages come first. Adding a site folder, rather than naming its path, has the `.pth`
    files in there read too, without which what is installed editable would be missing.
    """
    venv.EnvBuilder(with_pip=False, symlinks=True).create(home)
    own = site_folders(str(home / "bin" / "python"))[0]
    lines = [f"import site; site.addsitedir({str(folder)!r})\n" for folder in site_folders()]
    (own / "excursions.pth").write_text("".join(lines))


def _pip(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Let this interpreter's pip work on an environment, configured as its user has it."""
    variables = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), *arguments, *_PIP],
        capture_output=True,
        text=True,
        env=variables | {"PIP_USER": "0"},  # which makes no sense in an environment
        check=False,
    )
    if "No module named pip" in done.stderr:
        raise PipError("pip is not installed here; python -m ensurepip installs it")
    return done


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """Pick out of what pip said why it failed."""
    conflict = done.stdout.partition("The conflict is caused by:")[2].partition("\n\n")[0]
    if conflict.strip():
        for theirs, ours in _WORDS.items():
            conflict = conflict.replace(theirs, ours)
        return "; ".join(line.strip() for line in conflict.splitlines() if line.strip())
    errors = [
        _OLD_VERSIONS.sub("(from versions: …, ", line)
        for line in done.stderr.splitlines()
        if line.startswith("ERROR:") and "Ignored the following" not in line
    ]
    text = "; ".join(line.removeprefix("ERROR:").strip() for line in errors) or done.stderr.strip()
    return text[:_LONGEST_REASON] or f"pip ended with status {done.returncode}"
