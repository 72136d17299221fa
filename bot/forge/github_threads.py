"""The GitHub forge's threads: issues, comments, labels and reactions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from bot.errors import ForgeError, RequestError
from bot.forge.github_api import GoneError
from bot.forge.github_place import GithubPlace
from bot.forge.github_reading import Spent, read_comment, with_marker
from bot.thread import BOT, Comment, Thread

LONGEST = 65_536  # characters; GitHub's own limit for a comment
ASKED = "asked"  # what an entry's marker remembers of the command that it answers


class GithubThreads(GithubPlace):
    """The thread of one issue on GitHub."""

    def next_issue(self) -> int:
        """Refuse: GitHub numbers issues itself."""
        raise _on_github()

    def questions(self) -> tuple[Thread, ...]:
        """Refuse: questions are asked on GitHub itself."""
        raise _on_github()

    def open_issue(
        self, issue: int, title: str, body: str, labels: tuple[str, ...], author: str
    ) -> None:
        """Refuse: issues are opened on GitHub itself."""
        raise _on_github()

    def thread(self, issue: int) -> Thread:
        """Read the thread.

        Raises:
            RequestError: There is no such issue.
        """
        return self._known(issue)

    def spent(self) -> tuple[Spent, ...]:
        """Give what entries of the whole repository remember, if it was to be read."""
        self._known(self._issue)
        return self._spent

    def spent_lately(self) -> tuple[Mapping[str, Any], ...]:
        """Give what entries of the whole repository remember, if it was to be read."""
        return tuple(entry.data for entry in self.spent())

    def close_issue(self, issue: int, *, answered: bool = True) -> None:
        """Close the issue, as completed or as not planned."""
        if self._known(issue).is_open:
            why = "completed" if answered else "not_planned"
            self._set_state(issue, {"state": "closed", "state_reason": why})

    def reopen_issue(self, issue: int) -> None:
        """Open the issue again."""
        if not self._known(issue).is_open:
            self._set_state(issue, {"state": "open"})

    def _set_state(self, issue: int, wanted: dict[str, str]) -> None:
        self._api.write("PATCH", f"/issues/{issue}", wanted)
        self._thread = dataclasses.replace(self._known(issue), state=wanted["state"])

    def set_labels(self, issue: int, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
        """Add and remove labels; one that the repository does not have yet is made."""
        labels = self._known(issue).labels
        new = [label for label in add if label not in labels]
        gone = [label for label in remove if label in labels]
        if new:
            self._api.write("POST", f"/issues/{issue}/labels", {"labels": new})
        for label in gone:
            path = f"/issues/{issue}/labels/{quote(label, safe='')}"
            with suppress(GoneError):
                self._api.write("DELETE", path)
        kept = tuple(label for label in labels if label not in gone)
        self._thread = dataclasses.replace(self._known(issue), labels=(*kept, *new))

    def post_comment(self, issue: int, author: str, body: str) -> int:
        """Post nothing: on GitHub a person's words are in the thread when we hear of them."""
        return 0

    def react(self, issue: int, comment: int, reaction: str) -> None:
        """Acknowledge a comment, or the issue itself where its number is 0."""
        react(self._api, issue, comment, reaction)

    def upsert_entry(self, issue: int, key: str, body: str, data: dict[str, Any]) -> None:
        """Post our entry with this key, or edit the one that is there.

        An entry that answers the same command is the same, whatever its key.

        Raises:
            ForgeError: It is too long for GitHub, or GitHub failed.
        """
        shown = body.strip("\n")
        text = with_marker(shown, key, data)
        if len(text) > LONGEST:
            raise ForgeError(f"the entry {key} has {len(text)} characters, {LONGEST} at most")
        there = self._entry(key, data.get(ASKED))
        if there is not None:
            if (there.body, there.key, there.data) == (shown, key, data):
                return
            try:
                self._api.write("PATCH", f"/issues/comments/{there.number}", {"body": text})
            except GoneError:
                self._remember(there, gone=True)  # a person has deleted it meanwhile
            else:
                self._remember(dataclasses.replace(there, body=shown, key=key, data=data))
                return

        def posted() -> dict[str, Any] | None:
            comments = [read_comment(node, self._bot) for node in self._comments_now()]
            found = next((c for c in comments if c.is_entry and c.key == key), None)
            return {"id": found.number} if found else None

        path = f"/issues/{issue}/comments"
        made = self._api.write("POST", path, {"body": text}, happened=posted).data
        self._fresh.add(key)
        self._remember(Comment(made["id"], BOT, self._moment, self._moment, shown, key, data))

    def remove_entry(self, issue: int, key: str) -> None:
        """Take our entry with this key back, unless it is gone."""
        there = self._known(issue).entry(key)
        if there is not None:
            self._api.write("DELETE", f"/issues/comments/{there.number}", allowed=(404,))
            self._remember(there, gone=True)

    def _entry(self, key: str, asked: Any) -> Comment | None:
        """Find our entry of this key, or that answers this command."""
        thread = self._known(self._issue)
        ours = [comment for comment in thread.comments if comment.is_entry]
        same = [c for c in ours if asked and (c.data or {}).get(ASKED) == asked]
        return next(iter(same), None) or thread.entry(key)

    def _remember(self, comment: Comment, *, gone: bool = False) -> None:
        """Keep what was read up to date with what we did."""
        thread = self._known(self._issue)
        comments = {each.number: each for each in thread.comments}
        comments[comment.number] = comment
        if gone:
            del comments[comment.number]
        self._thread = dataclasses.replace(thread, comments=tuple(comments.values()))


def react(api: Any, issue: int, comment: int, reaction: str) -> None:
    """Acknowledge a comment, or the issue itself; GitHub keeps one of a kind from each of us.

    A comment that was deleted meanwhile needs no more of it.
    """
    at = f"/issues/comments/{comment}" if comment else f"/issues/{issue}"
    api.write("POST", f"{at}/reactions", {"content": reaction}, allowed=(404,))


def _on_github() -> RequestError:
    return RequestError("questions are asked on GitHub itself", right="Open an issue there.")
