"""The local forge's runs: refs that allot their numbers, and folders in which they are executed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from bot.errors import ForgeError
from bot.forge import claims
from bot.forge.git import NO_COMMIT
from bot.forge.git_batch import (
    NewCommit,
    move_refs,
    object_ids,
    read_many,
    tree_files,
    write_commits,
)
from bot.forge.local_sweeps import LocalSweeps
from bot.forge.protocol import StoredRun, run_ref
from bot.forge.thread_files import sweep_folder, write_atomically
from runner.records import RunRequest, RunResult, read_request, read_result, to_json

REQUEST = "request.json"
RESULT = "result.json"
SOURCE = "source.ipynb"
_ELSEWHERE = "slurm.json"  # names what executes a run where no process of this machine does


class LocalRuns(LocalSweeps):
    """The runs of one repository on this machine."""

    def runs(self, issue: int) -> tuple[StoredRun, ...]:
        """Read the runs of an issue, in order."""
        refs = self.git.refs(f"refs/excursions/{issue}/")
        named = {ref.rpartition("/")[2]: commit for ref, commit in refs.items()}
        commits = {int(name): named[name] for name in named if name.isdigit()}
        numbers = sorted(commits)
        requests = read_many(self.git, [f"{commits[n]}:{REQUEST}" for n in numbers])
        results = read_many(self.git, [f"{commits[n]}:{RESULT}" for n in numbers])
        return tuple(map(self._stored, [issue] * len(numbers), numbers, requests, results))

    def outlined_runs(self, issue: int) -> tuple[StoredRun, ...]:
        """Read the runs of an issue, in order; here that costs little."""
        return self.runs(issue)

    def _stored(
        self, issue: int, number: int, request: bytes | None, result: bytes | None
    ) -> StoredRun:
        folder = self.run_folder(issue, number)
        left = folder / RESULT
        alive = claims.is_claimed(folder)
        return StoredRun(
            number=number,
            request=_request(request),
            result=_result(result),
            alive=alive,
            interrupted=not alive and claims.is_unfinished(folder),
            elsewhere=result is None and self.may_go_on(f"{issue}.{number}"),
            left=_result(left.read_bytes()) if result is None and left.exists() else None,
        )

    def run_files(self, issue: int, run: int) -> dict[str, bytes]:
        """Read the files of a run: those published, or those that its execution left on disk."""
        commit = self.git.commit_of(run_ref(issue, run))
        published = tree_files(self.git, commit) if commit else {}
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

    def run_sources(self, issue: int, runs: Sequence[int]) -> dict[int, bytes]:
        """Read the notebooks of several runs as they were executed, but for those that are lost."""
        sources = {run: self.run_source(issue, run) for run in runs}
        return {run: source for run, source in sources.items() if source is not None}

    def run_commits(self, issue: int) -> dict[str, str]:
        """Name the commits that hold what runs made, by the runs' refs."""
        refs = self.git.refs(f"refs/excursions/{issue}/")
        return {ref: commit for ref, commit in refs.items() if ref.rpartition("/")[2].isdigit()}

    def is_alive(self, run_id: str) -> bool:
        """Say whether somebody is executing a run now, or may be."""
        issue, _, run = run_id.partition(".")
        folder = self.run_folder(int(issue), int(run))
        return claims.is_claimed(folder) or self.may_go_on(run_id)

    def may_go_on(self, run_id: str) -> bool:
        """Say whether a run was given to a cluster that has told no result of it yet."""
        issue, _, run = run_id.partition(".")
        folder = self.run_folder(int(issue), int(run))
        return (folder / _ELSEWHERE).exists() and not (folder / RESULT).exists()

    def cancel(self, issue: int, runs: Sequence[int], sweeps: Sequence[int], who: str) -> None:
        """Have whoever executes these stop, by a file that they look for."""
        folders = [self.run_folder(issue, run) for run in runs]
        folders += [self.sweep_folder(issue, first) for first in sweeps]
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / claims.CANCEL, who.encode(errors="replace"))

    def keep(self, issue: int, runs: Sequence[int] = (), sweeps: Sequence[int] = ()) -> None:
        """Forget that somebody wanted these to stop, since they shall begin."""
        for folder in (
            *(self.run_folder(issue, run) for run in runs),
            *(self.sweep_folder(issue, first) for first in sweeps),
        ):
            (folder / claims.CANCEL).unlink(missing_ok=True)

    def run_folder(self, issue: int, run: int) -> Path:
        """Name the folder on disk in which a run is executed and its files stay."""
        return self.root / str(issue) / "runs" / str(run)

    def allot_runs(self, runs: Sequence[tuple[RunRequest, Mapping[str, bytes]]]) -> None:
        """Create the refs of runs, all or none, which allots their numbers.

        The folder for its execution is made with the ref, but for a sweep's point: that one waits
        for its turn, and its folder until then.
        """
        refs = [run_ref(*numbers(request)) for request, _ in runs]
        there = object_ids(self.git, [f"{ref}^{{commit}}" for ref in refs])
        known = read_many(self.git, [f"{ref}:{REQUEST}" for ref in refs])
        fresh: list[tuple[str, NewCommit]] = []
        for (request, files), ref, commit, text in zip(runs, refs, there, known, strict=True):
            if commit is not None and _request(text) != request:
                raise _taken(request.run_id)
            folder = self.run_folder(*numbers(request))
            if commit is None:
                fresh.append((ref, NewCommit(request.commit, files, f"Run {request.run_id}\n")))
                if folder.exists():
                    shutil.rmtree(folder)  # of an allotment that was killed before its ref
            if not request.sweep or RESULT in files:
                self._write_beside(folder, files)
            if not request.sweep and not claims.is_unfinished(folder):
                write_atomically(folder / claims.OWNER, b"")
        commits = write_commits(self.git, [commit for _, commit in fresh])
        moves = [(ref, new, NO_COMMIT) for (ref, _), new in zip(fresh, commits, strict=True)]
        if moves and not move_refs(self.git, moves, "excursion: run"):
            raise _taken(runs[0][0].run_id)

    def publish_files(self, issue: int, run: int, files: Mapping[str, bytes], message: str) -> None:
        """Put files under a run's ref, and beside its thread, unless they are there already."""
        folder = self.run_folder(issue, run)
        self._commit_onto(run_ref(issue, run), files, message, folder=folder)
        self._write_beside(folder, files)

    @contextmanager
    def own_run(self, request: RunRequest) -> Iterator[int]:
        """Be the one who executes a run, until told, however this process ends.

        Gives the descriptor that holds the claim, for a child process to share. On leaving
        without an error the command that asked for the run counts as done.
        """
        issue, run = numbers(request)
        folder = self.run_folder(issue, run)
        if not request.sweep:
            self.keep(issue, [run])
        if not claims.is_unfinished(folder):  # the turn of a sweep's point has come
            kept = tree_files(self.git, run_ref(issue, run))
            self._write_beside(folder, kept | {REQUEST: to_json(request)})
        with claims.claim(folder, f"run {request.run_id}") as descriptor:
            self._clear(request.run_id)
            yield descriptor

    def told(self, issue: int, run: int) -> None:
        """Remember that an interrupted run has been settled."""
        self._clear(f"{issue}.{run}")
        claims.forget(self.run_folder(issue, run))

    def _clear(self, run_id: str) -> None:
        """Clear away what killed writers left of a run, unless one may be at work elsewhere."""
        if not self.may_go_on(run_id):
            issue, _, run = run_id.partition(".")
            sweep_folder(self.run_folder(int(issue), int(run)), ".", "*")


def numbers(request: RunRequest) -> tuple[int, int]:
    """Give the issue and the number of a run."""
    issue, _, run = request.run_id.partition(".")
    return int(issue), int(run)


def _taken(run_id: str) -> ForgeError:
    return ForgeError(
        f"run {run_id} was taken by someone else just now", right="Give the command again."
    )


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
