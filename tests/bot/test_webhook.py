"""What a webhook's payload asks for; most ask for nothing."""

from __future__ import annotations

from typing import Any

import pytest
from rigs import events
from rigs.github.people import BOT

from bot.actions.triage import read_asked
from bot.command import Run, Start
from bot.commands.parser import Line
from bot.forge.marker import write_marker
from bot.webhook import read_occasion

pytestmark = pytest.mark.usefixtures("node_packages")


def comment(text: str, sender: str = "wes", **changes: Any) -> dict[str, Any]:
    return events.commented({"number": 12}, {"body": text}, sender=sender, **changes)


def test_a_comment_on_an_issue_asks_for_its_commands() -> None:
    occasion = read_occasion("issue_comment", comment("Hm.\n\n/run layer=3"))
    assert occasion is not None
    assert (occasion.issue, occasion.who, occasion.is_label) == (12, "wes", False)
    assert read_asked(occasion) == ((Line(Run({"layer": "3"}), "/run layer=3"),), None)


@pytest.mark.parametrize(
    "text",
    ["> /run", "```\n/run\n```", "    /run", "- /run", "<!--\n/run\n-->", "see `/run`", "/running"],
)
def test_what_is_quoted_or_code_asks_for_nothing(text: str) -> None:
    occasion = read_occasion("issue_comment", comment(text))
    assert occasion is not None
    assert read_asked(occasion) == ((), None)


@pytest.mark.parametrize(
    "payload",
    [
        lambda: comment("/run", action="edited"),
        lambda: comment("/run", sender=BOT),
        lambda: comment("/run", sender="dependabot[bot]"),
        lambda: comment(f"/run\n\n{write_marker('run:12.1', {})}"),
        lambda: events.commented({"pull_request": {}}, {"body": "/run"}, sender="wes"),
    ],
    ids=["edit", "our own", "another bot", "our marker", "pull request"],
)
def test_others_are_ignored(payload: Any) -> None:
    assert read_occasion("issue_comment", payload()) is None


@pytest.mark.parametrize("label", ["excursion", "excursion:demo", "excursion:write-up"])
def test_a_label_asks_to_start(label: str) -> None:
    occasion = read_occasion("issues", events.labeled({"number": 3}, label, sender="wes"))
    assert occasion is not None
    assert (occasion.who, occasion.is_label) == ("wes", True)
    assert read_asked(occasion) == ((Line(Start(), ""),), None)


@pytest.mark.parametrize("label", ["bug", "template:blank", "excursion:running", "Excursion!"])
def test_other_labels_ask_for_nothing(label: str) -> None:
    assert read_occasion("issues", events.labeled({"number": 3, "labels": []}, label)) is None


def test_a_label_that_is_taken_away_asks_for_nothing() -> None:
    payload = events.labeled({"number": 3}, "excursion", action="unlabeled")
    assert read_occasion("issues", payload) is None


@pytest.mark.parametrize("event", ["push", "pull_request", "workflow_dispatch"])
def test_other_events_ask_for_nothing(event: str) -> None:
    assert read_occasion(event, comment("/run")) is None
