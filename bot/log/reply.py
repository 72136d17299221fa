"""What commands answered, and the mistake that stopped them ─► the one entry that replies."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import ExcursionError
from bot.log.safety import clip, code, fence, inline, plain

_LONGEST = 2_000
_WIDEST = 100  # characters of a line that are shown
_AROUND = 40  # of them before what is marked
_PLACE = re.compile(r"-|confidence$|outcome$")  # of the command line, or the line says it
_NAME = re.compile(r"\w+=")  # of a parameter, which is written as it is
_OPTION = re.compile(r"--([a-z-]+)")
_VALUE = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|\[[^\]]*\]|\S*)"""


@dataclass(frozen=True)
class Mistake:
    """Why a command was not carried out.

    Attributes:
        error: What is wrong.
        who: Who gave it.
        line: The line in which it was given; empty for a label.
        before: How many commands above it in the same comment were carried out.
        after: How many below it were not; it alone stops them.
        whole: Whether it stops all commands of the comment, those above it, too.
    """

    error: ExcursionError
    who: str
    line: str = ""
    before: int = 0
    after: int = 0
    whole: bool = False


def reply_entry(said: Sequence[str], mistake: Mistake | None = None) -> str:
    """Render the reply to a comment.

    Args:
        said: What its commands answered, in their order: Markdown, made safe.
        mistake: What stopped them, if anything did.
    """
    return "\n\n".join([*said, *([_mistake(mistake)] if mistake else [])])


def trouble_entry(what: str, log: str) -> str:
    """Render what is said when something failed on our side.

    Args:
        what: What, where people can do something about it.
        log: The address of the job's log; empty where there is none.
    """
    told = [f"What failed: {inline(clip(what, _LONGEST))}"] if what else []
    right = (
        f"[The job's log]({log}) tells more; run the job again there, and it goes on where it "
        "stopped."
        if log
        else "Give the command again in a new comment; it goes on where it stopped."
    )
    return "\n\n".join(["### 😕 That failed, and not because of you", *told, right])


def enough_entry(most: int) -> str:
    """Render the one line for people who have had as many answers as there are in an hour."""
    times = "once" if most == 1 else f"{most} times"
    asked = f"has answered {times} in this hour" if most else "answers only people who may write"
    return f"*The bot {asked} here. Thank you for your interest; please ask again later.*"


def marked(line: str, culprit: str) -> str:
    """Show a line in two, the second marking what is wrong; in one, if that is not to be found."""
    line = re.sub(r"\s", " ", plain(line))
    found = _find(line, re.sub(r"\s", " ", plain(culprit)))
    if found is None:
        return clip(line, _WIDEST)
    begin, end = found
    first = max(0, begin - _AROUND) if len(line) > _WIDEST else 0
    shown = ("…" if first else "") + line[first:]
    blanks = _width(line[first:begin]) + bool(first)
    marks = min(_width(line[begin:end]), _WIDEST - blanks)
    return f"{clip(shown, _WIDEST)}\n{' ' * blanks}{'^' * max(1, marks)}"


def _mistake(mistake: Mistake) -> str:
    error = mistake.error
    begins_with_name = error.what.startswith(f"{mistake.who} ") or _NAME.match(error.what)
    what = error.what if begins_with_name else error.what[:1].upper() + error.what[1:]
    parts = [f"### 👎 {inline(clip(what, _LONGEST))}"]
    if mistake.line:
        option = _OPTION.fullmatch(error.where)
        named = f"{option[1].replace('-', '_')}=" if option else ""
        parts.append(fence(marked(mistake.line, error.culprit or named)))
    if error.where and error.where != mistake.line and not _PLACE.match(error.where):
        parts.append(f"At {code(clip(error.where, _LONGEST))}.")
    if error.right:
        parts.append(inline(clip(error.right, _LONGEST)))
    parts.append(f"*{inline(mistake.who)}: {_consequence(mistake)}*")
    return "\n\n".join(parts)


def _consequence(mistake: Mistake) -> str:
    """Say what was carried out, and what was not."""
    again = "A corrected command goes into a new comment."
    if mistake.whole:
        return f"nothing of this comment was carried out. {again}"
    if not mistake.before and not mistake.after:
        return f"nothing was changed. {again}"
    above = f"{_commands(mistake.before)} above it {_was(mistake.before)} carried out"
    below = f"{_commands(mistake.after)} below it"
    if not mistake.before:
        return f"neither this nor {below} {_was(mistake.after)} carried out. {again}"
    rest = f"this one and {below} were not" if mistake.after else "this one was not"
    return f"{above}; {rest}. {again}"


def _commands(number: int) -> str:
    return "the command" if number == 1 else f"the {number} commands"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _find(line: str, culprit: str) -> tuple[int, int] | None:
    """Find what is wrong: a pair `name=`, a whole word, a pair's name, or what else reads so."""
    if not culprit:
        return None
    exact, begins = re.escape(culprit), r"(?<![^\s-])"
    pair = [rf"{begins}{exact}{_VALUE}"] if culprit.endswith("=") else []
    for pattern in (*pair, rf"{begins}{exact}(?!\S)", rf"{begins}{exact}(?==)", exact):
        match = re.search(pattern, line)
        if match:
            return match.span()
    return None


def _width(text: str) -> int:
    """Say how many columns a text takes where all letters are alike."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)
