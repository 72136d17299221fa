"""The commands that change a thread at once, from ask to reopen."""

from __future__ import annotations

import click

from bot import handle
from bot.cli.desk import Desk, open_desk
from bot.cli.place import dry_run_option, give, issue_argument, parameter_option, say
from bot.command import Answer, Close, Command, Log, Predict, Reopen, Spoiler, Start
from bot.commands import COMMANDS, split
from bot.commands.parser import parse_rest
from bot.events import Asked, Commanded
from bot.excursion import Kind, Outcome, check_title, read_excursion
from bot.parameters import split_assignments
from bot.reading import read_world


def carry_out(desk: Desk, issue: int, command: Command) -> None:
    """Carry out a command that executes nothing."""
    handle.command(desk.shell, Commanded(desk.actor, issue, command))


@click.command("ask")
@click.argument("question")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Form of answer.")
@click.option("--template", metavar="NAME", help="Recipe for the first files.")
@click.option("--hypothesis", default="", help="What you believe, and what would change your mind.")
@parameter_option
@click.option("--run", "run_it", is_flag=True, help="Run the notebook at once.")
@dry_run_option
def ask_command(
    question: str,
    kind: str | None,
    template: str | None,
    hypothesis: str,
    parameters: tuple[str, ...],
    run_it: bool,
    dry_run: bool,
) -> None:
    """Ask QUESTION: opens an issue, makes its branch and its folder, prints the issue's number."""
    desk = open_desk(dry_run=dry_run)
    event = Asked(
        actor=desk.actor,
        title=question,
        kind=Kind(kind) if kind else None,
        template=template,
        hypothesis=hypothesis,
        parameters=split_assignments(parameters),
    )
    issue = handle.ask(desk.shell, event)
    if dry_run:
        if run_it:
            say("Then the notebook would be run: request run, post entry, publish files.")
        return
    give(issue)
    excursion = read_excursion(desk.forge.thread(issue))
    if excursion is not None and desk.forge.head(excursion.branch):
        say(f"Issue {issue} is on branch {excursion.branch}; work on it in")
        say(f"  {desk.forge.worktree(excursion.branch)}/{excursion.folder}")
    if run_it:
        from bot.cli.run import run_command

        click.get_current_context().invoke(run_command, issue=issue)


@click.command("start")
@issue_argument
@click.option("--template", metavar="NAME", help="Recipe for the first files.")
@parameter_option
@dry_run_option
def start_command(
    issue: int, template: str | None, parameters: tuple[str, ...], dry_run: bool
) -> None:
    """Begin the excursion of issue N: its branch and its folder. Nothing new if it has begun."""
    desk = open_desk(dry_run=dry_run)
    carry_out(desk, issue, Start(template, split_assignments(parameters)))
    if not dry_run:
        say(f"The excursion of issue {issue} has begun.")


@click.command("predict")
@issue_argument
@click.argument("text", nargs=-1, required=True, metavar="TEXT [confidence=70%] ['metric<0.5']")
@dry_run_option
def predict_command(issue: int, text: tuple[str, ...], dry_run: bool) -> None:
    """Stamp what you think will happen in excursion N, before it does.

    With a condition such as "accuracy > 0.9" (in quotes, because of the shell), runs that record
    that metric say whether it came true.
    """
    desk = open_desk(dry_run=dry_run)
    command = parse_rest(COMMANDS["predict"], " ".join(text))
    carry_out(desk, issue, command)
    if not dry_run and isinstance(command, Predict):
        _say_stamped(desk, issue, command)


def _say_stamped(desk: Desk, issue: int, command: Predict) -> None:
    """Say what will be scored, and what is odd about it."""
    from bot.commands.scoring import odd_metric, results_of
    from bot.log.predictions import read_predictions

    world = read_world(desk.shell, Commanded(desk.actor, issue, command))
    made = [p for p in read_predictions(world.thread) if p.author == desk.actor.name]
    stamped = next(p for p in reversed(made) if p.text == command.text.strip())
    condition = stamped.condition
    scored = f" Scored when a run records {condition.metric}: {condition}." if condition else ""
    say(f"Stamped.{scored}")
    odd = odd_metric(stamped, world, results_of(world))
    if odd:
        say(odd)


@click.command("log")
@issue_argument
@click.argument("text", nargs=-1, required=True)
@dry_run_option
def log_command(issue: int, text: tuple[str, ...], dry_run: bool) -> None:
    """Add a dated line to the log of excursion N."""
    desk = open_desk(dry_run=dry_run)
    carry_out(desk, issue, Log(" ".join(text)))
    if not dry_run:
        say("Noted.")


@click.command("answer")
@issue_argument
@click.argument("text", nargs=-1, required=True)
@click.option("--outcome", metavar="WHICH", help="confirmed, refuted, mixed or abandoned.")
@click.option("--run", type=click.IntRange(min=1), help="The run it rests on; else the last good.")
@dry_run_option
def answer_command(
    issue: int, text: tuple[str, ...], outcome: str | None, run: int | None, dry_run: bool
) -> None:
    """Answer excursion N: README, executed notebook and plots go to the default branch.

    Closes the issue.
    """
    from bot.commands.answer import parse_outcome

    desk = open_desk(dry_run=dry_run)
    chosen: Outcome | None = parse_outcome(outcome) if outcome else None
    carry_out(desk, issue, Answer(" ".join(text), chosen, run))
    if not dry_run:
        say(f"Issue {issue} is closed; its folder is on {desk.shell.config.default_branch}.")


@click.command("close")
@issue_argument
@click.argument("reason", nargs=-1)
@dry_run_option
def close_command(issue: int, reason: tuple[str, ...], dry_run: bool) -> None:
    """Close excursion N without an answer; `reopen` goes on with it."""
    desk = open_desk(dry_run=dry_run)
    carry_out(desk, issue, Close(" ".join(reason)))
    if not dry_run:
        say(f"Issue {issue} is closed.")


@click.command("reopen")
@issue_argument
@dry_run_option
def reopen_command(issue: int, dry_run: bool) -> None:
    """Open excursion N again; if it was answered, until there is another answer."""
    desk = open_desk(dry_run=dry_run)
    carry_out(desk, issue, Reopen())
    if not dry_run:
        say(f"Issue {issue} is open.")


@click.command("split")
@issue_argument
@click.argument("questions", nargs=-1, required=True, metavar='"Q1?" "Q2?"')
@dry_run_option
def split_command(issue: int, questions: tuple[str, ...], dry_run: bool) -> None:
    """Open an issue for each part of the question of issue N; prints their numbers."""
    desk = open_desk(dry_run=dry_run)
    carry_out(desk, issue, split.parse(questions, {}))
    if dry_run:
        return
    titles = {check_title(question) for question in questions}
    for entry in reversed(desk.forge.thread(issue).entries(split.PARTS)):
        numbers = (entry.data or {}).get("parts", [])
        if {desk.forge.thread(number).title for number in numbers} == titles:
            give("\n".join(map(str, numbers)))
            break


@click.command("spoiler")
@issue_argument
@click.argument("state", type=click.Choice(["on", "off"]))
@dry_run_option
def spoiler_command(issue: int, state: str, dry_run: bool) -> None:
    """Post results of excursion N folded from now on, so that readers can predict first."""
    carry_out(open_desk(dry_run=dry_run), issue, Spoiler(state == "on"))
