"""RunResult ─► what its entry folds away: commands, parameters, cells, traceback, environment."""

from __future__ import annotations

import shlex
from collections.abc import Container

from bot.durations import spoken
from bot.excursion import Excursion
from bot.excursion_file import ExcursionFile
from bot.log.ran_on import environment_table
from bot.log.safety import clip, clip_lines, code, fence, inline
from bot.log.tables import WIDEST, table
from bot.parameters import written
from bot.surroundings import LOCAL, Surroundings
from runner.records import RunResult


def run_details(
    result: RunResult,
    excursion: Excursion,
    declared: ExcursionFile | None,
    surroundings: Surroundings = LOCAL,
) -> list[str]:
    """Render the folded parts that have anything to say, what is needed most often first."""
    parts = (
        ("What the metrics mean", meanings(result.metrics, declared)),
        ("How to run it again", _again(result, excursion, surroundings)),
        ("Parameters", _parameters(result, declared)),
        ("Cells", _cells(result)),
        ("Traceback", _traceback(result)),
        ("Last lines of output", _output(result)),
        ("Environment", environment_text(result)),
    )
    return [folded(title, text) for title, text in parts if text]


def folded(title: str, text: str) -> str:
    """Fold Markdown away behind a title."""
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


def meanings(recorded: Container[str], declared: ExcursionFile | None) -> str:
    """Say what the metrics mean that were recorded."""
    known = declared.metrics.descriptions if declared else {}
    rows = [[code(n), inline(text)] for n, text in known.items() if n in recorded]
    return table(("metric", "meaning"), rows) if rows else ""


def _again(result: RunResult, excursion: Excursion, surroundings: Surroundings) -> str:
    given = {name: written(value) for name, value in result.parameters.items()}
    ours = surroundings.command("run", excursion.issue, given, "force")
    number = result.run_id.partition(".")[2]
    repeat = f"excursion reproduce {excursion.issue} {number}"
    if surroundings.is_github:
        repeat = f"/reproduce {number}"
    theirs = ["papermill", "notebook.ipynb", "again.ipynb"]
    for name, value in result.parameters.items():
        theirs += ["-r" if isinstance(value, str) else "-p", name, str(value)]
    return (
        "At the very commit of this run, compared with it metric by metric; or with the branch as "
        "it is now:\n\n"
        + fence(
            "\n".join(filter(None, (repeat, ours))),
            surroundings.language,
        )
        + "\n\n"
        "At the very commit of this run, without this tool (`git worktree` gives a second "
        "checkout):\n\n"
        + fence(
            f"git worktree add --detach ../again-{result.run_id} {result.commit}\n"
            f"cd {shlex.quote(f'../again-{result.run_id}/{excursion.folder}')}\n"
            f"{shlex.join(theirs)}",
            "sh",
        )
    )


def _parameters(result: RunResult, declared: ExcursionFile | None) -> str:
    rows = []
    for name, value in result.parameters.items():
        known = declared.parameters.get(name) if declared else None
        default = code(clip(written(known.default), WIDEST)) if known else ""
        allowed = f"{known.description} ({known.allowed})" if known else ""
        rows.append([code(name), code(clip(written(value), WIDEST)), default, inline(allowed)])
    return table(("parameter", "value", "default", "meaning"), rows, right=(1, 2)) if rows else ""


def _cells(result: RunResult) -> str:
    rows = [
        [str(cell.index), cell.status.value.replace("_", " "), _seconds(cell.duration_s)]
        for cell in result.cells[:200]
    ]
    return table(("cell", "status", "took"), rows, right=(0, 2)) if rows else ""


def _seconds(duration: float | None) -> str:
    return "" if duration is None else spoken(duration)


def _traceback(result: RunResult) -> str:
    if result.error is None or not result.error.traceback:
        return ""
    return fence(clip_lines(result.error.traceback, 120))


def _output(result: RunResult) -> str:
    return fence(clip_lines(result.stdout_tail, 40)) if result.stdout_tail.strip() else ""


def environment_text(result: RunResult) -> str:
    """List platform, versions and packages; empty where they are not known."""
    environment = result.environment
    if environment is None:
        return ""
    packages = "\n".join(f"{name}=={version}" for name, version in environment.packages.items())
    return f"{environment_table(result)}\n\n{fence(packages)}"
