"""A comment's Markdown ─► the commands in it.

A command is a line that begins with `/` and a known word, or with a mention of the bot and such a
word, in a paragraph of its author's own: not in code, quotes, lists or HTML.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.command import Block, Command, Help
from bot.commands import COMMANDS
from bot.commands.run_numbers import run_numbers, run_option
from bot.commands.slips import meant
from bot.commands.spec import Spec
from bot.commands.words import split_words
from bot.errors import RequestError
from bot.quoting import MARK

if TYPE_CHECKING:
    from markdown_it.token import Token

NAMES = ("excursions",)  # with which the bot can be addressed anywhere
_LINE = re.compile(
    r"(?:/|@(?P<name>[A-Za-z0-9-]+)[,:]?\s+/?)(?P<word>[A-Za-z]+)(?:\s+(?P<rest>.*))?"
)
_HELP = re.compile(r"(?:--|[–—])help|-h")
_LONGEST_WORD = 20
_BEGINS = re.compile(r"^[ \t]*[/@]", re.MULTILINE)
_NUMBER = re.compile(f"{MARK}([0-9]+){MARK}")


@dataclass(frozen=True)
class Line:
    """A command and the line in which somebody gave it."""

    command: Command
    text: str


def read_comment(
    text: str, names: Iterable[str] = NAMES, *, issue: int | None = None
) -> tuple[Line, ...]:
    """Read the commands in a comment with their lines, in order; a comment may hold none.

    Args:
        text: The comment.
        names: With which the bot may be addressed as `@name`.
        issue: The issue that it is a comment on, whose runs may be named in full: `12.3`.

    Raises:
        RequestError: Something in a line that is, or was meant to be, a command is not understood.
            It says the line, and the word that is wrong.
    """
    ours = {name.lower() for name in names}
    found = []
    for line, block in _own_lines(text):
        match = _LINE.fullmatch(line)
        if match is None or (match["name"] is not None and match["name"].lower() not in ours):
            continue
        spec = _spec(line, match)
        if spec is None:
            continue
        try:
            command = parse_rest(spec, match["rest"] or "", issue=issue)
        except RequestError as error:
            raise RequestError(
                error.what, where=line, right=error.right, culprit=error.culprit
            ) from error
        if spec.block and block is not None and isinstance(command, spec.command):
            record: Any = command
            command = dataclasses.replace(record, block=block)
        found.append(Line(command, line))
    return tuple(found)


def parse_comment(text: str, names: Iterable[str] = NAMES) -> tuple[Command, ...]:
    """Read the commands in a comment, in order, as `read_comment` does."""
    return tuple(line.command for line in read_comment(text, names))


def parse_rest(spec: Spec, rest: str, *, issue: int | None = None) -> Command:
    """Read what follows a command's word, in an issue if that is known.

    Raises:
        RequestError: It is not what the command understands.
    """
    stripped = rest.strip()
    if _HELP.fullmatch(stripped) or (stripped == "help" and not spec.text):
        return Help(spec.word)
    words, named = split_words(stripped, spec.options, free=spec.text)
    if spec.runs and spec.text:
        named = run_option(named, issue)
    elif spec.runs:
        words = run_numbers(words, issue, right=f"Write: {spec.example}")
    return spec.parse(words, named)


def _spec(line: str, match: re.Match[str]) -> Spec | None:
    """Find the command that a line gives; None if it was not meant to give any.

    Raises:
        RequestError: It was meant to, but there is none of that name.
    """
    written, rest = match["word"], match["rest"] or ""
    spec = COMMANDS.get(written.lower())
    if spec is not None or len(written) > _LONGEST_WORD:
        return spec
    near = meant(written, COMMANDS, surely="=" in rest or match["name"] is not None)
    if near is None:
        return None
    right = f"/{near} {rest}".strip()
    raise RequestError(
        f"there is no command {written!r}",
        where=line,
        right=f"Did you mean this? {right}",
        culprit=line[: match.end("word")].rpartition(" ")[2],
    )


def _own_lines(text: str) -> Iterator[tuple[str, Block | None]]:
    """Give the lines that begin as plain text in a paragraph at the comment's top level.

    With the last line of a paragraph comes the fenced block that follows, if one does.
    """
    from markdown_it import MarkdownIt

    if not _BEGINS.search(text):
        return
    parser = MarkdownIt("commonmark", {"html": True})
    links: dict[str, Any] = {}  # which a reference in a line may name
    blocks = MarkdownIt("commonmark", {"html": True}).disable("inline")
    found = blocks.parse(text.replace(MARK, ""), links)
    for n, opening in enumerate(found):
        if opening.type != "paragraph_open" or opening.level != 0:
            continue
        content = found[n + 1].content
        if not _BEGINS.search(content):
            continue
        # Each line is numbered where it begins, since not every token says how many it spans;
        # a number that is found in plain text was not inside code, HTML or a link.
        lines = content.split("\n")
        numbered = "\n".join(
            f"{line[: len(line) - len(line.lstrip())]}{MARK}{n}{MARK}{line.lstrip()}"
            if _BEGINS.match(line)
            else line
            for n, line in enumerate(lines)
        )
        last = _block(found[n + 3 : n + 5])
        for token in parser.parseInline(numbered, links)[0].children or ():
            number = _NUMBER.match(token.content) if token.type == "text" else None
            if number and token.level == 0:
                line = int(number[1])
                yield lines[line].strip(), last if line == len(lines) - 1 else None


def _block(following: list[Token]) -> Block | None:
    """Read the block that follows a paragraph, if it is a fenced one at the top level."""
    token = following[0] if following else None
    if token is None or token.type != "fence" or token.level != 0:
        return None
    more = len(following) > 1 and following[1].type == "fence"
    return Block(token.content.removesuffix("\n"), token.info.strip().partition(" ")[0], more)
