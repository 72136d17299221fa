"""`excursion doctor` says what is missing, what to do about it, and whether anything is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Done, Repository
from rigs.github import Server
from rigs.github.settings import Settings, renew
from rigs.github.settings import settings as on_github

from bot.cli.init_github import all_templates
from bot.setup.labels import wanted_labels

COMMIT = "0123456789" * 4
WORKFLOW = ".github/workflows/excursions.yml"
CONFIG = '[runners.local]\nruns_on = ["self-hosted", "gpu"]\n'


@pytest.fixture
def settings() -> Iterator[Settings]:
    renew()
    yield on_github
    renew()


def doctor(repository: Repository, *words: str, **environment: str) -> Done:
    quiet = {"GITHUB_TOKEN": "", "GH_TOKEN": "", "GITHUB_SERVER_URL": "", "GITHUB_API_URL": ""}
    return repository.excursion("doctor", *words, cwd=None, **(quiet | environment))


def found(done: Done) -> dict[str, list[dict[str, Any]]]:
    """What was found, by what it is about; the good is left out."""
    by_subject: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(done.out):
        if finding["state"] != "good":
            by_subject.setdefault(finding["about"], []).append(finding)
    return by_subject


@pytest.fixture
def team(github: Server, settings: Settings, repository: Repository) -> dict[str, str]:
    """A repository that has all it needs, on GitHub too; the environment for asking."""
    (repository.top / "excursions.toml").write_text(CONFIG)
    done = repository.excursion("init", "--github", "--no-labels", "--from", f"team/ours@{COMMIT}")
    assert done.status == 0, done.err
    repository.git("add", "-A")
    repository.git("commit", "-qm", "Set up")
    repository.git("remote", "add", "origin", github.clone_url())
    repository.git("push", "-q", github.clone_url(github.token("ada")), "main")
    for label in wanted_labels(all_templates(repository.top)):
        github.as_person("ada", "POST", "/labels", vars(label))
    settings.may_make_pulls = True
    settings.runners = {"one": (("self-hosted", "Linux", "GPU"), True)}
    settings.workflows = {WORKFLOW: "active"}
    return {
        "GITHUB_SERVER_URL": github.origin,
        "GITHUB_API_URL": github.origin,
        "GITHUB_TOKEN": github.token("ada"),
    }


def test_nothing_is_missing_where_all_is_there(
    repository: Repository, team: dict[str, str]
) -> None:
    done = doctor(repository, **team)
    assert done.status == 0, done.out
    assert "✓ labels: all are there" in done.out
    assert "✓ runners: local runs on self-hosted, gpu: 1 online, 0 busy" in done.out
    assert "✓ pull requests: Actions may make them" in done.out
    assert done.out.endswith("Nothing is missing.\n")


def test_each_thing_missing_is_named_with_what_to_do(
    github: Server, repository: Repository, team: dict[str, str], settings: Settings
) -> None:
    github.as_person("ada", "DELETE", "/labels/excursion:demo")
    settings.may_make_pulls = False
    settings.allowed = "local_only"
    settings.workflows = {WORKFLOW: "disabled_manually"}
    settings.runners = {"one": (("self-hosted", "gpu"), False)}
    path = repository.top / WORKFLOW
    path.write_text(path.read_text().replace(COMMIT, "main").replace("contents: write", "x: read"))
    (repository.top / "excursions.toml").write_text(
        CONFIG.replace("[", 'default_branch = "m"\n[', 1)
    )
    done = doctor(repository, "--json", **team)
    assert done.status == 1
    missing = {
        about: [each["what"] for each in all_of if each["state"] == "missing"]
        for about, all_of in found(done).items()
    }
    assert "excursion:demo" in missing["labels"][0]
    assert "pull requests" in missing["pull requests"][0]
    assert len(missing["actions"]) == 2
    assert "none of 1 is online" in missing["runners"][0]
    assert "'main' can be moved" in missing["pin"][0]
    assert "contents: write" in missing["permissions"][0]
    assert "GitHub says main, excursions.toml says m" in missing["default branch"][0]
    assert all(each["right"] for rows in found(done).values() for each in rows)


def test_attached_pictures_need_a_secret_that_the_workflow_passes_on(
    repository: Repository, team: dict[str, str]
) -> None:
    (repository.top / "excursions.toml").write_text(f'{CONFIG}[github]\nimages = "attachments"\n')
    [lacking] = found(doctor(repository, "--json", **team))["pictures"]
    assert lacking["state"] == "missing"
    assert "needs a person's token" in lacking["what"]
    assert "secrets: attachments_token:" in lacking["right"]

    path = repository.top / WORKFLOW
    text = path.read_text()
    hint = "    # secrets:\n    #   attachments_token:"
    assert hint in text
    path.write_text(text.replace(hint, "    secrets:\n      attachments_token:"))
    [left] = found(doctor(repository, "--json", **team))["pictures"]
    assert left["state"] == "advice"


def test_what_a_token_may_not_see_is_unknown_and_no_fault(
    github: Server, repository: Repository, team: dict[str, str]
) -> None:
    done = doctor(repository, "--json", **team | {"GITHUB_TOKEN": github.token("wes")})
    assert done.status == 0
    unknown = {about for about, rows in found(done).items() if rows[0]["state"] == "unknown"}
    assert unknown == {"actions", "pull requests", "runners"}


def test_a_workflow_that_was_not_pushed_is_missing(
    github: Server, repository: Repository, team: dict[str, str]
) -> None:
    repository.git("rm", "-q", WORKFLOW)
    repository.git("commit", "-qm", "Without")
    repository.git("push", "-q", github.clone_url(github.token("ada")), "main")
    repository.git("revert", "--no-edit", "HEAD")
    done = doctor(repository, **team)
    assert done.status == 1
    assert f"{WORKFLOW} is not on main, from where GitHub takes it" in done.out


def test_a_machine_without_github_is_looked_at_alone(repository: Repository) -> None:
    done = doctor(repository, "--json")
    assert done.status == 0, done.out
    seen = {finding["about"] for finding in json.loads(done.out)}
    machine = {"git", "python", "notebooks", "warm kernels", "gpu", "configuration", "templates"}
    assert seen == machine


def test_github_out_of_reach_is_not_the_repositorys_fault(repository: Repository) -> None:
    repository.git("remote", "add", "origin", "http://127.0.0.1:9/team/research.git")
    nowhere = "http://127.0.0.1:9"
    environment = {"GITHUB_SERVER_URL": nowhere, "GITHUB_API_URL": nowhere, "GITHUB_TOKEN": "x"}
    repository.must("init", "--github", "--no-labels", "--from", f"team/ours@{COMMIT}")
    done = doctor(repository, "--json", **environment)
    assert done.status == 3
    assert "could not be asked" in found(done)["github"][0]["what"]


def test_a_broken_configuration_is_told_as_any_other(repository: Repository) -> None:
    (repository.top / "excursions.toml").write_text("rot = 1\n")
    done = doctor(repository)
    assert done.status == 1
    assert "✗ configuration: excursions.toml: unknown key 'rot'" in done.out
    assert "Did you mean 'root'?" in done.out


def test_outside_of_a_repository_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    assert doctor(Repository(tmp_path)).status == 2
