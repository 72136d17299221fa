"""Where the local forge's runs are executed: the excursion's worktree, here or on a cluster."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from bot.cli.cancelling import Cancelling, who_cancelled
from bot.cli.checkpoints import Checkpoints
from bot.cli.inputs import Inputs
from bot.cli.place import say
from bot.cli.progress import Progress
from bot.cli.queue import Queue
from bot.cli.shares import Shares
from bot.commands.run import PATCH
from bot.errors import ForgeError, RequestError
from bot.excursion import Excursion
from bot.excursion_file import FILE_NAME
from bot.forge.claims import CANCEL, is_claimed
from bot.forge.local import LocalForge
from bot.forge.local_runs import numbers
from bot.preparation import Asked, changed_files, has_own_checkout
from bot.shell import Outlook
from runner.engines import left, local, slurm
from runner.engines.job import EngineError, Job
from runner.notebook import CHECKPOINTS
from runner.records import RunError, RunRequest, RunResult, Status, Warm
from runner.turns import OFF


class LocalExecutor:
    """Executes runs in the excursion's own worktree."""

    def __init__(self, forge: LocalForge, progress: Progress, warm: Warm) -> None:
        self._forge = forge
        self._warm = warm
        self._progress = progress
        self._claims: dict[str, int] = {}
        self._claims_of_sweeps: dict[str, int] = {}
        self._shares = Shares()
        self._inputs = Inputs(forge, say)
        self._checkpoints = Checkpoints(forge.root, forge.is_alive)

    def prepare(self, excursion: Excursion, request: RunRequest) -> None:
        """Make sure that a run could be executed by its engine, before its number is allotted.

        Takes long where requirements are to be installed or large data to be read; only once.

        Raises:
            ExcursionError: What executes notebooks is missing, the excursion's worktree is not on
                its branch, its requirements cannot be had, or its data are not there.
        """
        check_installed()
        if request.engine == "slurm":
            _check_slurm()
        install(request)
        self._inputs.read_data(request)
        if has_own_checkout(request):
            self._forge.check_commit(request.commit)
            return
        folder = self._forge.worktree(excursion.branch) / excursion.folder
        if not folder.is_dir():
            raise RequestError(
                "the excursion's folder is not checked out",
                where=str(folder),
                right="Restore it there: git checkout -- . (or git sparse-checkout disable)",
            )

    def identify(self, asked: Sequence[Asked], *, fresh: bool, slots: int = 1) -> list[RunRequest]:
        """Put into requests all that is known of what each depends on.

        Args:
            asked: The requests, each with what its ref will hold.
            fresh: Whether they shall begin anew, whatever an earlier attempt left.
            slots: How many runs go on at once, which decides on the threads of each.

        Raises:
            RequestError: The data that one declares are not there.
        """
        threads = self._shares.threads(asked[0][0], slots) if asked else {}
        return [
            found
            if fresh or found.reproduces
            else found.model_copy(update={"goes_on_from": self._checkpoints.left_by(found)})
            for found in self._inputs.identify(asked, threads)
        ]

    def settled(self, result: RunResult) -> None:
        """Clear away what a run needs no more now that its result is published."""
        self._checkpoints.end(result)

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
        """Say how many of so many runs like this one go on at once; at most `jobs` if given."""
        return self._shares.slots(request, points, jobs)

    def execute(
        self,
        requests: Iterable[RunRequest],
        slots: int,
        ended: Callable[[RunResult], None],
        outlook: Outlook | None = None,
    ) -> bool:
        """Execute runs that are claimed once they are asked for; False if it was interrupted."""
        coming = iter(requests)
        first = next(coming, None)
        if first is None:
            return True
        told: set[str] = set()

        def tell(result: RunResult) -> None:
            told.add(result.run_id)
            ended(result)

        whole = False
        with Cancelling(self._whole(first)) as cancelling:
            whole = self._execute(first, coming, slots, tell, outlook)
        if cancelling.asked and not first.sweep and not told:
            why = "before anything was executed"
            folder, status = self._folder(first), Status.CANCELLED
            result = left.conclude(folder, first, status, name="Cancelled", message=why)
            tell(self._with_who_cancelled(result))
        return whole

    def _execute(
        self,
        first: RunRequest,
        coming: Iterator[RunRequest],
        slots: int,
        ended: Callable[[RunResult], None],
        outlook: Outlook | None,
    ) -> bool:
        count = outlook.total - outlook.done if outlook else 1
        kernels = _Kernels()
        queue = Queue(first, chain((first,), coming), count, say)
        try:
            if first.engine != "slurm" and queue.wait_for_first():
                self._check_unchanged(first)
        except KeyboardInterrupt:
            return False
        parts = self._shares.among(slots if first.engine == "local" else 1)
        with ExitStack() as places, self._progress.of(outlook) as watch, told_as_ours():

            def listen(run_id: str, event: dict[str, Any]) -> None:
                kernels.listen(event)
                watch.heard(run_id, event)

            def done(result: RunResult) -> None:
                result = self._with_who_cancelled(result)
                parts.give_back(result.run_id)
                queue.ended(result)
                watch.ended(result)
                ended(result)

            def job(request: RunRequest) -> Job:
                return self._job(request, places, parts.take(request), queue.held_by(request))

            if first.engine == "slurm":
                every = map(job, chain((first,), coming))  # its own queue says when
                whole = slurm.execute(every, slots, listen=listen, ended=done)
            else:
                in_turn = (job(request) if request else None for request in queue)
                whole = local.execute(in_turn, slots, listen=listen, ended=done)
        kernels.have_a_zygote(self._forge.top, self._warm)
        return whole

    def cancelled(self, request: RunRequest) -> bool:
        """Say whether somebody wants this run, or the sweep that it is a point of, to stop."""
        return bool(who_cancelled(self._folder(request), self._whole(request)))

    def keep(self, request: RunRequest) -> None:
        """Forget that somebody wanted a sweep's point to stop, since it shall begin."""
        issue, run = numbers(request)
        self._forge.keep(issue, [run])

    def at_work(self, issue: int, runs: Sequence[int], sweeps: Sequence[int]) -> bool:
        """Say whether some command is at work on one of these runs or sweeps."""
        folders = [self._forge.run_folder(issue, run) for run in runs]
        folders += [self._forge.sweep_folder(issue, first) for first in sweeps]
        return any(map(is_claimed, folders))

    def stop_left(self, requests: Sequence[RunRequest]) -> None:
        """Stop what goes on on a cluster though no command waits for it; their folders tell."""
        works = [(request, self._folder(request)) for request in requests if self.goes_on(request)]
        if works:
            with told_as_ours():
                slurm.cancel(works, ended=lambda _: None)

    def began(self, request: RunRequest) -> bool:
        """Say whether anything of a run was ever executed."""
        return left.began(self._folder(request))

    def goes_on(self, request: RunRequest) -> str:
        """Name what still executes a run though no command waits for it; "" if nothing does."""
        if request.engine != "slurm":
            return ""
        with told_as_ours():
            job = slurm.goes_on(self._folder(request))
        return f"Slurm job {job}" if job else ""

    def recover(self, request: RunRequest) -> RunResult:
        """Say what became of a run whose execution was killed."""
        if request.engine != "slurm":
            return left.recover(self._folder(request), request)
        with told_as_ours():
            return slurm.recover(self._folder(request), request)

    def told(self, request: RunRequest) -> None:
        """Forget that a run was interrupted, since it has been settled."""
        self._forge.told(*numbers(request))

    def told_sweep(self, issue: int, first: int) -> None:
        """Forget that a sweep was interrupted, since it has been settled."""
        self._forge.told_sweep(issue, first)

    def _check_unchanged(self, request: RunRequest) -> None:
        """Make sure that a run which had to wait still finds what its request names.

        Raises:
            ForgeError: It does not, and would run something else than it says.
        """
        changed = changed_files(self._forge, request)
        if changed:
            raise ForgeError(
                f"files have changed in the excursion's worktree while run {request.run_id} "
                f"waited for its turn: {', '.join(changed[:5])}",
                right="Nothing was executed. Give the command again: it runs what is there then.",
            )

    def _job(
        self,
        request: RunRequest,
        places: ExitStack,
        share: Mapping[str, str],
        turn: tuple[int, ...],
    ) -> Job:
        checkpoints = self._checkpoints.begin(request, in_use=bool(self.goes_on(request)))
        claims = [self._claims[request.run_id]]
        if request.sweep in self._claims_of_sweeps:  # it is not over before its last run is
            claims.append(self._claims_of_sweeps[request.sweep])
        return Job(
            request,
            folder=self._folder(request),
            workdir=self._workdir(request, places),
            python=install(request),
            # A notebook that runs others has its turn already, and would wait for itself.
            environment={CHECKPOINTS: str(checkpoints), **share, OFF: "off"},
            share=(*claims, *turn),
            cancel=self._folder(request) / CANCEL if request.sweep else None,
        )

    def _folder(self, request: RunRequest) -> Path:
        return self._forge.run_folder(*numbers(request))

    def _whole(self, request: RunRequest) -> Path:
        """Give the folder of all that one command executes: of a sweep, or of a run alone."""
        if not request.sweep:
            return self._folder(request)
        return self._forge.sweep_folder(request.issue, int(request.sweep.partition(".")[2]))

    def _with_who_cancelled(self, result: RunResult) -> RunResult:
        """Say of a run that was cancelled who wanted that."""
        if result.status is not Status.CANCELLED:
            return result
        issue, _, run = result.run_id.partition(".")
        folders = [self._forge.run_folder(int(issue), int(run))]
        if result.sweep:
            folders.append(
                self._forge.sweep_folder(result.issue, int(result.sweep.partition(".")[2]))
            )
        who = who_cancelled(*folders)
        if not who:
            return result
        cell = result.error.cell if result.error else None
        error = RunError(cell=cell, name="Cancelled", message=f"by {who}")
        return result.model_copy(update={"error": error})

    def _workdir(self, request: RunRequest, places: ExitStack) -> Path:
        """Find the notebook's folder where its branch is worked on, or at an earlier commit."""
        folder = Path(request.notebook).parent
        if not has_own_checkout(request):
            branch = folder.name  # an excursion's folder is named so
            return self._forge.worktree(branch) / folder
        patch = self._folder(request) / PATCH
        checkout = self._forge.checked_out(
            request,
            patch.read_bytes() if patch.exists() else b"",
            in_use=bool(self.goes_on(request)),
            data=self._inputs.data_folder(request),
            files=self._inputs.untracked_data(request) if request.data else (),
        )
        return places.enter_context(checkout) / folder


class _Kernels:
    """How the kernels of one command were started."""

    def __init__(self) -> None:
        self._cold = ""  # why one was
        self._startable = False
        self._warm = False

    def listen(self, event: dict[str, Any]) -> None:
        """Take notice of a kernel."""
        if event["event"] == "kernel":
            self._warm |= event["started"] == "warm"
            if event["why"] and not self._cold:
                self._cold, self._startable = event["why"], event["startable"]

    def have_a_zygote(self, top: Path, warm: Warm) -> None:
        """Have one for the next command, and say once why there was none for this."""
        if not self._warm and not self._cold:
            return
        from bot.cli.warm import have_one
        from runner.warm.client import first_refusal, possible

        found = f"; {have_one(top, warm)}" if self._warm or self._startable else ""
        if self._cold and not possible():
            say(f"The kernel was started cold, since {first_refusal() or self._cold}{found}.")


def install(request: RunRequest) -> str:
    """Give the interpreter for a run's kernel, with what its excursion requires.

    Raises:
        RequestError: The requirements cannot be had.
        ForgeError: They could not be installed.
    """
    if not request.requirements:
        return sys.executable
    from runner import environments  # here, since few excursions need one

    where = f"{Path(request.notebook).parent}/{FILE_NAME}"
    try:
        return environments.make(request.requirements, say=say)
    except environments.RequirementsError as error:
        raise RequestError(error.problem, where=where, right=error.right) from error
    except environments.PipError as error:
        raise ForgeError(str(error), where=where, right="Give the command again.") from error


def check_installed() -> None:
    """Say so before anything starts if this installation cannot execute notebooks."""
    from importlib.util import find_spec

    missing = [name for name in ("papermill", "ipykernel", "bs4") if find_spec(name) is None]
    if missing:
        raise ForgeError(
            f"notebooks cannot be executed here: {', '.join(missing)} is not installed",
            right="pip install 'excursions[notebooks]'",
        )


def _check_slurm() -> None:
    """Say so before anything starts if this machine cannot speak to a Slurm cluster."""
    missing = slurm.missing()
    if missing:
        raise ForgeError(
            f"nothing can be given to Slurm here: {', '.join(missing)} is not installed",
            right="Give the command on a machine of the cluster, such as its login node, "
            "with pip install 'excursions[slurm]'.",
        )


@contextmanager
def told_as_ours() -> Iterator[None]:
    """Tell an engine's trouble as the machine's."""
    try:
        yield
    except EngineError as error:
        raise ForgeError(error.what, right=error.right) from error
