"""What any forge can be asked, and the records in which it answers.

Everything that changes something is idempotent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from bot.thread import Thread
from runner.records import RunRequest, RunResult


def run_ref(issue: int, run: int) -> str:
    """Name the ref that holds a run's files; creating it allots the run's number."""
    return f"refs/excursions/{issue}/{run}"


def sweep_ref(issue: int, first: int) -> str:
    """Name the ref that holds a sweep's own files: the sweep is named by its first run."""
    return f"refs/excursions/{issue}/sweep-{first}"


@dataclass(frozen=True)
class StoredRun:
    """A run as its ref, and whoever executes it, remember it."""

    number: int
    request: RunRequest | None  # None where the ref holds nothing we understand
    result: RunResult | None  # None until its files are published
    alive: bool = False  # somebody is executing it now
    interrupted: bool = False  # the command that asked for it ended before it was done
    elsewhere: bool = False  # a cluster has it, which may execute it though nobody waits
    left: RunResult | None = None  # what an interrupted execution had finished, not yet published


@dataclass(frozen=True)
class StoredSweep:
    """A sweep whose command is not done."""

    first: int  # the number of its first run
    alive: bool  # the command, or a run that it began, is at work now


@dataclass(frozen=True)
class Part:
    """An issue that asks a part of another issue's question."""

    number: int
    title: str
    is_sub_issue: bool  # where there is such a thing; otherwise it says what it is part of


class Threads(Protocol):
    """Issues and their comments."""

    def next_issue(self) -> int:
        """Give the number that the next issue will have."""

    def questions(self) -> tuple[Thread, ...]:
        """Read every issue without its comments."""

    def thread(self, issue: int) -> Thread:
        """Read one thread; RequestError if there is none."""

    def spent_lately(self) -> tuple[Mapping[str, Any], ...]:
        """Give what entries of the whole repository remember, where a budget counts it."""

    def open_issue(
        self, issue: int, title: str, body: str, labels: tuple[str, ...], author: str
    ) -> None:
        """Open an issue under a number that was free."""

    def open_part(self, issue: int, title: str, body: str, author: str, mark: str) -> Part:
        """Open an issue for a part of this one's question, unless one bears this mark already."""

    def close_issue(self, issue: int, *, answered: bool = True) -> None:
        """Close an issue, answered or given up."""

    def reopen_issue(self, issue: int) -> None:
        """Open an issue that is closed."""

    def set_labels(self, issue: int, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
        """Add and remove labels."""

    def post_comment(self, issue: int, author: str, body: str) -> int:
        """Post a person's comment and give its number; each call posts one."""

    def react(self, issue: int, comment: int, reaction: str) -> None:
        """Acknowledge a comment."""

    def upsert_entry(self, issue: int, key: str, body: str, data: dict[str, Any]) -> None:
        """Post our entry with this key, or edit the one that is there."""

    def remove_entry(self, issue: int, key: str) -> None:
        """Take our entry with this key back, unless it is gone."""


class Branches(Protocol):
    """The repository's branches, and where they are worked on."""

    def head(self, branch: str) -> str | None:
        """Give the commit of a branch, None if there is no such branch."""

    def branches_of(self, issue: int) -> tuple[str, ...]:
        """List the branches whose names an excursion of this issue could have."""

    def branches_in_the_way(self, branch: str) -> tuple[str, ...]:
        """List the branches that keep one of this name from being made."""

    def read(self, commit: str, path: str) -> bytes | None:
        """Read a file at a commit, None if it is not there."""

    def read_files(self, commit: str, paths: Sequence[str]) -> dict[str, bytes | None]:
        """Read files at a commit, None for those that are not there."""

    def folder(self, commit: str, path: str) -> dict[str, str]:
        """List a folder at a commit: each name in it with what names its content; or nothing."""

    def uncommitted(self, branch: str) -> tuple[str, ...]:
        """List what is changed but not committed where the branch is worked on."""

    def changed_since(self, commit: str, branch: str) -> tuple[str, ...]:
        """List the tracked files that differ, where the branch is worked on, from a commit."""

    def working_copy(self, branch: str, path: str) -> bytes | None:
        """Read a file as it is where the branch is worked on."""

    def patch(self, branch: str) -> bytes:
        """Give what is uncommitted as a patch that git can apply."""

    def merge_obstacle(self, branch: str, into: str) -> str:
        """Say what would keep the branch from being merged; empty if nothing does."""

    def create_branch(self, branch: str, base: str) -> None:
        """Create a branch at a commit, unless it is there."""

    def commit_files(
        self, branch: str, files: Mapping[str, bytes], message: str, *, keep: bool = False
    ) -> None:
        """Commit files to a branch, unless they are there already; with `keep`, in any form."""

    def open_pull_request(self, issue: int, branch: str, into: str, title: str) -> None:
        """Bring a branch into another."""


class Runs(Protocol):
    """What runs made."""

    def runs(self, issue: int) -> tuple[StoredRun, ...]:
        """Read the runs of an issue."""

    def outlined_runs(self, issue: int) -> tuple[StoredRun, ...]:
        """Give the runs of an issue with what is known of them anyway."""

    def run_files(self, issue: int, run: int) -> dict[str, bytes]:
        """Read the files of a run, by their paths."""

    def run_source(self, issue: int, run: int) -> bytes | None:
        """Read the notebook of a run as it was executed, None if it is nowhere any more."""

    def run_sources(self, issue: int, runs: Sequence[int]) -> dict[int, bytes]:
        """Read the notebooks of several runs as they were executed, but for those that are lost."""

    def run_commits(self, issue: int) -> dict[str, str]:
        """Name the commits that hold what runs made, by the runs' refs."""

    def allot_runs(self, runs: Sequence[tuple[RunRequest, Mapping[str, bytes]]]) -> None:
        """Create the refs of runs, all or none, which allots their numbers."""

    def cancel(self, issue: int, runs: Sequence[int], sweeps: Sequence[int], who: str) -> None:
        """Have whoever executes these stop; RequestError if it cannot be stopped any more."""

    def publish_files(self, issue: int, run: int, files: Mapping[str, bytes], message: str) -> None:
        """Put files under a run's ref, unless they are there already."""


class Sweeps(Protocol):
    """What is known of sweeps beyond their runs."""

    def sweeps(self, issue: int) -> tuple[StoredSweep, ...]:
        """List the sweeps of an issue whose commands are not done."""

    def publish_sweep(
        self, issue: int, first: int, files: Mapping[str, bytes], *, base: str | None, message: str
    ) -> None:
        """Put files beside the thread and, given the commit that ran, under the sweep's ref."""


class Forge(Threads, Branches, Runs, Sweeps, Protocol):
    """Where threads and branches live."""

    def lock(self) -> AbstractContextManager[None]:
        """Keep other processes from deciding at the same time."""
