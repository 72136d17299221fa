"""A command line ─► the same command in a process that a zygote forks, which has all imports done.

Imports next to nothing, since that is what it is for.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import FrameType

CONFIG = "excursions.toml"
WORKTREES = ".excursions"
_ENTRY = "bot.cli:main_here"
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def hand_over(arguments: list[str]) -> int | None:
    """Have the command carried out by a fork of this repository's zygote.

    Gives its exit status; None if there is no zygote, or it may not be used.
    """
    if os.environ.get("EXCURSIONS_WARM") == "off":
        return None
    top = _top(Path.cwd())
    if top is None:
        return None
    from runner.warm.client import NoZygoteError, fork
    from runner.warm.place import UnsafePlaceError, link_path

    try:
        socket = link_path(top, os.environ).readlink()
        process = fork(
            socket,
            _ENTRY,
            arguments,
            environment=os.environ,
            cwd=Path.cwd(),
            descriptors=(0, 1, 2),
        )
    except (NoZygoteError, UnsafePlaceError, OSError):
        return None  # it is carried out here, and says why a run starts cold

    def pass_on(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    for number in _PASSED_ON:
        signal.signal(number, pass_on)
    code = process.wait()
    return 128 - code if code < 0 else code


def remember(top: Path, socket: Path) -> None:
    """Remember where a repository's zygote listens."""
    from runner.warm.place import link_path

    link = link_path(top, os.environ)
    if link.is_symlink() and link.readlink() == socket:
        return
    temporary = link.with_suffix(f".{os.getpid()}")
    temporary.symlink_to(socket)
    temporary.replace(link)


def _top(start: Path) -> Path | None:
    """Find the folder around us that is set up for excursions, from its worktrees too."""
    places = [start, *start.parents]
    ours = next((place.parent for place in places if place.name == WORKTREES), start)
    return next((place for place in (ours, *ours.parents) if (place / CONFIG).exists()), None)
