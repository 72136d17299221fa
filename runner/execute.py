"""RunRequest ─► RunResult: papermill with our own engine, which records what truly happens.

papermill's own record is not enough: after a time limit or a dead kernel it marks cells that never
ran as completed, and it writes the whole notebook at every cell's start and end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import execute_notebook
from traitlets import Instance

from runner.journal import Journal, Story, read_story
from runner.provenance import environment
from runner.records import CellStatus, RunError, RunRequest, RunResult, Status
from runner.report import NOTEBOOK, report, write_whole

SOURCE = "source.ipynb"
_ENGINE = "excursions"
_SAVE_EVERY_S = 1.0
_SAVE_SHARE = 10  # a save may take at most a tenth of the time between saves
_QUICK_SAVE_S = 0.05  # a save that takes less may be made at each cell's end
_LONGEST_SOCKET = 90  # bytes; a socket's path may have 107, its number included
_STARTUP_S = 60.0


_CELL_ENDS: dict[type[BaseException], CellStatus] = {
    CellTimeoutError: CellStatus.TIMED_OUT,
    DeadKernelError: CellStatus.DIED,
}


class CancelledError(KeyboardInterrupt):
    """Somebody wants this run to stop.

    A KeyboardInterrupt, since asyncio lets only that out of whichever task it happens to hit.
    """


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
    journal.write("started")
    status, error = Status.SUCCEEDED, None
    with ThreadPoolExecutor(1) as meanwhile, _cancellable():
        where = meanwhile.submit(environment)
        try:
            _run(request, folder, workdir, journal, python, deadline=began + request.timeout_s)
        except Exception as caught:  # noqa: BLE001  # every end is an end to be told
            status, error = _explain(caught, request, read_story(folder))
        except CancelledError as caught:
            status = Status.CANCELLED
            error = RunError(name="Cancelled", message=str(caught))
    journal.write("ended", status=status.value)
    story = read_story(folder)
    if error is not None and error.cell is None:
        error = error.model_copy(update={"cell": story.stopped_at})
    return report(
        folder,
        request,
        story,
        status=status,
        error=error,
        duration_s=time.monotonic() - began,
        environment=where.result(),
    )


def _explain(
    caught: Exception, request: RunRequest, story: Story
) -> tuple[Status, RunError | None]:
    """Name the way in which a run ended."""
    if isinstance(caught, PapermillExecutionError) and story.stopped_at is None:
        return Status.SUCCEEDED, None  # a cell was tagged to raise, and did
    if isinstance(caught, PapermillExecutionError | CellExecutionError):
        return Status.FAILED, None  # the notebook holds the error
    if isinstance(caught, CellTimeoutError):
        limit = f"the run may take {request.timeout_s:g} s"
        return Status.TIMED_OUT, RunError(name="Time limit", message=limit)
    if isinstance(caught, DeadKernelError):
        message = "the kernel died while this cell ran"
        return Status.DIED, RunError(name="Dead kernel", message=message)
    failed = any(cell.status is CellStatus.FAILED for cell in story.cells.values())
    status = Status.FAILED if failed else Status.DIED
    return status, RunError(name=type(caught).__name__, message=str(caught)[:2_000])


def _run(
    request: RunRequest,
    folder: Path,
    workdir: Path,
    journal: Journal,
    python: str,
    *,
    deadline: float,
) -> None:
    """Hand the notebook to papermill."""
    notebook = nbformat.read(folder / SOURCE, as_version=4)  # type: ignore[no-untyped-call]
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
            parameters=dict(request.parameters),
            engine_name=_ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=str(workdir),
            kernel_manager_class=type("_Kernel", (_OwnKernelManager,), {"python": python}),
            start_timeout=min(_STARTUP_S, max(1.0, deadline - time.monotonic())),
            recorder=_Recorder(folder / NOTEBOOK, journal),
            deadline=deadline,
        )


class _OwnKernelManager(AsyncKernelManager):
    """Starts this interpreter's own kernel, whatever kernels the machine or the notebook names.

    It listens on sockets in a folder that nobody else may enter, rather than on ports.
    """

    python = sys.executable

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        sockets = f"{os.environ['IPYTHONDIR']}/kernel"
        if len(os.fsencode(sockets)) < _LONGEST_SOCKET:
            self.transport, self.ip = "ipc", sockets

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(
            argv=[self.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
        )


class _Recorder:
    """Writes down each cell's fate, and saves the notebook now and then."""

    def __init__(self, path: Path, journal: Journal) -> None:
        self._path = path
        self._journal = journal
        self._began = 0.0
        self._next_save = 0.0
        self._save_took = 0.0
        self._waiting: asyncio.TimerHandle | None = None

    def cells(self, notebook: Any) -> None:
        """Say which cells hold code."""
        code = [i for i, cell in enumerate(notebook.cells) if _is_code(cell)]
        self._journal.write("cells", code=code)

    def started(self, index: int) -> None:
        """Say that a cell starts."""
        self._began = time.monotonic()
        self._journal.write("cell started", cell=index)

    def ended(self, index: int, status: CellStatus) -> None:
        """Say how a cell ended."""
        took = round(time.monotonic() - self._began, 3)
        self._journal.write("cell ended", cell=index, status=status.value, duration_s=took)

    def printed(self, text: str) -> None:
        """Pass on the last line of what a cell prints."""
        lines = [line for line in text.replace("\r", "\n").split("\n") if line.strip()]
        if lines:
            self._journal.say("output", text=lines[-1][-500:])

    def save_soon(self, notebook: Any) -> None:
        """Save the notebook once it is time to, whether or not anything else happens till then."""
        wait = self._next_save - time.monotonic()
        if wait <= 0:
            self.save(notebook)
        elif self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(wait, self.save, notebook)

    def save_after_cell(self, notebook: Any) -> None:
        """Save the notebook at a cell's end, unless that takes long and was done just now."""
        if self._save_took < _QUICK_SAVE_S or time.monotonic() >= self._next_save:
            self.save(notebook)

    def save(self, notebook: Any) -> None:
        """Save the notebook."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        began = time.monotonic()
        content = dict(notebook, metadata=_clean_metadata(notebook.metadata))
        write_whole(self._path, json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")
        self._save_took = time.monotonic() - began
        self._next_save = time.monotonic() + max(_SAVE_EVERY_S, _SAVE_SHARE * self._save_took)


def _is_code(cell: Any) -> bool:
    return bool(cell.cell_type == "code" and cell.source.strip())


def _clean_metadata(metadata: Any) -> dict[str, Any]:
    """Leave out papermill's paths, which say nothing that the result does not say better."""
    kept = dict(metadata)
    kept["papermill"] = {
        key: value
        for key, value in dict(metadata.get("papermill", {})).items()
        if key in {"parameters", "start_time", "version"}
    }
    return kept


class _RecordingClient(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client, telling the recorder what happens and no more."""

    recorder = Instance(_Recorder)

    def papermill_execute_cells(self) -> None:
        """Execute the cells in order, up to the first that does not complete."""
        self.recorder.cells(self.nb)
        for index, cell in enumerate(self.nb.cells):
            papermill = cell.metadata.papermill
            if not _is_code(cell):
                papermill["status"] = CellStatus.COMPLETED.value
                continue
            status = CellStatus.COMPLETED
            self.recorder.started(index)
            try:
                self.execute_cell(cell, index)
            except CellExecutionError as error:
                if error.ename == "SystemExit" and error.evalue in ("", "0", "None"):
                    return  # the notebook itself chose to end here, and well
                status = CellStatus.FAILED
                raise
            except BaseException as error:
                other = CellStatus.FAILED if isinstance(error, Exception) else CellStatus.CANCELLED
                status = _CELL_ENDS.get(type(error), other)
                self.shutdown_kernel = "immediate"
                raise
            finally:
                papermill["status"] = status.value
                papermill["exception"] = status is CellStatus.FAILED
                self.recorder.ended(index, status)
            self.recorder.save_after_cell(self.nb)

    def process_message(self, *arguments: Any, **keywords: Any) -> Any:
        """Take in a message from the kernel, and pass on what was printed."""
        output = super().process_message(*arguments, **keywords)
        if output and output.get("output_type") == "stream":
            self.recorder.printed(output["text"])
        self.recorder.save_soon(self.nb)
        return output


class _Engine(NBClientEngine):  # type: ignore[misc]
    """papermill's way to hand over the execution."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        recorder: _Recorder,
        deadline: float,
        start_timeout: float = _STARTUP_S,
        kernel_manager_class: type = _OwnKernelManager,
        **_: Any,
    ) -> None:
        """Execute the notebook in a kernel of our own."""
        client = _RecordingClient(
            nb_man,
            recorder=recorder,
            kernel_name=kernel_name,
            kernel_manager_class=kernel_manager_class,
            startup_timeout=int(start_timeout),
            timeout_func=lambda _cell: max(0.05, deadline - time.monotonic()),
        )
        try:
            client.execute()
        finally:
            recorder.save(nb_man.nb)


papermill_engines.register(_ENGINE, _Engine)


@contextlib.contextmanager
def _cancellable() -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into CancelledError; later ones change nothing."""

    def cancel(number: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise CancelledError(f"stopped by {signal.Signals(number).name}")

    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    for each in before:
        signal.signal(each, cancel)
    try:
        yield
    finally:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
