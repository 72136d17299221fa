"""Hostile text ─► Markdown that shows it literally and does nothing else.

What came out of a notebook, and what people wrote, is text of strangers: no markup of theirs
works in an entry, nobody is notified and no issue is linked or closed by it
(https://docs.github.com/en/get-started/writing-on-github).
"""

from __future__ import annotations

import re
import unicodedata

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_NEEDS_ESCAPE = re.compile(r"([\\`*_\[\]<>|~$^])")
_LINE_START = re.compile(r"^(\s*)([#+\-=>:]|\d+[.)](?=\s|$))", re.MULTILINE)
_COMMIT = re.compile(
    r"(?<![0-9a-z])(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{7,64}(?![0-9a-z])", re.IGNORECASE
)
_ZERO_WIDTH = "&#8203;"
# What GitHub links and notifies by, also where no Markdown is read.
_NAMES = re.compile(r"(@)(?=[a-z0-9])|(#)(?=\d)|(?<![a-z0-9])(GH-)(?=\d)", re.IGNORECASE)
_WORKFLOW_COMMAND = re.compile(r"^\s*:(?=:)|##(?=\[)", re.MULTILINE)
_AUTOLINKS = (
    (re.compile(r"#(?=\d)"), f"#{_ZERO_WIDTH}"),  # first, since what is put in has a # itself
    (re.compile(r"@(?=[A-Za-z0-9])"), f"@{_ZERO_WIDTH}"),
    (re.compile(r"(?<![A-Za-z0-9])(GH-)(?=\d)", re.IGNORECASE), rf"\1{_ZERO_WIDTH}"),
    (re.compile(r"(https?|ftp)(?=:)", re.IGNORECASE), rf"\1{_ZERO_WIDTH}"),
    (re.compile(r"(www)(?=\.)", re.IGNORECASE), rf"\1{_ZERO_WIDTH}"),
    # An emoji's short name, such as :x: or :100:; the time 12:30:45 holds none.
    (re.compile(r":(?=(?:100|1234|[0-9_+-]*[a-z+-][a-z0-9_+-]*):)"), f":{_ZERO_WIDTH}"),
)
# Emoji are joined and dressed by these; all other format characters can only mislead.
_KEPT_FORMAT = frozenset("\u200d")


def plain(text: str) -> str:
    """Remove what a reader cannot see: ANSI sequences, control and bidirectional characters."""
    text = _ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if _visible(c))


def _visible(character: str) -> bool:
    category = unicodedata.category(character)
    if category in {"Cc", "Cs"}:
        return character in "\n\t"
    return category != "Cf" or character in _KEPT_FORMAT


def inline(text: str) -> str:
    """Show text within a line of Markdown: no markup, no mention, no link, no line break."""
    text = re.sub(r"\s+", " ", plain(text)).strip()
    text = text.replace("&", "&amp;")
    text = _NEEDS_ESCAPE.sub(r"\\\1", text)
    text = text.replace("\\<", "&lt;").replace("\\>", "&gt;")
    text = _LINE_START.sub(_escape_line_start, text)
    for pattern, replacement in _AUTOLINKS:
        text = pattern.sub(replacement, text)
    return _COMMIT.sub(_break_commit, text)


def _escape_line_start(match: re.Match[str]) -> str:
    mark = match[2]
    return f"{match[1]}{mark[:-1]}\\{mark[-1]}"


def _break_commit(match: re.Match[str]) -> str:
    """Part a commit's name into pieces too short to be one: GitHub links seven digits and more."""
    return _ZERO_WIDTH.join(re.findall(".{1,6}", match[0]))


def paragraphs(text: str) -> str:
    """Show text of several lines: blank lines part paragraphs, nothing else is markup."""
    blocks = re.split(r"\n\s*\n", plain(text).strip())
    return "\n\n".join("  \n".join(inline(line) for line in block.split("\n")) for block in blocks)


def unlinked(text: str) -> str:
    """Show text on one line where no Markdown is read: a commit's message, a title.

    Nobody is notified, and no issue is linked or closed by it.
    """
    text = _NAMES.sub(lambda match: f"{match[0]}\u200b", re.sub(r"\s+", " ", plain(text)).strip())
    return re.sub(r"(https?)(?=://)", "\\1\u200b", text, flags=re.IGNORECASE)


def logged(text: str) -> str:
    """Show text in a job's log: what it holds is no workflow command.

    The runner looks for `::` where a line begins, and for `##[` anywhere in it
    (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
    """
    return _WORKFLOW_COMMAND.sub(lambda match: f"{match[0]}\u200b", plain(text))


def code(text: str) -> str:
    """Show text as code within a line, also inside a table's cell."""
    text = re.sub(r"\s+", " ", plain(text)).strip().replace("|", "\u2758")
    if not text:
        return ""
    ticks = "`" * (1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def fence(text: str, language: str = "") -> str:
    """Show text as a block of code that nothing within can end."""
    text = plain(text).strip("\n")
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{ticks}{language}\n{text}\n{ticks}"


def clip(text: str, most: int) -> str:
    """Shorten text to `most` characters, saying that it was."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def clip_lines(text: str, most: int, *, widest: int = 400) -> str:
    """Keep the last `most` lines, each at most `widest` characters, saying what was left out."""
    lines = [clip(line, widest) for line in text.rstrip("\n").split("\n")]
    if len(lines) <= most:
        return "\n".join(lines)
    return "\n".join([f"… {len(lines) - most} lines above", *lines[-most:]])


def authored(text: str) -> str:
    """Show what somebody wrote for the log as the Markdown that it is.

    Lists, emphasis, links, code and formulas work. Where there is any HTML, which could also hide
    text or imitate a marker, all of it is shown literally instead.
    """
    from markdown_it import MarkdownIt

    text = plain(text).strip()
    blocks = MarkdownIt("commonmark", {"html": True}).parse(text)
    tokens = [token for block in blocks for token in (block, *(block.children or ()))]
    if any(token.type in {"html_block", "html_inline"} for token in tokens):
        return paragraphs(text)
    return closed(text)


def closed(body: str) -> str:
    """End the code or the comment that a post left open, so that it does not swallow the next."""
    from markdown_it import MarkdownIt

    blocks = [b for b in MarkdownIt("commonmark", {"html": True}).parse(body) if b.map]
    last = blocks[-1] if blocks else None
    if last is None or last.level:  # what is open within a list or a quote ends with it
        return body
    lines = body.rstrip().split("\n")[last.map[0] :] if last.map else []
    if last.type == "fence" and (len(lines) < 2 or not _ends_fence(lines[-1], last.markup)):
        return f"{body.rstrip()}\n{last.markup}"
    if last.type == "html_block" and "<!--" in last.content and "-->" not in last.content:
        return f"{body.rstrip()}\n-->"
    return body


def _ends_fence(line: str, markup: str) -> bool:
    """Say whether a line ends the block of code that this markup began."""
    mark = line.strip()
    return set(mark) == {markup[0]} and len(mark) >= len(markup)
