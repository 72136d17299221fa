"""One module a command: its grammar, and what follows from it. Parsing and deciding are pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.command import Answer, Command, Log, Predict, Reproduce, Run, Start, Sweep
from bot.commands import answer, log, predict, reproduce, run, start, sweep
from bot.commands.world import World
from bot.effects import Effect
from bot.events import Role

Parse = Callable[[tuple[str, ...], Mapping[str, str]], Command]
Decide = Callable[..., tuple[Effect, ...]]


@dataclass(frozen=True)
class Rule:
    """What a command needs and does."""

    role: Role  # what one must be allowed in the repository, at least
    parse: Parse
    decide: Decide
    options: tuple[str, ...] | None = None  # what name=value may name; None for anything


COMMANDS: dict[str, Rule] = {
    "start": Rule(Role.WRITE, start.parse, start.decide),
    "run": Rule(Role.WRITE, run.parse, run.decide),
    "sweep": Rule(Role.WRITE, sweep.parse, sweep.decide),
    "reproduce": Rule(Role.WRITE, reproduce.parse, reproduce.decide, ("timeout", "cell_timeout")),
    "predict": Rule(Role.READ, predict.parse, predict.decide, ("confidence",)),
    "log": Rule(Role.READ, log.parse, log.decide, ()),
    "answer": Rule(Role.WRITE, answer.parse, answer.decide, ("outcome", "run")),
}
_WORDS: dict[type[Command], str] = {
    Start: "start",
    Run: "run",
    Sweep: "sweep",
    Reproduce: "reproduce",
    Predict: "predict",
    Log: "log",
    Answer: "answer",
}


def word_of(command: Command) -> str:
    """Give the word with which people write a command."""
    return _WORDS[type(command)]


def decide(command: Command, world: World) -> tuple[Effect, ...]:
    """Decide what follows from any command.

    Raises:
        RequestError: The command is not possible here; nothing was changed.
    """
    return COMMANDS[word_of(command)].decide(command, world)
