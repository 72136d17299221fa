"""The local forge's sweeps: who is at work on one, and the files that tell of it as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bot.forge import claims
from bot.forge.local_place import LocalPlace
from bot.forge.protocol import StoredSweep, sweep_ref
from bot.forge.thread_files import sweep_folder


class LocalSweeps(LocalPlace):
    """The sweeps of one repository on this machine."""

    def sweeps(self, issue: int) -> tuple[StoredSweep, ...]:
        """List the sweeps of an issue whose commands are not done."""
        folders = (self.root / str(issue) / "sweeps").glob("[1-9]*")
        return tuple(
            StoredSweep(int(folder.name), alive=claims.is_claimed(folder))
            for folder in sorted(folders)
            if claims.is_unfinished(folder) and folder.name.isdigit()
        )

    def sweep_folder(self, issue: int, first: int) -> Path:
        """Name the folder on disk that holds a sweep's own files."""
        return self.root / str(issue) / "sweeps" / str(first)

    @contextmanager
    def own_sweep(self, issue: int, first: int) -> Iterator[int]:
        """Be the one who executes a sweep; the descriptor is for its runs to share."""
        folder = self.sweep_folder(issue, first)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / claims.CANCEL).unlink(missing_ok=True)  # of an earlier command
        with claims.claim(folder, f"sweep {issue}.{first}") as descriptor:
            sweep_folder(folder, ".", "*")
            yield descriptor

    def told_sweep(self, issue: int, first: int) -> None:
        """Remember that an interrupted sweep has been settled."""
        sweep_folder(self.sweep_folder(issue, first), ".", "*")
        claims.forget(self.sweep_folder(issue, first))

    def publish_sweep(
        self, issue: int, first: int, files: Mapping[str, bytes], *, base: str | None, message: str
    ) -> None:
        """Put files beside the thread and, given the commit that ran, under the sweep's ref."""
        if base is not None:
            self._commit_onto(sweep_ref(issue, first), files, message, base=base)
        self._write_beside(self.sweep_folder(issue, first), files)
