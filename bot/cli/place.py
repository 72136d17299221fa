"""What every command shares: its options, its voice, and the repository it is given in."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TextIO

import click

from bot.config import FILE_NAME
from bot.errors import RequestError
from bot.forge.git import Git, find_repository
from bot.forge.local import LocalForge
from bot.forge.local_place import FOLDER

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Print what would happen, one line an effect; change nothing."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
parameter_option = click.option(
    "-p", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter; may be repeated."
)
runner_option = click.option(
    "--runner", metavar="NAME", help="One of those that excursions.toml has."
)
issue_argument = click.argument("issue", type=click.IntRange(min=1), metavar="N")


def say(text: str) -> None:
    """Say something to the person, apart from what the command gives on standard output."""
    _write(sys.stderr, text)


def give(text: object) -> None:
    """Give what the command is for, on standard output."""
    _write(sys.stdout, str(text))


def _write(stream: TextIO, text: str) -> None:
    """Write a line; whoever reads our output may have enough of it, which is no fault."""
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def open_forge() -> tuple[LocalForge, bytes]:
    """Find the local forge of the repository around the current folder, and its configuration.

    Raises:
        RequestError: There is no repository, or it is not set up for excursions.
    """
    git, top = find_repository(Path.cwd())
    path = top / FILE_NAME
    text = path.read_bytes() if path.is_file() else _committed(git)
    if text is None:
        raise RequestError(
            "this repository is not set up for excursions", where=str(top), right="excursion init"
        )
    return LocalForge(git, top, warn=say), text


def checkout_around(top: Path) -> Path:
    """Find the checkout that the command is given in, be it the main one or another worktree's.

    Args:
        top: The main checkout.
    """
    here = Path.cwd()  # looked at without git, since every command that asks for templates does so
    around = (folder for folder in (here, *here.parents) if (folder / ".git").exists())
    return next(around, top)


def checkout_here(top: Path) -> Path:
    """Find the checkout that the command is given in, whose templates are meant.

    The worktrees of excursions do not count: what lies in them is as old as their branches.

    Args:
        top: The main checkout.
    """
    checkout = checkout_around(top)
    return top if checkout.is_relative_to(top.resolve() / FOLDER) else checkout


def _committed(git: Git) -> bytes | None:
    """Read the configuration where a branch is checked out that does not have it."""
    for branch in ("refs/remotes/origin/HEAD", "refs/heads/main", "refs/heads/master"):
        text = git.read(branch, FILE_NAME)
        if text is not None:
            return text
    return None
