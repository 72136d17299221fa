"""Same question, same answer: what was run before, what is run again, what goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Done, Repository, Wait, write_notebook
from wheels import make_wheel, offline

RECORD = "from runner.notebook import record\n"
COUNT = (  # how often its cells were executed, kept where git does not look
    "import pathlib\n"
    "count = pathlib.Path('outputs/count'); count.parent.mkdir(exist_ok=True)\n"
    "count.write_text((count.read_text() if count.exists() else '') + '.')"
)


@pytest.fixture
def asked(repository: Repository) -> Repository:
    """A repository with an excursion whose notebook counts how often it was executed."""
    repository.ask()
    repository.commit_notebook(
        COUNT,
        f"{RECORD}record(accuracy=0.5)",
        "import base64\nfrom IPython.display import Image, display\n"
        f"display(Image(base64.b64decode({PIXEL!r})))",
    )
    return repository


PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg"
    "=="
)


def executions(repository: Repository) -> int:
    count = repository.folder() / "outputs" / "count"
    return len(count.read_text()) if count.exists() else 0


def entry(repository: Repository, run: int) -> str:
    return next(repository.top.glob(f".excursions/1/*-run-1-{run}.md")).read_text()


def result(repository: Repository, run: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        repository.git("show", f"refs/excursions/1/{run}:result.json")
    )
    return found


def commit(repository: Repository, **files: str) -> None:
    """Write files of the excursion's folder and commit them on its branch."""
    folder = repository.folder()
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    for words in (("add", "-A"), ("commit", "-qm", "Change")):
        subprocess.run(["git", *words], cwd=folder, check=True)


def declare(repository: Repository, old: str, new: str) -> None:
    """Change the excursion's declaration."""
    text = (repository.folder() / "excursion.toml").read_text()
    assert old in text
    commit(repository, excursion__toml=text.replace(old, new))


def nothing_more_than(repository: Repository, run: int) -> None:
    runs = [each["run_id"] for each in repository.json("status", "1")["runs"]]
    assert runs == [f"1.{number}" for number in range(1, run + 1)]
    assert len(repository.git("for-each-ref", "refs/excursions/").splitlines()) == run
    label = repository.json("show", "1")["labels"]
    assert "excursion:running" not in label


# What was run before


def test_the_same_run_is_answered_at_once_and_says_so(asked: Repository) -> None:
    assert asked.must("run", "1") == "1.1"
    again = asked.excursion("run", "1", "--timeout", "20m")
    assert (again.status, again.out.strip()) == (0, "1.2")
    assert "answered at once from run 1.1 of 20" in again.err
    assert "--force runs it again" in again.err
    assert executions(asked) == 1

    said = result(asked, 2)
    assert (said["cache_hit"], said["answered_from"], said["status"]) == (True, "1.1", "succeeded")
    assert said["metrics"] == {"accuracy": 0.5}
    assert entry(asked, 2).count("### ⚡ Run 1.2: answered from run 1.1") == 1
    assert "(runs/2/figures/figure-01.png)" in entry(asked, 2)
    assert (asked.top / ".excursions/1/runs/2/figures/figure-01.png").is_file()
    for name in ("notebook.ipynb", "figures/figure-01.png"):
        one, two = (asked.git("rev-parse", f"refs/excursions/1/{run}:{name}") for run in (1, 2))
        assert one == two
    nothing_more_than(asked, 2)


def test_forced_it_is_run_again(asked: Repository) -> None:
    asked.must("run", "1")
    asked.must("run", "1", "--force")
    assert asked.excursion("comment", "1", "/run force").status == 0
    assert executions(asked) == 3
    assert not result(asked, 3)["cache_hit"]
    dry = asked.must("run", "1", "--dry-run").splitlines()
    assert dry == ["answer run  1.4 at once, from run 1.3", "post entry  run:1.4 on issue 1"]


def test_words_and_limits_may_change_and_anything_else_may_not(asked: Repository) -> None:
    asked.must("run", "1")
    folder = asked.folder()
    notebook = json.loads((folder / "notebook.ipynb").read_text())
    words = {"cell_type": "markdown", "metadata": {}, "source": "New words.", "id": "words"}
    notebook["cells"].insert(1, words)
    commit(asked, notebook__ipynb=json.dumps(notebook), NOTES__md="Notes.")
    asked.must("run", "1")
    assert executions(asked) == 1
    shown = asked.git("show", "refs/excursions/1/2:notebook.ipynb")
    assert "New words." in shown
    assert "accuracy = 0.5" in shown

    commit(asked, helper__py="a = 1\n")
    asked.must("run", "1")
    assert executions(asked) == 2


def test_only_what_ended_well_and_cleanly_answers(asked: Repository) -> None:
    asked.commit_notebook(COUNT, "1/0")
    for runs in (1, 2):
        assert asked.excursion("run", "1").status == 1
        assert executions(asked) == runs
    write_notebook(asked.folder() / "notebook.ipynb", "seed = 0", COUNT, "2")
    assert asked.excursion("run", "1", "--dirty").status == 0
    commit(asked)
    asked.must("run", "1")
    assert executions(asked) == 4


def test_data_that_it_declares_count_though_git_does_not_know_them(
    asked: Repository, tmp_path: Path
) -> None:
    declare(asked, "data = []", 'data = ["outputs/data/*.csv"]')
    refused = asked.excursion("run", "1", XDG_CACHE_HOME=str(tmp_path))
    assert refused.status == 2
    assert "excursion.toml: data: 'outputs/data/*.csv' names no file" in refused.err
    nothing_more_than(asked, 0)

    data = asked.folder() / "outputs" / "data" / "a.csv"
    data.parent.mkdir(parents=True)
    for content, runs in (("1", 1), ("1", 1), ("2", 2)):
        data.write_text(content)
        assert asked.excursion("run", "1", XDG_CACHE_HOME=str(tmp_path)).status == 0
        assert executions(asked) == runs

    data.unlink()
    data.symlink_to("/etc/hostname")
    refused = asked.excursion("run", "1", XDG_CACHE_HOME=str(tmp_path))
    assert refused.status == 2
    assert "leads out of the repository" in refused.err
    nothing_more_than(asked, 3)


# What is run again, at its very commit


def test_a_run_is_reproduced_at_its_commit_long_after_its_answer(asked: Repository) -> None:
    commit(asked, helper__py="value = 0.25\n")
    asked.commit_notebook(f"{RECORD}import helper\nrecord(accuracy=helper.value)")
    asked.must("run", "1", "-p", "seed=4")
    commit(asked, helper__py="value = 0.75\n")
    asked.must("run", "1")
    asked.must("answer", "1", "It does.", "--outcome", "confirmed")
    asked.git("worktree", "remove", "--force", str(asked.folder().parent.parent.parent))
    asked.git("branch", "-D", "1-does-it-settle")
    asked.git("gc", "-q", "--prune=now")

    again = asked.excursion("reproduce", "1", "1")
    assert (again.status, again.out.strip()) == (0, "1.3"), again.err
    assert "Run 1.3 reproduces run 1.1: its metric is identical." in again.err
    assert "accuracy: identical (0.2500)" in again.err
    said = result(asked, 3)
    assert (said["reproduces"], said["parameters"]) == (
        "1.1",
        {"seed": 4, "plotting": "matplotlib"},
    )
    assert said["metrics"] == {"accuracy": 0.25}
    assert "### ✅ Run 1.3 reproduces run 1.1" in entry(asked, 3)
    assert asked.json("status", "1")["runs"][2]["agreement"] == "identical"
    assert asked.git("worktree", "list", "--porcelain").count("worktree ") == 1
    assert not list((asked.top / ".excursions" / "reproductions").iterdir())
    nothing_more_than(asked, 3)


def test_what_differs_is_named_with_both_values_and_answers_no_more(asked: Repository) -> None:
    declare(asked, "[metrics]\n", "[metrics]\ntolerance.near = 0.5\n")
    mark = asked.top.parent / "mark"
    asked.commit_notebook(
        f"{COUNT}\nmark = pathlib.Path({str(mark)!r})\nbefore = mark.exists()\nmark.touch()",
        f"{RECORD}record(same=1, near=0.1 + 0.4 * before, far=0.1 + 0.4 * before)",
    )
    asked.must("run", "1")
    again = asked.excursion("comment", "1", "/reproduce 1")
    assert again.status == 1
    assert "near: within tolerance by +0.4, 0.5 allowed (0.1000, now 0.5000)" in again.err
    assert "far: different by +0.4 (0.1000, now 0.5000)" in again.err
    said = entry(asked, 2)
    assert (
        "### ❗ Run 1.2 differs from run 1.1: of 3 metrics, 1 identical, 1 within tolerance, "
        "1 different" in said
    )
    assert "| `far` | 0.1000 | 0.5000 | **different by +0.4** |" in said
    asked.must("run", "1")
    assert not result(asked, 3)["cache_hit"]


def test_a_failure_is_reproduced_with_its_uncommitted_changes_and_its_data(
    asked: Repository,
) -> None:
    declare(asked, "data = []", 'data = ["outputs/data"]')
    folder = asked.folder()
    (folder / "outputs" / "data").mkdir(parents=True)
    (folder / "outputs" / "data" / "a.txt").write_text("7")
    write_notebook(
        folder / "notebook.ipynb",
        "seed = 0",
        "import helper, pathlib",
        "raise ValueError(pathlib.Path('outputs/data/a.txt').read_text() + helper.text)",
    )
    (folder / "helper.py").write_text("text = ' of 2'\n")
    first = asked.excursion("run", "1", "--dirty")
    assert "ValueError: 7 of 2" in first.err
    (folder / "helper.py").unlink()
    subprocess.run(["git", "checkout", "-q", "."], cwd=folder, check=True)

    again = asked.excursion("reproduce", "1", "1")
    assert again.status == 0, again.err
    assert "ValueError: 7 of 2" in again.err
    assert (
        "Run 1.2 fails in the same way as run 1.1: it failed with ValueError in cell" in again.err
    )
    assert (folder / "outputs" / "data" / "a.txt").read_text() == "7"

    (folder / "outputs" / "data" / "a.txt").write_text("8")
    assert (
        "data files: as they were, now changed since" in asked.excursion("reproduce", "1", "1").err
    )


def test_a_reproduction_that_is_killed_leaves_no_checkout_behind(
    asked: Repository, wait_until: Wait
) -> None:
    asked.commit_notebook("import os, time\nwhile os.environ.get('EXCURSIONS_STAY'): time.sleep(1)")
    asked.must("run", "1")
    command = subprocess.Popen(
        [sys.executable, "-m", "bot", "reproduce", "1", "1"],
        cwd=asked.top,
        env=os.environ | {"EXCURSIONS_STAY": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    checkout = asked.top / ".excursions" / "reproductions" / "1.2"
    journal = asked.top / ".excursions" / "1" / "runs" / "2" / "journal.jsonl"
    wait_until(lambda: journal.exists() and "cell started" in journal.read_text())
    assert checkout.is_dir()
    command.send_signal(signal.SIGKILL)
    command.wait()
    wait_until(lambda: '"ended"' in journal.read_text())
    wait_until(lambda: not (asked.excursion("log", "1", "x").status or checkout.exists()))
    assert asked.git("worktree", "list", "--porcelain").count("worktree ") == 2


def test_what_cannot_be_reproduced_is_refused(asked: Repository) -> None:
    done = asked.excursion("reproduce", "1", "3")
    assert done.status == 2
    assert "no run 1.3 with a result" in done.err
    nothing_more_than(asked, 0)


# What goes on where an earlier attempt stopped

TRAIN = (
    "import os, pathlib, time\n"
    "from runner.notebook import checkpoint_dir, record\n"
    "saved = checkpoint_dir() / 'step'\n"
    "first = int(saved.read_text()) if saved.exists() else 0\n"
    "for step in range(first, 5):\n"
    "    saved.write_text(str(step))\n"
    "    if step == 3 and not first and os.environ.get('EXCURSIONS_SLOW'): time.sleep(600)\n"
    "record(first=first)"
)


def attempt(repository: Repository, *words: str) -> Done:
    return repository.excursion("run", "1", "--timeout", "8s", *words, EXCURSIONS_SLOW="1")


def test_a_training_loop_goes_on_where_a_time_limit_stopped_it(asked: Repository) -> None:
    asked.commit_notebook(TRAIN)
    assert attempt(asked).status == 1
    assert result(asked, 1)["status"] == "timed_out"
    kept = asked.top / ".excursions" / "1" / "checkpoints"
    (saved,) = kept.rglob("step")
    assert saved.read_text() == "3"

    done = attempt(asked)
    assert done.status == 0, done.err
    said = result(asked, 2)
    assert said["metrics"] == {"first": 3}
    assert said["notes"] == ["Went on from what run 1.1 had saved."]
    assert "*Note: Went on from what run 1.1 had saved.*" in entry(asked, 2)
    assert not list(kept.rglob("step"))
    assert asked.git("-C", str(asked.folder()), "status", "--short") == ""


def test_forced_and_reproduced_it_begins_anew(asked: Repository) -> None:
    asked.commit_notebook(TRAIN)
    assert attempt(asked).status == 1
    asked.must("run", "1", "--force")
    assert result(asked, 2)["metrics"] == {"first": 0}
    assert result(asked, 2)["notes"] == []

    asked.commit_notebook(TRAIN + "\n1/0")
    assert asked.excursion("run", "1").status == 1
    again = asked.excursion("reproduce", "1", "3")
    assert again.status == 0, again.err
    assert result(asked, 4)["metrics"] == {"first": 0}
    (saved,) = (asked.top / ".excursions" / "1" / "checkpoints").rglob("step")
    assert saved.read_text() == "4"  # what run 1.3 left is for the next attempt at it


# What it needs beside what is installed


def test_an_excursion_has_packages_of_its_own(asked: Repository, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    make_wheel(wheels, "tinything", "1.0")
    make_wheel(wheels, "tinything", "1.1")
    around: Any = offline(wheels) | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    declare(asked, "requirements = []", 'requirements = ["tinything<1.1"]')
    asked.commit_notebook(f"{COUNT}\nimport tinything\n{RECORD}record(version=tinything.version)")

    first = asked.excursion("run", "1", **around)
    assert first.status == 0, first.err
    assert "Installing tinything 1.0 into an environment of their own, once." in first.err
    said = result(asked, 1)
    assert said["metrics"] == {"version": "1.0"}
    assert said["environment"]["packages"]["tinything"] == "1.0"
    assert said["environment"]["torch"]

    shutil.rmtree(wheels)
    again = asked.excursion("run", "1", "--force", **around)
    assert again.status == 0, again.err
    assert "Installing" not in again.err
    assert asked.excursion("run", "1", **around).status == 0
    assert executions(asked) == 2


@pytest.mark.parametrize(
    ("requirement", "words"),
    [
        ("there-is-no-such-thing", "No matching distribution found"),
        ("--index-url=https://example.org", "is no requirement"),
    ],
)
def test_requirements_that_cannot_be_had_change_nothing(
    asked: Repository, tmp_path: Path, requirement: str, words: str
) -> None:
    around: Any = offline(tmp_path) | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    declare(asked, "requirements = []", f'requirements = ["{requirement}"]')
    before = asked.state()
    refused = asked.excursion("run", "1", **around)
    assert refused.status == 2
    assert words in refused.err
    assert "excursion.toml" in refused.err
    assert asked.state() == before
    assert not list((tmp_path / "cache").rglob("pyvenv.cfg"))
