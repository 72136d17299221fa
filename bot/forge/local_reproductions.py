"""The local forge's reproductions: a commit checked out for one run, and gone after it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import RequestError
from bot.forge.local_runs import LocalRuns
from runner.records import RunRequest

_FOLDER = "reproductions"


class LocalReproductions(LocalRuns):
    """Checkouts of old commits, each for one run and gone after it."""

    @contextmanager
    def checked_out(
        self,
        request: RunRequest,
        patch: bytes,
        *,
        in_use: bool,
        data: Path,
        files: Iterable[str],
    ) -> Iterator[Path]:
        """Check a commit out for a run, as its original found it, and remove it afterwards.

        On a cluster the run may go on when this process does not: then the checkout stays, for
        whoever waits for the run next.

        Args:
            request: The run that needs it, which this process has claimed.
            patch: What was not committed when the original ran.
            in_use: Whether the run goes on in it already.
            data: The folder, within a checkout, that holds data files which git does not keep.
            files: Those files, by their paths within that folder; given to the run as further
                names of the same files, since they may be large.

        Raises:
            ForgeError: Git or the disk failed.
        """
        path = self.root / _FOLDER / request.run_id
        try:
            if not in_use:
                self._remove(path)
                self._check_out(path, request.commit, patch)
                for name in files:
                    _also_name(data / name, path / Path(request.notebook).parent / name)
            yield path
        finally:
            if not self.may_go_on(request.run_id):
                self._remove(path)

    def check_commit(self, commit: str) -> None:
        """Hold a commit against what is here.

        Raises:
            RequestError: It is not in this clone.
        """
        if self.git.commit_of(commit) is None:
            raise RequestError(
                f"the commit {commit} is not in this clone",
                right="Fetch it: git fetch origin 'refs/excursions/*:refs/excursions/*'",
            )

    def sweep_reproductions(self) -> None:
        """Remove the checkouts of runs that nobody executes any more."""
        for path in (self.root / _FOLDER).glob("*.*"):
            issue, _, run = path.name.partition(".")
            if issue.isdigit() and run.isdigit() and not self.is_alive(path.name):
                self._remove(path)

    def _check_out(self, path: Path, commit: str, patch: bytes) -> None:
        self.git.run("worktree", "add", "--quiet", "--detach", str(path), commit)
        sparse = self.git.run("config", "core.sparseCheckout", cwd=path, allowed=(0, 1))
        if sparse.stdout.strip() == b"true":  # taken over from the user's own checkout
            self.git.run("sparse-checkout", "disable", cwd=path)
        if patch:
            self.git.run("apply", "--whitespace=nowarn", "-", cwd=path, stdin=patch)

    def _remove(self, path: Path) -> None:
        if not path.exists():
            return
        # Given twice, since git may have been killed while it made it.
        self.git.run("worktree", "remove", "--force", "--force", str(path), allowed=(0, 128))
        shutil.rmtree(path, ignore_errors=True)
        self.git.run("worktree", "prune")


def _also_name(file: Path, new: Path) -> None:
    if new.exists():
        return  # git holds it
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file.resolve(), new)
    except OSError:  # on another disk, or on one that knows no links
        shutil.copy2(file, new)
