"""The local forge's threads: issues and comments as plain files (see `thread_files`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.errors import ForgeError, RequestError
from bot.excursion import issue_of_file
from bot.excursion_file import FILE_NAME
from bot.forge import thread_files
from bot.forge.local_place import LocalPlace
from bot.forge.marker import read_marker, write_marker
from bot.forge.protocol import Part
from bot.forge.thread_files import write_atomically
from bot.moments import timestamp
from bot.thread import BOT, Comment, Thread

PART = "part"  # what the marker of an issue is that asks a part of another's question


class LocalThreads(LocalPlace):
    """The threads of one repository on this machine."""

    def next_issue(self) -> int:
        """Give the number that the next issue will have.

        It is above every thread, every run's ref and every excursion that is committed: a clone
        holds the last alone.
        """
        numbers = thread_files.issue_numbers(self.root)
        for ref in self.git.refs("refs/excursions/"):
            issue = ref.split("/")[2]
            if issue.isdigit():
                numbers.append(int(issue))
        committed = self.git.text("ls-files", "-z", "--", f":(glob,top)**/{FILE_NAME}")
        numbers += filter(None, map(issue_of_file, committed.split("\0")))
        return max(numbers, default=0) + 1

    def issue_numbers(self) -> list[int]:
        """List the issues that there are, the oldest first."""
        return thread_files.issue_numbers(self.root)

    def questions(self) -> tuple[Thread, ...]:
        """Read every issue without its comments, the oldest first."""
        found = (thread_files.read_issue(self.root, number) for number in self.issue_numbers())
        return tuple(thread for thread in found if thread is not None)

    def thread(self, issue: int) -> Thread:
        """Read one thread.

        Raises:
            RequestError: There is no such issue.
        """
        thread = thread_files.read_thread(self.root, issue)
        if thread is None:
            numbers = thread_files.issue_numbers(self.root)
            known = _known(numbers)
            raise RequestError(
                f"there is no issue {issue}", right=f"{known} `excursion list` shows them."
            )
        return thread

    def spent_lately(self) -> tuple[Mapping[str, Any], ...]:
        """Give nothing: what runs may take together is limited on GitHub only."""
        return ()

    def open_issue(
        self, issue: int, title: str, body: str, labels: tuple[str, ...], author: str
    ) -> None:
        """Open an issue under a number that was free."""
        now = timestamp(self._clock())
        thread = Thread(issue, title, body, "open", labels, author, now)
        if thread_files.create_issue(self.root, thread):
            return
        there = self.thread(issue)
        if there.title != title:
            raise ForgeError(
                f"issue {issue} was opened by someone else just now",
                right="Give the command again.",
            )

    def open_part(self, issue: int, title: str, body: str, author: str, mark: str) -> Part:
        """Open an issue for a part of this one's question, unless one bears this mark already.

        There are no sub-issues here; the part says what it is part of.
        """
        memory = {"of": issue, "mark": mark}
        there = next((t for t in self.questions() if read_marker(t.body) == (PART, memory)), None)
        if there is not None:
            return Part(there.number, there.title, is_sub_issue=False)
        number = self.next_issue()
        self.open_issue(number, title, f"{body}\n\n{write_marker(PART, memory)}", (), author)
        return Part(number, title, is_sub_issue=False)

    def close_issue(self, issue: int, *, answered: bool = True) -> None:  # noqa: ARG002  # GitHub's
        """Close an issue; whether it is answered, its entries say."""
        self._rewrite_issue(issue, state="closed")

    def reopen_issue(self, issue: int) -> None:
        """Open an issue that is closed."""
        self._rewrite_issue(issue, state="open")

    def set_labels(self, issue: int, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
        """Add and remove labels."""
        labels = self.thread(issue).labels
        kept = [label for label in labels if label not in remove]
        wanted = tuple(kept + [label for label in add if label not in kept])
        if wanted != labels:
            self._rewrite_issue(issue, labels=wanted)

    def _rewrite_issue(self, issue: int, **changes: Any) -> None:
        thread = self.thread(issue)
        if all(getattr(thread, name) == value for name, value in changes.items()):
            return
        fields = {name: getattr(thread, name) for name in thread.__dataclass_fields__}
        thread_files.write_issue(self.root, Thread(**(fields | changes)))

    def post_comment(self, issue: int, author: str, body: str) -> int:
        """Post a person's comment and give its number."""
        now = timestamp(self._clock())
        return thread_files.create_comment(self.root, issue, author=author, now=now, body=body)

    def react(self, issue: int, comment: int, reaction: str) -> None:
        """Acknowledge a comment, in its front matter."""
        for posted in self.thread(issue).comments:
            if posted.number == comment:
                thread_files.rewrite_comment(self.root, issue, posted, reaction=reaction)

    def upsert_entry(self, issue: int, key: str, body: str, data: dict[str, Any]) -> None:
        """Post our entry with this key, or edit the one that is there."""
        now = timestamp(self._clock())
        there = self.thread(issue).entry(key)
        if there is None:
            thread_files.create_comment(
                self.root, issue, author=BOT, now=now, body=body, key=key, data=data
            )
        elif (there.body, there.data) != (body.strip("\n"), data):
            edited = Comment(there.number, BOT, there.created, now, body, key, data)
            thread_files.rewrite_comment(self.root, issue, edited)

    def remove_entry(self, issue: int, key: str) -> None:
        """Take our entry with this key back, unless it is gone."""
        there = self.thread(issue).entry(key)
        if there is not None:
            thread_files.remove_comment(self.root, issue, there.number)

    def write_view(self, issue: int, name: str, text: str) -> Path:
        """Keep a rendering of the whole thread beside its files."""
        path = self.root / str(issue) / name
        if not path.exists() or path.read_bytes() != text.encode():
            write_atomically(path, text.encode())
        return path

    def picture(self, issue: int, path: str) -> bytes | None:
        """Read a picture that an entry names, None if no run or sweep of the thread made it."""
        folder = (self.root / str(issue)).resolve()
        wanted = (folder / path).resolve()
        inside = any(wanted.is_relative_to(folder / name) for name in ("runs", "sweeps"))
        if not inside or not wanted.is_file():
            return None
        return wanted.read_bytes()


def _known(numbers: list[int]) -> str:
    """Say which issues there are."""
    if not numbers:
        return "There is none yet."
    if len(numbers) == 1:
        return f"There is issue {numbers[0]}."
    if numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"There are issues {numbers[0]} to {numbers[-1]}."
    return f"There are issues {', '.join(str(number) for number in numbers[-20:])}."
