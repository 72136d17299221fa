"""A comment's Markdown ─► the commands in it.

A command is a line that begins with `/` and a known word, in a paragraph of its author's own:
not in code, quotes, lists or HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from bot.command import Command
from bot.commands import COMMANDS
from bot.commands.spec import Spec
from bot.commands.words import split_words
from bot.errors import RequestError

_LINE = re.compile(r"/([a-z]+)(?:\s+(.*))?")
_MARK = "\ue000"  # for private use, in no text that means something
_NUMBERED = re.compile(r"^\s*/")
_NUMBER = re.compile(f"{_MARK}([0-9]+){_MARK}")


def parse_comment(text: str) -> tuple[Command, ...]:
    """Read the commands in a comment, in order; a comment may hold none.

    Raises:
        RequestError: A known command is followed by what it does not understand; the message
            shows the line.
    """
    found = []
    for line in _own_lines(text):
        match = _LINE.fullmatch(line.strip())
        if match and match[1] in COMMANDS:
            try:
                found.append(parse_rest(COMMANDS[match[1]], match[2] or ""))
            except RequestError as error:
                raise RequestError(error.what, where=line.strip(), right=error.right) from error
    return tuple(found)


def parse_rest(spec: Spec, rest: str) -> Command:
    """Read what follows a command's word.

    Raises:
        RequestError: It is not what the command understands.
    """
    return spec.parse(*split_words(rest, spec.options, free=spec.text))


def _own_lines(text: str) -> Iterator[str]:
    """Give the lines that begin as plain text in a paragraph at the comment's top level."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True})
    links: dict[str, Any] = {}  # which a reference in a line may name
    blocks = parser.parse(text.replace(_MARK, ""), links)
    for opening, block in pairwise(blocks):
        if opening.type != "paragraph_open" or opening.level != 0:
            continue
        # Each line is numbered where it begins, since not every token says how many it spans;
        # a number that is found in plain text was not inside code, HTML or a link.
        lines = block.content.split("\n")
        numbered = "\n".join(_NUMBERED.sub(rf"{_MARK}{n}{_MARK}", x) for n, x in enumerate(lines))
        for token in parser.parseInline(numbered, links)[0].children or ():
            found = _NUMBER.match(token.content) if token.type == "text" else None
            if found and token.level == 0:
                yield lines[int(found[1])]
