"""The repository around the current folder ─► a Shell to work in it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial

from bot.cli.execution import LocalExecutor
from bot.cli.place import checkout_here, give, open_forge, say
from bot.cli.progress import Progress
from bot.cli.views import write_views
from bot.cli.warm import settings_of
from bot.commands.roles import roles
from bot.config import read_config
from bot.effects import Effect, line
from bot.events import Actor, Role
from bot.forge.local import LocalForge
from bot.forge.template_sources import fetched, template_cache
from bot.log.redact import Secrets
from bot.shell import Shell
from bot.template import built_in_templates
from bot.thread import BOT


@dataclass(frozen=True)
class Desk:
    """Everything a command of the command line works with."""

    shell: Shell
    forge: LocalForge
    actor: Actor


def open_desk(*, dry_run: bool = False) -> Desk:
    """Open the desk in the repository around the current folder.

    Raises:
        RequestError: There is no repository, it is not set up, or its configuration is broken.
    """
    forge, text = open_forge()
    config = read_config(text)
    roles(config)  # which a mistake in it would show only when somebody comments
    shell = Shell(
        forge=forge,
        executor=LocalExecutor(forge, Progress(), settings_of(config)),
        config=config,
        template_roots=(checkout_here(forge.top) / "templates", built_in_templates()),
        fetch_templates=lambda: fetched(config.templates, template_cache(forge.top)),
        tell=say,
        changed=partial(_refresh, forge),
        secrets=Secrets.of(os.environ),
        reply=lambda reply: give(reply.text),
    )
    if dry_run:
        shell = replace(shell, show=_show)
    name = forge.git.user_name()
    actor = Actor(f"{name} (a person)" if name == BOT else name, Role.ADMIN)
    return Desk(shell, forge, actor)


def _refresh(forge: LocalForge, issue: int) -> None:
    write_views(forge, issue)


def _show(effects: tuple[Effect, ...]) -> None:
    for effect in effects:
        give(line(effect))
