"""Where the local forge's runs are executed: the excursion's worktree, on this machine."""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from bot.cli.place import say
from bot.cli.progress import Progress
from bot.errors import ForgeError, RequestError
from bot.excursion import Excursion
from bot.forge.local import LocalForge
from bot.forge.local_runs import numbers
from bot.shell import Outlook
from runner import capacity
from runner.engines import local
from runner.engines.job import Job
from runner.records import RunRequest, RunResult


class LocalExecutor:
    """Executes runs in the excursion's own worktree."""

    def __init__(self, forge: LocalForge, progress: Progress) -> None:
        self._forge = forge
        self._progress = progress
        self._claims: dict[str, int] = {}
        self._claims_of_sweeps: dict[str, int] = {}

    def prepare(self, excursion: Excursion) -> None:
        """Make sure that a run could be executed, before its number is allotted.

        Raises:
            ExcursionError: What executes notebooks is missing, or the excursion's worktree is not
                on its branch.
        """
        _check_installed()
        folder = self._forge.worktree(excursion.branch) / excursion.folder
        if not folder.is_dir():
            raise RequestError(
                "the excursion's folder is not checked out",
                where=str(folder),
                right="Restore it there: git checkout -- . (or git sparse-checkout disable)",
            )

    @contextmanager
    def claim(self, request: RunRequest) -> Iterator[None]:
        """Be the one who executes this run; left without an error, the run counts as told."""
        with self._forge.own_run(request) as descriptor:
            self._claims[request.run_id] = descriptor
            yield

    @contextmanager
    def claim_sweep(self, issue: int, first: int) -> Iterator[None]:
        """Be the one who executes a sweep; left without an error, it counts as told."""
        name = f"{issue}.{first}"
        with self._forge.own_sweep(issue, first) as descriptor:
            self._claims_of_sweeps[name] = descriptor
            yield
            del self._claims_of_sweeps[name]

    def slots(self, request: RunRequest, points: int, jobs: int | None) -> int:
        """Say how many of so many runs go on at once: what was asked for, never more than cores.

        Where nothing was asked for, cores, memory and GPUs decide.
        """
        if jobs is None:
            return capacity.slots_for(points, self._capacity, request.resources)
        if jobs > self._capacity.cores:
            say(f"{jobs} jobs were asked for; this machine has {self._capacity.cores} cores.")
        return max(1, min(jobs, points, self._capacity.cores))

    def execute(
        self,
        requests: Iterable[RunRequest],
        slots: int,
        ended: Callable[[RunResult], None],
        outlook: Outlook | None = None,
    ) -> bool:
        """Execute runs that are claimed once they are asked for; False if it was interrupted."""
        places = list(range(slots))
        taken: dict[str, int] = {}

        def jobs() -> Iterator[Job]:
            for request in requests:
                taken[request.run_id] = place = heapq.heappop(places)
                yield self._job(request, place, slots)

        with self._progress.of(outlook) as watch:

            def done(result: RunResult) -> None:
                heapq.heappush(places, taken.pop(result.run_id))
                watch.ended(result)
                ended(result)

            return local.execute(jobs(), slots, listen=watch.heard, ended=done)

    def began(self, request: RunRequest) -> bool:
        """Say whether anything of a run was ever executed."""
        return local.began(self._folder(request))

    def recover(self, request: RunRequest) -> RunResult:
        """Say what became of a run whose execution was killed."""
        return local.recover(self._folder(request), request)

    def told(self, request: RunRequest) -> None:
        """Forget that a run was interrupted, since it has been settled."""
        self._forge.told(*numbers(request))

    def told_sweep(self, issue: int, first: int) -> None:
        """Forget that a sweep was interrupted, since it has been settled."""
        self._forge.told_sweep(issue, first)

    @cached_property
    def _capacity(self) -> capacity.Capacity:
        return capacity.read_capacity()

    def _job(self, request: RunRequest, place: int, slots: int) -> Job:
        share = [self._claims[request.run_id]]
        if request.sweep in self._claims_of_sweeps:  # it is not over before its last run is
            share.append(self._claims_of_sweeps[request.sweep])
        environment = (
            capacity.share_of(place, slots, self._capacity, request.resources, os.environ)
            if slots > 1
            else {}
        )
        return Job(
            request,
            folder=self._folder(request),
            workdir=self._workdir(request),
            environment=environment,
            share=tuple(share),
        )

    def _folder(self, request: RunRequest) -> Path:
        return self._forge.run_folder(*numbers(request))

    def _workdir(self, request: RunRequest) -> Path:
        """Find the notebook's folder in the worktree where its branch is worked on."""
        branch = Path(request.notebook).parent.name  # an excursion's folder is named so
        return self._forge.worktree(branch) / Path(request.notebook).parent


def _check_installed() -> None:
    """Say so before anything starts if this installation cannot execute notebooks."""
    from importlib.util import find_spec

    missing = [name for name in ("papermill", "ipykernel", "bs4") if find_spec(name) is None]
    if missing:
        raise ForgeError(
            f"notebooks cannot be executed here: {', '.join(missing)} is not installed",
            right="pip install 'excursions[notebooks]'",
        )
