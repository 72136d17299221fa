"""What the local forge's parts share: the repository, `.excursions/`, the clock, publishing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from bot.errors import ForgeError
from bot.forge.git import NO_COMMIT, Git
from bot.forge.git_batch import LARGE, NewCommit, move_refs, write_commits
from bot.forge.thread_files import holds, write_atomically

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

    def _commit_onto(
        self,
        ref: str,
        files: Mapping[str, bytes],
        message: str,
        *,
        base: str | None = None,
        folder: Path | None = None,
    ) -> None:
        """Put a commit with these files and no others under a ref, unless it holds them already.

        Args:
            ref: Its full name.
            files: Path ─► content.
            message: Why.
            base: The commit at which a ref that is not there is begun.
            folder: Where some of the files may lie on the disk already.

        Raises:
            ForgeError: The ref is gone, or somebody else moved it meanwhile.
        """
        found = self.git.look_up([f"{ref}^{{commit}}", *(f"{ref}:{name}" for name in files)])
        old = found[0].id if found[0] else None
        parent = old or base
        if parent is None:
            raise ForgeError(f"{ref} is gone", right="Run again.")
        if [each.content if each else None for each in found[1:]] == list(files.values()):
            return
        large = [name for name, content in files.items() if len(content) >= LARGE]
        lie = {name: folder / name for name in large} if folder else {}
        on_disk = {name: path for name, path in lie.items() if holds(path, files[name])}
        [new] = write_commits(self.git, [NewCommit(parent, files, message, on_disk=on_disk)])
        if not move_refs(self.git, [(ref, new, old or NO_COMMIT)], "excursion: publish"):
            raise ForgeError(
                f"{ref} was moved by someone else just now", right="Give the command again."
            )

    def _write_beside(self, folder: Path, files: Mapping[str, bytes]) -> None:
        """Write files into a folder beside a thread, where they are not there already."""
        for name, content in files.items():
            path = folder / name
            if not holds(path, content):
                write_atomically(path, content)
