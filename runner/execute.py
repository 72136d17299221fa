"""RunRequest ─► RunResult: papermill with our own engine, which records what truly happens.

papermill's own record is not enough: after a time limit or a dead kernel it marks cells that never
ran as completed, and it writes the whole notebook at every cell's start and end.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from runner import gpus
from runner.block import composed
from runner.client import Limits, Recorder, RecordingClient
from runner.journal import Journal, read_story
from runner.kernel import manager_class
from runner.memory import memory_kills, memory_limit, out_of_memory
from runner.papermill import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
    NBClientEngine,
    NotebookExecutionManager,
    execute_notebook,
    nbformat,
    papermill_engines,
)
from runner.provenance import environment
from runner.records import CellStatus, Cost, Environment, RunError, RunRequest, RunResult, Status
from runner.report import report
from runner.reserve import Reserve
from runner.sizes import spoken_size
from runner.stopping import CancelledError, Stops, stoppable
from runner.transcript import Transcript

SOURCE = "source.ipynb"
_ENGINE = "excursions"
_STARTUP_S = 60.0
_DISK_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


def execute(
    request: RunRequest, folder: Path, workdir: Path, journal: Journal, *, python: str
) -> RunResult:
    """Execute a notebook and say truly what happened.

    Args:
        request: What to run.
        folder: The run's folder: `source.ipynb` is in it; everything made is put there.
        workdir: The folder in which the notebook runs.
        journal: Where each cell's start and end is written as it happens.
        python: The interpreter that the kernel runs on.

    Returns:
        The result, whatever the status.
    """
    began = time.monotonic()
    with ThreadPoolExecutor(1) as meanwhile, stoppable() as stops:
        journal.write("started")
        where = meanwhile.submit(environment, python)
        run = _Run(request, folder, journal, began, where, stops)
        try:
            stops.listen()
            run.execute(workdir, python)
        except (Exception, CancelledError) as caught:  # noqa: BLE001  # every end is an end to be told
            run.finish(caught, None)
        if run.result is None:
            run.finish(None, None)
    if run.result is None:
        raise RuntimeError("a run ended without a result")
    return run.result


class _Run:
    """One execution, from its request to its result."""

    def __init__(
        self,
        request: RunRequest,
        folder: Path,
        journal: Journal,
        began: float,
        where: Future[Environment],
        stops: Stops,
    ) -> None:
        self.request = request
        self.folder = folder
        self.journal = journal
        self.began = began
        self.where = where
        self.stops = stops
        self.memory = memory_limit(request.resources.memory_bytes)
        self.kills = memory_kills()
        self.limits = Limits(began + request.timeout_s, request.cell_timeout_s)
        self.reserve: Reserve | None = None
        self.transcript: Transcript | None = None
        self.result: RunResult | None = None

    def execute(self, workdir: Path, python: str) -> None:
        """Hand the notebook to papermill."""
        self.reserve = reserve = Reserve(self.folder)
        self.transcript = Transcript(self.folder, self.request.resources.output_bytes, reserve)
        recorder = Recorder(
            self.folder,
            self.journal,
            self.transcript,
            self.limits,
            self.request.seed,
            self.memory,
            self.stops.held,
            self.finish,
        )
        source = composed(self.request, (self.folder / SOURCE).read_bytes())
        notebook = nbformat.reads(source.decode(), as_version=4)  # type: ignore[no-untyped-call]
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        with tempfile.TemporaryDirectory(prefix="excursions-ipython-") as ipython:
            # The user's profile, history and backend are not part of the experiment.
            os.environ["IPYTHONDIR"] = ipython
            os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
            os.environ.setdefault("OMP_WAIT_POLICY", "passive")
            execute_notebook(
                notebook,
                None,
                parameters=dict(self.request.parameters),
                engine_name=_ENGINE,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                cwd=str(workdir),
                recorder=recorder,
                kernel_manager_class=manager_class(python, self.request.resources.warm),
                start_timeout=min(_STARTUP_S, max(1.0, self.limits.left())),
            )

    def finish(self, caught: BaseException | None, client: RecordingClient | None) -> None:
        """Tell the end: the notebook, its pictures and the result are written here, once."""
        if self.result is not None:
            return
        self.stops.ignore()
        status, error = self._explain(caught, client)
        notes = self._close()
        for note in notes:
            self.journal.write("note", text=note)
        self.journal.write("ended", status=status.value)
        story = read_story(self.folder)
        if error is not None and error.cell is None:
            error = error.model_copy(update={"cell": story.stopped_at})
        duration = time.monotonic() - self.began
        peaks = client.gpu_peaks if client else ()
        self.result = report(
            self.folder,
            self.request,
            story,
            status=status,
            error=error,
            duration_s=duration,
            environment=gpus.with_peaks(
                self.where.result(), peaks, os.environ.get("CUDA_VISIBLE_DEVICES", "")
            ),
            cost=gpus.cost(duration, peaks, self.request.resources) if client else Cost(),
            metadata=dict(client.nb.metadata) if client else None,
        )

    def _close(self) -> list[str]:
        """End the log of outputs, in the room kept for it if there is no other; give its notes."""
        reserve, transcript = self.reserve, self.transcript
        if reserve is None or transcript is None:
            return []
        try:
            transcript.close()
        except OSError:  # the disk is full, and that is being told
            reserve.release()
            with contextlib.suppress(OSError):
                transcript.close_on_full_disk()
        reserve.release()
        return transcript.notes()

    def _explain(
        self, caught: BaseException | None, client: RecordingClient | None
    ) -> tuple[Status, RunError | None]:
        """Name the way in which a run ended."""
        if caught is None:
            return Status.SUCCEEDED, None
        if isinstance(caught, KeyboardInterrupt):
            return Status.CANCELLED, RunError(name="Cancelled", message=str(caught))
        if isinstance(caught, CellExecutionError):
            said = out_of_memory(caught.ename, caught.evalue, self.memory)
            return Status.FAILED, said  # else the notebook holds the error
        if isinstance(caught, CellTimeoutError):
            return Status.TIMED_OUT, self._time_limit()
        if isinstance(caught, OSError) and caught.errno in _DISK_FULL:
            message = f"there was no room left to keep results in {self.folder}"
            return Status.DIED, RunError(name="Disk full", message=message)
        if isinstance(caught, DeadKernelError):
            return Status.DIED, self._dead_kernel(client)
        failed = any(
            cell.status is CellStatus.FAILED for cell in read_story(self.folder).cells.values()
        )
        status = Status.FAILED if failed else Status.DIED
        return status, RunError(name=type(caught).__name__, message=str(caught)[:2_000])

    def _time_limit(self) -> RunError:
        if self.limits.run_is_over or self.request.cell_timeout_s is None:
            message = f"the run may take {self.request.timeout_s:g} s"
        else:
            message = f"a cell may take {self.request.cell_timeout_s:g} s"
        return RunError(name="Time limit", message=message)

    def _dead_kernel(self, client: RecordingClient | None) -> RunError:
        code = client.exit_code if client else None
        if code == -signal.SIGKILL and memory_kills() > self.kills:
            message = "the machine had no memory left, and killed the kernel"
            return RunError(name="Out of memory", message=message)
        message = "the kernel died while this cell ran"
        if code is not None and code < 0:
            message += f", by {signal.Signals(-code).name}"
        elif code:
            message += f", with exit status {code}"
        if code in (-signal.SIGABRT, -signal.SIGSEGV) and self.memory is not None:
            message += f"; it may have met its memory limit of {spoken_size(self.memory)}"
        return RunError(name="Dead kernel", message=message)


class _Engine(NBClientEngine):  # type: ignore[misc]
    """papermill's way to hand over the execution."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        recorder: Recorder,
        kernel_manager_class: type,
        start_timeout: float = _STARTUP_S,
        **_: Any,
    ) -> None:
        """Execute the notebook in a kernel of our own."""
        RecordingClient(
            nb_man,
            recorder=recorder,
            kernel_name=kernel_name,
            kernel_manager_class=kernel_manager_class,
            startup_timeout=int(start_timeout),
            timeout_func=recorder.limits.left,
        ).execute()


papermill_engines.register(_ENGINE, _Engine)
