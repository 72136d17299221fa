"""`/params`: what the excursion's notebook may be given."""

from __future__ import annotations

from collections.abc import Mapping

from bot.command import Params
from bot.commands.spec import Spec
from bot.commands.words import no_words, write_line
from bot.commands.world import World
from bot.effects import Effect, Reply
from bot.events import Role
from bot.log.params import params_text
from bot.parameters import SET


def parse(words: tuple[str, ...], _named: Mapping[str, str]) -> Params:
    """Read the command, which has no words.

    Raises:
        RequestError: There is one.
    """
    no_words("params", words)
    return Params()


def decide(_command: Params, world: World) -> tuple[Effect, ...]:
    """Decide what follows: a reply, from the declaration on the excursion's branch.

    Raises:
        RequestError: The excursion has not begun, or its declaration is missing or broken.
    """
    declared = world.declared()
    data = {n: d.model_dump(mode="json", exclude_none=True) for n, d in declared.parameters.items()}
    if declared.sets:  # no parameter has this name
        data[SET] = {name: each.model_dump(mode="json") for name, each in declared.sets.items()}
    return (Reply(params_text(declared, world.begun(), world.surroundings), data),)


def write(_command: Params) -> str:
    """Write the command as people do."""
    return write_line("params")


SPEC = Spec(
    word="params",
    command=Params,
    role=Role.READ,
    usage="/params",
    summary="The parameters that runs may be given, with their defaults and bounds.",
    example="/params",
    parse=parse,
    write=write,
    decide=decide,
    reads_only=True,
)
