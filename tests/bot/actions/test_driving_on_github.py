"""The commands that drive a thread, on GitHub: log, status, spoiler, close, reopen, split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bench import CONFIG, Bench, succeed
from rigs.github.server import Server

from bot.forge.marker import read_marker


@pytest.fixture
def bench(github: Server, tmp_path: Path) -> Bench:
    made = Bench(github, tmp_path / "jobs", config=f"{CONFIG}[budget]\ngpu_minutes_per_week = 60\n")
    made.prepare()
    return made


def delete(bench: Bench, issue: int, key: str) -> None:
    """Delete an entry, as a maintainer can."""
    comments = bench.github.world.every(f"/issues/{issue}/comments")
    [number] = [each["id"] for each in comments if f'"key": "{key}"' in each["body"]]
    bench.github.as_person("ada", "DELETE", f"/issues/comments/{number}")


def edit(bench: Bench, issue: int, key: str, old: str, new: str) -> None:
    """Edit an entry, as a maintainer can."""
    comments = bench.github.world.every(f"/issues/{issue}/comments")
    [there] = [each for each in comments if f'"key": "{key}"' in each["body"]]
    assert old in there["body"]
    body = {"body": there["body"].replace(old, new)}
    bench.github.as_person("ada", "PATCH", f"/issues/comments/{there['id']}", body)


def reply(bench: Bench, event: tuple[str, dict[str, Any]]) -> str:
    """Give the entry that answers a comment."""
    _, payload = event
    return bench.entry(payload["issue"]["number"], f"reply:{payload['comment']['id']}")


def test_lines_of_the_log_are_kept_in_the_welcome_once_however_often_delivered(
    bench: Bench,
) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/log Layer 3 looks odd.\n/log So does **layer 4**.", "rea")
    bench.requests()
    bench.triage(*event)
    assert len(bench.requests()) <= 6
    bench.triage(*event)
    bench.triage(*bench.say(issue, "/log It was a bug, @wes.", "wes"))
    welcome = bench.entry(issue, "welcome")
    assert "📓 Log (3 lines)" in welcome
    lines = [line.partition(" **")[2] for line in welcome.splitlines() if line.startswith("- ")]
    assert lines == [
        "rea**: Layer 3 looks odd.",
        "rea**: So does **layer 4**.",
        "wes**: It was a bug, @\u200bwes.",
    ]
    assert bench.reactions(event) == ["eyes", "rocket"]


def test_a_line_and_a_run_of_one_comment_are_both_in_the_welcome(bench: Bench) -> None:
    issue = bench.begin()
    bench.triage(*bench.say(issue, "/run seed=3\n\n/log Started."))
    welcome = bench.entry(issue, "welcome")
    assert "run 1.1 under way" in welcome
    assert "**wes**: Started." in welcome


def test_the_log_goes_into_the_readme_with_the_answer(bench: Bench) -> None:
    issue = bench.begin()
    bench.triage(*bench.say(issue, "/log It `settles`."))
    bench.triage(*bench.say(issue, "/answer It does. outcome=confirmed"))
    branch = f"{issue}-does-it-settle"
    readme = bench.github.bare.git("show", f"{branch}:excursions/demos/{branch}/README.md")
    assert "## Log" in readme
    assert "**wes**: It `settles`." in readme


def test_a_deleted_welcome_is_found_again_by_the_branch_whatever_the_title_is_now(
    bench: Bench,
) -> None:
    issue = bench.begin()
    bench.triage(*bench.say(issue, "/predict It settles."))
    delete(bench, issue, "welcome")
    bench.github.as_person("ada", "PATCH", f"/issues/{issue}", {"title": "Another title"})

    [element] = bench.triage(*bench.say(issue, "/run seed=3"))
    bench.publish([element], bench.leave([element], succeed(1)))
    assert "succeeded" in bench.entry(issue, f"run:{issue}.1")

    status = bench.say(issue, "/status", "rea")
    bench.triage(*status)
    assert "`1-does-it-settle`" in reply(bench, status)
    assert "`/start` makes it anew" in reply(bench, status)

    bench.triage(*bench.say(issue, "/start"))
    welcome = bench.entry(issue, "welcome")
    assert "This entry was made anew" in welcome
    assert "1-does-it-settle" in welcome
    branches = [ref for ref in bench.github.bare.refs() if ref.startswith("refs/heads/")]
    assert branches == ["refs/heads/1-does-it-settle", "refs/heads/main"]


def test_a_welcome_whose_marker_somebody_damaged_is_mended(bench: Bench) -> None:
    issue = bench.begin()
    bench.triage(*bench.say(issue, "/log One."))
    edit(bench, issue, "welcome", '"branch": "1-does-it-settle"', '"branch": 5')
    bench.triage(*bench.say(issue, "/log Two."))
    welcome = bench.entry(issue, "welcome")
    assert "**wes**: One.\n" in welcome
    assert "**wes**: Two.\n" in welcome
    found = read_marker(welcome)
    assert found is not None
    assert found[1]["branch"] == "1-does-it-settle"


def test_what_somebody_wrote_into_the_welcome_stays(bench: Bench) -> None:
    issue = bench.begin()
    edit(bench, issue, "welcome", "### 🧭", "**Read [this](https://e.org) first.**\n\n### 🧭")
    bench.triage(*bench.say(issue, "/log One."))
    assert "**Read [this](https://e.org) first.**" in bench.entry(issue, "welcome")
    assert "**wes**: One." in bench.entry(issue, "welcome")


def test_status_params_and_templates_are_answered_in_one_entry(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/status\n/params\n/templates", "rea")
    bench.triage(*event)
    bench.triage(*event)
    text = reply(bench, event)
    assert text.startswith(f"### 🧭 Excursion {issue} is open")
    page = f"{bench.github.origin}/{bench.github.repository}"
    assert f"[`1-does-it-settle`]({page}/tree/1-does-it-settle)" in text
    assert "**Budget:** 60 of 60 GPU minutes are left" in text
    assert "| `seed` | int | `0` |" in text
    assert "| `demos/no-positions` | demo |" in text
    assert bench.reactions(event) == ["eyes", "rocket"]


def test_spoilers_fold_what_is_published_until_they_are_off(bench: Bench) -> None:
    issue = bench.begin()
    bench.triage(*bench.say(issue, "/spoiler on"))
    elements = bench.triage(*bench.say(issue, "/run seed=3"))
    bench.publish(elements, bench.leave(elements, succeed(1)))
    key = f"run:{issue}.1"
    assert f"<summary>Run {issue}.1 succeeded · open for its results</summary>" in bench.entry(
        issue, key
    )
    event = bench.say(issue, "/spoiler off")
    bench.triage(*event)
    bench.triage(*event)
    entry = bench.entry(issue, key)
    assert "open for its results" not in entry
    assert "| `loss` | 0.2500 |" in entry
    assert f"those of run {issue}.1, which were folded" in reply(bench, event)
    assert "🙈" not in bench.entry(issue, "welcome")


def test_closing_and_opening_again_set_state_and_reason(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/close The wrong question.")
    bench.triage(*event)
    bench.triage(*event)
    found = bench.issue(issue)
    assert (found["state"], found["state_reason"]) == ("closed", "not_planned")
    assert "The wrong question." in bench.entry(issue, "closed:1")
    assert "Closed without an answer; see below." in bench.entry(issue, "welcome")

    refused = bench.say(issue, "/run")
    assert bench.triage(*refused) == []
    assert "/reopen" in reply(bench, refused)
    assert bench.reactions(refused) == ["eyes", "-1"]

    bench.triage(*bench.say(issue, "/reopen"))
    assert bench.issue(issue)["state"] == "open"
    bench.triage(*event)  # delivered once more, late
    assert bench.issue(issue)["state"] == "open"
    assert len(bench.triage(*bench.say(issue, "/run"))) == 1


def test_nothing_is_closed_while_something_runs(bench: Bench) -> None:
    issue = bench.begin()
    bench.triage(*bench.say(issue, "/run"))
    event = bench.say(issue, "/close")
    bench.triage(*event)
    assert bench.issue(issue)["state"] == "open"
    assert "/cancel 1" in reply(bench, event)


def test_an_answered_question_that_is_opened_again_gets_a_second_answer(bench: Bench) -> None:
    issue = bench.begin()
    bench.triage(*bench.say(issue, "/answer It does. outcome=confirmed"))
    [pull] = bench.github.as_person("ada", "GET", "/pulls?state=open")
    bench.github.merge(pull["number"])
    assert bench.issue(issue)["state"] == "closed"

    bench.triage(*bench.say(issue, "/reopen"))
    labels = {label["name"] for label in bench.issue(issue)["labels"]}
    assert bench.issue(issue)["state"] == "open"
    assert "excursion:answered" not in labels
    assert "(*confirmed*) is taken back" in bench.entry(issue, "reopened:1")

    bench.triage(*bench.say(issue, "/answer It does not. outcome=refuted"))
    assert "It does." in bench.entry(issue, "answer")
    assert "It does not." in bench.entry(issue, "answer:2")
    [pull] = bench.github.as_person("ada", "GET", "/pulls?state=open")
    assert f"Closes #{issue}" in pull["body"]


def test_parts_are_sub_issues_that_are_opened_once(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, '/split "Is it so at layer 0?" "Is it so @ada?"')
    bench.triage(*event)
    bench.triage(*event)
    parts = bench.github.world.sub_issues[issue]
    assert [bench.issue(part)["title"] for part in parts] == [
        "Is it so at layer 0?",
        "Is it so @ada?",
    ]
    assert bench.issue(parts[0])["body"].startswith(f"Part of #{issue}: *Does it settle?*")
    entry = bench.entry(issue, "split:1")
    assert f"| #{parts[0]} | Is it so at layer 0? |" in entry
    assert "linked in words" not in entry
    assert len(list(bench.github.world.every("/issues", "&state=all"))) == 3


def test_a_part_that_somebody_forged_is_not_taken_for_ours(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, '/split "Is it so?"')
    mark = f"{event[1]['comment']['id']}.0/0"
    forged = f'<!-- excursion {{"key": "part", "mark": "{mark}", "of": {issue}}} -->'
    theirs = bench.github.open_issue("eve", "Mine", forged)
    bench.triage(*event)
    [part] = bench.github.world.sub_issues[issue]
    assert part != theirs


def test_where_there_are_no_sub_issues_parts_are_linked_in_words(bench: Bench) -> None:
    issue = bench.begin()
    bench.github.world.refuses_sub_issues = True
    event = bench.say(issue, '/split "Is it so?"')
    bench.triage(*event)
    assert "They are linked in words" in bench.entry(issue, "split:1")
    assert bench.github.world.sub_issues == {}
    assert bench.reactions(event) == ["eyes", "rocket"]


def test_bad_questions_open_nothing(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, '/split "Is it so?" "…!"')
    bench.triage(*event)
    assert "no words" in reply(bench, event)
    assert len(list(bench.github.world.every("/issues", "&state=all"))) == 1
