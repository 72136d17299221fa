"""The commands that drive a thread, on the command line and by comment, in a real repository."""

from __future__ import annotations

from pathlib import Path

from conftest import Repository


def bodies(repository: Repository, issue: int = 1) -> dict[str, str]:
    """Give our entries by their keys."""
    posts = repository.json("show", str(issue))["posts"]
    return {post["entry"]: post["body"] for post in posts if post["entry"]}


def welcome_file(repository: Repository) -> Path:
    return next(repository.top.glob(".excursions/1/*-welcome.md"))


def test_the_log_is_kept_in_the_welcome_and_goes_into_the_readme(repository: Repository) -> None:
    repository.ask()
    repository.must("log", "1", "It", "`settles`.")
    repository.must("comment", "1", "/log And *stays*.")
    lines = [x for x in bodies(repository)["welcome"].splitlines() if x.startswith("- ")]
    assert [line.partition(" **")[2] for line in lines] == [
        "Ada**: It `settles`.",
        "Ada**: And *stays*.",
    ]

    repository.must("answer", "1", "It does.")
    readme = (repository.folder() / "README.md").read_text()
    assert readme.count("## Log") == 1
    assert "**Ada**: And *stays*." in readme
    repository.must("log", "1", "It", "still", "does.")
    assert "It still does." in bodies(repository)["welcome"]


def test_what_only_looks_is_printed_and_changes_nothing(repository: Repository) -> None:
    repository.ask()
    repository.must("predict", "1", "It settles", "confidence=70%")
    before = repository.state()
    status = repository.must("status", "1")
    assert status.startswith("### 🧭 Excursion 1 is open\n\n**Does it settle?**")
    assert "- **Ada** (70 %): It settles" in status
    assert "| `seed` | int | `0` |" in repository.must("params", "1")
    assert "| `demos/blank` | demo |" in repository.must("templates")
    assert repository.state() == before
    repository.must("comment", "1", "/status")
    assert bodies(repository)["reply:3"].startswith("### 🧭 Excursion 1 is open")


def test_a_deleted_welcome_makes_nothing_unfindable(repository: Repository) -> None:
    repository.ask()
    repository.commit_notebook("print('hi')")
    welcome_file(repository).unlink()

    repository.must("run", "1")

    assert repository.json("list")[0]["branch"] == "1-does-it-settle"
    assert "`excursion start 1` makes it anew" in repository.must("status", "1")
    repository.must("log", "1", "Found again.")
    welcome = bodies(repository)["welcome"]
    assert "This entry was made anew" in welcome
    assert "Found again." in welcome
    assert "makes it anew" not in repository.must("status", "1")


def test_an_excursion_is_found_by_its_runs_when_branch_and_welcome_are_gone(
    repository: Repository,
) -> None:
    repository.ask()
    repository.commit_notebook("print('hi')")
    repository.must("run", "1")
    repository.git("worktree", "remove", "--force", ".excursions/worktrees/1-does-it-settle")
    repository.git("branch", "-D", "1-does-it-settle")
    welcome_file(repository).unlink()
    assert repository.json("list")[0]["folder"] == "excursions/demos/1-does-it-settle"
    done = repository.excursion("run", "1")
    assert "the branch 1-does-it-settle is gone" in done.err
    repository.must("reproduce", "1", "1")


def test_spoilers_fold_and_open(repository: Repository) -> None:
    repository.ask()
    repository.commit_notebook("from runner.notebook import record", "record(loss=0.125)")
    repository.must("spoiler", "1", "on")
    repository.must("run", "1")
    folded = bodies(repository)["run:1.1"]
    assert "0.125" not in folded.partition("<details>")[0]
    assert "*folded*" in repository.must("status", "1")
    said = repository.must("spoiler", "1", "off")
    assert "run 1.1, which were folded" in said
    assert "0.125" in bodies(repository)["run:1.1"].partition("<details>")[0]
    page = (repository.top / ".excursions/1/thread.html").read_text()
    assert "open for its results" not in page


def test_closing_and_opening_again(repository: Repository) -> None:
    repository.ask()
    repository.must("close", "1", "Not", "now.")
    assert repository.json("list")[0]["state"] == "closed"
    for words in (("run", "1"), ("predict", "1", "so"), ("close", "1"), ("spoiler", "1", "on")):
        done = repository.excursion(*words)
        assert done.status == 2
        assert "excursion reopen 1" in done.err
    repository.must("reopen", "1")
    repository.must("answer", "1", "It does.", "--outcome", "confirmed")
    assert repository.json("list")[0]["state"] == "confirmed"
    repository.must("reopen", "1")
    assert repository.json("list")[0]["state"] == "open"
    repository.must("answer", "1", "It does not.", "--outcome", "refuted")
    assert repository.json("list")[0]["state"] == "refuted"
    found = bodies(repository)
    assert list(found)[-5:] == ["closed:1", "reopened:1", "answer", "reopened:2", "answer:2"]
    assert repository.git("show", "main:excursions/demos/1-does-it-settle/README.md").count(
        "It does not."
    )


def test_parts_are_issues_of_their_own_that_say_what_they_are_part_of(
    repository: Repository,
) -> None:
    repository.ask()
    assert repository.must("split", "1", "Is it so?", "Why is it so?").split() == ["2", "3"]
    assert repository.must("split", "1", "Is it so?", "Why is it so?").split() == ["2", "3"]
    assert [row["question"] for row in repository.json("list")][1:] == [
        "Is it so?",
        "Why is it so?",
    ]
    assert "Part of #1: *Does it settle?*" in repository.must("show", "2")
    assert "| #2 | Is it so? |" in bodies(repository)["split:1"]
    assert "linked in words" in bodies(repository)["split:1"]
    assert (repository.top / ".excursions/2/thread.html").exists()
    repository.must("start", "2")
    assert repository.json("list")[1]["branch"] == "2-is-it-so"
    done = repository.excursion("split", "1", "Is it so?", "…!")
    assert done.status == 2
    assert len(repository.json("list")) == 3
    assert "open issues  as parts of issue 1" in repository.must(
        "split", "1", "How so?", "--dry-run"
    )
