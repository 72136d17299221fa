"""A zygote's life: started, found, out of date, hung, killed, reached for by somebody else."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Wait
from rigs.warm import LIGHT, execute, status, succeeded

from runner.capacity import Capacity, threads_of
from runner.records import Resources, Warm
from runner.warm import client, place
from runner.warm.process import WarmProcess

SMALL = Warm(preload=("json",))
PID = "import os\nprint(os.getppid())"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the search path in which packages are installed."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "ours-1.0.dist-info").mkdir()
    (folder / "ours.py").write_text("version = 1")
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)
    return folder


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module that can be named to be forked."""
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)
    return tmp_path / "probe.py"


def start(warm: Warm = SMALL) -> int:
    client.start(warm, os.environ)
    return int(status()["pid"])


def gone(pid: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def fork(warm: Warm | Path = SMALL, **keywords: Any) -> WarmProcess:
    """Fork a process; unless told otherwise, one that ends at once."""
    given: dict[str, Any] = {"role": "json:dumps", "arguments": [], "cwd": "/"}
    given |= {"environment": os.environ, "descriptors": (0, 1, 2)}
    return client.fork(warm, **given | keywords)


def refusal(warm: Warm = SMALL) -> str:
    with pytest.raises(client.NoZygoteError) as refused:
        fork(warm)
    return str(refused.value)


# Started and ended


def test_started_twice_there_is_one(own_zygotes: None) -> None:
    assert start() == start()


def test_started_by_many_at_once_there_is_one(own_zygotes: None) -> None:
    several = [threading.Thread(target=client.start, args=(SMALL, os.environ)) for _ in range(4)]
    for each in several:
        each.start()
    for each in several:
        each.join()
    assert status()["running"] == 0


def test_it_ends_by_itself_when_it_was_not_used_for_a_while(
    own_zygotes: None, wait_until: Wait
) -> None:
    warm = SMALL.model_copy(update={"idle_s": 0.2})
    client.start(warm.model_copy(update={"idle_s": 4.0}), os.environ)
    lasting = int(status()["pid"])
    client.start(warm, os.environ)  # how long it stays has changed, so it is another
    wait_until(lambda: gone(lasting))
    wait_until(lambda: not list(client.ask_all("status")))
    assert refusal(warm) == "no zygote was running"
    assert not list(place.folder().glob("*.sock"))


def test_stopped_it_forks_no_more_and_what_it_forked_goes_on(
    own_zygotes: None, tmp_path: Path, wait_until: Wait
) -> None:
    zygote = start(LIGHT)
    cell = (
        "import os, pathlib, time\npathlib.Path('begun').touch()\n"
        "while not pathlib.Path('stopped').exists(): time.sleep(0.01)\nprint(os.getppid())"
    )
    found = while_it_runs(tmp_path / "run", cell, lambda: list(client.ask_all("stop")), wait_until)
    assert found.said() == zygote
    assert refusal(LIGHT) == "no zygote was running"
    wait_until(lambda: gone(zygote))


def while_it_runs(folder: Path, cell: str, happens: Any, wait_until: Wait) -> Any:
    """Let something happen while a warm run's cell waits for it; give the run."""

    def happen() -> None:
        wait_until((folder / "begun").exists)
        happens()
        (folder / "stopped").touch()

    other = threading.Thread(target=happen)
    other.start()
    found = execute(folder, cell)
    other.join()
    return succeeded(found)


def test_killed_during_a_run_it_takes_nothing_along(
    own_zygotes: None, tmp_path: Path, wait_until: Wait
) -> None:
    zygote = start(LIGHT)
    cell = (
        "import os, pathlib, time\npathlib.Path('begun').touch()\n"
        "while not pathlib.Path('stopped').exists(): time.sleep(0.01)\n"
        "import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()\nprint('right')"
    )

    def kill() -> None:
        os.kill(zygote, signal.SIGKILL)
        wait_until(lambda: gone(zygote))

    found = while_it_runs(tmp_path / "run", cell, kill, wait_until)
    assert found.printed() == "right\n"
    assert len(found.result.figures) == 1
    assert not list(client.ask_all("status"))


def test_a_fork_whose_zygote_died_tells_its_own_exit_status(
    own_zygotes: None, probe: Path, wait_until: Wait
) -> None:
    probe.write_text("import sys\ndef main(arguments): sys.exit(len(sys.stdin.read()))\n")
    for killed in (False, True):
        zygote = start()
        reading, writing = os.pipe()
        process = fork(role="probe:main", descriptors=(reading, 1, 2))
        os.close(reading)
        if killed:
            os.kill(zygote, signal.SIGKILL)
            wait_until(lambda: gone(zygote))  # noqa: B023  # it is called at once
        assert process.poll() is None
        os.write(writing, b"seven..")
        os.close(writing)
        assert process.wait() == 7


# Out of date


def test_it_is_replaced_when_packages_have_changed(own_zygotes: None, installed: Path) -> None:
    about = installed / "ours-1.0.dist-info"
    more = installed / "more"
    more.mkdir()
    changes: dict[str, Callable[[], object]] = {
        "another version": lambda: about.rename(installed / "ours-2.0.dist-info"),
        "one more package": lambda: (installed / "theirs-1.0.dist-info").mkdir(),
        "one installed again": lambda: (installed / "theirs-1.0.dist-info" / "RECORD").touch(),
        "one worked on": lambda: (installed / "mine.pth").write_text(str(more)),
    }
    zygote = start()
    for change, happens in changes.items():
        happens()
        assert status()["current"] is False, change
        assert refusal() == "what is installed has changed since"
        assert refusal() == "no zygote was running"
        former, zygote = zygote, start()
        assert former != zygote
        assert fork().wait() == 0


def test_an_edit_to_what_it_has_imported_and_is_worked_on_retires_it(
    own_zygotes: None, installed: Path
) -> None:
    warm = Warm(preload=("ours",))
    start(warm)
    fork(warm).wait()
    (installed / "ours.py").write_text("version = 2")
    assert refusal(warm) == f"{installed / 'ours.py'} has changed since"
    start(warm)
    fork(warm).wait()


def test_one_that_is_out_of_date_lives_until_its_last_kernel_ended(
    own_zygotes: None, installed: Path, tmp_path: Path, wait_until: Wait
) -> None:
    zygote = start(LIGHT)
    cell = (
        "import os, pathlib, time\npathlib.Path('begun').touch()\n"
        "while not pathlib.Path('stopped').exists(): time.sleep(0.01)\nprint(os.getppid())"
    )

    def replace() -> None:
        (installed / "theirs-1.0.dist-info").mkdir()
        assert refusal(LIGHT) == "what is installed has changed since"
        assert start(LIGHT) != zygote
        succeeded(execute(tmp_path / "other", PID))
        assert not gone(zygote)

    assert while_it_runs(tmp_path / "run", cell, replace, wait_until).said() == zygote
    wait_until(lambda: gone(zygote))
    assert status()["pid"] != zygote


def test_other_settings_or_variables_that_are_read_at_import_have_another(
    own_zygotes: None,
) -> None:
    start()
    other = SMALL.model_copy(update={"preload": ("json", "csv")})
    assert refusal(other) == "no zygote was running"
    for name, value in (("HF_HOME", "/x"), ("LC_ALL", "C"), ("HOME", "/x"), ("USE_TF", "0")):
        with pytest.raises(client.NoZygoteError, match="no zygote was running"):
            fork(environment=os.environ | {name: value})
    shares = threads_of(4, Capacity(8, 1), Resources(), {})  # of runs that go on at once
    assert "MKL_NUM_THREADS" in shares
    shares["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    for given in ({"ANY_OTHER": "x", "CUDA_VISIBLE_DEVICES": ""}, shares):
        fork(environment=os.environ | given).wait()


# Where none can be used


def test_one_that_was_killed_leaves_a_socket_that_misleads_nobody(
    own_zygotes: None, tmp_path: Path, wait_until: Wait
) -> None:
    zygote = start(LIGHT)
    os.kill(zygote, signal.SIGKILL)
    wait_until(lambda: gone(zygote))
    assert list(place.folder().glob("*.sock"))
    found = execute(tmp_path / "cold", "print('right')")
    assert (found.started, found.why_cold) == ("cold", "no zygote was running")
    assert found.printed() == "right\n"
    assert start(LIGHT) != zygote
    succeeded(execute(tmp_path / "warm", PID))


def test_one_that_hangs_is_waited_for_once_and_replaced(
    own_zygotes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_until: Wait
) -> None:
    monkeypatch.setattr(client, "_ANSWER_S", 0.3)
    zygote = start(LIGHT)
    os.kill(zygote, signal.SIGSTOP)
    assert refusal(LIGHT) == "the zygote did not answer: timed out"
    assert refusal(LIGHT) == "no zygote was running"
    found = execute(tmp_path / "cold", "print('right')")
    assert (found.started, found.printed()) == ("cold", "right\n")
    wait_until(lambda: gone(zygote))
    assert start(LIGHT) != zygote


def test_one_that_hangs_does_later_nothing_that_was_asked_of_it_before(
    own_zygotes: None,
    probe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wait_until: Wait,
) -> None:
    """Whoever asked has done it otherwise by then; done twice, a run would spoil its folder."""
    probe.write_text("import pathlib\ndef main(names): pathlib.Path(names[0]).touch()\n")
    zygote = start()
    done = fork(role="probe:main", arguments=[str(tmp_path / "once")])
    assert done.wait() == 0
    assert (tmp_path / "once").exists()

    monkeypatch.setattr(client, "_ANSWER_S", 0.3)
    os.kill(zygote, signal.SIGSTOP)
    with pytest.raises(client.NoZygoteError, match="did not answer"):
        fork(role="probe:main", arguments=[str(tmp_path / "twice")])
    wait_until(lambda: gone(zygote))
    assert not (tmp_path / "twice").exists()


def test_one_that_hangs_is_told_of_and_stopped_all_the_same(
    own_zygotes: None, monkeypatch: pytest.MonkeyPatch, wait_until: Wait
) -> None:
    zygote = start()
    monkeypatch.setattr(client, "_ANSWER_S", 0.3)
    os.kill(zygote, signal.SIGSTOP)
    assert [(each["pid"], each["hangs"]) for each in client.ask_all("status")] == [(zygote, True)]
    assert [(each["pid"], each["hangs"]) for each in client.ask_all("stop")] == [(zygote, True)]
    wait_until(lambda: gone(zygote))
    assert not list(client.ask_all("status"))


def test_a_file_where_its_socket_should_be_is_in_nobodys_way(
    own_zygotes: None, tmp_path: Path
) -> None:
    place.socket_path(LIGHT, os.environ).write_text("left over")
    found = execute(tmp_path / "cold", "print('right')")
    assert (found.started, found.printed()) == ("cold", "right\n")
    start(LIGHT)
    succeeded(execute(tmp_path / "warm", PID))


def test_on_another_system_there_is_none(
    own_zygotes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert refusal() == "warm kernels need Linux"
    with pytest.raises(client.NoZygoteError, match="need Linux"):
        client.start(SMALL, os.environ)


def test_one_that_cannot_start_says_why(own_zygotes: None, installed: Path) -> None:
    (installed / "threadpoolctl.py").write_text("raise RuntimeError('none of that')")
    with pytest.raises(client.NoZygoteError, match=r"(?s)could not start: .*none of that"):
        client.start(SMALL, os.environ)
    assert not list(client.ask_all("status"))


def test_none_starts_by_itself_on_a_machine_of_ci(own_zygotes: None) -> None:
    assert client.why_not_start(SMALL, os.environ) == ""
    on_ci = dict(os.environ) | {"CI": "true"}
    assert client.why_not_start(SMALL, on_ci) == "machines of CI do not stay for another run"
    start()
    assert client.why_not_start(SMALL, os.environ) == "one is ready now"


# Somebody else


def test_its_folder_and_socket_are_its_users_alone(own_zygotes: None) -> None:
    start()
    assert place.folder().stat().st_mode & 0o777 == 0o700
    (path,) = place.folder().glob("*.sock")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_others_may_enter_is_not_used(own_zygotes: None, tmp_path: Path) -> None:
    start(LIGHT)
    place.folder().chmod(0o755)
    assert "is not a folder that this user alone may enter" in refusal(LIGHT)
    found = execute(tmp_path / "cold", "print('right')")
    assert (found.started, found.printed()) == ("cold", "right\n")
    with pytest.raises(client.NoZygoteError, match="this user alone"):
        client.start(LIGHT, os.environ)
    with pytest.raises(client.NoZygoteError, match="this user alone"):
        list(client.ask_all("status"))
    (Path(os.environ["XDG_RUNTIME_DIR"]) / f"excursions-{os.getuid()}").chmod(0o700)


def test_a_folder_that_leads_elsewhere_is_not_used(own_zygotes: None, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    link = Path(os.environ["XDG_RUNTIME_DIR"], f"excursions-{os.getuid()}")
    link.symlink_to(tmp_path)
    assert "is not a folder that this user alone may enter" in refusal()
    link.unlink()


@pytest.fixture
def other_user() -> list[str]:
    """A command that gives another as a user who is somebody else."""
    if os.getuid() != 0:
        pytest.skip("only root can be another user as well")
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def test_another_users_folder_is_not_used(
    own_zygotes: None, other_user: list[str], tmp_path: Path
) -> None:
    folder = place.folder()
    os.chown(folder, 65534, 65534)
    assert "is not a folder that this user alone may enter" in refusal()
    os.chown(folder, 0, 0)


def test_another_user_can_neither_reach_it_nor_be_served(
    own_zygotes: None, other_user: list[str], tmp_path: Path
) -> None:
    start()
    (path,) = place.folder().glob("*.sock")
    program = (
        "import socket, sys\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        "s.settimeout(20)\n"
        "s.connect(sys.argv[1])\n"
        's.send(b\'{"ask": "status"}\')\n'
        "print(s.recv(9999))\n"
    )

    def reach() -> subprocess.CompletedProcess[str]:
        words = [*other_user, "/usr/bin/env", "python3", "-c", program, str(path)]
        return subprocess.run(words, cwd="/", capture_output=True, text=True, check=False)

    assert "PermissionError" in reach().stderr
    for each in (path.parent.parent, path.parent):  # were every lock left open,
        each.chmod(0o755)
    path.chmod(0o666)
    done = reach()
    assert "pid" not in done.stdout
    assert done.stdout == "b''\n" or "Error" in done.stderr
    path.parent.chmod(0o700)
    assert status()["forked"] == 0


def test_another_users_zygote_is_asked_nothing(
    own_zygotes: None, other_user: list[str], wait_until: Wait
) -> None:
    """The secrets among the variables of whoever asks would be theirs."""
    path = place.socket_path(SMALL, os.environ)
    program = (
        "import socket, sys, os\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
        "s.bind(sys.argv[1])\ns.listen()\nprint(flush=True)\n"
        "print(s.accept()[0].recv(9999))\n"
    )
    for each in (path.parent.parent, path.parent):
        each.chmod(0o777)
    words = [*other_user, "/usr/bin/env", "python3", "-c", program, str(path)]
    theirs = subprocess.Popen(words, cwd="/", stdout=subprocess.PIPE, text=True)
    assert theirs.stdout is not None
    theirs.stdout.readline()
    path.parent.chmod(0o700)
    assert refusal() == f"{path} belongs to another user"
    assert theirs.communicate()[0] == "b''\n"


# Those who speak to it wrongly


def test_messages_that_make_no_sense_change_nothing(own_zygotes: None) -> None:
    zygote = start()
    path = place.socket_path(SMALL, os.environ)
    for said in (b"no JSON", b"[]", b'{"ask": "fork"}', b"{}", b"x" * 100_000):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(20)
            connection.connect(str(path))
            connection.send(said)
            connection.recv(9_999)
    assert status()["pid"] == zygote


def test_forty_at_once_are_all_served(own_zygotes: None) -> None:
    start()
    processes: list[int] = []

    def one() -> None:
        processes.append(fork().wait())

    several = [threading.Thread(target=one) for _ in range(40)]
    for each in several:
        each.start()
    for each in several:
        each.join()
    assert len(processes) == 40
    assert status()["forked"] == 40
