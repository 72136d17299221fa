"""`/help [command]`: what there is, who may use it, an example of each; made from the SPECs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.command import Help
from bot.commands.spec import Spec
from bot.commands.words import write_line
from bot.commands.world import World
from bot.effects import Effect, Reply
from bot.errors import RequestError, did_you_mean
from bot.events import Role
from bot.log.safety import code, fence
from bot.log.tables import table


def parse(words: tuple[str, ...], _: Mapping[str, str]) -> Help:
    """Read the command's words.

    Raises:
        RequestError: There is no such command.
    """
    from bot.commands import COMMANDS  # which has us in it

    if not words:
        return Help()
    word = words[0].removeprefix("/").lower()
    if len(words) > 1:
        raise RequestError(
            "help explains one command at a time", right=f"Write: /help {word}", culprit=words[1]
        )
    if word not in COMMANDS:
        right = did_you_mean(word, COMMANDS, noun="commands")
        raise RequestError(f"there is no command {word!r}", right=right, culprit=words[0])
    return Help(word)


def write(command: Help) -> str:
    """Write the command as people do."""
    return write_line("help", command.word or "")


def decide(command: Help, world: World) -> tuple[Effect, ...]:
    """Decide what follows: a reply."""
    from bot.commands import COMMANDS
    from bot.commands.roles import people, roles

    who = {word: people(role) for word, role in roles(world.config).items()}
    if command.word is None:
        return (Reply(help_table(COMMANDS.values(), who)),)
    spec = COMMANDS[command.word]
    return (Reply(f"### {code(spec.usage)}\n\n{help_text(spec, who[spec.word])}"),)


def help_table(specs: Iterable[Spec], who: Mapping[str, str]) -> str:
    """Render all commands, a line each.

    Args:
        specs: The commands, in the order in which they are shown.
        who: Word ─► who may use it.
    """
    rows = [[code(spec.usage), who[spec.word], spec.summary] for spec in specs]
    words = "A command is a line that begins with `/`. `/help run` tells more, with an example."
    return f"{table(('command', 'who', 'what'), rows)}\n\n{words}"


def help_text(spec: Spec, who: str) -> str:
    """Render what there is to say of one command, but for its usage.

    Args:
        spec: The command.
        who: Who may use it.
    """
    may = "For anyone." if who == "anyone" else f"Needs the role {who}."
    parts = [spec.summary, spec.details, f"*{may}* For example:", fence(spec.example)]
    return "\n\n".join(part for part in parts if part)


SPEC = Spec(
    word="help",
    command=Help,
    role=Role.READ,
    usage="/help [command]",
    summary="What there is to write, and who may.",
    example="/help run",
    parse=parse,
    write=write,
    decide=decide,
    reads_only=True,
)
