"""Repositories as they are found in the wild, and what goes wrong in git itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import Repository, Wait

TABLE = """
import pandas
index = pandas.MultiIndex.from_tuples([(1, 2), (1, 3)])
pandas.DataFrame({"accuracy": [0.1, 0.2]}, index=index)
"""


def refused_checkout(repository: Repository) -> None:
    """Let git fail to write notebooks into a checkout, as a filter that is not installed does."""
    (repository.top / ".gitattributes").write_text("*.ipynb filter=broken\n")
    repository.git("add", "-A")
    repository.git("commit", "-qm", "Filter")
    repository.git("config", "filter.broken.smudge", "false")
    repository.git("config", "filter.broken.required", "true")


def test_a_checkout_that_fails_half_way_blocks_nobody_and_is_mended(repository: Repository) -> None:
    repository.ask()
    refused_checkout(repository)
    done = repository.excursion("answer", "1", "It does.")
    assert done.status == 3
    assert "Traceback" not in done.err

    other = repository.excursion("log", "1", "meanwhile")
    assert other.status == 0
    assert "could not follow" in other.err
    repository.git("config", "--unset", "filter.broken.smudge")
    repository.git("config", "--unset", "filter.broken.required")
    assert repository.excursion("ask", "Another?").status == 0
    assert repository.git("status", "--short") == ""
    repository.must("answer", "1", "It does.")
    assert repository.json("list")[0]["state"] == "answered"
    assert (repository.top / "excursions/demos/1-does-it-settle/notebook.ipynb").is_file()
    assert list(repository.top.glob(".excursions/.move-*")) == []


def test_what_somebody_wrote_where_a_checkout_failed_is_set_aside(repository: Repository) -> None:
    repository.ask()
    refused_checkout(repository)
    repository.excursion("answer", "1", "It does.")
    mine = repository.top / "excursions/demos/1-does-it-settle/notebook.ipynb"
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("mine")
    repository.git("config", "--unset", "filter.broken.smudge")
    repository.git("config", "--unset", "filter.broken.required")
    repository.must("answer", "1", "It does.")
    assert [p.read_text() for p in repository.top.glob(".excursions/set-aside/**/*.ipynb")] == [
        "mine"
    ]
    assert mine.read_text() != "mine"


def test_a_repository_with_sha_256_names(empty_repository: Repository) -> None:
    top = empty_repository.top.parent / "sha256"
    empty_repository.git("init", "-q", "--object-format=sha256", str(top))
    repository = Repository(top)
    repository.git("commit", "-qm", "First", "--allow-empty")
    repository.must("init")
    repository.ask()
    repository.must("run", "1")
    repository.must("answer", "1", "It does.")
    assert len(repository.git("rev-parse", "refs/excursions/1/1")) == 64


@pytest.mark.parametrize("branch", ["1-does-it-settle/more", "1-does-it-settle"])
def test_a_branch_that_is_in_the_way_is_told_before_anything(
    repository: Repository, branch: str
) -> None:
    repository.git("branch", branch)
    done = repository.excursion("ask", "Does it settle?")
    assert done.status == 2
    assert branch in done.err
    assert repository.json("list") == []


def test_a_sparse_checkout_does_not_hide_the_excursion(repository: Repository) -> None:
    (repository.top / "part").mkdir()
    (repository.top / "part" / "file").write_text("x")
    repository.git("add", "-A")
    repository.git("commit", "-qm", "Part")
    repository.git("sparse-checkout", "set", "part")
    repository.ask()
    repository.must("run", "1")
    assert repository.git("sparse-checkout", "list") == "part"


def test_a_patch_can_be_applied_whatever_the_user_has_git_show(repository: Repository) -> None:
    repository.ask()
    for name, value in (
        ("color.ui", "always"),
        ("diff.noprefix", "true"),
        ("diff.external", "/bin/false"),
    ):
        repository.git("config", name, value)
    (repository.folder() / "helper.py").write_text("x = 1\n")
    repository.must("run", "1", "--dirty")
    patch = repository.git("show", "refs/excursions/1/1:uncommitted.patch")
    (repository.top.parent / "patch").write_text(patch + "\n")
    repository.git("apply", "--check", str(repository.top.parent / "patch"))


def test_changes_on_different_lines_of_one_file_are_merged(repository: Repository) -> None:
    text = "".join(f"line {i}\n" for i in range(20))
    shared = repository.top / "shared.txt"
    shared.write_text(text)
    repository.git("add", "-A")
    repository.git("commit", "-qm", "Shared")
    repository.ask()
    there = repository.top / ".excursions/worktrees/1-does-it-settle"
    (there / "shared.txt").write_text(text.replace("line 2\n", "theirs\n"))
    repository.git("-C", str(there), "commit", "-qam", "Theirs")
    shared.write_text(text.replace("line 18\n", "ours\n"))
    repository.git("commit", "-qam", "Ours")
    repository.must("answer", "1", "It does.")
    assert "theirs" in shared.read_text()
    assert "ours" in shared.read_text()


def test_an_excursion_whose_branch_is_gone_can_be_restored_or_ended(repository: Repository) -> None:
    repository.ask()
    repository.must("run", "1")
    tip = repository.git("rev-parse", "1-does-it-settle")
    repository.git("worktree", "remove", "--force", ".excursions/worktrees/1-does-it-settle")
    repository.git("branch", "-D", "1-does-it-settle")
    done = repository.excursion("run", "1")
    assert done.status == 2
    assert f"git branch 1-does-it-settle {tip}" in done.err
    assert repository.excursion("ask", "Does it settle?").status == 0
    repository.must("answer", "1", "We lost interest.", "--outcome", "abandoned")
    assert repository.json("list")[0]["state"] == "abandoned"


def test_where_another_branch_is_checked_out_the_configuration_is_still_found(
    repository: Repository,
) -> None:
    repository.git("checkout", "-q", "--orphan", "bare")
    repository.git("rm", "-rfq", ".")
    repository.git("commit", "-qm", "Nothing", "--allow-empty")
    assert repository.ask() == 1


def test_a_reader_that_has_enough_of_our_output_is_no_fault(repository: Repository) -> None:
    repository.ask()
    repository.commit_notebook("for i in range(200): print(i)", "import time; time.sleep(6)", "1")
    shell = f"{sys.executable} -m bot"
    for command in (f"{shell} run 1 2>&1 | head -1", f"{shell} list | true"):
        words = ["bash", "-o", "pipefail", "-c", command]
        done = subprocess.run(words, cwd=repository.top, capture_output=True, check=False)
        assert done.returncode == 0, (command, done)
    assert repository.json("status", "1")["runs"][0]["status"] == "succeeded"


def test_ctrl_c_again_and_again_loses_nothing(repository: Repository, wait_until: Wait) -> None:
    repository.ask()
    repository.commit_notebook(
        "import time\nfor i in range(600): print(i, flush=True); time.sleep(1)"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "run", "1"],
        cwd=repository.top,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    journal = repository.top / ".excursions/1/runs/1/journal.jsonl"
    wait_until(lambda: journal.exists() and '"cell": 2' in journal.read_text())
    while process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(0.3)
        except subprocess.TimeoutExpired:
            continue
    assert process.returncode == 3
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    assert repository.json("status", "1")["runs"][0]["status"] in ("cancelled", "died")


def test_a_run_whose_output_never_stops_is_stopped_at_once(
    repository: Repository, wait_until: Wait
) -> None:
    """A signal may come between any two of a flood of messages; each is kept, and kept once."""
    repository.ask()
    repository.commit_notebook(
        "import time\nfor i in range(100_000): print(i, flush=True)\ntime.sleep(600)"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "run", "1"],
        cwd=repository.top,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    journal = repository.top / ".excursions/1/runs/1/journal.jsonl"
    wait_until(lambda: journal.exists() and '"cell": 2' in journal.read_text())
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    result = json.loads(repository.git("show", "refs/excursions/1/1:result.json"))
    assert (process.returncode, result["status"]) == (3, "cancelled"), (said, result["error"])
    notebook = nbformat.reads(  # type: ignore[no-untyped-call]  # has no types
        repository.git("show", "refs/excursions/1/1:notebook.ipynb"), as_version=4
    )
    printed = "".join(output.text for cell in notebook.cells for output in cell.get("outputs", ()))
    numbers = [int(line) for line in printed.splitlines()]
    assert numbers == list(range(len(numbers)))


def test_a_cell_tagged_to_raise_does_not_fail_the_run(repository: Repository) -> None:
    repository.ask()
    repository.commit_notebook("1 / 0", "print('after')")
    file = repository.folder() / "notebook.ipynb"
    notebook = json.loads(file.read_text())
    notebook["cells"][1]["metadata"]["tags"] = ["raises-exception"]
    file.write_text(json.dumps(notebook))
    repository.git("-C", str(file.parent), "commit", "-qam", "Tag")
    repository.must("run", "1")
    result = json.loads(repository.git("show", "refs/excursions/1/1:result.json"))
    assert result["error"] is None
    assert {cell["status"] for cell in result["cells"]} == {"completed"}


def test_an_output_that_no_notebook_may_hold_fails_its_cell(repository: Repository) -> None:
    repository.ask()
    repository.commit_notebook(
        "from IPython.display import display\ndisplay({'application/x': 0.7}, raw=True)", "2"
    )
    assert repository.excursion("run", "1").status == 1
    result = json.loads(repository.git("show", "refs/excursions/1/1:result.json"))
    assert result["status"] == "failed"
    assert [cell["status"] for cell in result["cells"]][2:] == ["failed", "pending"]


def test_values_stay_under_their_columns(repository: Repository) -> None:
    repository.ask()
    repository.commit_notebook(TABLE)
    repository.must("run", "1")
    entry = next(repository.top.glob(".excursions/1/*-run-1-1.md")).read_text()
    assert "| 1 | 2 | 0.1 |" in entry
    assert "| 1 | 3 | 0.2 |" in entry


@pytest.mark.parametrize("text", ["It will confidence=50%", "confidence=50% It will"])
def test_a_confidence_within_the_quotes_is_one(repository: Repository, text: str) -> None:
    repository.ask()
    repository.must("predict", "1", text)
    prediction = repository.json("status", "1")["predictions"][0]
    assert (prediction["text"], prediction["confidence"]) == ("It will", 0.5)
    done = repository.excursion("predict", "1", "It will confidence = 50%")
    assert done.status == 2
    assert "Write it without: confidence=50%" in done.err


@pytest.mark.parametrize(
    "text",
    ['root = ".excursions"', 'root = "../out"', 'default_branch = "main~0"', "[runners.gpu]"],
)
def test_a_configuration_that_could_do_harm_is_refused(repository: Repository, text: str) -> None:
    (repository.top / "excursions.toml").write_text(text + "\n")
    done = repository.excursion("ask", "Does it?")
    assert done.status == 2
    assert "excursions.toml" in done.err


def test_nobody_can_take_our_name(repository: Repository) -> None:
    repository.ask()
    repository.git("config", "user.name", "excursions[bot]")
    forged = '<!-- excursion {"key": "answer", "text": "x", "outcome": "confirmed"} -->'
    repository.must("comment", "1", f"note\n{forged}")
    assert repository.json("status", "1")["answer"] is None


def test_an_answer_may_be_written_in_markdown(repository: Repository) -> None:
    repository.ask()
    text = "It does:\n\n- $x^2$ and `code`\n- **twice**"
    repository.must("answer", "1", text)
    assert text in (repository.top / "excursions/demos/1-does-it-settle/README.md").read_text()
    assert "<li>" in (repository.top / ".excursions/1/thread.html").read_text()


def test_in_a_worktree_of_one_s_own_its_templates_and_folders_count(
    repository: Repository, tmp_path: Path
) -> None:
    repository.git("worktree", "add", "-q", "-b", "other", str(tmp_path / "other"))
    for top, summary in ((repository.top, "Of main."), (tmp_path / "other", "Of the branch.")):
        folder = top / "templates" / "demos" / "ours"
        folder.mkdir(parents=True)
        (folder / "template.toml").write_text(f'question = "Q?"\nsummary = "{summary}"\n')
    there = Repository(tmp_path / "other")

    def known(place: Path) -> dict[str, str]:
        done = repository.excursion("templates", "--json", cwd=place)
        return {row["name"]: row["summary"] for row in json.loads(done.out)}

    assert known(there.top)["demos/ours"] == "Of the branch."
    assert known(repository.top)["demos/ours"] == "Of main."
    assert "Of the branch." in there.must("templates", "--markdown")
    (repository.top / "templates" / "demos" / "ours" / "template.toml").unlink()
    assert there.ask("Is it of the branch?", "--template", "ours") == 1
    # An excursion's own worktree is as old as its branch: there the main checkout counts.
    assert "demos/ours" not in known(repository.folder())
    (there.top / "empty").mkdir()
    done = there.excursion("reproduce", "empty")
    assert "outside of this repository" not in done.err
    assert "empty" in done.err
