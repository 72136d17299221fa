"""Who may do what: one table, made from the commands' SPECs, tightened by excursions.toml."""

from __future__ import annotations

from collections.abc import Mapping

from bot.commands import COMMANDS
from bot.commands.spec import Spec
from bot.config import FILE_NAME, Config
from bot.errors import RequestError, did_you_mean
from bot.events import Role

_KEY = "commands.roles"


def roles(config: Config) -> Mapping[str, Role]:
    """Give the role that each command needs, by its word.

    Raises:
        RequestError: The configuration names no command, or asks for less than the command needs.
    """
    return {word: _role(spec, config) for word, spec in _known(config).items()}


def needed(spec: Spec, config: Config) -> Role:
    """Give the role that a command needs.

    Raises:
        RequestError: As for `roles`.
    """
    return roles(config)[spec.word]


def people(role: Role) -> str:
    """Say who has a role, in a word."""
    return "anyone" if role <= Role.READ else role.name.lower()


def _known(config: Config) -> Mapping[str, Spec]:
    for word in config.commands.roles:
        if word not in COMMANDS:
            raise RequestError(
                f"{_KEY} names {word!r}, which is no command",
                where=FILE_NAME,
                right=did_you_mean(word, COMMANDS, noun="commands"),
            )
    return COMMANDS


def _role(spec: Spec, config: Config) -> Role:
    name = config.commands.roles.get(spec.word)
    if name is None:
        return spec.role
    role = Role[name.upper()]
    if role >= spec.role:
        return role
    own = spec.role.name.lower()
    why = (
        f"it executes code, which is never given to less than {Role.WRITE.name.lower()}"
        if spec.executes
        else f"it needs {own}, and a role can only be tightened"
    )
    raise RequestError(
        f"{_KEY}.{spec.word} is {name!r}, but {why}",
        where=FILE_NAME,
        right=f"Write {own} or more, or leave the line out.",
    )
