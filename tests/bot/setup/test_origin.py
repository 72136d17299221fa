"""Where a workflow is taken from, and which repository on GitHub this is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.errors import RequestError
from bot.forge.git import Git
from bot.setup.origin import pinned_origin, read_origin
from bot.setup.remote import find_access, read_remote

COMMIT = "0123456789" * 4
GITHUB = "https://github.com"


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/team/research",
        "https://github.com/team/research.git",
        "https://x-access-token:secret@github.com/team/research.git/",
        "git@github.com:team/research.git",
        "ssh://git@github.com/team/research.git",
        "ssh://git@github.com:22/team/research.git",
        "git+https://GitHub.com/team/research.git",
    ],
)
def test_every_way_to_write_a_remote_names_the_repository(url: str) -> None:
    assert read_remote(url, GITHUB) == "team/research"


@pytest.mark.parametrize(
    "url",
    [
        "https://gitlab.com/team/research.git",
        "https://github.com.evil.example/team/research",
        "https://github.com@evil.example/team/research",
        "git@evil.example:github.com/team.git",
        "../research.git",
        "/srv/github.com/team/research",
        "file:///srv/research.git",
        "https://github.com/team",
        "https://github.com/team/research/more",
        "",
    ],
)
def test_a_token_is_meant_for_no_other_server(url: str) -> None:
    assert read_remote(url, GITHUB) == ""


def test_a_server_of_ones_own_is_taken_from_the_environment(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    git = Git(tmp_path)
    git.run("remote", "add", "backup", "https://github.com/team/other.git")
    git.run("remote", "add", "origin", "git@git.team.example:team/research.git")
    environment = {"GITHUB_SERVER_URL": "https://git.team.example", "GH_TOKEN": "t"}
    access = find_access(git, environment)
    assert (access.repository, access.token) == ("team/research", "t")
    assert access.api == "https://git.team.example/api/v3"
    assert access.missing == ""
    usual = find_access(git, {})
    assert (usual.repository, usual.api) == ("team/other", "https://api.github.com")
    assert "GITHUB_TOKEN" in usual.missing


@pytest.mark.parametrize("text", ["a/b@main", "a/b", f"x@{COMMIT}", "a/b@12"])
def test_only_a_full_commit_pins(text: str) -> None:
    with pytest.raises(RequestError, match="no commit"):
        read_origin(text)


def test_what_is_written_is_found_again() -> None:
    origin = read_origin(f"team/excursions@{COMMIT}")
    assert pinned_origin(f"    uses: {origin.uses}\n") == origin
    assert pinned_origin("    uses: actions/checkout@v7\n") is None
