"""The GitHub forge's parts of a question: issues that are opened once, and linked as sub-issues.

https://docs.github.com/en/rest/issues/sub-issues
"""

from __future__ import annotations

from typing import Any

from bot.forge import github_queries as queries
from bot.forge.github_api import RefusedError
from bot.forge.github_place import GithubPlace
from bot.forge.github_reading import Node, is_ours, number_of, with_marker
from bot.forge.marker import read_marker
from bot.forge.protocol import Part

PART = "part"  # what the marker of such an issue is


class GithubParts(GithubPlace):
    """The sub-issues of one issue on GitHub."""

    _opened: dict[str, tuple[int, int]] | None = None  # mark ─► number and id, once looked up
    _linked: set[int] | None = None  # the numbers of sub-issues, once looked up

    def open_part(self, issue: int, title: str, body: str, author: str, mark: str) -> Part:
        """Open an issue for a part of this one's question, unless one bears this mark already.

        Where GitHub refuses to make it a sub-issue, it is linked only by what it says.

        Raises:
            ForgeError: GitHub failed.
        """
        if self._opened is None:
            self._opened = self._marked(issue)
        if mark not in self._opened:
            self._opened[mark] = self._open(issue, title, body, mark)
        number, identifier = self._opened[mark]
        return Part(number, title, is_sub_issue=self._link_part(issue, number, identifier))

    def _open(self, issue: int, title: str, body: str, mark: str) -> tuple[int, int]:
        text = with_marker(body, PART, {"of": issue, "mark": mark})

        def opened() -> dict[str, Any] | None:
            found = self._marked(issue).get(mark)
            return {"number": found[0], "id": found[1]} if found else None

        wanted = {"title": title, "body": text}
        made = self._api.write("POST", "/issues", wanted, happened=opened).data
        return int(made["number"]), int(made["id"])

    def _marked(self, issue: int) -> dict[str, tuple[int, int]]:
        """List the parts that were opened since the command was given, by their marks.

        Gives each one's number, and what GitHub's REST calls its id. Only what we opened counts,
        whatever others write.
        """
        self._known(issue)
        nodes: list[Node] = []
        after = None
        while True:
            asked = {**self._whose(), "since": self._moment, "after": after}
            page = self._api.query(queries.OPENED, asked)["repository"]["issues"]
            nodes += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        found = {}
        for node in nodes:
            key, data = (is_ours(node, self._bot) and read_marker(node["body"] or "")) or ("", {})
            if key == PART and data.get("of") == issue:
                found[str(data.get("mark"))] = (int(node["number"]), number_of(node))
        return found

    def _link_part(self, issue: int, number: int, identifier: int) -> bool:
        """Make an issue a sub-issue of this one; False if GitHub will not."""
        path = f"/issues/{issue}/sub_issues"

        def linked() -> Any:
            return next((each for each in self._api.pages(path) if each["number"] == number), None)

        try:
            if self._linked is None:
                self._linked = {int(each["number"]) for each in self._api.pages(path)}
            if number not in self._linked:
                self._api.write("POST", path, {"sub_issue_id": identifier}, happened=linked)
                self._linked.add(number)
        except RefusedError:
            return False
        return True
