"""The folders that an interpreter imports from ─► packages with versions, and code without one."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

_DIST_INFO = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)-([^-]+)\.dist-info")
_CODE = (".py", ".so", ".pyd")
_TOOL = "excursions"  # known by its version, wherever it is run from
_HERE = Path(__file__).resolve().parent.parent


def site_folders(python: str = sys.executable) -> tuple[Path, ...]:
    """List the folders in which an interpreter's packages are installed, first come first served.

    Args:
        python: This interpreter, or that of an environment made of it (`runner.environments`).
    """
    own = tuple(
        Path(entry) for entry in sys.path if Path(entry).name in {"site-packages", "dist-packages"}
    )
    if python == sys.executable:
        return tuple(dict.fromkeys(own))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return (Path(python).parent.parent / "lib" / version / "site-packages", *own)


def installed(folders: Iterable[Path]) -> dict[str, str]:
    """List installed packages as normalised name ─► version, in order of their names.

    The names of the `.dist-info` folders say both, and reading them takes a hundredth of the time
    that reading their contents does; whatever is named otherwise is read.
    """
    found: dict[str, str] = {}
    for folder in folders:
        names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else ()
        for name in names:
            match = _DIST_INFO.fullmatch(name)
            if match:
                found.setdefault(normalised(match[1]), match[2])
            elif name.endswith(".egg-info"):
                metadata = importlib.metadata.PathDistribution(folder / name).metadata
                if metadata["Name"]:
                    found.setdefault(normalised(metadata["Name"]), metadata["Version"] or "")
    return dict(sorted(found.items()))


def normalised(name: str) -> str:
    """Normalise a package's name (https://peps.python.org/pep-0503/#normalized-names)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def loose_code(folders: Iterable[Path], environment: Mapping[str, str]) -> dict[str, str]:
    """Fingerprint the code that can be imported though no installed version names it.

    That is what `PYTHONPATH`, `.pth` files and editable installations lead to. A folder's
    fingerprint changes whenever a file of code in it is written.

    Args:
        folders: Where packages are installed.
        environment: The variables that the interpreter is started with.
    """
    entries = environment.get("PYTHONPATH", "").split(os.pathsep)
    roots = [Path(entry) for entry in entries if entry]
    tool = {_HERE}
    for folder in folders:
        editable = dict(_editable(folder))
        roots += [*_named_by_pth(folder), *editable.values()]
        tool |= {editable[_TOOL].resolve()} if _TOOL in editable else set()
    wanted = dict.fromkeys(root.resolve() for root in roots if root.is_dir())
    return {str(root): _fingerprint(root) for root in wanted if root not in tool}


def _named_by_pth(folder: Path) -> Iterator[Path]:
    """Read which folders `.pth` files add (https://docs.python.org/3/library/site.html)."""
    for path in sorted(folder.glob("*.pth")):
        for line in path.read_text(errors="replace").splitlines():
            if line.strip() and not line.startswith(("#", "import ", "import\t")):
                yield folder / line.strip()


def _editable(folder: Path) -> Iterator[tuple[str, Path]]:
    """Read which packages were installed, from where, editable (https://peps.python.org/pep-0660/)."""
    for path in sorted(folder.glob("*.dist-info/direct_url.json")):
        origin = json.loads(path.read_text())
        if origin.get("dir_info", {}).get("editable") and origin["url"].startswith("file:"):
            name = path.parent.name.rpartition("-")[0]
            yield normalised(name), Path(unquote(urlsplit(origin["url"]).path))


def _fingerprint(root: Path) -> str:
    """Digest the names, sizes and times of a folder's code.

    Hidden folders and virtual environments apart: nothing is imported from them by this way.
    """
    digest = hashlib.sha256()
    for place, folders, files in os.walk(root):
        folders[:] = sorted(
            each
            for each in folders
            if not each.startswith(".")
            and each != "__pycache__"
            and not Path(place, each, "pyvenv.cfg").exists()
        )
        for name in sorted(files):
            if name.endswith(_CODE):
                with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                    known = Path(place, name).lstat()
                    line = f"{place}\0{name}\0{known.st_size}\0{known.st_mtime_ns}\n"
                    digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()
