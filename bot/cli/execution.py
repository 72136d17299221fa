"""Where the local forge's runs are executed: the excursion's worktree, on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.cli.progress import Progress
from bot.errors import ForgeError, RequestError
from bot.excursion import Excursion
from bot.forge.local import LocalForge
from runner.engines import left, local
from runner.engines.job import Job
from runner.records import RunRequest, RunResult


class LocalExecutor:
    """Executes runs in the excursion's own worktree."""

    def __init__(self, forge: LocalForge, progress: Progress) -> None:
        self._forge = forge
        self._progress = progress
        self._claims: dict[str, int] = {}

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
        issue, run = _numbers(request)
        with self._forge.own_run(issue, run) as descriptor:
            self._claims[request.run_id] = descriptor
            yield

    def execute(
        self, requests: Iterable[RunRequest], slots: int, ended: Callable[[RunResult], None]
    ) -> bool:
        """Execute runs that are claimed once they are asked for; False if it was interrupted."""
        with self._progress.of() as listen:
            return local.execute(map(self._job, requests), slots, listen=listen, ended=ended)

    def began(self, request: RunRequest) -> bool:
        """Say whether anything of a run was ever executed."""
        return left.began(self._folder(request))

    def recover(self, request: RunRequest) -> RunResult:
        """Say what became of a run whose execution was killed."""
        return left.recover(self._folder(request), request)

    def told(self, request: RunRequest) -> None:
        """Forget that a run was interrupted, since it has been settled."""
        self._forge.told(*_numbers(request))

    def _job(self, request: RunRequest) -> Job:
        return Job(
            request,
            folder=self._folder(request),
            workdir=self._workdir(request),
            share=(self._claims[request.run_id],),
        )

    def _folder(self, request: RunRequest) -> Path:
        return self._forge.run_folder(*_numbers(request))

    def _workdir(self, request: RunRequest) -> Path:
        """Find the notebook's folder in the worktree where its branch is worked on."""
        branch = Path(request.notebook).parent.name  # an excursion's folder is named so
        return self._forge.worktree(branch) / Path(request.notebook).parent


def _numbers(request: RunRequest) -> tuple[int, int]:
    issue, _, run = request.run_id.partition(".")
    return int(issue), int(run)


def _check_installed() -> None:
    """Say so before anything starts if this installation cannot execute notebooks."""
    from importlib.util import find_spec

    missing = [name for name in ("papermill", "ipykernel", "bs4") if find_spec(name) is None]
    if missing:
        raise ForgeError(
            f"notebooks cannot be executed here: {', '.join(missing)} is not installed",
            right="pip install 'excursions[notebooks]'",
        )
