"""All that a decision may look at, read before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.budget import Usage
from bot.command import Asked
from bot.config import Config
from bot.errors import RequestError
from bot.excursion import Excursion, read_excursion
from bot.excursion_file import FILE_NAME, ExcursionFile, read_excursion_file
from bot.forge.protocol import StoredRun, StoredSweep
from bot.log.redact import Secrets
from bot.surroundings import LOCAL, Surroundings
from bot.template import Template
from bot.thread import Thread


@dataclass(frozen=True)
class World:
    """The state of one issue and its branch, as it was read."""

    now: datetime
    actor: str
    config: Config
    thread: Thread
    base: str | None = None  # the default branch's commit
    head: str | None = None  # the excursion branch's commit
    # Of its folder at that commit; where the branch is gone, at that of the run in question.
    files: Mapping[str, bytes] = field(default_factory=dict)
    uncommitted: tuple[str, ...] = ()  # paths that are changed where the branch is worked on
    patch: bytes = b""  # those changes, read for a run that shall include them
    working_notebook: bytes | None = None  # the notebook with those changes, likewise
    runs: tuple[StoredRun, ...] = ()
    sweeps: tuple[StoredSweep, ...] = ()  # whose commands are not done
    run_files: Mapping[int, Mapping[str, bytes]] = field(default_factory=dict)
    # Commit ─► what lay in the excursion's folder: name ─► what names its content.
    folders: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    merge_obstacle: str = ""
    template: Template | None = None
    secrets: Secrets = field(default_factory=Secrets)  # that nothing published may hold
    surroundings: Surroundings = LOCAL  # where the thread is read
    templates: tuple[Template, ...] = ()  # all that there are, read where they are asked for
    broken_templates: tuple[str, ...] = ()  # what is wrong with those that cannot be read
    usage: Usage | None = None  # of the budget, read where it is asked for
    found: Excursion | None = None  # by its branch or its runs, where the welcome is gone
    asked: Asked = field(default_factory=Asked)  # which command this is

    @property
    def excursion(self) -> Excursion | None:
        """The excursion as the welcome entry remembers it, or as it was found without.

        None before it has begun.
        """
        return read_excursion(self.thread) or self.found

    def begun(self) -> Excursion:
        """Give the excursion.

        Raises:
            RequestError: The issue has not become one yet, or its branch is gone.
        """
        excursion = self.excursion
        if excursion is None:
            raise RequestError(
                f"the excursion of issue {self.thread.number} has not begun",
                right=self.surroundings.example("start", self.thread.number),
            )
        return excursion

    def open_excursion(self) -> Excursion:
        """Give the excursion, if its issue is open.

        Raises:
            RequestError: It has not begun, is closed, or its branch is gone.
        """
        excursion = self.begun()
        if not self.thread.is_open:
            raise RequestError(
                f"issue {self.thread.number} is closed",
                right=self.ask_anew,
            )
        if self.head is None:
            end = self.surroundings.example("answer", excursion.issue, "…", "outcome=abandoned")
            raise RequestError(
                f"the branch {excursion.branch} is gone",
                right=f"Restore it: git branch {excursion.branch} {self._last_commit()}. "
                f"Or end: {end}",
            )
        return excursion

    def check_nothing_runs(self) -> None:
        """Make sure that nothing of the excursion goes on.

        Raises:
            RequestError: Something does; the message says how it is stopped.
        """
        issue = self.thread.number
        running = [(f"sweep {issue}.{s.first}", s.first) for s in self.sweeps if s.alive]
        running += [(f"run {issue}.{run.number}", run.number) for run in self.runs if run.alive]
        if running:
            name, number = running[0]
            stop = f"excursion cancel {issue} {number}"
            stop = f"/cancel {number}" if self.surroundings.is_github else stop
            raise RequestError(f"{name} is still going", right=f"Wait for it, or stop it: {stop}")

    @property
    def open_again(self) -> str:
        """Say how a closed issue is opened."""
        return f"To go on with it: {self.surroundings.example('reopen', self.thread.number)}"

    @property
    def ask_anew(self) -> str:
        """Say how a closed issue is opened, and how a new question is asked."""
        how = "open an issue" if self.surroundings.is_github else 'excursion ask "…?"'
        return f"{self.open_again}. Or ask a new question: {how}"

    def _last_commit(self) -> str:
        """Give the commit of the last run, where a lost branch may have stood."""
        ran = [run.request.commit for run in self.runs if run.request]
        return ran[-1] if ran else "<commit>"

    def tolerance(self) -> Mapping[str, float]:
        """Say by how much each metric may differ between two runs that agree."""
        try:
            return self.declared().metrics.tolerance
        except RequestError:  # a run can be compared without it
            return {}

    def declared(self) -> ExcursionFile:
        """Read the excursion's declaration at its branch's commit.

        Raises:
            RequestError: It is missing or broken.
        """
        excursion = self.begun()
        where = f"{excursion.folder}/{FILE_NAME}"
        text = self.files.get(FILE_NAME)
        if text is None:
            raise RequestError(
                f"is not on the branch {excursion.branch}", where=where, right="Restore it."
            )
        return read_excursion_file(text, where=f"{where} on {excursion.branch}")
