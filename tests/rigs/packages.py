"""A requirements file with hashes ─► a folder with what pip makes of it, made once.

It is kept in the user's cache folder, so that testing again downloads nothing.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

HERE = Path(__file__).parent


def downloaded(requirements: str) -> Path:
    """Give a folder with the source distributions that a file beside this one names."""
    words = ("download", "--no-binary=:all:", "--no-build-isolation", "--dest")
    return _made(HERE / requirements, words)


def installed(requirements: str) -> Path:
    """Give a folder for PYTHONPATH with the packages that a file beside this one names."""
    return _made(HERE / requirements, ("install", "--only-binary=:all:", "--target"))


def _made(requirements: Path, words: tuple[str, ...]) -> Path:
    made_from = (requirements.read_text("utf-8"), words, sys.version)
    cache = user_cache_path("excursions") / "rigs"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / hashlib.sha256(repr(made_from).encode()).hexdigest()[:16]
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=cache) as temporary:
                making = Path(temporary, "made")
                _pip(*words, str(making), "--requirement", str(requirements))
                making.rename(folder)
    return folder


def _pip(*words: str) -> None:
    pip = (sys.executable, "-m", "pip", *words, "--no-deps", "--require-hashes", "--quiet")
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
