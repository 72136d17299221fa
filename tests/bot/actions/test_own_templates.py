"""Templates of a team's own on GitHub: in the repository that asks, and in one beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from bench import CONFIG, Bench
from conftest import Repository
from rigs.github.server import Server

from bot.errors import ForgeError

MANIFEST = """
question = "Q?"
summary = "Of the team."
[parameters.steps]
type = "int"
default = 100
minimum = 1
maximum = 5000
description = "How many"
[parameters.seed]
type = "int"
default = 0
description = "Seed"
[sets.recording]
description = "As recorded."
values = { steps = 4000 }
"""


def write(top: Path, summary: str = "Of the team.") -> None:
    """Write the template `ours`."""
    folder = top / "demos" / "ours"
    folder.mkdir(parents=True)
    (folder / "template.toml").write_text(MANIFEST.replace("Of the team.", summary))
    (folder / "README.md.j2").write_text(
        '{% include "shared/head.md.j2" %}\n{% include "shared/run.md.j2" %}\n'
    )
    (folder / "notebook.py.j2").write_text(
        '{% include "shared/parameters.py.j2" %}\n# %%\nprint(steps, seed)\n'
    )


@pytest.fixture
def team(tmp_path: Path) -> Repository:
    """The team's repository of templates."""
    repository = Repository(tmp_path / "team")
    write(repository.top / "templates")
    repository.git("init", "-q")
    repository.git("add", "-A")
    repository.git("commit", "-qm", "Templates")
    return repository


@pytest.fixture
def bench(github: Server, tmp_path: Path, team: Repository) -> Bench:
    commit = team.git("rev-parse", "HEAD")
    source = f'[[templates]]\ngit = "file://{team.top}"\ncommit = "{commit}"\n'
    made = Bench(github, tmp_path / "jobs", config=f"{CONFIG}\n{source}")
    made.prepare()
    return made


def parameters(bench: Bench, issue: int, command: str) -> dict[str, object]:
    """Give a command, and the parameters of the run that it asks for."""
    [element] = bench.triage(*bench.say(issue, command))
    given: dict[str, object] = json.loads(element["request"])["parameters"]
    return given


def test_a_label_begins_from_a_template_of_another_repository(bench: Bench) -> None:
    issue = bench.ask("Does theirs begin?", "", "template:ours")
    assert bench.triage(*bench.label(issue)) == []
    assert "`demos/ours`" in bench.entry(issue, "welcome")
    assert parameters(bench, issue, "/run") == {"steps": 100, "seed": 0}


def test_a_form_s_template_and_set_are_taken(bench: Bench) -> None:
    body = "### Template\n\nours\n\n### Parameters\n\n```\nset=recording\nseed=3\n```\n"
    issue = bench.ask("Does the form begin it?", body)
    bench.triage(*bench.label(issue))
    assert parameters(bench, issue, "/run") == {"steps": 4000, "seed": 3}
    assert parameters(bench, issue, "/run set=recording steps=7") == {"steps": 7, "seed": 3}


def test_a_comment_begins_from_it_and_lists_it(bench: Bench) -> None:
    issue = bench.ask("Does a comment begin it?")
    bench.triage(*bench.say(issue, "/start ours set=recording"))
    assert parameters(bench, issue, "/run") == {"steps": 4000, "seed": 0}
    bench.triage(*bench.say(issue, "/templates"))
    assert any("| `demos/ours` | demo |" in text for text in bench.comments(issue))


def test_a_set_that_is_none_is_told_with_those_there_are(bench: Bench) -> None:
    issue = bench.ask("Is there such a set?", "### Template\n\nours\n")
    bench.triage(*bench.label(issue))
    assert bench.triage(*bench.say(issue, "/run set=recorded")) == []
    said = "\n".join(bench.comments(issue))
    assert "Known sets: recording." in said


def test_the_asking_repository_s_own_template_goes_before(bench: Bench) -> None:
    write(bench.trusted / "templates", "Of this repository.")
    manifest = bench.trusted / "templates" / "demos" / "ours" / "template.toml"
    manifest.write_text(manifest.read_text().replace("default = 100", "default = 5"))
    issue = bench.ask("Whose is it?", "", "template:ours")
    bench.triage(*bench.label(issue))
    assert parameters(bench, issue, "/run") == {"steps": 5, "seed": 0}


def test_a_repository_that_is_gone_is_told_in_the_thread(bench: Bench, team: Repository) -> None:
    shutil.rmtree(team.top)
    issue = bench.ask("Is it there?", "", "template:ours")
    event = bench.label(issue)
    with pytest.raises(ForgeError, match="templates cannot be fetched"):
        bench.triage(*event)
    said = "\n".join(bench.comments(issue))
    assert "templates cannot be fetched" in said
    assert not any("is-it-there" in ref for ref in bench.github.bare.refs())
