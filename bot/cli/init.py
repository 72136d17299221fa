"""`excursion init`: set a git repository up for excursions."""

from __future__ import annotations

from pathlib import Path

import click

from bot.cli.place import dry_run_option, give, say
from bot.config import FILE_NAME, FIRST_TEXT, read_config
from bot.errors import RequestError
from bot.forge.git import Git, find_repository
from bot.forge.local import LocalForge
from bot.forge.thread_files import write_atomically


@click.command("init")
@click.option("--github", "on_github", is_flag=True, help="Also workflow, issue form and labels.")
@click.option("--from", "origin", metavar="OWNER/NAME@COMMIT", help="Where to take ours from.")
@click.option("--update", is_flag=True, help="Pin the workflow anew; renew the issue form.")
@click.option("--no-labels", is_flag=True, help="Make no labels; print the commands that do.")
@dry_run_option
def init_command(
    on_github: bool, origin: str | None, update: bool, no_labels: bool, dry_run: bool
) -> None:
    """Set this git repository up for excursions. What is there already stays as it is.

    With --github, for issues on GitHub too: writes .github/workflows/excursions.yml and
    .github/ISSUE_TEMPLATE/excursion.yml, and makes the labels, for which GITHUB_TOKEN is needed.
    """
    if not on_github and (origin or update or no_labels):
        raise RequestError(
            "--from, --update and --no-labels are about GitHub", right="Add --github."
        )
    git, top = find_repository(Path.cwd())
    path = top / FILE_NAME
    there = path.exists()
    if there:
        read_config(path.read_bytes())
    if on_github:
        from bot.cli.init_github import prepare

        apply = prepare(git, top, origin, update=update, no_labels=no_labels)
    if dry_run:
        give(f"leave as it is  {FILE_NAME}" if there else f"write file  {FILE_NAME}")
        give("make folder  .excursions, kept out of commits by .git/info/exclude")
        if on_github:
            apply(dry_run=True)
        return
    with LocalForge(git, top).lock():
        if not there:
            branch = default_branch(git).replace("\\", "\\\\").replace('"', '\\"')
            write_atomically(path, FIRST_TEXT.format(default_branch=branch).encode())
    say(f"{FILE_NAME} {'was there already' if there else 'is written; commit it'}.")
    if on_github:
        apply(dry_run=False)
        say("Commit and push these files; then label an issue: excursion. Check with:")
        say("  excursion doctor")
    else:
        say('Now ask something: excursion ask "Does …?" --template no-positions')
    if git.commit_of("HEAD") is None:
        say("There is no commit yet. Make one: git commit --allow-empty -m 'First commit'.")


def default_branch(git: Git) -> str:
    """Find the branch that a repository's work starts from."""
    done = git.run("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD", allowed=(0, 1, 128))
    remote = done.stdout.decode().strip().removeprefix("refs/remotes/origin/")
    for name in (remote, "main", "master"):
        if name and git.commit_of(f"refs/heads/{name}"):
            return name
    done = git.run("symbolic-ref", "--quiet", "--short", "HEAD", allowed=(0, 1, 128))
    return done.stdout.decode().strip() or "main"
