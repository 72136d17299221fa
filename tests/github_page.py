"""Markdown as GitHub shows it: rendered by GitHub's own parser, then searched for what it links."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

# After rendering, GitHub looks through text that is neither code nor a link for these
# (https://docs.github.com/en/get-started/writing-on-github).
_LINKED = {
    "mention": re.compile(r"(?<![A-Za-z0-9_`])@[a-z0-9][a-z0-9-]*", re.IGNORECASE),
    "issue": re.compile(r"#\d|(?<![a-z0-9])gh-\d", re.IGNORECASE),
    "commit": re.compile(r"\b(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,40}\b", re.IGNORECASE),
    "address": re.compile(r"https?://|www\.|[a-z0-9]@[a-z0-9]", re.IGNORECASE),
    "emoji": re.compile(r":(\+1|-1|100|x|tada):"),
}
_LITERAL = {"code", "pre", "a"}


@dataclass
class Page:
    """What a post shows.

    Attributes:
        tags: The names of its elements, each time that one begins.
        links: Where its links lead.
        pictures: Where its pictures come from.
        comments: Its hidden HTML comments.
        attributes: Names of all other attributes.
        text: What a reader sees, code included.
        linked: What GitHub would link besides, as kind and text.
    """

    tags: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    text: str = ""
    linked: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self._literal = 0
        self._run = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._end_run()
        self.page.tags.append(tag)
        self._literal += tag in _LITERAL
        for name, value in attrs:
            if (tag, name) == ("a", "href"):
                self.page.links.append(value or "")
            elif (tag, name) == ("img", "src"):
                self.page.pictures.append(value or "")
            elif name not in ("alt", "align", "lang"):
                self.page.attributes.add(name)

    def handle_endtag(self, tag: str) -> None:
        self._end_run()
        self._literal -= tag in _LITERAL

    def handle_comment(self, data: str) -> None:
        self.page.comments.append(data)

    def handle_decl(self, decl: str) -> None:
        self.page.tags.append(f"!{decl}")

    def unknown_decl(self, data: str) -> None:
        self.page.tags.append(f"!{data}")

    def handle_pi(self, data: str) -> None:
        self.page.tags.append(f"?{data}")

    def handle_data(self, data: str) -> None:
        self.page.text += data
        if not self._literal:
            self._run += data

    def _end_run(self) -> None:
        for kind, pattern in _LINKED.items():
            self.page.linked += [(kind, match[0]) for match in pattern.finditer(self._run)]
        self._run = ""

    def close(self) -> None:
        super().close()
        self._end_run()


def github_page(markdown: str) -> Page:
    """Show a post as GitHub does, but for its sanitiser: whatever HTML there is stays visible."""
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_HARDBREAKS | Options.CMARK_OPT_FOOTNOTES
    reader = _Reader()
    reader.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, options))
    reader.close()
    return reader.page
