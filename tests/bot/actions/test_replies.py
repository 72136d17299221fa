"""Comments on GitHub: acknowledged, carried out, answered once; edits change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bench import CONFIG, Bench, succeed
from rigs import events
from rigs.github.server import Server

from bot.errors import ForgeError, RequestError


@pytest.fixture
def bench(github: Server, tmp_path: Path) -> Bench:
    return made(github, tmp_path, CONFIG)


def made(github: Server, tmp_path: Path, config: str) -> Bench:
    bench = Bench(github, tmp_path / "jobs", config)
    bench.prepare()
    return bench


def number_of(event: tuple[str, dict[str, Any]]) -> int:
    number: int = event[1]["comment"]["id"]
    return number


def reply(bench: Bench, issue: int, event: tuple[str, dict[str, Any]]) -> str:
    return bench.entry(issue, f"reply:{number_of(event)}")


def test_help_answers_once_however_often_the_comment_is_delivered(bench: Bench) -> None:
    issue = bench.ask()
    event = bench.say(issue, "@github-actions help\n\n/help run", "rea")
    bench.triage(*event)
    before = bench.github.state()
    bench.triage(*event)

    assert bench.github.state() == before
    text = reply(bench, issue, event)
    assert "| `/log text` | anyone |" in text
    assert "### `/run [name=value…]" in text
    assert bench.reactions(event) == ["eyes", "rocket"]


def test_a_slip_is_answered_with_its_spot_and_nothing_of_the_comment_is_done(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/predict It settles\n/rnu seed=3")
    assert bench.triage(*event) == []
    assert "```\n/rnu seed=3\n^^^^\n```\n\nDid you mean this? /run seed=3" in reply(
        bench, issue, event
    )
    assert not [body for body in bench.comments(issue) if "predicts" in body]
    assert bench.reactions(event) == ["eyes", "-1"]


def test_what_stands_above_an_impossible_command_is_done_and_it_ends_in_one_reaction(
    bench: Bench,
) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/run seed=3\n/run sed=4\n/predict It settles")
    elements = bench.triage(*event)
    assert [element["run_id"] for element in elements] == [f"{issue}.1"]
    bench.publish(elements, bench.leave(elements, succeed()))

    text = reply(bench, issue, event)
    assert "/run sed=4\n     ^^^\n```\n\nDid you mean 'seed'?" in text
    assert "the command above it was carried out; this one and the command below it were" in text
    assert "succeeded" in bench.entry(issue, f"run:{issue}.1")
    assert bench.reactions(event) == ["eyes", "-1"]


def test_editing_a_comment_runs_nothing(bench: Bench) -> None:
    issue = bench.begin()
    name, payload = bench.say(issue, "Hm.")
    bench.triage(name, payload)
    path = f"/issues/comments/{payload['comment']['id']}"
    comment = bench.github.as_person("wes", "PATCH", path, {"body": "/run"})
    before = bench.github.state()
    edited = events.commented(bench.issue(issue), comment, sender="wes", action="edited")
    assert bench.triage("issue_comment", edited) == []
    assert bench.github.state() == before


def test_deleting_a_comment_undoes_nothing(bench: Bench) -> None:
    issue = bench.begin()
    name, payload = bench.say(issue, "/predict It settles", "rea")
    bench.triage(name, payload)
    bench.github.as_person("ada", "DELETE", f"/issues/comments/{payload['comment']['id']}")
    before = bench.github.state()
    deleted = {**payload, "action": "deleted"}
    assert bench.triage(name, deleted) == []
    assert bench.github.state() == before
    assert "rea predicts" in bench.entry(issue, "prediction:1")


def test_a_run_is_told_of_though_its_command_was_deleted_meanwhile(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/run seed=3")
    elements = bench.triage(*event)
    bench.github.as_person("ada", "DELETE", f"/issues/comments/{number_of(event)}")
    assert bench.triage(*event) == elements
    bench.publish(elements, bench.leave(elements, succeed()))
    assert "succeeded" in bench.entry(issue, f"run:{issue}.1")


def test_a_reply_that_somebody_deleted_is_there_again_after_the_next_delivery(
    bench: Bench,
) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/help")
    bench.triage(*event)
    [ours] = [
        c for c in bench.github.world.every(f"/issues/{issue}/comments") if "reply:" in c["body"]
    ]
    bench.github.as_person("ada", "DELETE", f"/issues/comments/{ours['id']}")
    bench.triage(*event)
    assert "/log text" in reply(bench, issue, event)


def test_strangers_get_a_few_answers_one_polite_line_and_then_only_a_reaction(
    github: Server, tmp_path: Path
) -> None:
    bench = made(github, tmp_path, f"{CONFIG}[commands]\nreplies_per_hour = 2\n")
    issue = bench.ask()
    said = [bench.say(issue, text, "rea") for text in ("/help", "/run", "/help", "/run", "/help")]
    for event in said:
        bench.triage(*event)

    replies = [body for body in bench.comments(issue) if "excursion {" in body]
    assert len(replies) == 3
    assert "| `/log text`" in replies[0]
    assert "needs the role write" in replies[1]
    assert replies[2].startswith("*The bot has answered 2 times in this hour here.")
    assert [bench.reactions(event)[-1] for event in said] == ["rocket", "-1", "-1", "-1", "-1"]
    member = bench.say(issue, "/help", "wes")
    bench.triage(*member)
    assert bench.reactions(member) == ["eyes", "rocket"]


def test_a_role_that_the_configuration_asks_for_is_held(github: Server, tmp_path: Path) -> None:
    bench = made(github, tmp_path, f'{CONFIG}[commands.roles]\npredict = "triage"\n')
    issue = bench.begin()
    refused, allowed = (bench.say(issue, "/predict It will", who) for who in ("rea", "tri"))
    bench.triage(*refused)
    bench.triage(*allowed)
    assert "It needs the role triage in this repository." in reply(bench, issue, refused)
    assert "tri predicts" in bench.entry(issue, "prediction:1")


# -- faults of ours ----------------------------------------------------------------------------


def test_a_fault_of_ours_names_the_log_and_is_taken_back_once_it_works(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/run seed=3")
    (bench.trusted / "excursions.toml").write_text("rot = 1\n")
    with pytest.raises(RequestError):
        bench.triage(*event)
    trouble = bench.entry(issue, f"trouble:{number_of(event)}")
    assert f"[The job's log]({bench.github.origin}/team/research/actions/runs/77)" in trouble
    assert "unknown key 'rot'" in trouble
    assert bench.reactions(event) == ["eyes", "confused"]

    (bench.trusted / "excursions.toml").write_text(CONFIG)
    [element] = bench.triage(*event)
    assert not [body for body in bench.comments(issue) if "trouble:" in body]
    bench.publish([element], bench.leave([element], succeed()))
    assert bench.reactions(event) == ["eyes", "rocket"]


def test_files_that_could_not_be_published_are_a_fault_of_ours_until_they_are(
    bench: Bench,
) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/run seed=3")
    elements = bench.triage(*event)
    left = bench.leave(elements, succeed())
    bench.github.bare.git("config", "http.receivepack", "false")
    with pytest.raises(ForgeError):
        bench.publish(elements, left)
    assert "The job's log" in bench.entry(issue, f"trouble:{number_of(event)}")
    assert bench.reactions(event) == ["eyes", "confused"]

    bench.github.bare.git("config", "http.receivepack", "true")
    bench.publish(elements, left)
    assert not [body for body in bench.comments(issue) if "trouble:" in body]
    assert bench.reactions(event) == ["eyes", "rocket"]


def test_a_mistake_that_is_none_any_more_is_taken_back(bench: Bench) -> None:
    issue = bench.ask()
    event = bench.say(issue, "/run seed=3")
    bench.triage(*event)
    assert "has not begun" in reply(bench, issue, event)
    bench.triage(*bench.label(issue))
    [element] = bench.triage(*event)
    assert element["run_id"] == f"{issue}.1"
    assert not [body for body in bench.comments(issue) if "reply:" in body]
    assert bench.reactions(event) == ["eyes"]
