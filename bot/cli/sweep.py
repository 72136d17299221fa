"""The command that executes a notebook over a grid of parameters."""

from __future__ import annotations

import click

from bot import handle
from bot.cli.desk import open_desk
from bot.cli.place import dry_run_option, give, issue_argument, runner_option, say
from bot.cli.run import tell
from bot.command import Sweep
from bot.events import Commanded
from bot.parameters import split_assignments


@click.command("sweep")
@issue_argument
@click.option(
    "-p",
    "axes",
    multiple=True,
    metavar="NAME=VALUES",
    help="An axis: 0..11, 0..1:0.25, [1,2,3] or one value; may be repeated.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Runs that go on at once, at most one a core. Else cores, memory and GPUs decide.",
)
@click.option("--timeout", metavar="TIME", help="Limit of each run, such as 90s or 30m.")
@click.option("--cell-timeout", metavar="TIME", help="Limit of any one cell, such as 5m.")
@runner_option
@click.option("--retry-failed", is_flag=True, help="Run again, too, the points that failed.")
@click.option("--force", is_flag=True, help="Begin anew where this very sweep is complete.")
@dry_run_option
def sweep_command(
    issue: int,
    axes: tuple[str, ...],
    jobs: int | None,
    timeout: str | None,
    cell_timeout: str | None,
    runner: str | None,
    retry_failed: bool,
    force: bool,
    dry_run: bool,
) -> None:
    """Execute the notebook of excursion N at each point of a grid; prints the first run's number.

    Every combination of the values is a run of its own, 256 at most, and all are reported together
    as they end: the best point, a plot, a table, what failed. A point that fails stops no other.

    Stopped half-way and given again, only the points that are missing run. Points that failed or
    ran out of time stay as they are, unless --retry-failed; those that were stopped, or whose
    kernel or machine died, are run again.
    """
    desk = open_desk(dry_run=dry_run)
    grid = split_assignments(axes)
    command = Sweep(grid, jobs, timeout, retry_failed, force, cell_timeout, runner)
    results = handle.command(desk.shell, Commanded(desk.actor, issue, command))
    if dry_run:
        say("As the points end: publish files, post entry; at the end set labels.")
        return
    give(results[0].sweep)
    tell(desk, issue, results)
