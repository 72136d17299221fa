"""What the one path works with: a forge, a place of execution, a clock and a voice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from bot.config import Config
from bot.effects import Effect, OpenParts, Reply, apply
from bot.forge.protocol import Forge
from bot.log.redact import Secrets
from bot.preparation import Preparer
from bot.surroundings import LOCAL, Surroundings
from runner.records import RunRequest, RunResult


@dataclass(frozen=True)
class Outlook:
    """What whoever shows the progress of several runs wants to know.

    Attributes:
        name: What they are together, such as `Sweep 12.5`.
        total: How many points there are.
        done: How many of them had an outcome before.
        failed: How many of those were not good.
        describe: Tells of a run's end in one line of plain text.
    """

    name: str
    total: int
    done: int
    failed: int
    describe: Callable[[RunResult], str]


class Executor(Preparer, Protocol):
    """The place where runs are executed."""

    def settled(self, result: RunResult) -> None:
        """Clear away what a run needs no more now that its result is published."""

    def claim(self, request: RunRequest) -> AbstractContextManager[None]:
        """Be the one who executes this run; left without an error, the run counts as told."""

    def claim_sweep(self, issue: int, first: int) -> AbstractContextManager[None]:
        """Be the one who executes a sweep; left without an error, it counts as told."""

    def slots(self, request: RunRequest, points: int, jobs: int | None) -> int:
        """Say how many of so many runs like this one go on at once; at most `jobs` if given."""

    def execute(
        self,
        requests: Iterable[RunRequest],
        slots: int,
        ended: Callable[[RunResult], None],
        outlook: Outlook | None = None,
    ) -> bool:
        """Execute runs, each claimed by the time it is asked for; False if it was interrupted."""

    def cancelled(self, request: RunRequest) -> bool:
        """Say whether somebody wants this run, or the sweep that it is a point of, to stop."""

    def keep(self, request: RunRequest) -> None:
        """Forget that somebody wanted a sweep's point to stop, since it shall begin."""

    def at_work(self, issue: int, runs: Sequence[int], sweeps: Sequence[int]) -> bool:
        """Say whether some command is at work on one of these runs or sweeps."""

    def stop_left(self, requests: Sequence[RunRequest]) -> None:
        """Stop what goes on though no command waits for it; what it made is left to be told."""

    def began(self, request: RunRequest) -> bool:
        """Say whether anything of a run was ever executed."""

    def goes_on(self, request: RunRequest) -> str:
        """Name what still executes a run though no command waits for it; "" if nothing does."""

    def recover(self, request: RunRequest) -> RunResult:
        """Say what became of a run whose execution was killed."""

    def told_sweep(self, issue: int, first: int) -> None:
        """Forget that a sweep was interrupted, since it has been settled."""


def _ignore(_: object) -> None:
    """Take no notice."""


@dataclass(frozen=True, kw_only=True)
class Office:
    """What deciding and its effects need, wherever runs are executed."""

    forge: Forge
    config: Config
    template_roots: tuple[Path, ...]  # the repository's own, then those that came with us
    fetch_templates: Callable[[], tuple[Path, ...]] = tuple  # gives those of other repositories
    changed: Callable[[int], None] = _ignore  # called after a thread has changed
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    secrets: Secrets = field(default_factory=Secrets)  # that nothing published may hold
    show: Callable[[tuple[Effect, ...]], None] | None = None  # shows effects in place of doing
    surroundings: Surroundings = LOCAL
    reply: Callable[[Reply], None] = _ignore  # takes what commands answer

    def all_template_roots(self) -> tuple[Path, ...]:
        """Give where templates are, fetching those that are kept elsewhere and not here yet.

        Raises:
            ForgeError: They cannot be fetched.
        """
        own, *rest = self.template_roots
        return (own, *self.fetch_templates(), *rest)

    def lock(self) -> AbstractContextManager[None]:
        """Keep others from deciding at the same time; what changes nothing needs no lock."""
        return self.forge.lock() if self.show is None else nullcontext()

    def apply(self, issue: int, effects: tuple[Effect, ...]) -> None:
        """Make effects happen, or show them."""
        if self.show is not None:
            self.show(effects)
        else:
            for effect in effects:
                if isinstance(effect, Reply):
                    self.reply(effect)
            apply(effects, self.forge)
            for effect in effects:
                if isinstance(effect, OpenParts):  # whose issues are threads, too
                    entry = self.forge.thread(issue).entry(effect.key)
                    for part in ((entry.data if entry else None) or {}).get("parts", ()):
                        self.changed(part)
            del effects  # they may hold a large notebook
            self.changed(issue)  # also where nothing was left to do: the process may have died here


@dataclass(frozen=True, kw_only=True)
class Shell(Office):
    """What the one path works with where it waits for runs."""

    executor: Executor
    tell: Callable[[str], None] = _ignore  # says what is going on
