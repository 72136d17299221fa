"""`excursion demo`: the whole loop on a throw-away repository, ending in a page to open."""

from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path

import click

from bot.cli.place import dry_run_option, give, open_forge, say
from bot.errors import RequestError
from bot.forge.git import NO_COMMIT, Git

QUESTION = "Can a transformer without positional embeddings predict the previous token?"
PREDICTION = "One layer will be enough"


@click.command("demo")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Make the repository in this new folder, in place of a temporary one.",
)
@click.option("-p", "parameters", multiple=True, metavar="NAME=VALUE", help="For the run.")
@dry_run_option
def demo_command(into: Path | None, parameters: tuple[str, ...], dry_run: bool) -> None:
    """Go through the whole loop in a throw-away repository: ask, predict, run, answer.

    Takes about a minute and a half on two cores, and needs no network and no account.
    """
    run = ("run", "1", *(word for pair in parameters for word in ("-p", pair)))
    steps = (
        ("init",),
        ("ask", QUESTION, "--template", "no-positions"),
        ("predict", "1", PREDICTION, "confidence=60%"),
        run,
    )
    if dry_run:
        give(f"make repository  {into or 'in a temporary folder'}")
        for words in (*steps, ("answer", "1", "…", "--outcome", "…")):
            give(f"give command  excursion {shlex.join(words)}")
        return
    top = _new_repository(into)
    say(f"A throw-away repository: {top}\n")
    before = Path.cwd()
    os.chdir(top)
    os.environ["EXCURSIONS_WARM"] = "off"  # a demo leaves no process behind
    try:
        for words in steps:
            _type(*words)
        text, outcome = _conclude()
        _type("answer", "1", text, "--outcome", outcome)
        thread = open_forge()[0].root / "1"
    finally:
        os.chdir(before)
    say("\nThe thread is here, as Markdown and as a page to open in a browser:")
    give(thread / "thread.md")
    give(thread / "thread.html")


def _type(*words: str) -> None:
    """Say a command and carry it out, as if it had been typed."""
    from bot.cli import excursion

    click.secho(f"$ excursion {shlex.join(words)}", err=True, bold=True)
    try:
        excursion.main(args=list(words), standalone_mode=False)
    except SystemExit as stop:
        if stop.code:
            raise
    say("")


def _new_repository(into: Path | None) -> Path:
    """Make a git repository with one commit, without any of the user's settings or hooks."""
    if into is None:
        top = Path(tempfile.mkdtemp(prefix="excursions-demo-"))
    else:
        top = into.resolve()
        if top.exists() and any(top.iterdir()):
            raise RequestError("is not empty", where=str(into), right="Name a new folder.")
        top.mkdir(parents=True, exist_ok=True)
    git = Git(top)
    git.run("init", "--quiet", "--template=", ".")
    git.run("symbolic-ref", "HEAD", "refs/heads/main")
    readme = b"# A research log\n\nMade by `excursion demo`; throw it away when you like.\n"
    commit = git.write_commit(git.write_tree(None, {"README.md": readme}), (), "First commit\n")
    git.move_ref("refs/heads/main", commit, NO_COMMIT, "first commit")
    git.run("reset", "--quiet", "--hard")
    return top


def _conclude() -> tuple[str, str]:
    """Read the recorded metrics and say what they show."""
    forge, _ = open_forge()
    entry = forge.thread(1).entry("run:1.1")
    metrics = (entry.data or {}).get("metrics", {}) if entry else {}
    names = ("one_layer", "two_layers", "position_mean", "global_mean")
    one, two, position, none = (float(metrics.get(f"accuracy_{n}", "nan")) for n in names)
    facts = f"One layer gets {one:.1%} of the previous tokens right, two layers get {two:.1%}."
    if two > 0.9 > 0.6 > one and position > 0.7 > none:
        return (
            f"One layer is not enough, two layers are. {facts} What the first of the two layers "
            f"writes depends on the position: put its mean at each position in its place and "
            f"{position:.0%} stay right, put one mean for all in its place and {none:.0%} do.",
            "refuted",
        )
    return (f"Not as expected with these parameters. {facts}", "mixed")
