"""eval, cancel and retry as a researcher meets them on their own machine, with real kernels."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Repository, Wait

from runner.records import RunResult, read_result

LOAD = "xs = [seed + n for n in range(4)]\nprint('from the notebook')"
WAIT = (  # goes on until it is stopped, or told to go on
    "import os, pathlib, time\n"
    "here = pathlib.Path(os.environ['OUTPUTS']); here.mkdir(exist_ok=True)\n"
    "(here / f'began-{seed}').touch()\n"
    "while not (here / 'go').exists():\n    time.sleep(0.02)"
)


def start(repository: Repository, *words: str) -> subprocess.Popen[str]:
    """Give a command in a terminal of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        cwd=repository.top,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result(repository: Repository, run: int) -> RunResult:
    return read_result(repository.git("show", f"refs/excursions/1/{run}:result.json"))


def entry(repository: Repository, name: str) -> str:
    [path] = (repository.top / ".excursions/1").glob(f"*-{name}.md")
    return path.read_text()


def tag(folder: Path, cell: int, name: str) -> None:
    import json

    path = folder / "notebook.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"][cell]["metadata"]["tags"] = [name]
    path.write_text(json.dumps(notebook))


# -- eval ----------------------------------------------------------------------------------------


def test_a_block_sees_the_notebook_up_to_a_tag_and_its_entry_holds_the_blocks_own_outputs(
    repository: Repository, tmp_path: Path
) -> None:
    repository.ask()
    repository.commit_notebook(LOAD, "raise RuntimeError('never reached')", parameters="seed = 5")
    folder = repository.folder()
    tag(folder, 1, "load")
    subprocess.run(["git", "commit", "-qam", "Tag a cell"], cwd=folder, check=True)
    (folder / "README.md").write_text("not committed, and in nobody's way")
    block = tmp_path / "block.py"
    block.write_text(
        "import matplotlib.pyplot as plt\nprint('<b>own</b>')\nplt.plot(xs); plt.show()\nsum(xs)"
    )

    assert repository.must("eval", "1", str(block), "--after", "load") == "1.1"

    text = entry(repository, "run-1-1")
    assert "### ✅ Eval 1.1 took" in text
    assert "sum(xs)" in text
    assert "**Value**\n\n```\n6\n```" in text  # the declared default, 0, and not the cell's 5
    assert "<b>own</b>\n```" in text
    assert "from the notebook" not in text
    assert "runs/1/figures/figure-01.png" in text
    assert "predict" not in text.partition("Eval 1.1")[2]
    assert result(repository, 1).code == block.read_text()

    wrong = repository.excursion("eval", "1", str(block), "--after", "lod")
    assert wrong.status == 2
    assert "no cell is tagged 'lod' at" in wrong.err
    assert "Did you mean 'load'?" in wrong.err

    assert repository.must("eval", "1", str(block), "--after", "load") == "1.2"
    assert "⚡ Eval 1.2: answered from eval 1.1" in entry(repository, "run-1-2")
    assert repository.json("show", "1")["runs"][0]["eval"] is True


def test_an_eval_that_fails_says_so_and_a_comment_gives_one_as_well(
    repository: Repository,
) -> None:
    repository.ask()
    done = repository.excursion("comment", "1", "Look:\n\n/eval\n```py\nimport os\n1 / 0\n```")
    assert done.status == 1
    text = entry(repository, "run-1-1")
    assert "### ❌ Eval 1.1 failed after" in text
    assert "**ZeroDivisionError: division by zero**." in text
    assert "<summary>Traceback</summary>" in text
    answered = repository.excursion("answer", "1", "Yes.", "--run", "1")
    assert answered.status == 2
    assert "on which no answer rests" in answered.err


# -- cancel --------------------------------------------------------------------------------------


def test_cancel_ends_a_run_in_another_terminal_and_keeps_what_it_made(
    repository: Repository, wait_until: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.ask()
    repository.commit_notebook("print('made')", WAIT)
    out = repository.top / "outputs"
    monkeypatch.setenv("OUTPUTS", str(out))
    running = start(repository, "run", "1")
    wait_until((out / "began-0").exists)

    said = repository.must("cancel", "1")

    assert "Cancelling run 1.1." in said
    assert running.wait(60) == 3
    found = result(repository, 1)
    assert (found.status, found.error and found.error.message) == ("cancelled", "by Ada")
    assert "made" in found.stdout_tail
    assert "was cancelled after" in entry(repository, "run-1-1")
    assert "excursion:running" not in repository.json("show", "1")["labels"]
    before = repository.state()
    assert "Nothing of excursion 1 is being executed." in repository.must("cancel", "1")
    assert "Run 1.1 was cancelled already" in repository.must("cancel", "1", "1")
    assert repository.excursion("cancel", "1", "2").status == 2
    assert repository.state() == before


def test_a_point_is_cancelled_alone_and_then_the_sweep_and_retry_finishes_it(
    repository: Repository, wait_until: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.ask()
    repository.commit_notebook(WAIT)
    out = repository.top / "outputs"
    monkeypatch.setenv("OUTPUTS", str(out))
    sweeping = start(repository, "sweep", "1", "-p", "seed=0..3", "--jobs", "2")
    wait_until(lambda: (out / "began-0").exists() and (out / "began-1").exists())

    assert "the others of sweep 1.1 go on" in repository.must("cancel", "1", "2")
    wait_until((out / "began-2").exists)
    assert "Cancelling sweep 1.1." in repository.must("cancel", "1")

    assert sweeping.wait(60) == 3
    assert [result(repository, n).status for n in (1, 2, 3)] == ["cancelled"] * 3
    assert "0 of 4 points done" in entry(repository, "sweep-1-1")
    (out / "go").touch()
    head = repository.git("rev-parse", "1-does-it-settle")
    subprocess.run(
        ["git", "commit", "-q", "--allow-empty", "-m", "x"], cwd=repository.folder(), check=True
    )
    done = repository.excursion("retry", "1")
    assert done.status == 0, done.err
    assert done.out.strip() == "1.1"
    assert "all 4 points succeeded" in entry(repository, "sweep-1-1")
    assert result(repository, 5).commit == head


# -- retry ---------------------------------------------------------------------------------------


def test_retry_runs_the_same_commit_again_and_finds_its_checkpoints(
    repository: Repository,
) -> None:
    repository.ask()
    repository.commit_notebook(
        "from runner.notebook import checkpoint_dir, record\n"
        "saved = checkpoint_dir() / 'saved'\n"
        "before = saved.exists()\n"
        "saved.write_text('half')\n"
        "record(went_on=before)\n"
        "assert before, 'the machine is tired'"
    )
    assert repository.excursion("run", "1", "-p", "seed=3").status == 1
    repository.commit_notebook("raise RuntimeError('another notebook')")

    assert repository.must("retry", "1") == "1.2"

    first, again = result(repository, 1), result(repository, 2)
    assert (again.commit, again.parameters) == (first.commit, first.parameters)
    assert (again.retries, again.metrics) == ("1.1", {"went_on": True})
    text = entry(repository, "run-1-2")
    assert "Retry of run 1.1." in text
    assert "Went on from what run 1.1 had saved." in text
    refused = repository.excursion("retry", "1", "2")
    assert refused.status == 2
    assert "excursion reproduce 1 2" in refused.err
    assert repository.excursion("retry", "1", "1", "--at-head").status == 1
    assert "another notebook" in entry(repository, "run-1-3")


def test_a_run_goes_to_the_runner_that_is_named(repository: Repository) -> None:
    config = repository.top / "excursions.toml"
    config.write_text(config.read_text() + '\n[runners.quick]\ntimeout = "1s"\n')
    repository.ask()
    repository.commit_notebook("import time; time.sleep(60)")
    wrong = repository.excursion("run", "1", "--runner", "quik")
    assert wrong.status == 2
    assert "Did you mean 'quick'?" in wrong.err
    assert repository.excursion("comment", "1", "/run runner=quick").status == 1
    assert result(repository, 1).status == "timed_out"


# -- prototypes and write-ups ----------------------------------------------------------------------


def test_a_prototypes_run_tells_which_tests_failed_and_how_many_passed(
    repository: Repository,
) -> None:
    repository.ask("Can it be had as a function?", "--kind", "libs")
    broken = repository.folder() / "tests" / "test_broken.py"
    broken.write_text("def test_sums():\n    assert sum([1, 2]) == 4\n")
    for words in (["git", "add", "-A"], ["git", "commit", "-qm", "A test that fails"]):
        subprocess.run(words, cwd=repository.folder(), check=True)
    assert repository.excursion("run", "1").status == 1
    found = result(repository, 1)
    assert found.metrics["tests_failed"] == 1
    assert int(found.metrics["tests_passed"]) >= 1
    text = entry(repository, "run-1-1")
    assert "test\\_broken.py::test\\_sums - assert 3 == 4" in text
    assert "| `tests_failed` | 1 |" in text
    assert "E   assert 3 == 4" in text  # the failure itself, folded


def test_a_write_up_is_not_run_but_code_in_its_folder_is(repository: Repository) -> None:
    repository.ask("What is known?", "--kind", "docs")
    refused = repository.excursion("run", "1")
    assert refused.status == 2
    assert "is a write-up: it has no notebook to run" in refused.err
    assert "/eval" in refused.err
    done = subprocess.run(
        [sys.executable, "-m", "bot", "eval", "1", "-"],
        cwd=repository.top,
        input="import pathlib\nsorted(p.name for p in pathlib.Path().iterdir())",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "1.1"
    assert "'README.md'" in result(repository, 1).value
