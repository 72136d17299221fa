"""What a command is: its words, who may give it, how it is read, written and decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.command import Command
from bot.commands.world import World
from bot.effects import Effect
from bot.events import Role

Parse = Callable[[tuple[str, ...], Mapping[str, str]], Command]
# Each command's own functions take its own record; by its type the right ones are found.
Write = Callable[[Any], str]
Decide = Callable[[Any, World], tuple[Effect, ...]]


@dataclass(frozen=True)
class Spec:
    """A command: all that the parser, the table of roles, help and documentation know of it.

    Attributes:
        word: What people write: `compare`.
        command: Its record.
        role: What one must be allowed in the repository, at least.
        usage: How it is written: `/compare 2 3 [4…]`.
        summary: What it does, one sentence.
        example: One that could be given just so.
        parse: Words and pairs ─► the record.
        write: The record ─► a line that is read as the same record.
        decide: The record and the state ─► effects; pure.
        executes: Whether it executes something: then its role is never below `write`.
        reads_only: Whether it changes nothing but its reply.
        options: The `name=value` pairs that it knows; None for any, which are parameters.
        text: Whether its words are a text, of which unknown pairs and quotes are a part.
        runs: Whether its words, or its option `run`, name runs: `parse` gets their numbers.
        details: More for `/help <word>`, a few lines of Markdown.
        block: Whether the fenced block right after its line belongs to it: the record has a field
            `block`, and `parse` leaves that alone.
    """

    word: str
    command: type[Command]
    role: Role
    usage: str
    summary: str
    example: str
    parse: Parse
    write: Write
    decide: Decide
    executes: bool = False
    reads_only: bool = False
    options: tuple[str, ...] | None = ()
    text: bool = False
    runs: bool = False
    details: str = ""
    block: bool = False
