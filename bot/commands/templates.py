"""`/templates`: which recipes there are for an excursion's first files."""

from __future__ import annotations

from collections.abc import Mapping

from bot.command import Templates
from bot.commands.spec import Spec
from bot.commands.words import no_words, write_line
from bot.commands.world import World
from bot.effects import Effect, Reply
from bot.events import Role
from bot.log.templates import broken_text, templates_text


def parse(words: tuple[str, ...], _named: Mapping[str, str]) -> Templates:
    """Read the command, which has no words.

    Raises:
        RequestError: There is one.
    """
    no_words("templates", words)
    return Templates()


def decide(_command: Templates, world: World) -> tuple[Effect, ...]:
    """Decide what follows: a reply."""
    listed = templates_text(world.templates, world.surroundings)
    return (Reply("\n\n".join([listed, *map(broken_text, world.broken_templates)])),)


def write(_command: Templates) -> str:
    """Write the command as people do."""
    return write_line("templates")


SPEC = Spec(
    word="templates",
    command=Templates,
    role=Role.READ,
    usage="/templates",
    summary="The templates that an excursion can begin from.",
    example="/templates",
    parse=parse,
    write=write,
    decide=decide,
    reads_only=True,
)
