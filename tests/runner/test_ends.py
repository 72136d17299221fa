"""Every end of a run, in a kernel started cold and in one forked warm: told as it was.

Each leaves its true status, the notebook as far as it came, the picture made before it, and no
process.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import Here, Wait
from executions import PLOT, execute, journal, prepare

from runner.engines import local
from runner.engines.job import Job
from runner.records import Resources, RunResult, Status, Warm
from runner.warm import client

NEVER = "print('never')"
WARM = Warm(preload=("matplotlib.pyplot",))


@pytest.fixture(scope="module")
def sockets() -> Iterator[str]:
    """A folder with a zygote that all warm cases share."""
    folder = tempfile.mkdtemp(prefix="left-")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)
        patch.delenv("EXCURSIONS_WARM", raising=False)
        client.start(WARM, os.environ)
        yield folder
        list(client.ask_all("stop"))
    shutil.rmtree(folder)


@pytest.fixture(params=["cold", "warm"])
def kernel(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, wait_until: Wait
) -> Iterator[str]:
    """How kernels are started; at the end there are as few processes as before."""
    kind: str = request.param
    here = Here(request.getfixturevalue("sockets"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", here.folder)
    monkeypatch.setenv("EXCURSIONS_WARM", "on" if kind == "warm" else "off")
    before = set(here.processes())
    yield kind
    wait_until(lambda: set(here.processes()) <= before)


class Place:
    """A run's folder, beside the folder that it works in."""

    def __init__(self, top: Path, kernel: str) -> None:
        self.folder, self.work = top / "run", top / "work"
        self.work.mkdir(parents=True)
        self.kernel = kernel

    def run(
        self,
        *cells: str,
        status: Status,
        cells_ended: list[str],
        resources: Resources | None = None,
        **options: Any,
    ) -> RunResult:
        """Execute a plot and then these cells, and hold what must be true at any end."""
        allowed = (resources or Resources()).model_copy(update={"warm": WARM})
        request = prepare(self.folder, PLOT, *cells, resources=allowed, **options)
        result = execute(request, self.folder, self.work)
        self.check(result, status, cells_ended)
        return result

    def check(self, result: RunResult, status: Status, cells_ended: list[str]) -> None:
        """Hold what must be true at any end."""
        assert result.status is status, result.error
        assert result.kernel == self.kernel
        assert [cell.status.value for cell in result.cells[2:]] == ["completed", *cells_ended]
        assert len(result.figures) == 1
        assert (self.folder / "figures" / result.figures[0].file).stat().st_size > 1_000
        notebook = nbformat.read(self.folder / "notebook.ipynb", as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
        assert len(notebook.cells) == len(result.cells)
        said = [cell.metadata["papermill"]["status"] for cell in notebook.cells]
        assert said == [cell.status.value for cell in result.cells]
        assert not (self.folder / "reserve").exists()
        assert not (self.folder / "outputs.log").exists()


@pytest.fixture
def place(tmp_path: Path, kernel: str) -> Place:
    return Place(tmp_path, kernel)


def error(result: RunResult) -> tuple[str, str]:
    assert result.error is not None
    assert result.error.cell == 3
    return result.error.name, result.error.message


def test_the_runs_limit_of_time(place: Place) -> None:
    endless = "print('begun', flush=True)\nwhile True: pass"
    ended = ["timed_out", "pending"]
    result = place.run(endless, NEVER, status=Status.TIMED_OUT, cells_ended=ended, timeout_s=12)
    assert error(result) == ("Time limit", "the run may take 12 s")
    assert result.stdout_tail == "begun\n"


def test_a_cells_limit_of_time(place: Place) -> None:
    result = place.run(
        "import time; time.sleep(600)",
        NEVER,
        status=Status.TIMED_OUT,
        cells_ended=["timed_out", "pending"],
        timeout_s=300,
        cell_timeout_s=8,
    )
    assert error(result) == ("Time limit", "a cell may take 8 s")


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import os; os._exit(3)", "exit status 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    ],
)
def test_a_kernel_that_dies(place: Place, code: str, how: str) -> None:
    result = place.run(code, NEVER, status=Status.DIED, cells_ended=["died", "pending"])
    name, message = error(result)
    assert name == "Dead kernel"
    assert how in message


def test_a_kernel_that_wants_more_memory_than_it_may_have(place: Place) -> None:
    result = place.run(
        "print('asking', flush=True)\ntaken = bytearray(6_000_000_000)",
        NEVER,
        status=Status.FAILED,
        cells_ended=["failed", "pending"],
        resources=Resources(memory_bytes=2_000_000_000),
    )
    assert error(result) == ("Out of memory", "MemoryError; the kernel may use 2.0 GB")
    assert result.error is not None
    assert "bytearray(6_000_000_000)" in result.error.traceback
    assert result.stdout_tail == "asking\n"


def test_a_cell_that_prints_without_end(place: Place) -> None:
    result = place.run(
        "n = 0\nwhile True: print('line', n, 'x' * 100); n += 1",
        NEVER,
        status=Status.TIMED_OUT,
        cells_ended=["timed_out", "pending"],
        resources=Resources(output_bytes=100_000),
        timeout_s=300,
        cell_timeout_s=8,
    )
    assert any("printed text were left out: the limit is reached" in n for n in result.notes)
    assert (place.folder / "notebook.ipynb").stat().st_size < 400_000
    assert "line" in result.stdout_tail  # its last lines, though those between are left out


def test_a_disk_that_fills(
    place: Place, small_disk: Callable[[int], Path], wait_until: Wait
) -> None:
    place.folder = small_disk(24) / "run"
    result = place.run(
        "while True: print('x' * 100_000)",
        NEVER,
        status=Status.DIED,
        cells_ended=["died", "pending"],
        resources=Resources(output_bytes=10**9),
    )
    name, message = error(result)
    assert name == "Disk full"
    assert str(place.folder) in message


def test_a_disk_that_somebody_else_fills(place: Place, small_disk: Callable[[int], Path]) -> None:
    place.folder = small_disk(24) / "run"
    filler = place.folder.parent / "filler"
    place.run(
        f"try:\n    with open({str(filler)!r}, 'wb') as file:\n"
        "        while True: file.write(b'x' * 65536); file.flush()\n"
        "except OSError as error:\n    print(error.strerror)",
        "print('y' * 9_000_000)",
        status=Status.DIED,
        cells_ended=["completed", "died"],
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_runner_that_is_told_to_stop(
    place: Place, wait_until: Wait, number: signal.Signals
) -> None:
    waits = "import time\nprint('waits', flush=True)\ntime.sleep(600)"
    allowed = Resources(warm=WARM)
    request = prepare(place.folder, PLOT, waits, NEVER, resources=allowed)
    job = Job(request, place.folder, place.work)
    process = local._Process(job, lambda *_: None)
    wait_until(lambda: '"cell": 3' in journal(place.folder))
    process._process.send_signal(number)
    process.wait(7.5)  # what a cancelled job on GitHub has
    place.check(process.result(), Status.CANCELLED, ["cancelled", "pending"])


def test_what_a_notebook_started_ends_with_its_run(place: Place) -> None:
    started = "import subprocess\nsubprocess.Popen(['sleep', '600'])"
    place.run(started, status=Status.SUCCEEDED, cells_ended=["completed"])


def test_what_a_notebook_started_ends_with_its_kernel(place: Place) -> None:
    started = "import os, subprocess\nsubprocess.Popen(['sleep', '600'])\nos._exit(1)"
    place.run(started, status=Status.DIED, cells_ended=["died"])
