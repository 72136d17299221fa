"""`/split "Q1?" "Q2?"`: open an issue for each part of the question, linked to this one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from bot.command import Split
from bot.commands.spec import Spec
from bot.commands.words import write_line
from bot.commands.world import World
from bot.effects import Effect, OpenParts
from bot.errors import RequestError
from bot.events import Role
from bot.excursion import check_title
from bot.log.safety import code
from bot.moments import timestamp
from bot.quoting import quote

PARTS = "split"
_MOST = 10


def parse(words: tuple[str, ...], _named: Mapping[str, str]) -> Split:
    """Read the command's words, each of which is a question.

    Raises:
        RequestError: There is none, or a question is not in quotes.
    """
    if not words:
        raise RequestError("there is no question", right='Write each in quotes: "Does …?" "Is …?"')
    alone = (word for word in words if word.isascii() and " " not in word.strip())
    bare = next((word for word in alone if not word.endswith("?")), None)
    if bare is not None and len(words) > 1:
        raise RequestError(
            f"{bare!r} alone is no question",
            right='Write each question in quotes: "Does …?" "Is …?"',
            culprit=bare,
        )
    return Split(words)


def decide(command: Split, world: World) -> tuple[Effect, ...]:
    """Decide what follows: an issue a question, and an entry that lists them.

    Raises:
        RequestError: A question is not possible or there are too many, and none was opened; or the
            issue is closed.
    """
    thread = world.thread
    if len(command.questions) > _MOST:
        raise RequestError(
            f"there are {len(command.questions)} questions, {_MOST} at most",
            right="Split it into fewer; those can be split in turn.",
        )
    titles: list[str] = []
    for question in command.questions:
        try:
            title = check_title(question)
        except RequestError as error:
            raise RequestError(error.what, right=error.right, culprit=question) from error
        if title.casefold() in {each.casefold() for each in (*titles, thread.title)}:
            right = "Ask each question once, in other words than the whole."
            raise RequestError("a question is asked twice", right=right, culprit=question)
        titles.append(title)
    given = _given(titles, world)
    there = next((e for e in thread.entries(PARTS) if (e.data or {}).get("given") == given), None)
    if not thread.is_open and there is None:
        raise RequestError(f"issue {thread.number} is closed", right=world.open_again)
    stamped = ((there.data if there else None) or {}).get("stamped", timestamp(world.now))
    key = there.key if there else f"{PARTS}:{_next(world)}"
    start = code(world.surroundings.example("start", 0).replace(" 0", " N"))
    return (
        OpenParts(
            thread.number,
            key,
            questions=tuple(titles),
            whole=thread.title,
            author=world.actor,
            stamped=str(stamped),
            given=given,
            start=start,
        ),
    )


def _given(titles: list[str], world: World) -> str:
    """Name the command; one of the command line by what it asks, since it may be given again."""
    if world.asked.comment:
        return str(world.asked)
    return hashlib.sha256("\n".join(titles).encode()).hexdigest()[:16]


def _next(world: World) -> int:
    numbers = [entry.key.partition(":")[2] for entry in world.thread.entries(PARTS)]
    return max((int(number) for number in numbers if number.isdigit()), default=0) + 1


def write(command: Split) -> str:
    """Write the command as people do."""
    return write_line("split", *(quote(question) for question in command.questions))


SPEC = Spec(
    word="split",
    command=Split,
    role=Role.WRITE,
    usage='/split "Q1?" "Q2?"',
    summary="Open an issue for each part of the question, linked to this one.",
    example='/split "Does it hold for layer 0?" "Does it hold without dropout?"',
    parse=parse,
    write=write,
    decide=decide,
    details="On GitHub the parts are sub-issues. Each begins its own excursion with `/start`.",
)
