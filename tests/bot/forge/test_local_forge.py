"""The local forge: plain files, numbers allotted once, two processes at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import Repository

from bot.errors import ForgeError, RequestError
from bot.forge.git import find_repository
from bot.forge.local import LocalForge
from bot.thread import BOT


@pytest.fixture
def forge(repository: Repository) -> LocalForge:
    forge = LocalForge(*find_repository(repository.top))
    with forge.lock():
        pass
    return forge


def opened(forge: LocalForge, title: str = "Does it?") -> int:
    number = forge.next_issue()
    forge.open_issue(number, title, "Because.", ("excursion",), "Ada")
    return number


def test_an_issue_is_a_folder_that_a_person_can_read(forge: LocalForge) -> None:
    number = opened(forge, 'Is "this": [fine] #1?')
    text = (forge.root / "1" / "issue.md").read_text()
    _, front, body = text.split("---\n", 2)
    assert yaml.safe_load(front)["title"] == 'Is "this": [fine] #1?'
    assert body.strip() == "Because."
    assert forge.thread(number).title == 'Is "this": [fine] #1?'


@pytest.mark.parametrize(
    "title", ["---", "a: b", "- x", "日本語", "'\"", "null", "2026-01-01", "#", "%", "@x"]
)
def test_any_title_comes_back_as_it_was_written(forge: LocalForge, title: str) -> None:
    assert forge.thread(opened(forge, title)).title == title


def test_a_comment_that_imitates_an_entry_is_none(forge: LocalForge) -> None:
    number = opened(forge)
    forge.upsert_entry(number, "run:1.1", "Ours", {"status": "succeeded"})
    ours = next(forge.root.glob("1/*-run-1-1.md")).read_text()
    forge.post_comment(number, "Eve", ours.partition("---\n\n")[2])

    entries = forge.thread(number).entries("run")
    assert [entry.author for entry in entries] == [BOT]
    assert len(forge.thread(number).comments) == 2


def test_the_number_of_a_comment_that_was_deleted_is_not_given_again(forge: LocalForge) -> None:
    number = opened(forge)
    for text in ("One", "Two", "Three"):
        forge.post_comment(number, "Ada", text)
    for deleted in forge.root.glob("1/000[23]-ada.md"):
        deleted.unlink()
    forge.post_comment(number, "Ada", "Four")
    assert [comment.number for comment in forge.thread(number).comments] == [1, 4]


def test_an_entry_posted_again_is_edited_in_place(forge: LocalForge) -> None:
    number = opened(forge)
    forge.upsert_entry(number, "welcome", "One", {"n": 1})
    forge.upsert_entry(number, "welcome", "Two", {"n": 2})
    forge.upsert_entry(number, "welcome", "Two", {"n": 2})

    thread = forge.thread(number)
    assert [(c.body, c.data) for c in thread.comments] == [("Two", {"n": 2})]
    assert len(list(forge.root.glob("1/0*.md"))) == 1


def test_a_body_that_looks_like_front_matter_stays_a_body(forge: LocalForge) -> None:
    number = opened(forge)
    forge.post_comment(number, "Ada", "---\nauthor: Eve\n---\ntext")
    comment = forge.thread(number).comments[0]
    assert comment.author == "Ada"
    assert comment.body == "---\nauthor: Eve\n---\ntext"


def test_numbers_go_on_above_the_refs_when_the_folder_was_lost(
    forge: LocalForge, repository: Repository
) -> None:
    repository.git("update-ref", "refs/excursions/7/2", "HEAD")
    assert forge.next_issue() == 8


def test_numbers_go_on_above_what_was_answered_where_it_is_cloned(
    forge: LocalForge, repository: Repository
) -> None:
    for folder in ("excursions/demos/7-does-it", "excursions/libs/12", "excursions/demos/x-30"):
        file = repository.top / folder / "excursion.toml"
        file.parent.mkdir(parents=True)
        file.write_text('question = "Does it?"\n')
    repository.git("add", "excursions")
    repository.git("commit", "-m", "Answers from elsewhere")
    assert forge.next_issue() == 13


def test_an_issue_number_taken_meanwhile_is_not_given_twice(forge: LocalForge) -> None:
    opened(forge, "First?")
    with pytest.raises(ForgeError, match="opened by someone else"):
        forge.open_issue(1, "Second?", "", (), "Eve")
    assert forge.thread(1).title == "First?"


def test_a_picture_outside_of_the_threads_runs_is_not_read(forge: LocalForge) -> None:
    opened(forge)
    assert forge.picture(1, "../../excursions.toml") is None
    assert forge.picture(1, "issue.md") is None
    assert forge.picture(1, "/etc/hostname") is None


def test_two_branches_that_changed_the_same_file_are_not_merged(
    forge: LocalForge, repository: Repository
) -> None:
    base = repository.git("rev-parse", "main")
    with forge.lock():
        forge.create_branch("1-x", base)
        forge.commit_files("1-x", {"README.md": b"theirs\n"}, "Theirs")
        forge.commit_files("main", {"README.md": b"ours\n"}, "Ours")
    assert "changed the same files" in forge.merge_obstacle("1-x", "main")
    with pytest.raises(ForgeError):
        forge.open_pull_request(1, "1-x", "main", "Title")


def test_a_checkout_follows_what_is_committed_beside_it(
    forge: LocalForge, repository: Repository
) -> None:
    (repository.top / "mine.txt").write_text("not committed\n")
    with forge.lock():
        forge.commit_files("main", {"new/file.txt": b"new\n", "README.md": b"changed\n"}, "Ours")
    assert (repository.top / "README.md").read_text() == "changed\n"
    assert (repository.top / "new/file.txt").read_text() == "new\n"
    assert repository.git("status", "--short") == "?? mine.txt"


def test_another_branch_in_the_excursions_worktree_is_told(
    forge: LocalForge, repository: Repository
) -> None:
    with forge.lock():
        forge.create_branch("1-x", repository.git("rev-parse", "main"))
    place = forge.worktree("1-x")
    repository.git("-C", str(place), "checkout", "-qb", "elsewhere")
    with pytest.raises(RequestError, match="another branch is checked out"):
        forge.worktree("1-x")


def test_a_worktree_that_was_deleted_is_made_anew(
    forge: LocalForge, repository: Repository
) -> None:
    import shutil

    with forge.lock():
        forge.create_branch("1-x", repository.git("rev-parse", "main"))
    place = forge.worktree("1-x")
    shutil.rmtree(place)
    assert forge.worktree("1-x") == place
    assert (place / "README.md").is_file()


def at_once(repository: Repository, *commands: tuple[str, ...]) -> list[tuple[int, str, str]]:
    """Give commands to processes that all run at the same time."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "bot", *words],
            cwd=repository.top,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for words in commands
    ]
    done = [process.communicate(timeout=300) for process in processes]
    return [
        (process.returncode, out.strip(), err)
        for process, (out, err) in zip(processes, done, strict=True)
    ]


def test_eight_questions_at_once_get_eight_numbers(repository: Repository) -> None:
    done = at_once(repository, *[("ask", f"Question {i}?") for i in range(8)])
    assert [status for status, _, _ in done] == [0] * 8
    assert sorted(int(out) for _, out, _ in done) == list(range(1, 9))
    rows = repository.json("list")
    assert {row["question"] for row in rows} == {f"Question {i}?" for i in range(8)}
    assert len({row["branch"] for row in rows}) == 8


def test_eight_notes_at_once_are_all_kept(repository: Repository) -> None:
    repository.ask()
    at_once(repository, *[("log", "1", f"note {i}") for i in range(8)])
    [welcome] = [p for p in repository.json("show", "1")["posts"] if p["entry"] == "welcome"]
    lines = [line.partition("**: ")[2] for line in welcome["body"].splitlines()]
    assert {line for line in lines if line} == {f"note {i}" for i in range(8)}


def test_three_runs_at_once_get_three_numbers(repository: Repository) -> None:
    repository.ask()
    done = at_once(repository, *[("run", "1", "-p", f"seed={i}") for i in range(3)])
    assert [status for status, _, _ in done] == [0] * 3, done
    assert sorted(out for _, out, _ in done) == ["1.1", "1.2", "1.3"]
    thread = repository.json("show", "1")
    assert [run["status"] for run in thread["runs"]] == ["succeeded"] * 3
    assert "excursion:running" not in thread["labels"]
    found = {
        repository.git("show", f"refs/excursions/1/{i}:result.json").partition('"seed": ')[2][0]
        for i in (1, 2, 3)
    }
    assert found == {"0", "1", "2"}


def test_the_same_question_twice_is_one_issue(repository: Repository) -> None:
    done = at_once(repository, *[("ask", "The same?")] * 3)
    assert [out for _, out, _ in done] == ["1", "1", "1"]
    assert len(repository.json("list")) == 1
    other = repository.excursion("ask", "The same?", "--kind", "libs")
    assert other.status == 2
    assert "asks this already" in other.err


def test_files_are_never_read_half_written(forge: LocalForge, tmp_path: Path) -> None:
    """A reader in another process looks all the while as an entry grows and shrinks."""
    number = opened(forge)
    forge.upsert_entry(number, "welcome", "0", {})
    reader = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, pathlib\n"
            "from bot.forge.thread_files import read_thread\n"
            "stop = pathlib.Path(sys.argv[2])\n"
            "while not stop.exists():\n"
            "    entry = read_thread(pathlib.Path(sys.argv[1]), 1).entry('welcome')\n"
            "    assert len(set(entry.body.split())) == 1, entry.body[:80]\n",
            str(forge.root),
            str(tmp_path / "stop"),
        ]
    )
    for i in range(60):
        forge.upsert_entry(number, "welcome", f"{i} " * (20_000 if i % 2 else 1), {"i": i})
    (tmp_path / "stop").touch()
    assert reader.wait(60) == 0
