"""One module a command: its grammar, and what follows from it. Parsing and deciding are pure."""

from __future__ import annotations

from bot.command import Command
from bot.commands import (
    answer,
    cancel,
    close,
    compare,
    evaluate,
    log,
    params,
    predict,
    reopen,
    reproduce,
    retry,
    run,
    split,
    spoiler,
    start,
    status,
    sweep,
    templates,
)
from bot.commands import help as help_
from bot.commands.spec import Spec
from bot.commands.world import World
from bot.effects import Effect

# In the order in which help lists them.
SPECS: tuple[Spec, ...] = (
    start.SPEC,
    run.SPEC,
    sweep.SPEC,
    evaluate.SPEC,
    reproduce.SPEC,
    cancel.SPEC,
    retry.SPEC,
    compare.SPEC,
    predict.SPEC,
    log.SPEC,
    answer.SPEC,
    close.SPEC,
    reopen.SPEC,
    split.SPEC,
    spoiler.SPEC,
    status.SPEC,
    params.SPEC,
    templates.SPEC,
    help_.SPEC,
)
COMMANDS: dict[str, Spec] = {spec.word: spec for spec in SPECS}
_BY_RECORD: dict[type[Command], Spec] = {spec.command: spec for spec in SPECS}


def spec_of(command: Command) -> Spec:
    """Give what is known of a command."""
    return _BY_RECORD[type(command)]


def word_of(command: Command) -> str:
    """Give the word with which people write a command."""
    return spec_of(command).word


def write(command: Command) -> str:
    """Write a command as people do; read again, it is the same command."""
    return spec_of(command).write(command)


def decide(command: Command, world: World) -> tuple[Effect, ...]:
    """Decide what follows from any command.

    Raises:
        RequestError: The command is not possible here; nothing was changed.
    """
    return spec_of(command).decide(command, world)
