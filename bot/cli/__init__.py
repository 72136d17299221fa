"""The `excursion` command: words on a command line ─► events for the one path.

Nothing heavy is imported before it is known which command was given.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

import click

from bot.errors import ExcursionError

# Command ─► the module that holds it, in the order in which help lists them.
_MODULES = {
    "demo": "bot.cli.demo",
    "init": "bot.cli.init",
    "ask": "bot.cli.change",
    "start": "bot.cli.change",
    "predict": "bot.cli.change",
    "run": "bot.cli.run",
    "sweep": "bot.cli.sweep",
    "eval": "bot.cli.evaluate",
    "reproduce": "bot.cli.run",
    "cancel": "bot.cli.stop",
    "retry": "bot.cli.stop",
    "compare": "bot.cli.compare",
    "log": "bot.cli.change",
    "answer": "bot.cli.change",
    "close": "bot.cli.change",
    "reopen": "bot.cli.change",
    "split": "bot.cli.change",
    "spoiler": "bot.cli.change",
    "comment": "bot.cli.run",
    "list": "bot.cli.look",
    "show": "bot.cli.look",
    "status": "bot.cli.look",
    "warm": "bot.cli.warm",
    "params": "bot.cli.look",
    "templates": "bot.cli.templates",
    "template": "bot.cli.template",
    "doctor": "bot.cli.doctor",
    "action": "bot.cli.action",
}
_EXECUTING = frozenset(("run", "sweep", "reproduce", "retry", "comment", "eval"))
_SHORT_HELP = {
    "demo": "The whole loop on a throw-away repository, ending in a page to open.",
    "init": "Set a git repository up for excursions.",
    "ask": "Ask a question: an issue, a branch and a folder to work in.",
    "start": "Begin the excursion of an issue that has none yet.",
    "predict": "Stamp what you think will happen, before it does.",
    "run": "Execute the notebook and post what came out.",
    "sweep": "Execute the notebook over a grid of parameters, several points at once.",
    "eval": "Execute a few lines of code and post what came of it.",
    "reproduce": "Run again at the very commit, and compare.",
    "cancel": "Stop what is being executed; what it made is kept.",
    "retry": "Execute again what failed or was stopped.",
    "compare": "Show runs side by side, and what differs.",
    "log": "Add a dated line to the excursion's log.",
    "answer": "Write the answer down, merge it, close the issue.",
    "close": "Close the issue without an answer.",
    "reopen": "Open the issue again.",
    "split": "Open issues for the parts of a question.",
    "spoiler": "Post results folded, so that readers can predict first.",
    "comment": "Post a comment; commands in it are carried out.",
    "list": "List the excursions.",
    "show": "Show a thread.",
    "status": "Show where an excursion stands.",
    "warm": "Keep kernels ready, so that runs start at once.",
    "params": "Show what an excursion's notebook may be given.",
    "templates": "List the templates.",
    "template": "Check a template of your own.",
    "doctor": "Say what is missing, here and on GitHub, and what to do.",
    "action": "The three jobs on GitHub Actions.",
}


class _Lazy(click.Group):
    """A group that imports a command's module when the command is given."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _MODULES.get(cmd_name)
        if module is None:
            return None
        import importlib

        found: click.Command = getattr(importlib.import_module(module), f"{cmd_name}_command")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_SHORT_HELP.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command for one that does not exist."""
        if args and args[0] not in _MODULES and not args[0].startswith("-"):
            from bot.errors import did_you_mean

            ctx.fail(
                f"No such command {args[0]!r}. {did_you_mean(args[0], _MODULES, noun='commands')}"
            )
        return super().resolve_command(ctx, args)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="excursions", prog_name="excursion")
def excursion() -> None:
    """Questions, runs, plots and answers: a research log that keeps itself.

    An excursion is one question on its way to an answer: an issue, its branch, its folder, its
    runs. `excursion demo` shows the whole loop; `excursion init` brings it to your repository.
    """


def main(arguments: list[str] | None = None) -> None:
    """Carry out a command line and exit: 0 done, 1 a run failed, 2 wrong request, 3 machine.

    A command that executes something is carried out by a fork of the zygote, where there is one.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0] in _EXECUTING:
        from bot.cli.handover import hand_over

        status = hand_over(given)
        if status is not None:
            sys.exit(status)
    main_here(given)


def main_here(arguments: list[str]) -> None:
    """Carry out a command line in this very process, and exit."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)  # a closed terminal ends a run as Ctrl-C does
    try:
        _check_text(arguments)
        excursion.main(args=arguments, standalone_mode=False)
    except ExcursionError as error:
        click.echo(f"excursion: {error}", err=True)
        sys.exit(error.exit_status)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            "\nexcursion: interrupted\n  Give the command again to finish it; nothing is lost.",
            err=True,
        )
        sys.exit(3)
    except Exception as error:  # noqa: BLE001  # the last floor: told whole, never swallowed
        _explain(error)
        sys.exit(3)


def _explain(error: Exception) -> None:
    """Say what the disk refused; anything else is our fault, and is told whole."""
    from pathlib import Path

    from bot.forge.thread_files import DISK_FULL, disk_error

    if isinstance(error, OSError) and (error.filename or error.errno in DISK_FULL):
        click.echo(f"excursion: {disk_error(error, Path(error.filename or '.'))}", err=True)
        return
    import traceback

    traceback.print_exception(error)
    click.echo(
        "excursion: this is a defect of ours; your threads and branches are as they were left\n"
        "  Give the command again, or report it with the lines above.",
        err=True,
    )


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _check_text(arguments: list[str]) -> None:
    """Refuse bytes that are no text before they reach a thread."""
    for position, argument in enumerate(arguments, start=1):
        try:
            argument.encode("utf-8")
        except UnicodeEncodeError as error:
            from bot.errors import RequestError

            raise RequestError(
                f"argument {position} is not UTF-8 text", right="Write it in UTF-8."
            ) from error
