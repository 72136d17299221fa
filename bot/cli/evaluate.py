"""The command that executes a few lines of code."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bot import handle
from bot.cli.desk import open_desk
from bot.cli.place import dry_run_option, give, issue_argument, runner_option, say
from bot.cli.run import tell
from bot.command import Block, Eval
from bot.errors import RequestError
from bot.events import Commanded

_LANGUAGES = {".py": "python", ".ipy": "python", ".tex": "latex"}


@click.command("eval")
@issue_argument
@click.argument("file")
@click.option("--after", metavar="TAG", help="Execute the notebook before, up to that cell.")
@click.option("--timeout", metavar="TIME", help="Limit of all of it, such as 90s or 30m.")
@runner_option
@click.option("--force", is_flag=True, help="Execute also what was executed before.")
@dry_run_option
def eval_command(
    issue: int,
    file: str,
    after: str | None,
    timeout: str | None,
    runner: str | None,
    force: bool,
    dry_run: bool,
) -> None:
    """Execute the Python in FILE (- for standard input) in the folder of excursion N; post it.

    With --after, the notebook's cells are executed before, as the branch has them. A file of LaTeX
    (.tex) is shown as a formula. Prints the eval's number.
    """
    desk = open_desk(dry_run=dry_run)
    command = Eval(_read(file), after, timeout, runner, force)
    results = handle.command(desk.shell, Commanded(desk.actor, issue, command))
    if dry_run:
        return
    for result in results:
        give(result.run_id)
        if result.value or result.stdout_tail:
            say("\n".join(filter(None, (result.stdout_tail.rstrip("\n"), result.value))))
    tell(desk, issue, results)


def _read(file: str) -> Block:
    """Read the block.

    Raises:
        RequestError: There is no such file, it is no text, or in a language that we do not know.
    """
    path = Path(file)
    language = "python" if file == "-" else _LANGUAGES.get(path.suffix.lower(), path.suffix[1:])
    try:
        content = sys.stdin.buffer.read() if file == "-" else path.read_bytes()
        return Block(content.decode().removesuffix("\n"), language)
    except UnicodeDecodeError as error:
        raise RequestError("is not UTF-8 text", where=file, right="Write it in UTF-8.") from error
    except OSError as error:
        raise RequestError(
            f"cannot be read: {error.strerror}",
            where=file,
            right="Name a file with the code, or - for standard input.",
        ) from error
