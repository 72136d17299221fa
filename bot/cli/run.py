"""The commands that execute something: run, and comments that say so."""

from __future__ import annotations

import sys

import click

from bot import handle
from bot.cli.desk import open_desk
from bot.cli.place import dry_run_option, give, issue_argument, parameter_option, say
from bot.command import Run
from bot.durations import spoken
from bot.events import Commanded
from bot.parameters import split_assignments
from runner.records import RunResult, Status


@click.command("run")
@issue_argument
@parameter_option
@click.option("--timeout", metavar="TIME", help="Limit of the whole run, such as 90s or 30m.")
@click.option("--dirty", is_flag=True, help="Run with what is not committed, kept as a patch.")
@dry_run_option
def run_command(
    issue: int,
    parameters: tuple[str, ...] = (),
    timeout: str | None = None,
    dirty: bool = False,
    dry_run: bool = False,
) -> None:
    """Execute the notebook of excursion N and post what came out; prints the run's number."""
    desk = open_desk(dry_run=dry_run)
    command = Run(split_assignments(parameters), timeout, dirty)
    results = handle.command(desk.shell, Commanded(desk.actor, issue, command))
    if dry_run:
        say("Once the run has ended: publish files, post entry, set labels.")
        return
    for result in results:
        give(result.run_id)
    tell_results(results, str(desk.forge.root / str(issue) / "thread.html"))


@click.command("comment")
@issue_argument
@click.argument("text")
@dry_run_option
def comment_command(issue: int, text: str, dry_run: bool) -> None:
    """Post TEXT on issue N and do what its commands say, such as "/run layer=3"."""
    desk = open_desk(dry_run=dry_run)
    results = handle.comment(desk.shell, desk.actor, issue, text)
    if not dry_run:
        tell_results(results, str(desk.forge.root / str(issue) / "thread.html"))


def tell_results(results: list[RunResult], page: str) -> None:
    """Say how runs went, but for the points of sweeps, of which all is said; exit accordingly."""
    for result in (result for result in results if not result.sweep):
        say(
            f"Run {result.run_id} {result.status.replace('_', ' ')} in {spoken(result.duration_s)}."
        )
        if result.error is not None:
            place = f"cell {result.error.cell}: " if result.error.cell is not None else ""
            say(f"  {place}{result.error.name}: {result.error.message}".rstrip(": "))
        if result.status is Status.CANCELLED:
            say("  What it had made is in the thread. Give the command again for a new run.")
    if results:
        say(f"The thread: {page}")
    statuses = {result.status for result in results}
    if Status.CANCELLED in statuses:
        sys.exit(3)
    if statuses - {Status.SUCCEEDED}:
        sys.exit(1)
