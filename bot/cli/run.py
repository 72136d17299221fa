"""The commands that execute something: run, reproduce, and comments that say so."""

from __future__ import annotations

import sys

import click

from bot import conversation, handle
from bot.agreement import Verdict
from bot.cli.desk import Desk, open_desk
from bot.cli.place import dry_run_option, give, issue_argument, parameter_option, runner_option, say
from bot.command import Reproduce, Run
from bot.durations import spoken
from bot.events import Commanded
from bot.log.predictions import short_moment
from bot.log.reproduction import metric_lines, surroundings_lines, verdict_line
from bot.parameters import split_assignments
from runner.records import RunResult, Status


@click.command("run")
@issue_argument
@parameter_option
@click.option("--timeout", metavar="TIME", help="Limit of the whole run, such as 90s or 30m.")
@click.option("--cell-timeout", metavar="TIME", help="Limit of any one cell, such as 5m.")
@runner_option
@click.option("--dirty", is_flag=True, help="Run with what is not committed, kept as a patch.")
@click.option("--force", is_flag=True, help="Run also what was run before.")
@dry_run_option
def run_command(
    issue: int,
    parameters: tuple[str, ...] = (),
    timeout: str | None = None,
    cell_timeout: str | None = None,
    runner: str | None = None,
    dirty: bool = False,
    force: bool = False,
    dry_run: bool = False,
) -> None:
    """Execute the notebook of excursion N and post what came out; prints the run's number.

    What was run before, with the same code, parameters, packages, data and seed, is answered from
    that run at once.
    """
    desk = open_desk(dry_run=dry_run)
    command = Run(split_assignments(parameters), timeout, dirty, force, cell_timeout, runner)
    results = handle.command(desk.shell, Commanded(desk.actor, issue, command))
    if dry_run:
        say("Once the run has ended: publish files, post entry, set labels.")
        return
    for result in results:
        give(result.run_id)
    tell(desk, issue, results)


@click.command("comment")
@issue_argument
@click.argument("text")
@dry_run_option
def comment_command(issue: int, text: str, dry_run: bool) -> None:
    """Post TEXT on issue N and do what its commands say, such as "/run layer=3"."""
    desk = open_desk(dry_run=dry_run)
    results = conversation.comment(desk.shell, desk.actor, issue, text)
    if not dry_run:
        tell(desk, issue, results)


@click.command("reproduce")
@click.argument("what", nargs=-1, metavar="N RUN | FOLDER…")
@click.option("--all", "everything", is_flag=True, help="Every answered excursion's folder.")
@click.option("--timeout", metavar="TIME", help="Limit of the whole run; else the original's.")
@click.option("--cell-timeout", metavar="TIME", help="Limit of any one cell; else the original's.")
@runner_option
@click.option("--jobs", type=click.IntRange(min=1), help="Of folders: runs that go on at once.")
@click.option("--json", "as_json", is_flag=True, help="Of folders: print one JSON document.")
@dry_run_option
def reproduce_command(
    what: tuple[str, ...],
    everything: bool,
    timeout: str | None,
    cell_timeout: str | None,
    runner: str | None,
    jobs: int | None,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Execute run RUN of excursion N again, at its very commit, and compare metric by metric.

    Or, given FOLDERs of answered excursions, run again where they lie what these record; that
    needs neither thread nor refs, and posts nothing.

    Ends with 0 if everything agrees, identical or within the tolerance that excursion.toml
    declares, and with 1 if something differs. Prints the new run's number.
    """
    if everything or not all(word.isdecimal() for word in what):
        from bot.cli.recorded import reproduce_folders

        if timeout or cell_timeout or runner or dry_run:
            raise click.UsageError(
                "Limits, --runner and --dry-run are for N RUN; folders are run as they are."
            )
        reproduce_folders(what, everything=everything, jobs=jobs, as_json=as_json)
        return
    if len(what) != 2:
        raise click.UsageError("Name an issue and its run, as in 12 3, or folders, or --all.")
    issue, run = map(int, what)
    desk = open_desk(dry_run=dry_run)
    command = Reproduce(run, timeout, cell_timeout, runner)
    results = handle.command(desk.shell, Commanded(desk.actor, issue, command))
    if dry_run:
        say("Once the run has ended: publish files, post entry, set labels.")
        return
    for result in results:
        give(result.run_id)
    tell(desk, issue, results)


def tell(desk: Desk, issue: int, results: list[RunResult]) -> None:
    """Say how runs went, but for the points of sweeps, of which all is said; exit accordingly."""
    statuses = [
        int(result.status is not Status.SUCCEEDED) if result.sweep else _tell_one(desk, result)
        for result in results
    ]
    if results:
        say(f"The thread: {desk.forge.root / str(issue) / 'thread.html'}")
    if any(statuses):
        sys.exit(max(statuses))


def _tell_one(desk: Desk, result: RunResult) -> int:
    """Say how one run went; give the exit status for it."""
    if result.cache_hit:
        _tell_answered(desk, result)
        return 0
    noun = "Eval" if result.code else "Run"
    how = result.status.replace("_", " ")
    say(f"{noun} {result.run_id} {how} in {spoken(result.duration_s)}.")
    if result.error is not None:
        place = f"cell {result.error.cell}: " if result.error.cell is not None else ""
        say(f"  {place}{result.error.name}: {result.error.message}".rstrip(": "))
    if result.status is Status.CANCELLED:
        say("  What it had made is in the thread. Give the command again for a new run.")
        return 3
    compared = handle.compare(desk.shell, result) if result.reproduces else None
    if compared is None:
        return 0 if result.status is Status.SUCCEEDED else 1
    original, agreement = compared
    say(f"{verdict_line(result, original, agreement)}.")
    for line in metric_lines(agreement):
        say(f"  {line}")
    differing = surroundings_lines(agreement)
    if differing:
        say("What differs in what they ran on:")
    for line in differing:
        say(f"  {line}")
    return 1 if agreement.verdict is Verdict.DIFFERENT else 0


def _tell_answered(desk: Desk, result: RunResult) -> None:
    """Say from which run a run is answered."""
    entry = desk.forge.thread(result.issue).entry(f"run:{result.answered_from}")
    started = (entry.data or {}).get("started") if entry else None
    when = f" of {short_moment(started)} UTC" if isinstance(started, str) else ""
    say(
        f"Run {result.run_id} is answered at once from run {result.answered_from}{when}; "
        f"--force runs it again."
    )
