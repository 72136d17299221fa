"""A comment's Markdown ─► the commands in it.

A command is a line that begins with `/` and a known word, in a paragraph of its author's own:
not in code, quotes, lists or HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.command import Command
from bot.commands import COMMANDS
from bot.errors import RequestError

_LINE = re.compile(r"/([a-z]+)(?:\s+(.*))?")
_WORD = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)=(?:"([^"]*)"|(\S*))|"([^"]*)"|(\S+)')


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
                words, named = _split(match[2] or "")
                found.append(COMMANDS[match[1]].parse(words, named))
            except RequestError as error:
                raise RequestError(error.what, where=line.strip(), right=error.right) from error
    return tuple(found)


def _split(text: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Part a command's rest into words and `name=value` pairs, both with quotes if need be."""
    words: list[str] = []
    named: dict[str, str] = {}
    for match in _WORD.finditer(text):
        name, quoted, bare, quoted_word, word = match.groups()
        if name is None:
            words.append(quoted_word if quoted_word is not None else word)
        elif name in named:
            raise RequestError(f"{name!r} is given twice", right="Give it once.")
        else:
            named[name] = quoted if quoted is not None else bare
    return tuple(words), named


def _own_lines(text: str) -> Iterator[str]:
    """Give the lines that begin as plain text in a paragraph at the comment's top level."""
    from markdown_it import MarkdownIt

    source = text.split("\n")
    tokens = MarkdownIt("commonmark", {"html": True}).parse(text)
    for token in tokens:
        if token.type != "inline" or token.level != 1 or token.map is None:
            continue
        line, at_start = token.map[0], True
        for child in token.children or ():
            if child.type in {"softbreak", "hardbreak"}:
                line, at_start = line + 1, True
                continue
            if at_start and child.type == "text" and line < len(source):
                yield source[line]
            at_start = False
            line += child.content.count("\n")
