"""The whole loop on GitHub, by the very workflow files: label ─► branch ─► /run ─► pictures."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import write_notebook
from PIL import Image
from rigs import events
from rigs.github import BOT, Server
from rigs.workflows import Interruption, Language, WorkflowRun, Workflows

from bot.setup.files import workflow_text
from bot.setup.origin import Origin

ROOT = Path(__file__).parents[2]
ORIGIN = Origin("team/excursions", "0123456789" * 4)
CONFIG = """\
default_branch = "main"
runner = "gpu"
[runners.gpu]
runs_on = ["self-hosted", "gpu"]
timeout = "10m"
[runners.local]
"""
PLOTS = """\
import os
import matplotlib.pyplot as plt
from runner.notebook import caption, record
for number in range(2):
    caption(f"Curve {number}", alt="A rising line")
    plt.plot([0, seed + number])
    plt.show()
record(seed_seen=seed)
print("token:", os.environ.get("GITHUB_TOKEN") or "none")
print("person's:", os.environ.get("EXCURSIONS_ATTACHMENTS_TOKEN") or "none")
print("::set-output name=x::y")
print("::error::forged")
"""


class Team:
    """A repository on GitHub that calls our workflow, and what runs it."""

    def __init__(self, github: Server, language: Language, folder: Path) -> None:
        self.github = github
        self.secrets: dict[str, str] = {}
        self.workflow = folder / "team" / ".github" / "workflows" / "excursions.yml"
        self.workflow.parent.mkdir(parents=True)
        self.workflow.write_text(workflow_text(ORIGIN), "utf-8")
        files = {"README.md": "# Ours\n", "excursions.toml": CONFIG}
        github.bare.commit_files("main", "First", files)
        command = folder / "bin" / "excursion"  # as on a machine that has it, of this version
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bot "$@"\n')
        command.chmod(0o755)
        self.rig = Workflows(
            github,
            language,
            folder / "runs",
            actions={ORIGIN.repository: ROOT},
            environment={
                "PATH": f"{command.parent}:/usr/local/bin:/usr/bin:/bin",
                "PYTHONPATH": str(ROOT),
                "EXCURSIONS_BETWEEN_WRITES_S": "0",
                "EXCURSIONS_UPLOADS_URL": github.origin,
                "OMP_NUM_THREADS": "1",
            },
        )

    def document(self, path: str) -> dict[str, Any]:
        return self.github.document(path)

    def label(self, issue: int, label: str, sender: str = "ada") -> WorkflowRun:
        self.github.as_person(sender, "POST", f"/issues/{issue}/labels", {"labels": [label]})
        about, here = self.document(f"/issues/{issue}"), self.document("")
        return self._run("issues", events.labeled(about, label, sender=sender, repository=here))

    def open(self, title: str, answers: dict[str, str], sender: str = "ada") -> WorkflowRun:
        """Do as somebody does who fills in the issue form, which carries a label."""
        body = events.form_body(answers)
        issue = self.github.open_issue(sender, title, body, "excursion")
        about, here = self.document(f"/issues/{issue}"), self.document("")
        return self._run("issues", events.opened(about, sender=sender, repository=here))

    def comment(
        self, issue: int, text: str, sender: str = "ada", stops: tuple[Interruption, ...] = ()
    ) -> WorkflowRun:
        comment = self.github.comment(sender, issue, text)
        about, here = self.document(f"/issues/{issue}"), self.document("")
        payload = events.commented(about, comment, sender=sender, repository=here)
        return self._run("issue_comment", payload, stops)

    def _run(self, event: str, payload: Any, stops: tuple[Interruption, ...] = ()) -> WorkflowRun:
        run = self.rig.run(self.workflow, event, payload, secrets=self.secrets, interruptions=stops)
        assert run is not None
        print(run)
        return run

    def thread(self, issue: int) -> list[Any]:
        return list(self.github.as_person("ada", "GET", f"/issues/{issue}/comments"))

    def commit_notebook(self, issue: int, folder: Path, *cells: str) -> str:
        """Do as somebody does who pushes to the excursion's branch."""
        path = folder / "notebook.ipynb"
        write_notebook(path, "seed = 0", *cells)
        [ref] = self.github.bare.refs(f"refs/heads/{issue}-")
        branch = ref.removeprefix("refs/heads/")
        inside = f"excursions/demos/{branch}/notebook.ipynb"
        return self.github.bare.commit_files(branch, "Plot", {inside: path.read_bytes()})


@pytest.fixture
def team(github: Server, workflow_language: Language, tmp_path: Path) -> Team:
    return Team(github, workflow_language, tmp_path)


def pictures(body: str) -> list[str]:
    return re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", body) + re.findall(
        r'<img[^>]*src="([^"]+)"', body
    )


def test_from_a_label_to_pictures_in_the_thread(team: Team, tmp_path: Path) -> None:
    issue = team.github.open_issue("ada", "Does it settle?", "We wonder.")
    started = team.label(issue, "excursion:demo")
    assert started.results == {
        "excursion / triage": "success",
        "excursion / execute": "skipped",
        "excursion / publish": "skipped",
        "excursion": "success",
    }
    [branch] = team.github.bare.refs("refs/heads/1-")
    assert branch == "refs/heads/1-does-it-settle"
    [welcome] = team.thread(issue)
    assert welcome["user"]["login"] == BOT
    assert "/run" in welcome["body"]

    commit = team.commit_notebook(issue, tmp_path, PLOTS)
    run = team.comment(issue, "/run seed=3")
    assert set(run.results.values()) == {"success"}
    execute = run.job("excursion / execute")
    assert execute.runs_on == ["self-hosted", "gpu"]
    assert execute.permissions["contents"] == "read"
    assert {scope for scope, level in execute.permissions.items() if level == "write"} == set()
    assert not execute.annotations  # what the notebook printed was taken for no command

    _, asked, entry = team.thread(issue)
    assert asked["body"] == "/run seed=3"
    assert commit[:7] in entry["body"]
    assert "seed_seen" in entry["body"]
    assert "token: none" in entry["body"]
    shown = pictures(entry["body"])
    assert len(shown) == 2
    ref = team.github.bare.refs("refs/excursions/")["refs/excursions/1/1"]
    for address in shown:
        assert f"/raw/{ref}/" in address
        image = requests.get(address, timeout=10)
        assert Image.open(io.BytesIO(image.content)).format == "PNG"
    names = {each.path for each in team.github.bare.tree(ref, deep=True)}
    assert {"result.json", "request.json", "notebook.ipynb"} <= {Path(n).name for n in names}
    assert team.github.bare.git("rev-parse", f"{ref}^") == commit


def test_pictures_are_attached_with_a_secret_that_the_notebook_never_sees(
    team: Team, tmp_path: Path
) -> None:
    config = CONFIG + '[github]\nimages = "attachments"\n'
    team.github.bare.commit_files("main", "Attach", {"excursions.toml": config})
    hint = "    # secrets:\n    #   attachments_token:"
    text = team.workflow.read_text("utf-8")
    assert hint in text
    team.workflow.write_text(text.replace(hint, "    secrets:\n      attachments_token:"), "utf-8")
    token = team.github.token("wes")
    team.secrets = {"EXCURSIONS_ATTACHMENTS_TOKEN": token}
    issue = team.github.open_issue("ada", "Does it settle?")
    team.label(issue, "excursion:demo")
    team.commit_notebook(issue, tmp_path, PLOTS)

    run = team.comment(issue, "/run seed=3")

    assert set(run.results.values()) == {"success"}
    entry = team.thread(issue)[-1]["body"]
    store = f"{team.github.origin}/user-attachments/assets/"
    assert [address.startswith(store) for address in pictures(entry)] == [True, True]
    assert len(team.github.world.attachments) == 2
    assert "person's: none" in entry
    assert token not in entry


def test_a_branch_that_has_the_workflow_itself_is_published(team: Team, tmp_path: Path) -> None:
    path = ".github/workflows/excursions.yml"
    team.github.bare.commit_files("main", "Set up", {path: workflow_text(ORIGIN)})
    issue = team.github.open_issue("ada", "Does it settle?")
    team.label(issue, "excursion:demo")
    team.commit_notebook(issue, tmp_path, PLOTS)
    run = team.comment(issue, "/run")
    assert run.results["excursion / publish"] == "success"


def test_the_issue_form_starts_what_it_asks_for(team: Team) -> None:
    answers = {
        "Question": "Does it settle?",
        "Hypothesis": "Yes.",
        "Kind": "default (that of the template)",
        "Template": "no-positions (One and two layers)",
        "Parameters": "steps=400",
        "What would change your mind?": "A loss above 1.",
    }
    run = team.open("Settling", answers)
    assert run.results["excursion / triage"] == "success"
    [branch] = team.github.bare.refs("refs/heads/1-")
    folder = f"excursions/demos/{branch.removeprefix('refs/heads/')}"
    files = {each.path for each in team.github.bare.tree(branch, folder, deep=True)}
    assert any(name.endswith("notebook.ipynb") for name in files)
    declared = team.github.bare.git("show", f"{branch}:{folder}/excursion.toml")
    assert 'template = "demos/no-positions"' in declared
    assert "default = 400" in declared


def test_a_machine_that_dies_is_told_of(team: Team, tmp_path: Path) -> None:
    issue = team.github.open_issue("ada", "Does it settle?", "", "excursion")
    team.label(issue, "excursion:demo")
    team.commit_notebook(issue, tmp_path, PLOTS)
    stop = Interruption("excursion / execute", "Execute", lost=True)
    run = team.comment(issue, "/run", stops=(stop,))
    assert run.results["excursion / execute"] == "failure"
    assert run.results["excursion / publish"] == "success"
    entry = team.thread(issue)[-1]
    assert "without a word" in entry["body"]
    assert "excursion:running" not in {
        label["name"] for label in team.document("/issues/1")["labels"]
    }


def test_a_run_that_somebody_cancels_keeps_what_it_made(team: Team, tmp_path: Path) -> None:
    issue = team.github.open_issue("ada", "Does it settle?")
    team.label(issue, "excursion:demo")
    reached = tmp_path / "reached"
    waits = f"import pathlib, time\npathlib.Path({str(reached)!r}).touch()\ntime.sleep(600)"
    team.commit_notebook(issue, tmp_path, PLOTS, waits)
    stop = Interruption("excursion / execute", "job", when=reached.exists)
    run = team.comment(issue, "/run", stops=(stop,))
    assert run.results["excursion / execute"] == "cancelled"
    assert run.results["excursion / publish"] == "success"
    entry = team.thread(issue)[-1]
    assert "cancelled" in entry["body"]
    assert len(pictures(entry["body"])) == 2


@pytest.mark.parametrize(
    "say",
    [
        lambda team: team.comment(1, "/run", sender="rea"),
        lambda team: team.comment(1, "/run", sender="tri"),
        lambda team: team.comment(1, "> /run"),
        lambda team: team.comment(1, "I would not /run this"),
        lambda team: team.comment(1, "```\n/run\n```"),
        lambda team: team.label(1, "excursion", sender="tri"),
    ],
    ids=["read", "triage", "quoted", "in-passing", "fenced", "label-of-triage"],
)
def test_who_may_not_or_does_not_mean_it_starts_no_machine(
    team: Team, say: Callable[[Team], WorkflowRun]
) -> None:
    team.github.open_issue("ada", "Does it settle?")
    before = team.github.bare.refs()
    run = say(team)
    assert run.results["excursion / execute"] == "skipped"
    assert run.results["excursion / publish"] == "skipped"
    assert team.github.bare.refs() == before


def test_a_mention_is_heard_as_a_slash_is(team: Team) -> None:
    team.github.open_issue("ada", "Does it settle?")
    run = team.comment(1, "@excursions help", sender="rea")
    assert run.results["excursion / triage"] == "success"
    assert run.results["excursion / execute"] == "skipped"
    [reply] = [c for c in team.github.world.every("/issues/1/comments") if "reply:" in c["body"]]
    assert "/run" in reply["body"]


@pytest.mark.parametrize("text", ["Thanks!", "It settles at 0.3."])
def test_ordinary_talk_does_not_even_start_triage(team: Team, text: str) -> None:
    team.github.open_issue("ada", "Does it settle?")
    run = team.comment(1, text)
    assert run.results["excursion / triage"] == "skipped"
    assert run.results["excursion / publish"] == "skipped"
