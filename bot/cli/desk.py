"""The repository around the current folder ─► a Shell to work in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click

from bot.cli.execution import LocalExecutor
from bot.cli.place import open_forge, say
from bot.cli.progress import Progress
from bot.cli.views import write_views
from bot.config import FILE_NAME, read_config
from bot.effects import Effect, line
from bot.events import Actor, Role
from bot.forge.local import LocalForge
from bot.handle import Shell
from bot.template import built_in_templates


@dataclass(frozen=True)
class Desk:
    """Everything a command of the command line works with."""

    shell: Shell
    forge: LocalForge
    top: Path
    actor: Actor


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
