"""The commands for what goes on or did not end well: cancel, retry."""

from __future__ import annotations

import click

from bot import handle
from bot.cli.desk import open_desk
from bot.cli.place import dry_run_option, give, issue_argument, runner_option, say
from bot.cli.run import tell
from bot.command import Cancel, Retry
from bot.events import Commanded


@click.command("cancel")
@issue_argument
@click.argument("run", required=False, type=click.IntRange(min=1))
@dry_run_option
def cancel_command(issue: int, run: int | None, dry_run: bool) -> None:
    """Stop what is executed of excursion N, or RUN of it, and wait until it has stopped.

    What it made is kept and told in the thread, as after Ctrl-C. A sweep as a whole is stopped by
    the number of its first run, a point of it by its own.
    """
    desk = open_desk(dry_run=dry_run)
    handle.command(desk.shell, Commanded(desk.actor, issue, Cancel(run)))


@click.command("retry")
@issue_argument
@click.argument("run", required=False, type=click.IntRange(min=1))
@click.option("--at-head", is_flag=True, help="At the branch's commit, not the run's own.")
@click.option("--timeout", metavar="TIME", help="Limit of the whole run; else as it was.")
@click.option("--cell-timeout", metavar="TIME", help="Limit of any one cell; else as it was.")
@runner_option
@dry_run_option
def retry_command(
    issue: int,
    run: int | None,
    at_head: bool,
    timeout: str | None,
    cell_timeout: str | None,
    runner: str | None,
    dry_run: bool,
) -> None:
    """Execute again RUN of excursion N, or the last that failed, died, timed out or was cancelled.

    At the same commit, with the same parameters, seed and limits; checkpoints that were left are
    found. Of a sweep, all points that did not succeed. Prints the new run's number.
    """
    desk = open_desk(dry_run=dry_run)
    command = Retry(run, at_head, timeout, cell_timeout, runner)
    results = handle.command(desk.shell, Commanded(desk.actor, issue, command))
    if dry_run:
        say("Once it has ended: publish files, post entry, set labels.")
        return
    for number in dict.fromkeys(result.sweep or result.run_id for result in results):
        give(number)
    tell(desk, issue, results)
