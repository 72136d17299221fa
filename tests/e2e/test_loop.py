"""The whole loop by hand, as a newcomer goes through it, for each kind of answer."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Repository

HOSTILE = 'Is {{ 7*7 }} $(id) "quotes" <b> 日本語 harmless?'


def entry(repository: Repository, pattern: str, issue: int = 1) -> str:
    """An entry of a thread, as it lies on disk."""
    return next(repository.top.glob(f".excursions/{issue}/*-{pattern}.md")).read_text()


def test_a_question_goes_all_the_way_to_its_answer(repository: Repository) -> None:
    before = repository.git("rev-parse", "main")
    assert repository.must("ask", "Does it settle?") == "1"
    assert repository.git("rev-parse", "main") == before
    assert repository.git("rev-parse", "1-does-it-settle^") == before
    assert repository.git("status", "--short") == ""

    repository.must("predict", "1", "It will settle", "confidence=60%")
    assert repository.must("run", "1", "-p", "seed=7") == "1.1"
    run = entry(repository, "run-1-1")
    assert "succeeded" in run
    assert "`seed=7`" in run
    assert "| `share_of_heads` |" in run
    assert "![" in run
    assert "(runs/1/figures/figure-01.png)" in run
    assert "It will settle" in run
    assert "60 %" in run
    for fact in ("commit", "seed 7", "Python", "packages", " × "):
        assert fact in run
    assert "excursion run 1 -p seed=7" in run
    assert (repository.top / ".excursions/1/runs/1/figures/figure-01.png").is_file()

    repository.must("answer", "1", "It does.", "--outcome", "confirmed")
    folder = repository.top / "excursions" / "demos" / "1-does-it-settle"
    readme = (folder / "README.md").read_text()
    assert "# Does it settle?" in readme
    assert "It will settle" in readme
    assert "It does." in readme
    assert "(figures/figure-01.png)" in readme
    assert (folder / "figures" / "figure-01.png").is_file()
    notebook = json.loads((folder / "notebook.ipynb").read_bytes())
    assert any(cell.get("outputs") for cell in notebook["cells"])
    assert repository.git("status", "--short") == ""
    assert len(repository.git("rev-list", "--parents", "-1", "main").split()) == 3
    thread = repository.json("show", "1")
    assert thread["state"] == "confirmed"
    assert "excursion:answered" in thread["labels"]
    assert "excursion:running" not in thread["labels"]


def test_the_files_of_a_run_can_be_fetched_by_a_clone(repository: Repository) -> None:
    repository.ask()
    repository.must("run", "1")
    clone = repository.top.parent / "clone"
    repository.git("clone", "-q", str(repository.top), str(clone))
    there = Repository(clone)
    there.git("fetch", "-q", "origin", "refs/excursions/*:refs/excursions/*")

    names = there.git("ls-tree", "-r", "--name-only", "refs/excursions/1/1").splitlines()
    assert names == ["figures/figure-01.png", "notebook.ipynb", "request.json", "result.json"]
    result = json.loads(there.git("show", "refs/excursions/1/1:result.json"))
    assert (result["run_id"], result["status"]) == ("1.1", "succeeded")
    assert there.git("merge-base", "--is-ancestor", result["commit"], "refs/excursions/1/1") == ""


def test_a_hostile_title_goes_through_harmlessly(repository: Repository) -> None:
    repository.ask(HOSTILE)
    repository.must("run", "1")
    repository.must("answer", "1", HOSTILE, "--outcome", "mixed")

    row = repository.json("list")[0]
    assert row["question"] == HOSTILE
    assert row["branch"] == "1-is-7-7-id-quotes-b-harmless"
    page = (repository.top / ".excursions/1/thread.html").read_text()
    assert "Is {{ 7*7 }} $(id)" in page
    assert "<b>" not in page
    assert "Is 49" not in page


def test_nothing_of_the_threads_enters_the_users_commits(repository: Repository) -> None:
    repository.ask()
    repository.git("add", "-A")
    assert repository.git("status", "--short") == ""


def test_a_prototype_installs_and_its_test_passes(repository: Repository, tmp_path: Path) -> None:
    repository.ask("Can it be called?", "--kind", "libs")
    folder = repository.folder()
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(target), str(folder)], check=True)
    assert (target / "prototype_1" / "py.typed").is_file()
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(tests, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"[1-9]\d* passed", done.stdout)
    subprocess.run(["git", "clean", "-fdxq"], cwd=folder, check=True)

    repository.must("run", "1")
    metrics = repository.json("status", "1")["runs"][0]["metrics"]
    assert metrics["tests_failed"] == 0
    assert metrics["tests_passed"] >= 4


def test_a_write_up_is_written_and_answered_without_a_run(repository: Repository) -> None:
    repository.ask("What is known?", "--kind", "docs")
    folder = repository.folder()
    readme = folder / "README.md"
    readme.write_text(readme.read_text().replace("## Sources", "## Sources\n\nOur own words."))
    refused = repository.excursion("answer", "1", "This much.")
    assert refused.status == 2
    assert "not committed" in refused.err
    repository.git("-C", str(folder), "commit", "-qam", "Write")

    done = repository.excursion("run", "1")
    assert done.status == 2
    assert "write-up" in done.err
    repository.must("answer", "1", "This much.")

    merged = (repository.top / "excursions/docs/1-what-is-known/README.md").read_text()
    assert "Our own words." in merged
    assert "This much." in merged
    assert "No run stands behind this answer" in merged


def test_a_comment_with_a_command_is_carried_out_as_on_the_command_line(
    repository: Repository,
) -> None:
    repository.ask()
    text = 'I wonder.\n\n/predict "It settles" confidence=80%\n/run seed=3\n\n    /run seed=4\n'
    assert repository.excursion("comment", "1", text).status == 0

    thread = repository.json("show", "1")
    assert [p["text"] for p in thread["predictions"]] == ["It settles"]
    assert [run["run_id"] for run in thread["runs"]] == ["1.1"]
    assert "`seed=3`" in entry(repository, "run-1-1")
    assert "reaction: rocket" in entry(repository, "ada")


def test_a_wrong_command_in_a_comment_is_refused_and_the_comment_stands(
    repository: Repository,
) -> None:
    repository.ask()
    done = repository.excursion("comment", "1", "/run sede=3")
    assert done.status == 2
    assert "seed" in done.err
    assert "reaction: '-1'" in entry(repository, "ada")
    assert repository.json("status", "1")["runs"] == []


@pytest.mark.parametrize(
    "words",
    [
        ("init",),
        ("ask", "Another question?", "--template", "no-positions"),
        ("start", "1"),
        ("predict", "1", "It will", "confidence=60%"),
        ("run", "1", "-p", "seed=2"),
        ("log", "1", "a note"),
        ("answer", "1", "It does."),
        ("comment", "1", "/run seed=3"),
    ],
)
def test_a_dry_run_says_what_would_happen_and_changes_nothing(
    repository: Repository, words: tuple[str, ...]
) -> None:
    repository.ask()
    before = repository.state()
    done = repository.excursion(*words, "--dry-run")
    assert done.status == 0, done.err
    assert repository.state() == before
    names = {"ask": "open issue", "run": "request run", "answer": "commit files", "log": "post"}
    assert names.get(words[0], "") in done.out


def test_a_dry_run_of_the_first_question_makes_not_even_a_folder(
    empty_repository: Repository,
) -> None:
    (empty_repository.top / "excursions.toml").write_text("")
    before = empty_repository.state()
    done = empty_repository.excursion("ask", "Does it?", "--dry-run")
    assert done.out.splitlines()[0] == "open issue  1: Does it?"
    assert [line.split("  ")[0] for line in done.out.splitlines()[1:]] == [
        "create branch",
        "commit files",
        "set labels",
        "post entry",
    ]
    assert empty_repository.state() == before
    assert not (empty_repository.top / ".excursions").exists()


@pytest.mark.parametrize(
    "words", [("list",), ("show", "1"), ("status", "1"), ("params", "1"), ("templates",)]
)
def test_json_is_one_document_and_nothing_else(
    repository: Repository, words: tuple[str, ...]
) -> None:
    repository.ask()
    done = repository.excursion(*words, "--json")
    assert done.status == 0
    json.loads(done.out)
    assert done.err == ""


@pytest.mark.parametrize("welcome", ["there", "deleted"])
def test_asking_again_leaves_alone_what_was_done_since(
    repository: Repository, welcome: str
) -> None:
    repository.ask()
    repository.commit_notebook("print('mine')")
    tip = repository.git("rev-parse", "1-does-it-settle")
    if welcome == "deleted":
        next(repository.top.glob(".excursions/1/*-welcome.md")).unlink()
    assert repository.ask() == 1
    assert repository.git("rev-parse", "1-does-it-settle") == tip
    assert "print('mine')" in (repository.folder() / "notebook.ipynb").read_text()
    repository.must("start", "1")
    assert repository.git("rev-parse", "1-does-it-settle") == tip


def test_init_twice_changes_nothing_the_second_time(repository: Repository) -> None:
    (repository.top / "excursions.toml").write_text('root = "src"\n')
    before = repository.state()
    repository.must("init")
    assert repository.state() == before
    repository.ask()
    assert repository.json("list")[0]["folder"] == "src/demos/1-does-it-settle"


def test_commands_work_from_a_subfolder_and_from_the_excursions_own_worktree(
    repository: Repository,
) -> None:
    repository.ask()
    folder = repository.folder()
    assert repository.excursion("log", "1", "from within", cwd=folder).status == 0
    below = repository.top / "below"
    below.mkdir()
    assert repository.excursion("log", "1", "from below", cwd=below).status == 0
    assert "📓 Log (2 lines)" in repository.must("show", "1")
    assert not (folder / ".excursions").exists()


def test_the_default_branch_need_not_be_the_one_checked_out(repository: Repository) -> None:
    repository.ask()
    repository.git("checkout", "-qb", "elsewhere")
    (repository.top / "README.md").write_text("# Changed but not committed\n")
    repository.must("answer", "1", "It does.")

    assert repository.git("branch", "--show-current") == "elsewhere"
    assert repository.git("status", "--short") == "M README.md"
    assert "1-does-it-settle/README.md" in repository.git("ls-tree", "-r", "--name-only", "main")


def test_uncommitted_changes_can_be_run_and_are_kept_as_a_patch(repository: Repository) -> None:
    repository.ask()
    folder = repository.folder()
    (folder / "helper.py").write_text("ANSWER = 42\n")
    refused = repository.excursion("run", "1")
    assert refused.status == 2
    assert "helper.py" in refused.err
    assert repository.json("status", "1")["runs"] == []

    repository.must("run", "1", "--dirty")
    assert "ANSWER = 42" in repository.git("show", "refs/excursions/1/1:uncommitted.patch")
    assert json.loads(repository.git("show", "refs/excursions/1/1:result.json"))["dirty"] is True
    assert "Uncommitted changes" in entry(repository, "run-1-1")
    assert repository.git("-C", str(folder), "status", "--short") == "?? helper.py"
