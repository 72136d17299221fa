"""Comments on this machine: what they do, what they are answered, and what changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Repository


@pytest.fixture
def asked(repository: Repository) -> Repository:
    repository.ask()
    return repository


def post(repository: Repository, name: str) -> Path:
    [path] = Path(repository.top, ".excursions", "1").glob(f"*-{name}.md")
    return path


def reaction(repository: Repository, number: int) -> str:
    [path] = Path(repository.top, ".excursions", "1").glob(f"{number:04}-*.md")
    found = [line for line in path.read_text().split("\n") if line.startswith("reaction:")]
    return found[0].partition(": ")[2].strip("'") if found else ""


def test_help_is_answered_in_the_thread_and_the_comment_is_done(asked: Repository) -> None:
    assert asked.excursion("comment", "1", "What is there?\n\n/help run").status == 0
    reply = post(asked, "reply-2").read_text()
    assert "### `/run [name=value…]" in reply
    assert "/run layer=3 timeout=30m" in reply
    assert reaction(asked, 2) == "rocket"


def test_a_slip_stands_in_the_thread_with_its_answer_and_nothing_is_done(
    asked: Repository,
) -> None:
    done = asked.excursion("comment", "1", "/predict It settles\n/rnu seed=3")
    assert done.status == 2
    assert "there is no command 'rnu'" in done.err
    assert "```\n/rnu seed=3\n^^^^\n```" in post(asked, "reply-2").read_text()
    assert reaction(asked, 2) == "-1"
    assert len(asked.json("show", "1")["predictions"]) == 0


def test_what_stands_above_a_mistake_is_done_and_what_stands_below_is_not(
    asked: Repository,
) -> None:
    done = asked.excursion("comment", "1", "/predict It settles\n/run sed=3\n/predict It does not")
    assert done.status == 2
    [prediction] = asked.json("show", "1")["predictions"]
    assert prediction["text"] == "It settles"
    reply = post(asked, "reply-2").read_text()
    assert "/run sed=3\n     ^^^\n" in reply
    assert "the command above it was carried out; this one and the command below it were" in reply
    assert reaction(asked, 2) == "-1"


def test_a_comment_without_a_command_is_answered_nothing(asked: Repository) -> None:
    text = "I wonder about /usr/bin.\n\n> /run\n\n/shrug"
    assert asked.excursion("comment", "1", text).status == 0
    assert len(asked.json("show", "1")["posts"]) == 2
    assert reaction(asked, 2) == ""


def test_editing_a_comment_runs_nothing_and_deleting_it_undoes_nothing(asked: Repository) -> None:
    asked.must("comment", "1", "Hm.")
    asked.must("comment", "1", "/predict It settles")
    [edited] = Path(asked.top, ".excursions", "1").glob("0002-*.md")
    edited.write_text(edited.read_text().replace("Hm.", "/answer It does."))
    [deleted] = Path(asked.top, ".excursions", "1").glob("0003-*.md")
    deleted.unlink()
    asked.must("log", "1", "Going on.")

    found = asked.json("show", "1")
    assert found["state"] == "open"
    assert [each["text"] for each in found["predictions"]] == ["It settles"]


def test_entries_that_somebody_deleted_or_spoilt_break_nothing(asked: Repository) -> None:
    asked.must("predict", "1", "It settles", "confidence=70%")
    folder = Path(asked.top, ".excursions", "1")
    prediction = next(folder.glob("*-prediction-1.md"))
    prediction.write_text(prediction.read_text().replace('"confidence": 0.7', '"confidence": [9]'))
    assert asked.json("show", "1")["predictions"][0]["confidence"] is None
    prediction.unlink()
    next(folder.glob("*-welcome.md")).unlink()

    asked.must("start", "1")
    assert asked.json("show", "1")["branch"] == "1-does-it-settle"


def test_a_configuration_that_cannot_be_is_told_before_anything_is_posted(
    asked: Repository,
) -> None:
    config = Path(asked.top, "excursions.toml")
    config.write_text(f'{config.read_text()}\n[commands.roles]\nrun = "read"\n')
    done = asked.excursion("comment", "1", "/help")
    assert done.status == 2
    assert "commands.roles.run is 'read', but it executes code" in done.err
    assert len(asked.json("show", "1")["posts"]) == 1
