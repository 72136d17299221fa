"""What happened, truly: real kernels that succeed, raise, die, hang and are stopped."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import Wait
from executions import PLOT, execute, journal, prepare, run, start, statuses

from runner.engines import left, local
from runner.engines.job import Job
from runner.records import RunResult, Status


def test_a_run_that_succeeds_tells_everything(tmp_path: Path) -> None:
    cells = (
        "print('hello')",
        "from runner.notebook import record, caption\nrecord(accuracy=0.998, steps=7)",
        "caption('A line', alt='A rising line')\n" + PLOT,
        "import pandas\npandas.DataFrame({'model': ['one', 'two'], 'accuracy': [0.3, 0.998]})",
    )
    result = run(tmp_path, *cells)

    assert result.status is Status.SUCCEEDED
    assert result.error is None
    assert result.metrics == {"accuracy": 0.998, "steps": 7}
    assert statuses(result) == ["completed"] * 4
    assert all(cell.duration_s is not None for cell in result.cells)
    assert [(f.caption, f.alt) for f in result.figures] == [("A line", "A rising line")]
    picture = tmp_path / "run" / "figures" / result.figures[0].file
    assert hashlib.sha256(picture.read_bytes()).hexdigest() == result.figures[0].sha256
    assert result.tables[0].columns == ("", "model", "accuracy")
    assert result.tables[0].rows[1] == ("1", "two", "0.998")
    assert result.stdout_tail == "hello\n"
    assert result.environment is not None
    assert result.environment.python == ".".join(map(str, sys.version_info[:3]))
    assert result.environment.torch
    assert result.commit == "c" * 40
    assert result == RunResult.model_validate_json((tmp_path / "run" / "result.json").read_bytes())


def test_a_flood_of_messages_is_kept_whole(tmp_path: Path) -> None:
    """The runner that shall write them down gets no time at all for a while."""
    pause = (
        "import os, subprocess\n"
        "of_ours = os.getppid()\n"
        "_ = subprocess.Popen(f'kill -STOP {of_ours}; sleep 3; kill -CONT {of_ours}', shell=True)"
    )
    counts = "for number in range(20_000): print(number, flush=True)"
    shows = "for number in range(5_000): display(number)"
    result = run(tmp_path, f"{pause}\n{counts}", f"{pause}\n{shows}")
    assert result.status is Status.SUCCEEDED
    file = tmp_path / "run" / "notebook.ipynb"
    notebook = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]  # has no types
    printed, shown = (cell.outputs for cell in notebook.cells if cell.get("outputs"))
    assert printed[0].text.split() == [str(number) for number in range(20_000)]
    assert [int(output.data["text/plain"]) for output in shown] == list(range(5_000))


def test_what_programs_print_is_no_word_of_ours(tmp_path: Path) -> None:
    """The kernel passes it on to where the runner tells what happens."""
    fake = json.dumps({"event": "ended", "status": "succeeded"})
    cells = (
        f"import subprocess\n_ = subprocess.run(['echo', 'a program'])\nprint({fake!r})",
        f"import os, sys\n_ = os.write(1, {fake.encode()!r})\nprint(1, file=sys.__stdout__)",
        "1 / 0",
    )
    events: list[dict[str, Any]] = []
    request = prepare(tmp_path / "run", *cells)
    result = execute(request, tmp_path / "run", tmp_path, lambda _, event: events.append(event))
    assert result.status is Status.FAILED
    assert [event["status"] for event in events if event["event"] == "ended"] == ["failed"]


def test_a_cell_that_raises_fails_the_run_and_leaves_the_rest_pending(tmp_path: Path) -> None:
    result = run(tmp_path, PLOT, "1 / 0", "print('never')")

    assert result.status is Status.FAILED
    assert statuses(result) == ["completed", "failed", "pending"]
    assert result.error is not None
    assert (result.error.name, result.error.cell) == ("ZeroDivisionError", 3)
    assert "1 / 0" in result.error.traceback
    assert "\x1b" not in result.error.traceback
    assert len(result.figures) == 1


def test_a_kernel_that_dies_is_said_to_have_died(tmp_path: Path) -> None:
    cells = (PLOT, "print('so far', flush=True)\nimport os\nos._exit(1)", "print('never')")
    result = run(tmp_path, *cells)

    assert result.status is Status.DIED
    assert statuses(result) == ["completed", "died", "pending"]
    assert result.error is not None
    assert (result.error.name, result.error.cell) == ("Dead kernel", 3)
    assert len(result.figures) == 1


def test_a_run_past_its_limit_is_stopped_and_keeps_what_it_made(tmp_path: Path) -> None:
    endless = "print('begun', flush=True)\nimport time\nwhile True: time.sleep(0.1)"
    result = run(tmp_path, PLOT, endless, "print('never')", timeout_s=16)

    assert result.status is Status.TIMED_OUT
    assert statuses(result) == ["completed", "timed_out", "pending"]
    assert result.error is not None
    assert result.error.cell == 3
    assert "16 s" in result.error.message
    assert len(result.figures) == 1
    assert result.stdout_tail == "begun\n"


def test_the_limit_is_for_the_whole_run_not_for_each_cell(tmp_path: Path) -> None:
    result = run(tmp_path, *["import time; time.sleep(3)"] * 4, timeout_s=8)

    assert result.status is Status.TIMED_OUT
    assert statuses(result)[-1] == "pending"


def test_the_saved_notebook_does_not_call_cells_completed_that_never_ran(tmp_path: Path) -> None:
    run(tmp_path, "import os; os._exit(1)", "print('never')")

    notebook = json.loads((tmp_path / "run" / "notebook.ipynb").read_bytes())
    found = [cell["metadata"]["papermill"]["status"] for cell in notebook["cells"]]
    assert found == ["completed", "completed", "died", "pending"]
    nbformat.validate(notebook)


def test_a_notebook_may_end_itself_early_and_well(tmp_path: Path) -> None:
    result = run(tmp_path, "import sys\nsys.exit()", "print('never')")

    assert result.status is Status.SUCCEEDED
    assert statuses(result) == ["completed", "pending"]


def test_a_notebook_that_exits_with_a_number_has_failed(tmp_path: Path) -> None:
    result = run(tmp_path, "import sys\nsys.exit(3)")

    assert result.status is Status.FAILED
    assert result.error is not None
    assert (result.error.name, result.error.message) == ("SystemExit", "3")


def test_the_kernel_is_ours_whatever_the_notebook_names(tmp_path: Path) -> None:
    request = prepare(tmp_path / "run", "import sys\nprint(sys.executable)")
    source = tmp_path / "run" / "source.ipynb"
    notebook = json.loads(source.read_bytes())
    notebook["metadata"]["kernelspec"] = {"name": "evil", "display_name": "E", "language": "bash"}
    source.write_text(json.dumps(notebook))
    result = execute(request, tmp_path / "run", tmp_path)

    assert result.status is Status.SUCCEEDED
    assert result.stdout_tail.strip() == sys.executable


def test_figures_appear_whatever_backend_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "Agg")
    assert len(run(tmp_path, PLOT).figures) == 1


def test_the_notebook_runs_in_the_folder_it_was_given(tmp_path: Path) -> None:
    result = run(tmp_path, "import os\nprint(os.getcwd())")
    assert result.stdout_tail.strip() == str((tmp_path / "work").resolve())


def test_parameters_arrive_with_their_types_and_values_unharmed(tmp_path: Path) -> None:
    hostile = '"""; import os #\n{x} \\ 日本語'
    result = run(
        tmp_path,
        "print(repr(text)); print(repr(rate)); print(repr(on)); print(repr(count))",
        text=hostile,
        rate=0.1,
        on=True,
        count=3,
    )
    assert result.stdout_tail == f"{hostile!r}\n0.1\nTrue\n3\n"


def test_what_happens_is_told_as_it_happens(tmp_path: Path) -> None:
    events: list[dict[str, Any]] = []
    request = prepare(tmp_path / "run", "print('step 1')\nprint('step 2')")
    execute(request, tmp_path / "run", tmp_path, listen=lambda _, event: events.append(event))

    kinds = [event["event"] for event in events]
    assert kinds[:4] == ["started", "kernel", "cells", "cell started"]
    assert kinds[-1] == "ended"
    assert "step 2" in [event.get("text") for event in events]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_runner_that_is_told_to_stop_keeps_what_was_made(
    tmp_path: Path, wait_until: Wait, number: signal.Signals
) -> None:
    folder = tmp_path / "run"
    prepare(folder, PLOT, "import time\ntime.sleep(600)", "print('never')")
    process = start(folder, tmp_path)
    wait_until(lambda: '"cell": 3' in journal(folder))
    process.send_signal(number)
    assert process.wait(30) == 0

    result = left.read_left(folder)
    assert result is not None
    assert result.status is Status.CANCELLED
    assert statuses(result) == ["completed", "cancelled", "pending"]
    assert len(result.figures) == 1


def test_a_runner_whose_starter_is_gone_stops_by_itself(tmp_path: Path, wait_until: Wait) -> None:
    folder = tmp_path / "run"
    prepare(folder, "import os\nprint(os.getpid())\nimport time\ntime.sleep(600)")
    process = start(folder, tmp_path)
    wait_until(lambda: '"event": "cell started", "at"' in journal(folder))
    wait_until(lambda: '"cell": 2' in journal(folder))
    assert process.stdin is not None
    process.stdin.close()
    process.wait(30)

    result = left.read_left(folder)
    assert result is not None
    assert result.status is Status.CANCELLED


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_runner_stopped_before_the_first_cell_says_so(
    tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "run"
    prepare(folder, "print('never')")
    early = (
        f"import os, signal; signal.pthread_sigmask(signal.SIG_BLOCK, [{number}]); "
        f"os.kill(os.getpid(), {number}); from runner.__main__ import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", early, str(folder), str(tmp_path), sys.executable],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert process.wait(60) == 0
    result = left.read_left(folder)
    assert result is not None
    assert result.status is Status.CANCELLED
    assert result.error is not None
    assert result.error.message == f"stopped by {number.name}"


def test_what_is_stopped_before_anything_is_executed_is_as_never_begun(
    tmp_path: Path, wait_until: Wait
) -> None:
    ours = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    folder, slow = tmp_path / "run", tmp_path / "slow"
    request = prepare(folder, "print('at last')")
    slow.mkdir()
    mark = slow / "mark"
    text = f"import time\nopen({str(mark)!r}, 'w').close()\ntime.sleep(600)\n"
    (slow / "nbformat.py").write_text(text)  # in whose place the runner's imports stand still
    place = os.pathsep.join([str(slow), os.environ.get("PYTHONPATH", "")])

    def jobs() -> Iterator[Job]:
        yield Job(request, folder, tmp_path, environment={"PYTHONPATH": place})
        wait_until(mark.exists)
        raise KeyboardInterrupt

    told: list[RunResult] = []
    try:
        whole = local.execute(jobs(), 2, listen=lambda *_: None, ended=told.append)
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
    assert (whole, told) == (False, [])
    assert not left.began(folder)
    assert execute(request, folder, tmp_path).status is Status.SUCCEEDED


def test_a_runner_that_is_killed_leaves_no_kernel_and_can_be_recovered(
    tmp_path: Path, wait_until: Wait
) -> None:
    folder = tmp_path / "run"
    pid_file = tmp_path / "kernel.pid"
    say_pid = f"import os, time\nopen({str(pid_file)!r}, 'w').write(str(os.getpid()))\n"
    request = prepare(folder, PLOT, "print('so far')", say_pid + "time.sleep(600)", "'never'")
    process = start(folder, tmp_path)
    wait_until(lambda: pid_file.exists() and bool(pid_file.read_text()))
    process.kill()
    process.wait()
    wait_until(lambda: not is_running(int(pid_file.read_text())))

    result = left.recover(folder, request)
    assert result.status is Status.DIED
    assert statuses(result) == ["completed", "completed", "died", "pending"]
    assert len(result.figures) == 1


def test_a_cell_killed_for_its_memory_ends_as_a_dead_kernel(tmp_path: Path) -> None:
    result = run(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")

    assert result.status is Status.DIED
    assert statuses(result) == ["died"]


def test_a_source_that_is_no_notebook_ends_in_a_result(tmp_path: Path) -> None:
    request = prepare(tmp_path / "run", "1")
    (tmp_path / "run" / "source.ipynb").write_text("{")
    result = execute(request, tmp_path / "run", tmp_path)

    assert result.status is Status.DIED
    assert result.error is not None
    assert result.cells == ()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return b"State:\tZ" not in Path(f"/proc/{pid}/status").read_bytes()
