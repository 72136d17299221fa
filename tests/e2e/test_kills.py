"""The process is killed at any point, and the command is given again: as if nothing had happened.

Each test first counts the steps of a command (every effect, every file written, every git command
that ends), then kills the process with SIGKILL after one of them, gives the command again, and
compares what is there with what an undisturbed command leaves; then the same after another. `make
faults` kills after every step, the other tests after so many, spread over all.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jupytext  # noqa: F401  # imported once here rather than in every child
import matplotlib.pyplot  # noqa: F401
import nh3  # noqa: F401
import pytest
import tomlkit  # noqa: F401
from conftest import Repository

import bot.cli.change
import bot.cli.run
import bot.effects
import bot.forge.git
import bot.forge.thread_files
import runner.engines.local
from bot.cli import main
from runner.engines.job import Ended, Job
from runner.engines.left import read_left

QUESTION = "Does it survive?"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\dZ)?")
_TOOK = re.compile(r"\b\d+(\.\d+)? (s|min)\b|\"?duration_s\"?: [\d.]+")


_WRITERS = (
    *("thread_files", "local", "local_branches", "local_place"),
    *("local_runs", "local_threads"),
)  # that name `write_atomically`


_FEW = 6  # points at which a command is killed where not all are asked for


class Steps:
    """Counts the steps that a command takes, and kills the process after one of them."""

    def __init__(self, last: int | None) -> None:
        self.taken = 0
        self._last = last

    def after(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **keywords: Any) -> Any:
            result = function(*arguments, **keywords)
            self.taken += 1
            if self.taken == self._last:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return counted

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Have nothing counted from this function on: what was commanded is done."""

        def ending(*arguments: Any, **keywords: Any) -> Any:
            self._last, taken = None, self.taken
            try:
                return function(*arguments, **keywords)
            finally:
                self.taken = taken

        return ending


def give(
    top: Path,
    words: tuple[str, ...],
    *,
    die_after: int | None,
    fine: bool,
    recorded: Path | None = None,
) -> int:
    """Give a command in a process of its own; its exit status, or -9 when it was killed."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 70
    steps = Steps(die_after)
    try:
        bot.effects.apply_one = steps.after(bot.effects.apply_one)
        bot.effects.request_runs = steps.after(bot.effects.request_runs)
        if fine:
            git = bot.forge.git.Git
            git.run = steps.after(git.run)  # type: ignore[method-assign]
            write = steps.after(bot.forge.thread_files.write_atomically)
            for name in _WRITERS:
                vars(sys.modules[f"bot.forge.{name}"])["write_atomically"] = write
        if recorded is not None:
            runner.engines.local.execute = steps.after(replay(recorded))
        bot.cli.run.tell = steps.before(bot.cli.run.tell)
        os.chdir(top)
        quiet = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(quiet, descriptor)
        main(list(words))
        status = 0
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 1
    except BaseException:  # noqa: BLE001  # a child of a fork must never return into pytest
        Path(f"{top}.error").write_text(traceback.format_exc())
    finally:
        Path(f"{top}.steps").write_text(str(steps.taken))
        os._exit(status)


def replay(recorded: Path) -> Callable[..., bool]:
    """Give an engine that leaves in each run's folder just what a real execution left before."""

    def execute(jobs: Iterable[Job], slots: int, *, ended: Ended, **_: Any) -> bool:
        for job in jobs:
            shutil.copytree(recorded / job.folder.name, job.folder, dirs_exist_ok=True)
            result = read_left(job.folder)
            assert result is not None
            ended(result)
        return True

    return execute


def look(repository: Repository) -> dict[str, Any]:
    """All that a person can see, but for moments and durations."""
    shown: dict[str, Any] = {}
    for path in sorted((repository.top / ".excursions").rglob("*")):
        parts = path.relative_to(repository.top / ".excursions").parts
        if not path.is_file() or parts[0] == "worktrees" or path.name in (".lock", "runner.log"):
            continue
        if path.suffix in (".md", ".html", ".json") or path.name == "owner":
            text = _TOOK.sub("SOME TIME", _MOMENT.sub("SOME MOMENT", path.read_text()))
            shown["/".join(parts)] = text if path.suffix == ".md" else "there"
        else:
            shown["/".join(parts)] = "there"
    for ref in repository.git("for-each-ref", "--format=%(refname)").splitlines():
        names = repository.git("ls-tree", "-r", "--name-only", ref)
        # How a sweep stood when it was interrupted is a commit more, before the same last one.
        own = "" if "/sweep-" in ref else repository.git("rev-list", "--count", ref)
        shown[ref] = (own, names)
    for line in repository.git("worktree", "list", "--porcelain").splitlines():
        if line.startswith("worktree "):
            place = Path(line.removeprefix("worktree "))
            here = Repository(place)
            shown[f"status {place.name}"] = (
                here.git("status", "--short"),
                here.git("stash", "list"),
            )
    return shown


def kill_at_steps(
    repository: Repository,
    words: tuple[str, ...],
    *,
    fine: bool,
    least: int,
    recorded: Path | None = None,
    recorded_again: Path | None = None,
) -> None:
    """Kill a command after one of its steps and another, give it again each time, and compare.

    Args:
        repository: Where it is given; left as it is.
        words: The command.
        fine: Whether also every git command and every file written is a step.
        least: How many steps there are, at least.
        recorded: What executions left before, in the place of executing.
        recorded_again: The same for the command that is given again.
    """
    undisturbed = copy(repository, "undisturbed")
    assert give(undisturbed.top, words, die_after=None, fine=fine, recorded=recorded) == 0
    expected = look(undisturbed)
    total = int(Path(f"{undisturbed.top}.steps").read_text())
    assert total >= least
    few = min(total, total if os.environ.get("EXCURSIONS_FAULTS") == "all" else _FEW)
    points = [1 + round(n * (total - 1) / (few - 1)) for n in range(few)]
    for step in points:
        victim = copy(repository, "victim")
        status = give(victim.top, words, die_after=step, fine=fine, recorded=recorded)
        assert status == -signal.SIGKILL
        status = give(victim.top, words, die_after=None, fine=fine, recorded=recorded_again)
        error = Path(f"{victim.top}.error")
        assert status == 0, (step, error.read_text() if error.exists() else status)
        found = look(victim)
        assert found == expected, f"killed after step {step} of {' '.join(words)}"
    print(f"killed {words[0]} at {few} of {total} points")


def copy(repository: Repository, name: str) -> Repository:
    """Copy a repository to a place that is always the same, so that worktrees stay right."""
    place = repository.top.parent / "copy"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(repository.top, place, symlinks=True)
    for pointer in [
        *place.glob(".git/worktrees/*/gitdir"),
        *place.glob(".excursions/worktrees/*/.git"),
    ]:
        pointer.write_text(pointer.read_text().replace(str(repository.top), str(place)))
    return Repository(place)


@pytest.fixture(autouse=True)
def moments_stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make commits at one moment, so that the same commit has the same name."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_DATE", "2026-01-01T00:00:00Z")


@pytest.fixture
def asked(repository: Repository) -> Repository:
    """A repository with one quick excursion."""
    repository.ask(QUESTION)
    repository.commit_notebook(
        "from runner.notebook import record\nrecord(accuracy=0.5)",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
    )
    return repository


def test_asking_survives_being_killed_anywhere(repository: Repository) -> None:
    words = ("ask", QUESTION, "--hypothesis", "I think so", "-p", "seed=3")
    kill_at_steps(repository, words, fine=True, least=20)


def test_running_survives_being_killed_after_any_effect(asked: Repository) -> None:
    asked.must("predict", "1", "accuracy > 0.4")  # whose entry says at last that it came true
    kill_at_steps(asked, ("run", "1"), fine=False, least=6)


def test_running_survives_being_killed_anywhere_but_in_the_execution(
    asked: Repository, tmp_path: Path
) -> None:
    executed = copy(asked, "executed")
    executed.must("run", "1")
    recorded = record_execution(executed, 1, tmp_path)
    kill_at_steps(asked, ("run", "1"), fine=True, least=20, recorded=recorded)


def record_execution(repository: Repository, run: int, into: Path) -> Path:
    """Keep what an execution left in its run's folder, to be left there again."""
    recorded = into / "recorded" / str(run)
    recorded.mkdir(parents=True)
    names = ("journal.jsonl", "notebook.ipynb", "result.json", "figures")
    for path in (repository.top / ".excursions" / "1" / "runs" / str(run)).iterdir():
        if path.name in names:
            (shutil.copytree if path.is_dir() else shutil.copy)(path, recorded / path.name)
    return recorded.parent


def test_answering_a_run_at_once_survives_being_killed_anywhere(asked: Repository) -> None:
    asked.must("run", "1")
    kill_at_steps(asked, ("run", "1"), fine=True, least=20)


def test_reproducing_survives_being_killed_anywhere_but_in_the_execution(
    asked: Repository, tmp_path: Path
) -> None:
    asked.must("run", "1")
    executed = copy(asked, "executed")
    executed.must("reproduce", "1", "1")
    recorded = record_execution(executed, 2, tmp_path)
    kill_at_steps(asked, ("reproduce", "1", "1"), fine=True, least=30, recorded=recorded)


@pytest.mark.parametrize(
    "words", [("log", "1", "a line"), ("split", "1", "Is it so?", "Why is it so?")]
)
def test_noting_and_splitting_survive_being_killed_anywhere(
    asked: Repository, words: tuple[str, ...]
) -> None:
    kill_at_steps(asked, words, fine=True, least=3)


def test_answering_survives_being_killed_anywhere(asked: Repository) -> None:
    asked.must("predict", "1", "It will", "confidence=60%")
    asked.must("run", "1")
    words = ("answer", "1", "It does.", "--outcome", "confirmed")
    kill_at_steps(asked, words, fine=True, least=20)


SWEEP = ("sweep", "1", "-p", "seed=[1,2]", "--jobs", "1")


@pytest.fixture
def swept(asked: Repository) -> Repository:
    """A copy in which a sweep is complete."""
    executed = copy(asked, "executed")
    executed.must(*SWEEP)
    place = asked.top.parent / "swept"
    executed.top.rename(place)
    return Repository(place)


def test_sweeping_survives_being_killed_anywhere_but_in_an_execution(
    asked: Repository, swept: Repository, tmp_path: Path
) -> None:
    for run in (1, 2):
        recorded = record_execution(swept, run, tmp_path)
    kill_at_steps(asked, SWEEP, fine=True, least=50, recorded=recorded, recorded_again=recorded)


def test_answering_from_a_sweep_survives_being_killed_anywhere(asked: Repository) -> None:
    asked.must(*SWEEP)
    kill_at_steps(asked, ("answer", "1", "It does."), fine=True, least=20)


def test_a_run_killed_in_its_middle_is_told_and_run_again(asked: Repository) -> None:
    """Two executions began, so two runs are told of: the first as dead, with what it had made."""
    asked.commit_notebook(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "import os, pathlib\nmark = pathlib.Path('/tmp') / f'{os.environ[\"EXCURSIONS_MARK\"]}'",
        "import os, signal\n"
        "if not mark.exists():\n"
        "    mark.write_text('once')\n"
        "    os.kill(int(os.environ['EXCURSIONS_COMMAND']), signal.SIGKILL)\n"
        "    import time; time.sleep(600)",
    )
    mark = asked.top.parent / "mark"
    child = os.fork()
    if not child:
        os.environ |= {"EXCURSIONS_MARK": str(mark), "EXCURSIONS_COMMAND": str(os.getpid())}
        give_here(asked.top, ("run", "1"))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

    done = asked.excursion("run", "1", EXCURSIONS_MARK=str(mark), EXCURSIONS_COMMAND="0")

    assert done.status == 0, done.err
    runs = asked.json("status", "1")["runs"]
    assert [(run["run_id"], run["status"]) for run in runs][-1] == ("1.2", "succeeded")
    assert runs[0]["status"] in ("died", "cancelled")
    first = next(asked.top.glob(".excursions/1/*-run-1-1.md")).read_text()
    assert "figure-01.png" in first
    assert "running" not in asked.git("for-each-ref")


def give_here(top: Path, words: tuple[str, ...]) -> None:
    """Carry out a command in this process, and end it."""
    os.chdir(top)
    try:
        main(list(words))
    finally:
        os._exit(70)
