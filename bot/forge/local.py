"""The local forge: threads as files under `.excursions/`, branches and runs in the repository."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bot.errors import ForgeError
from bot.forge import thread_files
from bot.forge.local_branches import LocalBranches
from bot.forge.local_place import FOLDER
from bot.forge.local_reproductions import LocalReproductions
from bot.forge.local_threads import LocalThreads
from bot.forge.thread_files import disk_error, write_atomically

_LOCK_SECONDS = 30
_LOOK_EVERY_S = (0.05, 0.25)  # at first; where many wait
_LEAST_FREE = 2 * 1024 * 1024  # bytes; less than this and a thread could be left half-written
_README = """\
This folder is the research log of this repository: one folder an issue, one file a comment.
Read it with any editor, search it with grep. It is kept out of your commits by .git/info/exclude.
What runs made is also kept by git, under refs/excursions/<issue>/<run>.
Your branches are checked out under worktrees/.
"""


class LocalForge(LocalThreads, LocalBranches, LocalReproductions):
    """Threads and branches of one repository on this machine."""

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes from deciding at the same time, and mend what a crash left.

        Raises:
            ForgeError: The disk is full, or another process keeps the lock for a minute.
        """
        self._prepare()
        lock = FileLock(self.root / ".lock")
        holder = self.root / ".holder"  # there while somebody has the lock; says who
        try:
            self._acquire(lock, holder)
        except OSError as error:
            raise disk_error(error, self.root) from error
        try:
            thread_files.sweep(self.root)
            self.finish_moves()
            self.sweep_reproductions()
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()

    def _acquire(self, lock: FileLock, holder: Path) -> None:
        """Wait for the lock as long as those who have it take turns.

        Raises:
            ForgeError: The same process has had it for a minute.
            OSError: The disk is full.
        """
        seen, pause = "", _LOOK_EVERY_S[0]
        while True:
            try:
                lock.acquire(timeout=_LOCK_SECONDS, poll_interval=pause)
                break
            except Timeout as error:
                with contextlib.suppress(FileNotFoundError):
                    who = holder.read_text()
                    if who == seen:
                        raise ForgeError(
                            f"another excursion command, process {who.partition(' ')[0]}, has "
                            f"been at work for {_LOCK_SECONDS} s",
                            where=str(self.root),
                            right="Wait for it, or end it, and give the command again.",
                        ) from error
                    seen = who
                pause = _LOOK_EVERY_S[1]
        try:
            holder.write_text(f"{os.getpid()} {time.monotonic_ns()}")
        except OSError:
            lock.release()
            raise

    def _prepare(self) -> None:
        """Make the folder, and keep it out of the user's commits."""
        if shutil.disk_usage(self.top).free < _LEAST_FREE:
            raise ForgeError(
                "the disk is full",
                where=str(self.top),
                right="Free some space and give the command again; nothing was changed.",
            )
        try:
            self.root.mkdir(exist_ok=True)
        except OSError as error:
            raise disk_error(error, self.root) from error
        exclude = self.git.common_folder / "info" / "exclude"
        known = exclude.read_text() if exclude.exists() else ""
        if f"/{FOLDER}/" not in known.splitlines():
            gap = "" if not known or known.endswith("\n") else "\n"
            write_atomically(exclude, f"{known}{gap}/{FOLDER}/\n".encode())
        if not (self.root / "README.txt").exists():
            write_atomically(self.root / "README.txt", _README.encode())
