"""Answered excursions' folders: what they record is run again, with neither thread nor refs."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Repository, Wait

from bot.recorded import FILES, read_recorded

RECORD = (
    "import random\nfrom runner.notebook import record\n"
    "record(accuracy=random.random(), twice=2 * seed, solved=True, said='a, b')"
)
OWN = Path(__file__).parents[2]


@pytest.fixture
def answered(repository: Repository) -> Repository:
    """A clone of a repository with an excursion that was answered from a run."""
    repository.ask()
    repository.commit_notebook(RECORD, "print('done')")
    repository.must("run", "1", "-p", "seed=3")
    repository.must("answer", "1", "It does.", "--outcome", "confirmed")
    return clone(repository)


def clone(repository: Repository) -> Repository:
    """What a stranger has: the default branch, and nothing of threads or refs."""
    top = repository.top.parent / "stranger"
    repository.git("clone", "-q", "--single-branch", str(repository.top), str(top))
    return Repository(top)


def folder_of(repository: Repository) -> Path:
    return next(repository.top.glob("excursions/demos/1-*"))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_stranger_reproduces_what_a_folder_records(answered: Repository) -> None:
    folder = folder_of(answered)

    done = answered.excursion("reproduce", str(folder.relative_to(answered.top)))

    assert done.status == 0, done.err
    assert "all 4 metrics identical" in done.out
    assert "solved: identical (yes)" in done.out
    assert answered.git("status", "--short") == ""
    assert not answered.git("for-each-ref", "refs/excursions/")


def test_what_differs_is_named_with_both_values_and_ends_with_1(answered: Repository) -> None:
    change(folder_of(answered) / "result.json", '"twice": 6', '"twice": 7')

    done = answered.excursion("reproduce", "--all")

    assert done.status == 1
    assert "twice: different by -1 (7, now 6)" in done.out


def test_a_declared_tolerance_decides(answered: Repository) -> None:
    folder = folder_of(answered)
    change(folder / "result.json", '"twice": 6', '"twice": 7')
    with (folder / "excursion.toml").open("a") as file:
        file.write("\n[metrics.tolerance]\ntwice = 1\n")

    document = answered.json("reproduce", "--all")

    metrics = {one["name"]: one for one in document["excursions"][0]["runs"][0]["metrics"]}
    assert metrics["twice"] == {
        "name": "twice",
        "recorded": 7,
        "now": 6,
        "tolerance": 1,
        "verdict": "within tolerance",
    }
    assert metrics["accuracy"]["verdict"] == "identical"


def test_a_notebook_that_fails_now_differs(answered: Repository) -> None:
    change(folder_of(answered) / "notebook.ipynb", "print('done')", "1 / 0")

    done = answered.excursion("reproduce", "--all")

    assert done.status == 1
    assert "ZeroDivisionError" in done.out


def test_every_point_of_a_sweep_is_run_again(repository: Repository) -> None:
    repository.ask()
    repository.commit_notebook(RECORD)
    repository.must("sweep", "1", "-p", "seed=[1, 2, 3]")
    repository.must("answer", "1", "It does.")
    stranger = clone(repository)

    document = stranger.json("reproduce", "--all")

    runs = document["excursions"][0]["runs"]
    assert sorted(run["parameters"]["seed"] for run in runs) == [1, 2, 3]
    assert {run["verdict"] for run in runs} == {"identical"}


@pytest.mark.parametrize("chosen", [True, False])
def test_a_changed_row_of_the_points_is_told_of(repository: Repository, chosen: bool) -> None:
    repository.ask()
    repository.commit_notebook(RECORD)
    repository.must("sweep", "1", "-p", "seed=[1, 2]")
    repository.must("answer", "1", "It does.")
    folder = folder_of(stranger := clone(repository))
    name = json.loads((folder / "result.json").read_text())["run_id"]
    rows = list(csv.DictReader(io.StringIO((folder / "points.csv").read_text())))
    next(row for row in rows if (row["run"] == name) is chosen)["twice"] = "40"
    with (folder / "points.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)

    done = stranger.excursion("reproduce", "--all")

    assert done.status == 1
    if chosen:
        assert f"contradicts itself: twice of run {name} is " in done.out
        assert " in result.json, 40 in points.csv." in done.out
    else:
        assert "twice: different" in done.out


def test_ctrl_c_is_no_difference_and_leaves_nothing_behind(
    answered: Repository, wait_until: Wait, tmp_path: Path
) -> None:
    mark, temporary = tmp_path / "begun", tmp_path / "temporary"
    temporary.mkdir()
    sleep = f"import pathlib, time; pathlib.Path({str(mark)!r}).touch(); time.sleep(600)"
    change(folder_of(answered) / "notebook.ipynb", "print('done')", sleep)
    answered.git("commit", "-qam", "Sleep")
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "reproduce", "--all"],
        cwd=answered.top,
        env=os.environ | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(mark.exists)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)

    assert process.returncode == 3, err
    assert "1 run stopped or not begun" in out
    assert "differ" not in out
    assert answered.git("status", "--short") == ""
    assert not answered.git("for-each-ref", "refs/excursions/")
    wait_until(lambda: not list(temporary.iterdir()))


def test_in_another_worktree_it_is_that_one_s_record_that_counts(answered: Repository) -> None:
    beside = answered.top.parent / "beside"
    answered.git("worktree", "add", "-q", "-b", "other", str(beside))
    folder = folder_of(Repository(beside))
    change(folder / "result.json", '"twice": 6', '"twice": 7')

    done = answered.excursion("reproduce", ".", cwd=folder)

    assert done.status == 1, done.err
    assert "twice: different by -1 (7, now 6)" in done.out


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda folder: (folder / "result.json").unlink(), "has no result.json"),
        (lambda folder: (folder / "result.json").write_text("{}"), "is no result of a run"),
        (lambda folder: (folder / "notebook.ipynb").write_text("[]"), "is not a notebook"),
        (lambda folder: (folder / "excursion.toml").write_text("x = 1"), "excursion.toml"),
        (lambda folder: (folder / "points.csv").write_text("a,b\n1,2\n"), "no table of points"),
        (lambda folder: shutil.rmtree(folder), "there is no such folder"),
    ],
)
def test_a_folder_that_records_nothing_readable_is_refused(
    answered: Repository, break_it: object, said: str
) -> None:
    folder = folder_of(answered)
    assert callable(break_it)
    break_it(folder)

    done = answered.excursion("reproduce", str(folder))

    assert done.status == 2
    assert said in done.err


def test_where_nothing_was_answered_all_says_so(repository: Repository) -> None:
    done = repository.excursion("reproduce", "--all")

    assert done.status == 2
    assert "was answered from a run" in done.err


def test_all_names_what_it_leaves_out(answered: Repository) -> None:
    (folder_of(answered) / "result.json").unlink()

    done = answered.excursion("reproduce", "--all")

    assert done.status == 2
    assert "has no result.json, so there is nothing to compare with; left out" in done.err


def test_one_number_alone_is_no_request(repository: Repository) -> None:
    done = repository.excursion("reproduce", "3")

    assert done.status == 2
    assert "12 3" in done.err


@pytest.mark.parametrize("path", sorted(OWN.glob("excursions/*/*/result.json")), ids=str)
def test_each_of_our_own_excursions_can_be_read_for_reproduction(path: Path) -> None:
    files = {name: path.with_name(name) for name in FILES}
    found = {name: each.read_bytes() for name, each in files.items() if each.is_file()}

    recorded = read_recorded(path.parent.relative_to(OWN).as_posix(), found)

    assert not recorded.contradictions
    source = json.loads(recorded.source)
    tags = [tag for cell in source["cells"] for tag in cell["metadata"].get("tags", ())]
    assert "parameters" in tags
    assert "injected-parameters" not in tags
    assert set(recorded.declared.parameters) == set(recorded.runs[0].parameters)
