"""`excursion init --github`: all that a repository needs, or nothing; given again, nothing more."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from conftest import Done, Repository
from rigs.github import Fault, Server

from bot.forge.github_api import Api, Patience
from bot.setup.labels import LONGEST_DESCRIPTION, LONGEST_NAME, Label, wanted_labels
from bot.setup.making import make_label, missing_labels
from bot.template import built_in_templates, read_template, template_names

COMMIT, NEWER = "0123456789" * 4, "abcdef0123" * 4
ORIGIN = f"team/excursions@{COMMIT}"
WORKFLOW = ".github/workflows/excursions.yml"
FORM = ".github/ISSUE_TEMPLATE/excursion.yml"


def labels() -> tuple[Label, ...]:
    names = template_names((built_in_templates(),))
    return wanted_labels(read_template(name, folder) for name, folder in names.items())


def init(repository: Repository, *words: str, origin: str = ORIGIN, **environment: str) -> Done:
    quiet = {"GITHUB_TOKEN": "", "GH_TOKEN": "", "GITHUB_SERVER_URL": "", "GITHUB_API_URL": ""}
    given = ("init", "--github", "--from", origin, *words)
    return repository.excursion(*given, cwd=None, **(quiet | environment))


def at(github: Server, repository: Repository) -> dict[str, str]:
    """Make GitHub the repository's remote; the environment for asking it."""
    repository.git("remote", "add", "origin", github.clone_url())
    return {
        "GITHUB_SERVER_URL": github.origin,
        "GITHUB_API_URL": github.origin,
        "GITHUB_TOKEN": github.token("ada"),
    }


def api(github: Server, login: str = "ada") -> Api:
    patience = Patience(sleep=lambda _: None, between_writes_s=0)
    return Api(github.token(login), github.repository, github.origin, patience)


def test_files_and_labels_are_made_once(github: Server, empty_repository: Repository) -> None:
    for label in labels()[1:]:  # those that come a second apart are made in another test
        make_label(api(github), label)
    environment = at(github, empty_repository)
    dry = init(empty_repository, "--dry-run", **environment)
    assert "create label  excursion\n" in dry.out
    assert f"write file  {WORKFLOW}\n" in dry.out
    assert not (empty_repository.top / ".github").exists()
    done = init(empty_repository, **environment)
    assert done.status == 0, done.err
    assert set(github.state()["labels"]) >= {label.name for label in labels()}
    workflow = yaml.safe_load((empty_repository.top / WORKFLOW).read_text())
    job = workflow["jobs"]["excursion"]
    assert job["uses"] == f"team/excursions/.github/workflows/excursion.yml@{COMMIT}"
    before, asked = empty_repository.state(), len(github.exchanges)
    again = init(empty_repository, **environment)
    assert again.status == 0
    assert empty_repository.state() == before
    assert [each.request.method for each in github.exchanges[asked:]] == ["GET"]


@pytest.mark.parametrize("fault", [Fault.BAD_GATEWAY_AFTER, Fault.RESET_AFTER, Fault.RESET_BEFORE])
def test_a_label_whose_answer_is_lost_is_made_once(github: Server, fault: Fault) -> None:
    github.fault(at=1, kind=fault)
    for label in labels():
        make_label(api(github), label)
    assert missing_labels(api(github), labels()) == ()


def test_a_label_that_somebody_made_stays_theirs(github: Server) -> None:
    theirs = {"name": "Excursion", "color": "ffffff", "description": "Ours"}
    github.as_person("ada", "POST", "/labels", theirs)
    assert "excursion" not in {label.name for label in missing_labels(api(github), labels())}


def test_github_takes_every_label() -> None:
    assert all(len(label.name) <= LONGEST_NAME for label in labels())
    assert all(len(label.description) <= LONGEST_DESCRIPTION for label in labels())
    assert len({label.name.casefold() for label in labels()}) == len(labels())


def test_without_a_remote_nothing_is_made(empty_repository: Repository) -> None:
    done = init(empty_repository, GITHUB_TOKEN="x")  # noqa: S106  # no secret
    assert done.status == 2
    assert "git remote add origin" in done.err
    assert not (empty_repository.top / "excursions.toml").exists()


def test_without_a_token_nothing_is_made(empty_repository: Repository) -> None:
    empty_repository.git("remote", "add", "origin", "git@github.com:team/research.git")
    done = init(empty_repository)
    assert done.status == 2
    assert "GITHUB_TOKEN" in done.err
    assert not (empty_repository.top / ".github").exists()


def test_a_token_that_may_not_is_said_to(github: Server, empty_repository: Repository) -> None:
    environment = at(github, empty_repository) | {"GITHUB_TOKEN": "ghp_unknown"}
    done = init(empty_repository, **environment)
    assert done.status == 2
    assert "Issues: read and write" in done.err
    assert not (empty_repository.top / ".github").exists()


def test_labels_can_be_left_to_the_user(empty_repository: Repository) -> None:
    done = init(empty_repository, "--no-labels")
    assert done.status == 0
    assert "gh label create 'excursion:demo'" in done.err
    assert (empty_repository.top / FORM).exists()


def test_an_installation_from_nowhere_asks_where_it_is_from(empty_repository: Repository) -> None:
    done = empty_repository.excursion(
        "init", "--github", "--no-labels", GITHUB_SERVER_URL="https://git.nowhere.example"
    )
    assert done.status == 2
    assert "--from OWNER/NAME@COMMIT" in done.err


def test_what_people_changed_stays_and_only_the_pin_moves(empty_repository: Repository) -> None:
    init(empty_repository, "--no-labels")
    path: Path = empty_repository.top / WORKFLOW
    path.write_text(path.read_text().replace("name: Excursions\n", "name: Ours\n"))
    newer = f"team/excursions@{NEWER}"
    kept = init(empty_repository, "--no-labels", origin=newer)
    assert "--update pins it" in kept.err
    assert COMMIT in path.read_text()
    init(empty_repository, "--no-labels", "--update", origin=newer)
    text = path.read_text()
    assert "name: Ours\n" in text
    assert f"excursion.yml@{NEWER}\n" in text
    assert COMMIT not in text
