"""The repository around the current folder ─► a Shell to work in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click

from bot.cli.execution import LocalExecutor
from bot.cli.progress import Progress
from bot.cli.views import write_views
from bot.config import FILE_NAME, read_config
from bot.effects import Effect, line
from bot.errors import RequestError
from bot.events import Actor, Role
from bot.forge.git import find_repository
from bot.forge.local import LocalForge
from bot.handle import Shell
from bot.template import built_in_templates

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Print what would happen, one line an effect; change nothing."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
issue_argument = click.argument("issue", type=click.IntRange(min=1), metavar="N")


@dataclass(frozen=True)
class Desk:
    """Everything a command of the command line works with."""

    shell: Shell
    forge: LocalForge
    top: Path
    actor: Actor


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


def open_desk(*, dry_run: bool = False) -> Desk:
    """Open the desk in the repository around the current folder.

    Raises:
        RequestError: There is no repository, it is not set up, or its configuration is broken.
    """
    forge, top = open_forge()
    config = read_config((top / FILE_NAME).read_bytes())
    shell = Shell(
        forge=forge,
        executor=LocalExecutor(forge, Progress()),
        config=config,
        template_roots=(top / "templates", built_in_templates()),
        tell=say,
        changed=partial(_refresh, forge),
    )
    if dry_run:
        shell = replace(shell, show=_show)
    return Desk(shell, forge, top, Actor(forge.git.user_name(), Role.ADMIN))


def _refresh(forge: LocalForge, issue: int) -> None:
    write_views(forge, issue)


def _show(effects: tuple[Effect, ...]) -> None:
    for effect in effects:
        click.echo(line(effect))
