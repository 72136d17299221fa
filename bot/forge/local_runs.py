"""The local forge's runs: refs that allot their numbers, and folders in which they are executed."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from bot.errors import ForgeError, RequestError
from bot.forge.git import NO_COMMIT
from bot.forge.local_place import LocalPlace
from bot.forge.protocol import StoredRun, run_ref
from bot.forge.thread_files import write_atomically
from runner.records import RunRequest, RunResult, read_request, read_result

REQUEST = "request.json"
RESULT = "result.json"
SOURCE = "source.ipynb"
_TRIES, _PAUSE_S = 40, 0.05
_ELSEWHERE = "slurm.json"  # names what executes a run where no process of this machine does
_OWNER = "owner"  # is there until the command that asked for the run is done; locked while it works


class LocalRuns(LocalPlace):
    """The runs of one repository on this machine."""

    def runs(self, issue: int) -> tuple[StoredRun, ...]:
        """Read the runs of an issue, in order."""
        found = []
        for ref, commit in self.git.refs(f"refs/excursions/{issue}/").items():
            number = ref.rpartition("/")[2]
            if not number.isdigit():
                continue
            result = self.git.read(commit, RESULT)
            folder = self.run_folder(issue, int(number))
            left = folder / RESULT
            alive = _is_locked(folder / _OWNER)
            found.append(
                StoredRun(
                    number=int(number),
                    request=_request(self.git.read(commit, REQUEST)),
                    result=_result(result),
                    alive=alive,
                    interrupted=not alive and (folder / _OWNER).exists(),
                    left=_result(left.read_bytes()) if result is None and left.exists() else None,
                )
            )
        return tuple(sorted(found, key=lambda run: run.number))

    def run_files(self, issue: int, run: int) -> dict[str, bytes]:
        """Read the files of a run: those published, or those that its execution left on disk."""
        commit = self.git.commit_of(run_ref(issue, run))
        published = self.git.tree_files(commit) if commit else {}
        if RESULT in published:
            return published
        folder = self.run_folder(issue, run)
        names = (REQUEST, RESULT, "notebook.ipynb", "uncommitted.patch")
        left = {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}
        for figure in sorted((folder / "figures").glob("*")):
            if figure.is_file() and not figure.is_symlink():
                left[f"figures/{figure.name}"] = figure.read_bytes()
        return published | left

    def run_source(self, issue: int, run: int) -> bytes | None:
        """Read the notebook of a run as it was executed, None if it is nowhere any more."""
        ref = run_ref(issue, run)
        request = _request(self.git.read(ref, REQUEST))
        if request is None:
            return None
        own = self.git.run("rev-list", "--reverse", f"{request.commit}..{ref}", allowed=(0, 128))
        first = own.stdout.decode().partition("\n")[0]  # the commit that allotted the number
        kept = self.git.read(first, SOURCE) if first else None
        return kept if kept is not None else self.git.read(request.commit, request.notebook)

    def is_alive(self, run_id: str) -> bool:
        """Say whether somebody is executing a run now, or may be."""
        issue, _, run = run_id.partition(".")
        owner = self.run_folder(int(issue), int(run)) / _OWNER
        return _is_locked(owner) or self.may_go_on(run_id)

    def may_go_on(self, run_id: str) -> bool:
        """Say whether a run was given to a cluster that has told no result of it yet."""
        issue, _, run = run_id.partition(".")
        folder = self.run_folder(int(issue), int(run))
        return (folder / _ELSEWHERE).exists() and not (folder / RESULT).exists()

    def run_folder(self, issue: int, run: int) -> Path:
        """Name the folder on disk in which a run is executed and its files stay."""
        return self.root / str(issue) / "runs" / str(run)

    def allot_run(self, request: RunRequest, files: Mapping[str, bytes]) -> None:
        """Create the ref of a run, which allots its number, and the folder for its execution."""
        issue, run = (int(part) for part in request.run_id.split("."))
        folder = self.run_folder(issue, run)
        ref = run_ref(issue, run)
        there = self.git.commit_of(ref)
        if there is not None and self.git.read(there, REQUEST) != files[REQUEST]:
            raise ForgeError(
                f"run {request.run_id} was taken by someone else just now",
                right="Give the command again.",
            )
        if there is None and folder.exists():
            shutil.rmtree(folder)  # of an allotment that was killed before its ref
        for name, content in files.items():
            write_atomically(folder / name, content)
        if not (folder / _OWNER).exists():
            write_atomically(folder / _OWNER, b"")
        if there is None:
            tree = self.git.write_tree(None, files)
            commit = self.git.write_commit(tree, (request.commit,), f"Run {request.run_id}\n")
            if not self.git.move_ref(ref, commit, NO_COMMIT, "excursion: run"):
                raise ForgeError(
                    f"run {request.run_id} was taken by someone else just now",
                    right="Give the command again.",
                )

    def publish_files(self, issue: int, run: int, files: Mapping[str, bytes], message: str) -> None:
        """Put files under a run's ref, and beside its thread, unless they are there already."""
        ref = run_ref(issue, run)
        old = self.git.commit_of(ref)
        if old is None:
            raise ForgeError(f"{ref} is gone", right="Run again.")
        tree = self.git.write_tree(None, files)
        if tree != self.git.text("rev-parse", f"{old}^{{tree}}"):
            commit = self.git.write_commit(tree, (old,), message)
            if not self.git.move_ref(ref, commit, old, "excursion: publish"):
                raise ForgeError(f"{ref} was moved by someone else just now")
        folder = self.run_folder(issue, run)
        for name, content in files.items():
            path = folder / name
            if not path.exists() or path.read_bytes() != content:
                write_atomically(path, content)

    @contextmanager
    def own_run(self, issue: int, run: int) -> Iterator[int]:
        """Be the one who executes a run, until told, however this process ends.

        Gives the descriptor that holds the claim, for a child process to share. On leaving
        without an error the command that asked for the run counts as done.
        """
        path = self.run_folder(issue, run) / _OWNER
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if not any(_try_lock(descriptor) for _ in range(_TRIES)):
                raise RequestError(
                    f"run {issue}.{run} is being executed by another process",
                    right="Wait for it.",
                )
            yield descriptor
            path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    def told(self, issue: int, run: int) -> None:
        """Remember that an interrupted run has been settled."""
        (self.run_folder(issue, run) / _OWNER).unlink(missing_ok=True)


def _try_lock(descriptor: int) -> bool:
    """Try to lock a file; somebody who only looks may hold it for a moment."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(_PAUSE_S)
        return False
    return True


def _is_locked(path: Path) -> bool:
    """Say whether some process holds a lock on a file."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _request(text: bytes | None) -> RunRequest | None:
    try:
        return read_request(text) if text is not None else None
    except ValidationError:
        return None


def _result(text: bytes | None) -> RunResult | None:
    try:
        return read_result(text) if text is not None else None
    except ValidationError:
        return None
