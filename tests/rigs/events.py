"""What a test says of an event ─► the payload that GitHub's webhook, and GITHUB_EVENT_PATH, carry.

Each begins as one of GitHub's own examples (@octokit/webhooks-examples), so that every field is
there, and is varied from it. Issues, comments and repositories are given as the API shows them,
whole or in part:

    labeled(github.document("/issues/1"), "excursion", sender="tri")
    commented({"number": 3}, {"body": "/run"}, sender="eve", association="NONE")
    commented(issue, comment, sender=BOT)                  # a login with [bot] is of type Bot
    commented(issue, comment, action="edited")
    commented({"pull_request": {}}, {"body": "/run"})      # what GitHub calls a comment on a pull
    opened({"body": form_body({"Question": "Does it settle?", "Hypothesis": ""})}, sender="ada")

`repository=github.document("")` makes it this server's repository.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rigs import node

Document = Mapping[str, Any]
Payload = dict[str, Any]


def example(event: str, action: str, number: int = 0) -> Payload:
    """Give GitHub's own example of an event, the n-th that it has for this action."""
    return copy.deepcopy(_examples(event, action)[number])


def count(event: str, action: str) -> int:
    """Tell how many examples there are."""
    return len(_examples(event, action))


@cache
def _examples(event: str, action: str) -> list[Payload]:
    where = ("@octokit", "webhooks-examples", "api.github.com", "index.json")
    known = json.loads(node.package_file(*where).read_bytes())
    examples = next(entry["examples"] for entry in known if entry["name"] == event)
    return [each for each in examples if each.get("action") == action]


def opened(
    issue: Document,
    *,
    sender: str = "ada",
    association: str = "MEMBER",
    repository: Document | None = None,
    number: int = 0,
) -> Payload:
    """Make `issues.opened`: who opened it is its author."""
    payload = example("issues", "opened", number)
    _vary(payload, "issue", {"user": _user(sender), "author_association": association, **issue})
    return _completed(payload, sender, repository)


def labeled(
    issue: Document,
    label: str,
    *,
    action: str = "labeled",
    sender: str = "ada",
    repository: Document | None = None,
    number: int = 0,
) -> Payload:
    """Make `issues.labeled` or `issues.unlabeled`; the issue bears the label, or no more."""
    payload = example("issues", action, number)
    _vary(payload, "issue", issue)
    payload["label"]["name"] = label
    others = [each for each in payload["issue"]["labels"] if each["name"] != label]
    own = [copy.deepcopy(payload["label"])] if action == "labeled" else []
    payload["issue"]["labels"] = others + own
    return _completed(payload, sender, repository)


def commented(
    issue: Document,
    comment: Document,
    *,
    action: str = "created",
    sender: str = "ada",
    association: str = "MEMBER",
    repository: Document | None = None,
    number: int = 0,
) -> Payload:
    """Make `issue_comment.created`, `.edited` or `.deleted`: the sender is the author too."""
    payload = example("issue_comment", action, number)
    _vary(payload, "issue", issue)
    own = {"user": _user(sender), "author_association": association}
    _vary(payload, "comment", {**own, **comment})
    return _completed(payload, sender, repository)


def form_body(answers: Mapping[str, str]) -> str:
    """Give an issue's body as GitHub makes it of an issue form: a heading for each label.

    https://docs.github.com/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema
    """
    parts = [f"### {label}\n\n{text or '_No response_'}" for label, text in answers.items()]
    return "\n\n".join(parts)


def write(payload: Payload, path: Path) -> Path:
    """Write a payload as a runner does, for GITHUB_EVENT_PATH."""
    path.write_text(json.dumps(payload, indent=2), encoding="utf-8")
    return path


def _completed(payload: Payload, sender: str, repository: Document | None) -> Payload:
    payload["sender"] = {**payload["sender"], **_user(sender)}
    if repository is not None:
        payload["repository"] |= repository
    return payload


def _vary(payload: Payload, key: str, changes: Document) -> None:
    payload[key] = {**payload[key], **copy.deepcopy(dict(changes))}


def _user(login: str) -> dict[str, str]:
    return {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"}
