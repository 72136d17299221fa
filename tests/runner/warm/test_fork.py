"""What a fork must not have from its zygote, and what it must have from whoever asked for it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Wait
from rigs.warm import LIGHT, execute, status, succeeded, write_request

from runner.records import Warm
from runner.warm import client

pytestmark = pytest.mark.usefixtures("light")

STREAMS = """
import json, random, secrets, tempfile, uuid
import numpy
print(json.dumps({
    "random": random.random(),
    "numpy": float(numpy.random.random()),
    "a generator of numpy's": float(numpy.random.default_rng().random()),
    "secrets": secrets.token_hex(8),
    "uuid": str(uuid.uuid4()),
    "a temporary file": tempfile.mktemp(),
}))
"""
SURROUNDINGS = """
import json, os, resource, signal, sys, tempfile
umask = os.umask(0)
os.umask(umask)
signals = (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
print(json.dumps({
    "environment": dict(os.environ),
    "what C sees": [os.popen("echo $COLOUR").read(), os.popen("echo $HUE").read()],
    "first environment": open("/proc/self/environ").read(),
    "of the zygote": open(f"/proc/{os.getppid()}/environ").read(),
    "folder": os.getcwd(),
    "temporary": tempfile.gettempdir(),
    "umask": umask,
    "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
    "processors": sorted(os.sched_getaffinity(0)),
    "signals": [signal.getsignal(each) == signal.SIG_DFL for each in signals],
    "held back": len(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
    "leads its session": os.getsid(0) == os.getpid(),
    "path": sys.path,
}))
"""


# Random streams


def test_two_kernels_of_one_zygote_draw_different_numbers(tmp_path: Path) -> None:
    one = succeeded(execute(tmp_path / "one", STREAMS)).said()
    two = succeeded(execute(tmp_path / "two", STREAMS)).said()
    assert [name for name in one if one[name] == two[name]] == []


def test_with_a_seed_they_draw_the_same_numbers_and_those_of_a_cold_one(tmp_path: Path) -> None:
    ours = {"random", "numpy"}
    warm = [succeeded(execute(tmp_path / n, STREAMS, seed=3)).said() for n in ("one", "two")]
    cold = execute(tmp_path / "cold", STREAMS, seed=3, warm=None).said()
    for name, value in cold.items():
        agree = [each[name] == value for each in warm]
        assert agree == [name in ours] * 2, name


# Surroundings


def test_surroundings_are_those_of_the_caller_as_they_are_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not those of whoever started the zygote, or of an earlier caller."""
    monkeypatch.setenv("COLOUR", "red")
    monkeypatch.setenv("HUE", "42")
    work = tmp_path / "a folder"
    work.mkdir()
    succeeded(execute(tmp_path / "before", "pass", workdir=work))

    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("COLOUR", "blue")
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("NAME_NOT_IN_UTF_8", os.fsdecode(b"\xff"))
    monkeypatch.delenv("HUE")
    files, core = (resource.getrlimit(r) for r in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE))
    umask, processors = os.umask(0o027), os.sched_getaffinity(0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, files[1]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, core[1]))
    try:
        found = succeeded(execute(tmp_path / "now", SURROUNDINGS, workdir=work)).said()
    finally:
        os.umask(umask)
        resource.setrlimit(resource.RLIMIT_NOFILE, files)
        resource.setrlimit(resource.RLIMIT_CORE, core)

    assert found["environment"]["COLOUR"] == "blue"
    assert "HUE" not in found["environment"]
    assert found["what C sees"] == ["blue\n", "\n"]
    assert found["environment"]["NAME_NOT_IN_UTF_8"] == "\udcff"
    assert found["folder"] == str(work)
    assert "" in found["path"]
    assert found["temporary"] == str(temporary)
    assert found["umask"] == 0o027
    assert (found["files"], found["core"]) == (200, 0)
    assert found["processors"] == sorted(processors)
    assert found["signals"] == [True] * 3
    assert found["held back"] == 0
    assert found["leads its session"]


def test_what_the_zygotes_starter_kept_secret_is_not_in_the_kernels_of_another(
    own_zygotes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {"HF_TOKEN": "hf_hidden", "OURS_API_KEY": "key_hidden", "PLAIN": "plain_hidden"}
    client.start(LIGHT, os.environ | secrets)
    found = succeeded(execute(tmp_path / "run", SURROUNDINGS))
    assert "hidden" not in found.printed()
    assert found.said()["first environment"] == found.said()["of the zygote"]
    monkeypatch.setenv("OURS", "given")
    mine = succeeded(execute(tmp_path / "mine", SURROUNDINGS)).said()
    assert mine["environment"]["OURS"] == "given"
    assert "OURS" not in mine["first environment"]


def test_modules_beside_the_notebook_are_those_of_this_notebook(tmp_path: Path) -> None:
    for name in ("one", "two"):
        work = tmp_path / name / "work"
        work.mkdir(parents=True)
        (work / "beside.py").write_text(f"name = {name!r}\n")
        cell = "import beside\nprint(beside.name)"
        found = succeeded(execute(tmp_path / name / "run", cell, workdir=work))
        assert found.printed() == f"{name}\n"


def test_threads_are_as_many_as_the_caller_asks_for(tmp_path: Path) -> None:
    cell = (
        "import numpy, threadpoolctl\n"
        "print(max(each['num_threads'] for each in threadpoolctl.threadpool_info()))"
    )
    for threads in ("1", "3"):
        found = execute(tmp_path / threads, cell, environment={"OMP_NUM_THREADS": threads})
        assert succeeded(found).printed() == f"{threads}\n"


# Figures


def test_figures_appear(tmp_path: Path) -> None:
    plot = "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])"
    styled = "plt.rcParams['figure.dpi'] = 50\nplt.plot([2, 1])\nplt.show()"
    svg = "%config InlineBackend.figure_formats = ['svg']\nplt.plot([1])\nplt.show()"
    found = succeeded(execute(tmp_path / "run", plot, styled, svg))
    kinds = [kind for cell in found.outputs for each in cell for kind in each.get("data", {})]
    assert kinds.count("image/png") == 2
    assert kinds.count("image/svg+xml") == 1
    assert len(found.result.figures) >= 2


def test_a_settings_file_for_plots_beside_the_notebook_counts(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "matplotlibrc").write_text("lines.linewidth: 7\n")
    cell = "import matplotlib as m\nprint(m.rcParams['lines.linewidth'], m.get_backend())"
    warm = succeeded(execute(tmp_path / "warm", cell, workdir=work)).printed()
    assert warm == execute(tmp_path / "cold", cell, workdir=work, warm=None).printed()
    assert warm.startswith("7.0 ")


# What a zygote must not have done


def test_it_has_one_thread_before_it_forks(tmp_path: Path) -> None:
    succeeded(execute(tmp_path / "run", "pass"))
    found = status()
    assert found["problem"] == ""
    assert len(list(Path(f"/proc/{found['pid']}/task").iterdir())) == 1


SPOILERS = {
    "a_thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True)"
        ".start()",
        "it has 2 threads; importing a_thread started them",
    ),
    "a_context": ("import zmq\nzmq.Context.instance()", "it has a zmq context"),
    # Where there is no GPU, torch cannot have initialised CUDA: it is told that it has.
    "a_gpu": (
        "import sys, types\ncuda = types.SimpleNamespace(is_initialized=lambda: True)\n"
        "sys.modules['torch'] = types.SimpleNamespace(cuda=cuda, set_num_threads=print)",
        "CUDA is initialised in it; importing a_gpu did that",
    ),
}


@pytest.mark.parametrize("name", SPOILERS)
def test_one_that_is_not_fit_for_it_does_not_fork_and_says_why(
    name: str, own_zygotes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, problem = SPOILERS[name]
    (tmp_path / f"{name}.py").write_text(source)
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)
    warm = Warm(preload=(name,))
    client.start(warm, os.environ)
    assert problem in status()["problem"]
    with pytest.raises(client.NoZygoteError, match="it must not fork") as refused:
        client.fork(warm, "kernel", [], environment=os.environ, cwd=tmp_path, descriptors=(0, 1, 2))
    assert problem in str(refused.value)
    assert not refused.value.startable  # another one would be like it
    assert status()["forked"] == 0


def test_what_would_bind_to_a_shell_is_not_imported_and_plots_appear(
    own_zygotes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_shell.py").write_text("import matplotlib_inline.backend_inline")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)
    warm = Warm(preload=("a_shell", "no_such_module"))
    client.start(warm, os.environ)
    assert status()["missing"] == ["a_shell", "no_such_module"]
    plot = "import a_shell, matplotlib.pyplot as plt\n_ = plt.plot([1, 2])"
    assert len(succeeded(execute(tmp_path / "run", plot, warm=warm)).result.figures) == 1


NO_GPU = "there is no GPU here, so CUDA cannot be initialised"


@pytest.mark.skipif(not Path("/dev/nvidia0").exists(), reason=NO_GPU)
def test_cuda_is_usable_after_a_fork_and_none_is_made_with_it_initialised(
    own_zygotes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "begins_cuda.py").write_text("import torch\ntorch.cuda.init()")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)
    warm = Warm(preload=("torch",))
    client.start(warm, os.environ)
    cell = (
        "import torch\nprint(torch.cuda.is_available())\n"
        "print(torch.ones(3, device='cuda').sum().item(), torch.rand(1, device='cuda').item())"
    )
    runs = [succeeded(execute(tmp_path / name, cell, warm=warm)) for name in ("one", "two")]
    said = [run.printed().split() for run in runs]
    assert [words[:2] for words in said] == [["True", "3.0"]] * 2
    assert said[0][2] != said[1][2]
    client.start(Warm(preload=("begins_cuda",)), os.environ)
    problems = {each["problem"] for each in client.ask_all("status")}
    assert problems == {"", "CUDA is initialised in it; importing begins_cuda did that"}


# What is left


def test_no_kernel_is_left_when_the_runner_is_killed(tmp_path: Path, wait_until: Wait) -> None:
    """Neither what was forked for it, nor what that has started."""
    folder = tmp_path / "run"
    hang = (
        "import os, pathlib, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        "pathlib.Path('pids').write_text(f'{os.getpid()} {child.pid} {os.getppid()} .')\n"
        "time.sleep(600)"
    )
    request = write_request(folder, hang, warm=LIGHT)
    runner = Killed(folder, wait_until)
    kernel, child, parent = runner.numbers(folder / "pids")
    assert request.resources.warm == LIGHT
    assert parent == status()["pid"]
    runner.kill()
    wait_until(lambda: not _alive(kernel) and not _alive(child))
    wait_until(lambda: status()["running"] == 0)


def test_no_kernel_is_left_when_the_zygote_is_killed_and_then_the_runner(
    own_zygotes: None, tmp_path: Path, wait_until: Wait
) -> None:
    client.start(LIGHT, os.environ)
    folder = tmp_path / "run"
    hang = (
        "import os, pathlib, time\n"
        "pathlib.Path('pids').write_text(f'{os.getpid()} {os.getppid()} .')\ntime.sleep(600)"
    )
    write_request(folder, hang, warm=LIGHT)
    runner = Killed(folder, wait_until)
    kernel, zygote = runner.numbers(folder / "pids")
    os.kill(zygote, 9)
    wait_until(lambda: not _alive(zygote))
    assert _alive(kernel)
    runner.kill()
    wait_until(lambda: not _alive(kernel))


class Killed:
    """`python -m runner`, a process that is not forked but whose kernel is."""

    def __init__(self, folder: Path, wait: Wait) -> None:
        self._wait = wait
        self.process = subprocess.Popen(
            [sys.executable, "-m", "runner", str(folder), str(folder), sys.executable],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )

    def numbers(self, file: Path) -> list[int]:
        """Wait for process ids that the notebook writes down."""
        self._wait(lambda: file.exists() and file.read_text().endswith("."))
        return [int(word) for word in file.read_text().split()[:-1]]

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def _alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
