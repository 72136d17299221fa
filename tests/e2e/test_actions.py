"""The jobs as the workflow starts them: commands with an environment, a status, and outputs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench import Bench, read_outputs
from rigs.github.server import Server

from bot.actions.job import Job


@pytest.fixture
def bench(github: Server, tmp_path: Path) -> Bench:
    made = Bench(github, tmp_path / "jobs")
    made.prepare()
    return made


def start(job: Job, which: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **job.environment, "EXCURSIONS_BETWEEN_WRITES_S": "0.01"}
    return subprocess.run(
        [sys.executable, "-m", "bot", "action", which],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_wrong_command_is_told_in_the_thread_and_makes_no_red_job(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/run sed=1")
    job, output = bench.job(*event, GITHUB_TOKEN=bench.token())
    done = start(job, "triage")
    assert done.returncode == 0, done.stderr
    assert read_outputs(output) == {"matrix": '{"include":[]}', "count": "0"}
    assert bench.reactions(event) == ["eyes", "-1"]


def test_a_token_that_may_not_write_makes_a_red_job_that_says_so(bench: Bench) -> None:
    issue = bench.begin()
    token = bench.github.job_token(issues="read", contents="read")
    job, output = bench.job(*bench.say(issue, "/run"), GITHUB_TOKEN=token)
    done = start(job, "triage")
    assert done.returncode == 3
    assert "excursion doctor" in done.stderr
    assert token not in done.stderr
    assert not output.exists()


def test_outside_of_a_workflow_it_says_what_is_missing() -> None:
    for which in ("triage", "execute", "publish"):
        done = start(Job(dict.fromkeys(("GITHUB_EVENT_NAME", "EXCURSION_MATRIX"), "")), which)
        assert done.returncode == 3
        assert "is not set" in done.stderr


def execute(bench: Bench, code: str, **environment: str) -> tuple[list[str], Path, str]:
    """Run a notebook whose last cell is this; give the step's lines, its folder, its errors."""
    issue = bench.begin()
    branch = f"{issue}-does-it-settle"
    path = f"excursions/demos/{branch}/notebook.ipynb"
    notebook = json.loads(bench.github.bare.git("show", f"{branch}:{path}"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    cells[-1]["source"] = code
    bench.github.bare.commit_files(branch, "Evil", {path: json.dumps(notebook)})
    [element] = bench.triage(*bench.say(issue, "/run"))
    checkout = bench.folder / "checkout"
    subprocess.run(
        ["git", "clone", "-q", "-b", branch, str(bench.github.bare.path), str(checkout)], check=True
    )
    job, _ = bench.job(
        "x", {}, EXCURSION_REQUEST=element["request"], GITHUB_WORKSPACE=str(checkout), **environment
    )
    done = start(job, "execute")
    assert done.returncode == 0, done.stderr
    first, *lines, last = done.stdout.strip().splitlines()
    word = first.removeprefix("::stop-commands::")
    assert first != word
    assert len(word) == 64
    assert last == f"::{word}::"
    return lines, Path(job["RUNNER_TEMP"]) / "excursion" / element["run_id"], done.stderr


def test_a_notebook_that_prints_commands_gives_the_runner_none(bench: Bench) -> None:
    _, folder, _ = execute(
        bench,
        "import os\nprint('::add-mask::all', os.environ.get('GITHUB_OUTPUT'), flush=True)",
    )
    result = json.loads((folder / "result.json").read_bytes())
    assert result["status"] == "succeeded", result["error"]
    assert "::add-mask::all None" in result["stdout_tail"]


def test_what_is_uploaded_holds_no_secret_of_the_machine_and_nothing_unread(bench: Bench) -> None:
    secret = "correct-horse-battery"  # noqa: S105  # of nothing
    lines, folder, errors = execute(
        bench,
        "import os\nprint('it is', os.environ['LAB_API_TOKEN'])\n"
        "raise ValueError(os.environ['LAB_API_TOKEN'])",
        LAB_API_TOKEN=secret,
    )
    assert {path.name for path in folder.iterdir()} <= {
        *("request.json", "result.json", "notebook.ipynb", "journal.jsonl", "figures"),
    }
    told = [path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file()]
    assert any("LAB_API_TOKEN" in text for text in told)
    assert secret not in "".join([*told, *lines, errors])
