"""`excursion action`: the three jobs of the workflow on GitHub Actions."""

from __future__ import annotations

import click

from bot.actions.job import Job


@click.group("action")
def action_command() -> None:
    """The three jobs on GitHub Actions; they read its standard environment variables.

    They are for the workflow that `excursion init --github` writes, not for people.
    """


@action_command.command("triage")
def triage() -> None:
    """Carry out what the event asks for; give the runs it asks for as a matrix."""
    from bot.actions.triage import triage

    triage(Job.here())


@action_command.command("execute")
def execute() -> None:
    """Execute one run of the matrix, and leave what is to be uploaded of it."""
    from bot.actions.execute import execute

    result = execute(Job.here())
    click.echo(f"Run {result.run_id} {result.status.value.replace('_', ' ')}.", err=True)


@action_command.command("publish")
def publish() -> None:
    """Publish what became of every run in the matrix."""
    from bot.actions.publish import publish

    publish(Job.here())
