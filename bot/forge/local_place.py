"""What the three parts of the local forge share: the repository, `.excursions/` and the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bot.forge.git import Git

FOLDER = ".excursions"


class LocalPlace:
    """A repository on this machine, and the folder beside its files in which threads are kept."""

    def __init__(
        self,
        git: Git,
        top: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.git = git
        self.top = top
        self.root = top / FOLDER
        self._clock = clock
        self._warn = warn
