"""`excursion warm`, and runs that start warm: what somebody sees who gives the commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Repository, Wait

RECORD = "from runner.notebook import record\nrecord(accuracy=0.5)"
COLD = "The kernel was started cold, since"
SETTINGS = '[warm]\npreload = ["numpy"]\n'


@pytest.fixture
def warm(own_zygotes: None, repository: Repository) -> Repository:
    """A repository whose zygote has little to import, with a question to run."""
    configure(repository, SETTINGS)
    repository.ask()
    repository.commit_notebook(RECORD)
    return repository


def configure(repository: Repository, text: str) -> None:
    (repository.top / "excursions.toml").write_text(text)
    repository.git("add", "-A")
    repository.git("commit", "-qm", "Configure")


def zygotes(repository: Repository) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = repository.json("warm", "status")
    return found


def kernel(repository: Repository, run: int) -> Any:
    """How the kernel of a run was started."""
    return json.loads(repository.git("show", f"refs/excursions/1/{run}:result.json"))["kernel"]


def gone(pid: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_it_is_started_shown_and_stopped(warm: Repository) -> None:
    assert "None is running" in warm.excursion("warm", "status").err
    assert warm.excursion("warm", "stop").err == "None was running.\n"
    assert zygotes(warm) == []

    started = warm.must("warm", "start")
    (zygote,) = zygotes(warm)
    assert started.splitlines()[:2] == [
        f"zygote {zygote['pid']}  ready",
        "    has imported numpy",
    ]
    assert warm.must("warm", "start").splitlines()[0] == started.splitlines()[0]
    assert warm.must("warm", "status").splitlines()[0] == started.splitlines()[0]
    assert (zygote["forked"], zygote["running"], zygote["current"]) == (0, 0, True)

    assert warm.excursion("warm", "stop").err == f"Stopped the zygote {zygote['pid']}.\n"
    assert zygotes(warm) == []


def test_it_starts_by_itself_after_the_first_run_which_says_so_once(
    warm: Repository, wait_until: Wait
) -> None:
    first = warm.excursion("run", "1")
    assert (first.status, first.out) == (0, "1.1\n")
    assert first.err.count(COLD) == 1
    assert f"{COLD} no zygote was running; one is getting ready, so that the next" in first.err
    wait_until(lambda: bool(zygotes(warm)))

    second = warm.excursion("run", "1", "--force")
    assert (second.status, second.out) == (0, "1.2\n")
    assert COLD not in second.err
    assert [kernel(warm, run) for run in (1, 2)] == ["cold", "warm"]
    (zygote,) = zygotes(warm)
    assert zygote["forked"] == 3  # the command, what executes, the kernel
    assert zygote["running"] == 0


def test_a_sweep_of_cold_kernels_says_so_once(warm: Repository, wait_until: Wait) -> None:
    swept = warm.excursion("sweep", "1", "-p", "seed=[1,2]", "--jobs", "1")
    assert swept.status == 0, swept.err
    assert swept.err.count(COLD) == 1
    wait_until(lambda: bool(zygotes(warm)))
    again = warm.excursion("sweep", "1", "-p", "seed=[3,4]", "--jobs", "2")
    assert again.status == 0, again.err
    assert COLD not in again.err
    assert [kernel(warm, run) for run in (1, 2, 3, 4)] == ["cold", "cold", "warm", "warm"]


def test_it_ends_by_itself_when_it_is_not_used(warm: Repository, wait_until: Wait) -> None:
    warm.must("warm", "start")
    (lasting,) = zygotes(warm)
    configure(warm, SETTINGS + 'idle = "1s"\n')
    warm.must("warm", "start")
    wait_until(lambda: zygotes(warm) == [])
    assert lasting["stays_s"] == 1_800


def test_none_starts_by_itself_where_machines_do_not_stay(warm: Repository) -> None:
    done = warm.excursion("run", "1", CI="true")
    assert done.status == 0
    assert f"{COLD} no zygote was running; machines of CI do not stay for another run." in done.err
    assert zygotes(warm) == []


def test_none_is_used_by_those_who_want_none(warm: Repository) -> None:
    warm.must("warm", "start")
    done = warm.excursion("run", "1", EXCURSIONS_WARM="off")
    assert (done.status, kernel(warm, 1)) == (0, "cold")
    assert COLD not in done.err
    refused = warm.excursion("warm", "start", EXCURSIONS_WARM="off")
    assert refused.status == 3
    assert "no zygote can be had: EXCURSIONS_WARM=off" in refused.err


def test_commands_end_as_they_would_without_it(warm: Repository) -> None:
    warm.must("warm", "start")
    wrong = warm.excursion("run", "1", "-p", "sed=1")
    assert (wrong.status, "seed" in wrong.err) == (2, True)
    assert warm.excursion("run", "7").status == 2
    warm.commit_notebook("1 / 0")
    failed = warm.excursion("run", "1")
    assert (failed.status, failed.out) == (1, "1.1\n")
    assert zygotes(warm)[0]["forked"] == 5


def test_killed_during_a_run_it_takes_nothing_along(warm: Repository) -> None:
    """Neither the command, which it had forked, nor what executes, nor the kernel."""
    warm.must("warm", "start")
    (zygote,) = zygotes(warm)
    warm.commit_notebook(
        f"import os, pathlib, signal\nos.kill({zygote['pid']}, signal.SIGKILL)\n"
        "state = pathlib.Path('/proc', str(os.getppid()), 'comm').exists()",
        RECORD,
    )
    done = warm.excursion("run", "1")
    assert (done.status, done.out) == (0, "1.1\n"), done.err
    result = json.loads(warm.git("show", "refs/excursions/1/1:result.json"))
    assert (result["status"], result["metrics"]) == ("succeeded", {"accuracy": 0.5})
    assert result["kernel"] == "warm"

    socket = Path(zygote["socket"])
    assert socket.exists()  # left over
    cold = warm.excursion("run", "1", "--force", "--dry-run")
    assert cold.status == 0


def test_a_command_that_is_killed_leaves_no_process_behind(
    warm: Repository, tmp_path: Path, wait_until: Wait
) -> None:
    warm.must("warm", "start")
    pids = tmp_path / "pids"
    warm.commit_notebook(
        "import os, pathlib, time\n"
        f"pathlib.Path({str(pids)!r}).write_text(f'{{os.getpid()}} .')\ntime.sleep(600)"
    )
    command = subprocess.Popen([sys.executable, "-m", "bot", "run", "1"], cwd=warm.top)
    wait_until(lambda: pids.exists() and pids.read_text().endswith("."))
    (zygote,) = zygotes(warm)
    forked = [int(pid) for pid in zygote["roles"]]
    assert sorted(zygote["roles"].values()) == ["bot.cli:main_here", "kernel", "runner"]
    assert int(pids.read_text().split()[0]) in forked
    command.kill()
    command.wait()
    wait_until(lambda: all(gone(pid) for pid in forked))
    assert zygotes(warm)[0]["running"] == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_told_to_stop_keeps_what_was_made(
    number: signal.Signals, warm: Repository, tmp_path: Path, wait_until: Wait
) -> None:
    warm.must("warm", "start")
    begun = tmp_path / "begun"
    warm.commit_notebook(
        RECORD,
        f"import pathlib, time\npathlib.Path({str(begun)!r}).touch()\ntime.sleep(600)",
    )
    command = subprocess.Popen([sys.executable, "-m", "bot", "run", "1"], cwd=warm.top)
    wait_until(begun.exists)
    command.send_signal(number)
    assert command.wait() == 3
    result = json.loads(warm.git("show", "refs/excursions/1/1:result.json"))
    assert (result["status"], result["kernel"]) == ("cancelled", "warm")
    assert result["metrics"] == {"accuracy": 0.5}
    wait_until(lambda: zygotes(warm)[0]["running"] == 0)


def test_what_has_changed_is_said_and_the_next_run_is_warm_again(
    warm: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_until: Wait
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)
    warm.must("warm", "start")
    (old,) = zygotes(warm)
    (site / "ours-1.0.dist-info").mkdir()
    assert "out of date; the next run replaces it" in warm.must("warm", "status")
    done = warm.excursion("run", "1")
    assert f"{COLD} what is installed has changed since; one is getting ready" in done.err
    wait_until(lambda: [each["pid"] for each in zygotes(warm)] not in ([], [old["pid"]]))
    warm.must("run", "1", "--force")

    configure(warm, '[warm]\npreload = ["numpy", "json"]\n')
    warm.must("run", "1", "--force")
    wait_until(lambda: len(zygotes(warm)) == 2)
    warm.must("run", "1", "--force")
    assert [kernel(warm, run) for run in (1, 2, 3, 4)] == ["cold", "warm", "cold", "warm"]
    assert ["numpy", "json"] in [each["preloaded"] for each in zygotes(warm)]


def test_one_that_may_not_fork_is_refused_and_runs_start_cold(
    warm: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_thread.py").write_text(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    )
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)
    configure(warm, '[warm]\npreload = ["a_thread", "no_such_module"]\n')
    started = warm.excursion("warm", "start")
    assert started.status == 3
    problem = "it has 2 threads; importing a_thread started them"
    assert f"the zygote must not fork: {problem}" in started.err
    assert "Take that module out of warm.preload in excursions.toml" in started.err
    assert "could not be imported: no_such_module" in warm.must("warm", "status")
    done = warm.excursion("run", "1")
    assert (done.status, kernel(warm, 1)) == (0, "cold")
    assert f"{COLD} it must not fork: {problem}." in done.err


def test_a_folder_that_others_may_enter_is_said_to_be_unsafe(warm: Repository) -> None:
    warm.must("warm", "start")
    folder = Path(os.environ["XDG_RUNTIME_DIR"], f"excursions-{os.getuid()}")
    folder.chmod(0o777)
    commands = (("warm", "start"), ("warm", "status"), ("warm", "stop"), ("run", "1"))
    done = [warm.excursion(*words) for words in commands]
    folder.chmod(0o700)
    for each in done:
        assert "is not a folder that this user alone may enter" in each.err
        assert "Traceback" not in each.err
    assert [each.status for each in done] == [3, 3, 3, 0]
    assert kernel(warm, 1) == "cold"


def test_one_that_hangs_is_said_to_and_replaced(warm: Repository) -> None:
    warm.must("warm", "start")
    (zygote,) = zygotes(warm)
    os.kill(zygote["pid"], signal.SIGSTOP)
    done = warm.excursion("run", "1")
    assert (done.status, kernel(warm, 1)) == (0, "cold")
    assert f"{COLD} the zygote did not answer: timed out; one is getting ready" in done.err
    assert gone(zygote["pid"])
