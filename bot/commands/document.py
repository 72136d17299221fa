"""The commands' SPECs ─► what docs/commands.md and README.md say of them; `make docs` writes it.

A test holds them against the code, so that they cannot grow old.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from bot.commands import SPECS
from bot.commands.help import help_text
from bot.commands.roles import people, roles
from bot.config import Config
from bot.log.readme import put_section
from bot.log.safety import code
from bot.log.tables import table

PAGE = "docs/commands.md"
README = "README.md"
_TABLE, _EACH = "commands", "one by one"  # sections, between hidden markers


def page_with_commands(page: str) -> str:
    """Give docs/commands.md with the table, and with what there is to say of each command."""
    who = _who()
    each = "\n\n".join(
        f"### {code(spec.usage)}\n\n{help_text(spec, who[spec.word])}" for spec in SPECS
    )
    return put_section(readme_with_commands(page), _EACH, each, heading="One by one")


def commands_table() -> str:
    """Write the table of all commands."""
    who = _who()
    rows = [[code(spec.usage), who[spec.word], spec.summary] for spec in SPECS]
    return table(("in a comment", "who", "what it does"), rows)


def readme_with_commands(readme: str) -> str:
    """Give README.md with the table."""
    return put_section(readme, _TABLE, commands_table(), heading="Commands")


def write(top: Path) -> None:
    """Bring both up to date.

    Args:
        top: The root of this project's repository.
    """
    for name, renewed in ((PAGE, page_with_commands), (README, readme_with_commands)):
        path = top / name
        path.write_text(renewed(path.read_text("utf-8")), encoding="utf-8")


def _who() -> Mapping[str, str]:
    return {word: people(role) for word, role in roles(Config()).items()}


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
