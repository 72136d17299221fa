"""Large files: git reads them where they lie, and what it keeps is what was to be published."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from conftest import Repository

from bot.errors import ForgeError
from bot.forge.git import Git, find_repository
from bot.forge.git_batch import NewCommit, write_commits
from bot.forge.local import LocalForge
from bot.forge.protocol import run_ref

LARGE = random.Random(3).randbytes(1 << 20) + b"\r\n\0\n\r\n"  # noqa: S311  # no secret
REF = run_ref(1, 1)


@pytest.fixture(params=["sha1", "sha256"])
def git(request: pytest.FixtureRequest, tmp_path: Path) -> Git:
    """A repository in which git would change the ends of lines, were it let to."""
    for words in (
        ("init", "-q", f"--object-format={request.param}"),
        ("config", "core.autocrlf", "true"),
        ("commit", "-q", "--allow-empty", "-m", "First"),
    ):
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True)
    return Git(tmp_path)


@pytest.fixture
def forge(repository: Repository) -> LocalForge:
    """One with a run whose files are not published yet."""
    forge = LocalForge(*find_repository(repository.top))
    with forge.lock():
        assert forge.git.move_ref(REF, forge.git.text("rev-parse", "HEAD"), "", "a run")
    return forge


def name_of(git: Git, content: bytes) -> str:
    """The name that git would give a content."""
    return git.run("hash-object", "--stdin", stdin=content).stdout.decode().strip()


def written(git: Git, **on_disk: Path) -> bytes | None:
    """Write a commit with a large file and a small one; give what git has of the large one."""
    parent = git.text("rev-parse", "HEAD")
    files = {"large": LARGE, "small": b"\r\n"}
    [commit] = write_commits(git, [NewCommit(parent, files, "Files\n", on_disk=on_disk)])
    assert git.read(commit, "small") == b"\r\n"
    assert git.text("ls-tree", "--name-only", commit).split() == ["large", "small"]
    return git.read(commit, "large")


def test_a_large_file_is_kept_byte_for_byte(git: Git) -> None:
    assert written(git) == LARGE


def test_a_large_file_that_lies_on_the_disk_is_kept_byte_for_byte(git: Git) -> None:
    file = git.root / 'an "odd" -name\n'
    file.write_bytes(LARGE)
    assert written(git, large=file) == LARGE


def test_what_came_into_the_file_meanwhile_is_not_what_is_kept(git: Git) -> None:
    file = git.root / "file"
    file.write_bytes(LARGE[::-1])
    assert written(git, large=file) == LARGE
    file.unlink()
    assert written(git, large=file) == LARGE


@pytest.mark.parametrize(
    "left",
    [LARGE, LARGE[::-1], LARGE[:-1], None],
    ids=["the same", "as large", "cut short", "nothing"],
)
def test_what_is_published_is_the_content_whatever_the_run_left(
    forge: LocalForge, left: bytes | None
) -> None:
    notebook = forge.run_folder(1, 1) / "notebook.ipynb"
    notebook.parent.mkdir(parents=True)
    if left is not None:
        notebook.write_bytes(left)
    for _ in range(2):
        forge.publish_files(1, 1, {"notebook.ipynb": LARGE}, "A run")
        assert forge.git.read(REF, "notebook.ipynb") == notebook.read_bytes() == LARGE
    assert forge.git.text("rev-list", "--count", f"HEAD..{REF}") == "1"


def test_git_never_sees_a_notebook_that_differs_from_the_one_to_be_published(
    forge: LocalForge,
) -> None:
    """The one on the disk may hold secrets, which no object may hold either."""
    notebook = forge.run_folder(1, 1) / "notebook.ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.write_bytes(LARGE[::-1])
    forge.publish_files(1, 1, {"notebook.ipynb": LARGE}, "A run")
    assert forge.git.look_up([name_of(forge.git, LARGE[::-1])]) == [None]


def test_where_git_cannot_write_a_large_file_nothing_is_half_made(forge: LocalForge) -> None:
    notebook = forge.run_folder(1, 1) / "notebook.ipynb"
    notebook.parent.mkdir(parents=True)
    notebook.write_bytes(b"as it was left")
    before = forge.git.commit_of(REF)
    objects = forge.git.common_folder / "objects"
    content, in_the_way = next(
        (content, place)
        for content in (LARGE + bytes([n]) for n in range(256))
        if not (place := objects / name_of(forge.git, content)[:2]).exists()
    )
    in_the_way.write_bytes(b"")
    files = {"notebook.ipynb": content, "result.json": b"{}"}
    with pytest.raises(ForgeError):
        forge.publish_files(1, 1, files, "A run")
    assert forge.git.commit_of(REF) == before
    assert notebook.read_bytes() == b"as it was left"

    in_the_way.unlink()
    forge.publish_files(1, 1, files, "A run")
    assert forge.git.read(REF, "notebook.ipynb") == notebook.read_bytes() == content
