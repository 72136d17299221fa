"""Templates of another repository: fetched once, at one commit, and never executed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Repository

from bot.config import read_config
from bot.errors import RequestError

MANIFEST = 'question = "Q?"\nsummary = "Of the team."\n'


@pytest.fixture
def team(tmp_path: Path) -> Repository:
    """The team's repository of templates, with one for demos."""
    top = tmp_path / "team"
    folder = top / "recipes" / "demos" / "ours"
    folder.mkdir(parents=True)
    (folder / "template.toml").write_text(MANIFEST)
    (folder / "README.md.j2").write_text('{% include "shared/head.md.j2" %}\n')
    (folder / "notebook.py.j2").write_text("# %%\nprint('of the team')\n")
    repository = Repository(top)
    repository.git("init", "-q")
    commit(repository)
    return repository


def commit(repository: Repository) -> str:
    repository.git("add", "-A")
    repository.git("commit", "-qm", "Templates")
    return repository.git("rev-parse", "HEAD")


def use(repository: Repository, team: Repository, *, folder: str = "recipes") -> None:
    """Name the team's repository in the configuration, at what is committed there now."""
    text = (repository.top / "excursions.toml").read_text()
    (repository.top / "excursions.toml").write_text(
        f'{text}\n[[templates]]\ngit = "file://{team.top}"\n'
        f'commit = "{team.git("rev-parse", "HEAD")}"\nfolder = "{folder}"\n'
    )


def test_a_question_begins_with_a_template_of_another_repository(
    repository: Repository, team: Repository
) -> None:
    use(repository, team)
    assert "demos/ours" in [row["name"] for row in repository.json("templates")]
    repository.ask("Does theirs run?", "--template", "ours")
    assert "of the team" in (repository.folder() / "notebook.ipynb").read_text()
    assert "# Does theirs run?" in (repository.folder() / "README.md").read_text()


def test_what_was_fetched_once_is_there_without_a_network(
    repository: Repository, team: Repository
) -> None:
    use(repository, team)
    repository.must("templates")
    shutil.rmtree(team.top)
    repository.ask("Does it still run?", "--template", "ours")


def test_what_changes_there_changes_nothing_here(repository: Repository, team: Repository) -> None:
    use(repository, team)
    manifest = team.top / "recipes" / "demos" / "ours" / "template.toml"
    manifest.write_text(MANIFEST.replace("Of the team.", "Changed."))
    commit(team)
    rows = {row["name"]: row for row in repository.json("templates")}
    assert rows["demos/ours"]["summary"] == "Of the team."


def test_the_repository_s_own_go_before_and_the_built_in_come_after(
    repository: Repository, team: Repository
) -> None:
    shutil.copytree(team.top / "recipes" / "demos" / "ours", team.top / "recipes/demos/blank")
    commit(team)
    use(repository, team)
    own = repository.top / "templates" / "demos" / "ours"
    own.mkdir(parents=True)
    (own / "template.toml").write_text(MANIFEST.replace("Of the team.", "Our own."))
    rows = {row["name"]: row for row in repository.json("templates")}
    assert rows["demos/ours"]["summary"] == "Our own."
    assert rows["demos/blank"]["summary"] == "Of the team."
    assert "docs/write-up" in rows


def test_where_they_cannot_be_had_it_is_said_and_nothing_changes(
    repository: Repository, team: Repository
) -> None:
    use(repository, team)
    shutil.rmtree(team.top)
    before = repository.git("for-each-ref")
    done = repository.excursion("ask", "Does it run?", "--template", "ours")
    assert done.status == 3
    assert "templates cannot be fetched from file://" in done.err
    assert "excursions.toml, [[templates]]" in done.err
    assert repository.git("for-each-ref") == before
    assert repository.excursion("list").status == 0  # what needs no template goes on


def test_a_link_out_of_the_folder_is_refused(repository: Repository, team: Repository) -> None:
    (team.top / "recipes" / "demos" / "ours" / "secret.txt").symlink_to("/etc/passwd")
    commit(team)
    use(repository, team)
    done = repository.excursion("templates")
    assert done.status == 2
    assert "'demos/ours/secret.txt' is no plain file" in done.err


def test_a_folder_that_is_not_there_is_named(repository: Repository, team: Repository) -> None:
    use(repository, team, folder="nowhere")
    done = repository.excursion("templates")
    assert done.status == 2
    assert "the commit has no folder 'nowhere'" in done.err


def test_nothing_of_the_other_repository_is_executed(
    repository: Repository, team: Repository, tmp_path: Path
) -> None:
    touched = tmp_path / "touched"
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        hook = team.top / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {touched}\n")
        hook.chmod(0o755)
    (team.top / ".gitattributes").write_text("* filter=evil\n")
    subprocess.run(["git", "add", ".gitattributes"], cwd=team.top, check=True)
    (repository.top / ".git" / "config").open("a").write(
        f'[filter "evil"]\n\tsmudge = touch {touched}\n'
    )
    team.git("-c", "core.hooksPath=/dev/null", "commit", "-qm", "Attributes")
    touched.unlink(missing_ok=True)
    use(repository, team)
    repository.must("templates")
    assert not touched.exists()


@pytest.mark.parametrize(
    ("git", "commit", "message"),
    [
        ("ext::sh -c whoami", "a" * 40, "must be https"),
        ("--upload-pack=evil", "a" * 40, "must be https"),
        ("https://ada:secret@example.org/r", "a" * 40, "without a password"),
        ("https://example.org/r", "main", "must be a whole commit"),
    ],
)
def test_an_address_or_a_commit_that_is_none_is_refused(
    git: str, commit: str, message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        read_config(f'[[templates]]\ngit = "{git}"\ncommit = "{commit}"\n')


def test_ordinary_addresses_are_taken() -> None:
    for git in ("https://github.com/o/r.git", "git@github.com:o/r.git", "ssh://git@host/o/r"):
        config = read_config(f'[[templates]]\ngit = "{git}"\ncommit = "{"a" * 40}"\n')
        assert config.templates[0].folder == "templates"


def test_of_two_repositories_with_one_name_the_first_that_is_named_wins(
    repository: Repository, team: Repository, tmp_path: Path
) -> None:
    shutil.copytree(team.top, tmp_path / "second", symlinks=True)
    second = Repository(tmp_path / "second")
    manifest = second.top / "recipes" / "demos" / "ours" / "template.toml"
    manifest.write_text(MANIFEST.replace("Of the team.", "Of the others."))
    commit(second)
    use(repository, second)
    use(repository, team)
    rows = {row["name"]: row for row in repository.json("templates")}
    assert rows["demos/ours"]["summary"] == "Of the others."


def test_a_commit_that_is_not_there_is_told_in_a_line(
    repository: Repository, team: Repository
) -> None:
    use(repository, team)
    text = (repository.top / "excursions.toml").read_text()
    gone = text.replace(team.git("rev-parse", "HEAD"), "0123456789" * 4)
    (repository.top / "excursions.toml").write_text(gone)
    done = repository.excursion("templates")
    assert done.status == 3
    assert f"cannot be fetched from file://{team.top}: it has no such commit\n" in done.err
