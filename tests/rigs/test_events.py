"""Payloads are GitHub's own examples, varied in what a test says and in nothing else."""

from __future__ import annotations

import pytest

from rigs import events
from rigs.github import BOT, Server

pytestmark = pytest.mark.usefixtures("node_packages")


@pytest.mark.parametrize("number", range(5))
def test_a_comment_keeps_all_that_the_example_has(number: int) -> None:
    assert events.count("issue_comment", "created") == 5
    plain = events.example("issue_comment", "created", number)
    varied = events.commented(
        {"number": 7}, {"body": "/run"}, sender="eve", association="NONE", number=number
    )
    assert varied["comment"]["body"] == "/run"
    assert varied["comment"]["author_association"] == "NONE"
    assert varied["comment"]["user"]["login"] == varied["sender"]["login"] == "eve"
    assert varied["issue"]["number"] == 7
    assert set(plain) == set(varied)
    assert set(plain["issue"]) == set(varied["issue"])
    assert set(plain["sender"]) == set(varied["sender"])
    assert events.example("issue_comment", "created", number) == plain


def test_the_bot_is_of_type_bot_and_a_pull_is_an_issue() -> None:
    payload = events.commented({"pull_request": {}}, {"body": "x"}, sender=BOT, action="edited")
    assert payload["action"] == "edited"
    assert payload["sender"]["type"] == "Bot"
    assert "pull_request" in payload["issue"]


def test_a_label_is_on_the_issue_once_and_gone_when_unlabeled() -> None:
    issue = {"number": 1, "labels": [{"name": "excursion"}, {"name": "bug"}]}
    for action, names in (("labeled", ["bug", "excursion"]), ("unlabeled", ["bug"])):
        payload = events.labeled(issue, "excursion", action=action, sender="tri")
        assert payload["label"]["name"] == "excursion"
        assert [label["name"] for label in payload["issue"]["labels"]] == names


def test_a_form_says_each_answer_under_its_label() -> None:
    body = events.form_body({"Question": "Does it settle?", "Hypothesis": ""})
    assert body == "### Question\n\nDoes it settle?\n\n### Hypothesis\n\n_No response_"


def test_an_event_tells_of_what_the_server_has(github: Server) -> None:
    number = github.open_issue("rea", "Does it settle?", "We wonder.")
    comment = github.comment("rea", number, "/run")
    issue = github.document(f"/issues/{number}")
    payload = events.commented(issue, comment, sender="rea", repository=github.document(""))
    assert payload["repository"]["full_name"] == github.repository
    assert payload["issue"]["node_id"] == issue["node_id"]
    assert payload["comment"]["id"] == comment["id"]
