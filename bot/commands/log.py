"""`/log text`: a line in the research log, by whoever says it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.command import Log
from bot.commands.spec import Spec
from bot.commands.words import write_line, write_text
from bot.commands.world import World
from bot.effects import Effect, PostComment
from bot.errors import RequestError
from bot.events import Role

_LONGEST = 60_000


def parse(words: tuple[str, ...], named: Mapping[str, str]) -> Log:
    """Read the command's words; what looks like `name=value` is text here."""
    return Log(" ".join([*words, *(f"{name}={value}" for name, value in named.items())]))


def decide(command: Log, world: World) -> tuple[Effect, ...]:
    """Decide what follows: one comment, also after the answer.

    Raises:
        RequestError: There is nothing to note down, or far too much.
    """
    text = command.text.strip()
    if not text:
        raise RequestError("there is nothing to note down", right="Give it some text.")
    if len(text) > _LONGEST:
        raise RequestError(
            f"the note has {len(text)} characters, {_LONGEST} at most",
            right="Put it into a file on the branch and name the file here.",
        )
    return (PostComment(world.thread.number, world.actor, text),)


def write(command: Log) -> str:
    """Write the command as people do."""
    return write_line("log", write_text(command.text, ()))


SPEC = Spec(
    word="log",
    command=Log,
    role=Role.READ,
    usage="/log text",
    summary="Note something down.",
    example="/log Layer 3 looks odd: loss=0.3 at step 100.",
    parse=parse,
    write=write,
    decide=decide,
    text=True,
)
