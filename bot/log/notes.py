"""The log of an excursion: what people noted down ◄─► lines in the welcome, and in entries of old.

The welcome remembers the newest lines. What it has no room for moves, in order, to entries of its
own, which are posted before the welcome lets go of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.log.predictions import short_moment
from bot.log.run_details import folded
from bot.log.safety import inline, plain
from bot.thread import WELCOME, Thread

NOTES = "log"  # the key of pages, `log:1`; and what entries remember their lines as
_TITLE = "📓 Log"
_FOLD = re.compile(rf"\n*^<details><summary>{_TITLE}.*?^</details>$", re.DOTALL | re.MULTILINE)
# Where nobody is notified, and an invisible character would be in the way: code and addresses.
_KEPT = re.compile(r"(?<!`)(`+)(?!`)(?:.*?)(?<!`)\1(?!`)|https?://\S+")
_MENTION = re.compile(r"(?<![A-Za-z0-9])@(?=[A-Za-z0-9])")


@dataclass(frozen=True)
class Note:
    """One line of the log.

    Attributes:
        number: Its place, counted from 1.
        text: What is noted, on one line.
        author: Who noted it.
        stamped: When; ISO 8601, UTC.
        given: The command that noted it; empty for one of the command line.
    """

    number: int
    text: str
    author: str
    stamped: str
    given: str = ""


def read_notes(thread: Thread) -> tuple[Note, ...]:
    """Read the log of a thread, in order; a line that is in two entries counts once."""
    found: dict[int, Note] = {}
    for entry in (*thread.entries(NOTES), thread.entry(WELCOME)):
        for note in remembered_notes((entry.data if entry else None) or {}):
            found.setdefault(note.number, note)
    return tuple(found[number] for number in sorted(found))


def remembered_notes(data: Mapping[str, Any]) -> tuple[Note, ...]:
    """Read the lines that one entry remembers; what is none is left out."""
    lines = data.get(NOTES)
    return tuple(filter(None, map(_note, lines))) if isinstance(lines, list) else ()


def _note(line: Any) -> Note | None:
    if not isinstance(line, dict):
        return None
    number, text = line.get("number"), line.get("text")
    if not isinstance(number, int) or isinstance(number, bool) or not isinstance(text, str):
        return None
    rest = {name: str(line.get(name, "")) for name in ("author", "stamped", "given")}
    return Note(number, text, **rest)


def memory_of(notes: Iterable[Note]) -> list[dict[str, Any]]:
    """Give what an entry remembers of its lines."""
    return [
        {
            "number": note.number,
            "text": note.text,
            "author": note.author,
            "stamped": note.stamped,
            **({"given": note.given} if note.given else {}),
        }
        for note in notes
    ]


def notes_list(notes: Iterable[Note]) -> str:
    """Render lines as a list."""
    return "\n".join(
        f"- {short_moment(note.stamped)} **{inline(note.author)}**: {shown(note.text)}"
        for note in notes
    )


def shown(text: str) -> str:
    """Show a line's text as the Markdown that it is; with HTML in it, as it was written.

    Emphasis, code, links and formulas work. Nobody is notified by it.
    """
    from markdown_it import MarkdownIt

    line = " ".join(plain(text).split())
    [whole] = MarkdownIt("commonmark", {"html": True}).parseInline(f"x {line}")
    if any(token.type == "html_inline" for token in whole.children or ()):
        return inline(line)
    parts, begin = [], 0
    for kept in _KEPT.finditer(line):
        parts += [_MENTION.sub("@\u200b", line[begin : kept.start()]), kept[0]]
        begin = kept.end()
    return "".join([*parts, _MENTION.sub("@\u200b", line[begin:])])


def with_notes(body: str, notes: tuple[Note, ...], *, total: int, missing: int) -> str:
    """Give a welcome that shows these lines of the log, folded, and no others.

    Args:
        body: The welcome as it is.
        notes: The newest lines, which stand in it.
        total: How many lines there are, wherever they stand.
        missing: How many of them were in entries that somebody deleted.
    """
    rest = _FOLD.sub("", body).rstrip()
    older = total - missing - len(notes)
    said = []
    if older:
        some = "The first line is" if older == 1 else f"The first {older} lines are"
        said.append(f"*{some} in entries of their own, further down.*")
    if missing:
        said.append(f"*{_lost(missing)}: an entry that held the log was deleted.*")
    title = f"{_TITLE} ({_lines(total)})"
    lines = "\n\n".join([*said, notes_list(notes)]).strip()
    return f"{rest}\n\n{folded(title, lines)}"


def page_entry(notes: tuple[Note, ...]) -> str:
    """Render an entry that keeps lines for which the welcome has no room any more."""
    first, last = notes[0], notes[-1]
    days = f"{short_moment(first.stamped)[:10]} to {short_moment(last.stamped)[:10]}"
    numbers = f"lines {first.number} to {last.number}"
    return f"📓 The log's {numbers}, {days}\n\n" + folded("Open", notes_list(notes))


def missing_lines(notes: tuple[Note, ...]) -> int:
    """Count the lines that were in entries which somebody deleted."""
    return notes[-1].number - len(notes) if notes else 0


def log_section(notes: tuple[Note, ...]) -> str:
    """Render the README's log."""
    missing = missing_lines(notes)
    said = [f"*{_lost(missing)}.*"] if missing else []
    return "\n\n".join([notes_list(notes), *said])


def _lost(many: int) -> str:
    return f"{_lines(many)} {'is' if many == 1 else 'are'} lost"


def _lines(many: int) -> str:
    return f"{many} line{'' if many == 1 else 's'}"
