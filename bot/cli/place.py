"""What every command shares: its options, its voice, and the repository it is given in."""

from __future__ import annotations

from pathlib import Path

import click

from bot.config import FILE_NAME
from bot.errors import RequestError
from bot.forge.git import find_repository
from bot.forge.local import LocalForge

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Print what would happen, one line an effect; change nothing."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
parameter_option = click.option(
    "-p", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter; may be repeated."
)
issue_argument = click.argument("issue", type=click.IntRange(min=1), metavar="N")


def say(text: str) -> None:
    """Say something to the person, apart from what the command gives on standard output."""
    click.echo(text, err=True)


def open_forge() -> tuple[LocalForge, Path]:
    """Find the local forge of the repository around the current folder.

    Raises:
        RequestError: There is no repository, or it is not set up for excursions.
    """
    git, top = find_repository(Path.cwd())
    if not (top / FILE_NAME).is_file():
        raise RequestError(
            "this repository is not set up for excursions", where=str(top), right="excursion init"
        )
    return LocalForge(git, top), top
