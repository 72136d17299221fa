"""RunResult ─► the entry of a run: what came out first, the rest folded away."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from itertools import accumulate

from bot.durations import spoken
from bot.excursion import Excursion
from bot.excursion_file import ExcursionFile
from bot.log.figures import shown_figure
from bot.log.predictions import Prediction, before, predictions_table, short_moment
from bot.log.safety import clip, clip_lines, code, fence, inline
from bot.log.tables import number, shown_table, table
from runner.records import CellStatus, Metric, RunRequest, RunResult, Status

LONGEST = 60_000  # characters; GitHub refuses a comment above 65,536
_MOST_FIGURES = 40
_MOST_METRICS = 60
_WIDEST = 120  # characters of a name or value where many stand together
# Characters that one part may have, so that all parts above the fold have room in every entry.
_ROOM = {"pictures": 18_000, "tables": 8_000, "metrics": 10_000, "predictions": 10_000}
_REST = "*The rest was too long; the run's own files hold it.*"

_SIGNS = {
    Status.SUCCEEDED: ("✅", "succeeded in"),
    Status.FAILED: ("❌", "failed after"),
    Status.TIMED_OUT: ("⏱️", "ran out of time after"),
    Status.CANCELLED: ("⏹️", "was cancelled after"),
    Status.DIED: ("💀", "died after"),
    Status.REFUSED: ("🚫", "was refused after"),
}


def running_entry(request: RunRequest) -> str:
    """Render the entry of a run that is under way."""
    return (
        f"### ⏳ Run {request.run_id} is running\n\n"
        f"Asked for by {inline(request.requested_by)} at {short_moment(request.requested)} UTC, "
        f"at commit {code(request.commit[:10])}, "
        f"with {_chosen(request.parameters, {})}. "
        f"It may take {spoken(request.timeout_s)} at most."
    )


def run_entry(
    result: RunResult,
    *,
    excursion: Excursion,
    declared: ExcursionFile | None,
    predictions: tuple[Prediction, ...],
    figures_at: str,
) -> str:
    """Render the entry of a run that has ended.

    Args:
        result: What happened.
        excursion: Whose run it is.
        declared: The excursion's declaration at the commit that ran, if it can still be read.
        predictions: All predictions of the thread; those stamped before the run are shown.
        figures_at: Where the thread finds the run's pictures, ending in `/`.
    """
    parts = [
        _heading(result),
        _lead(result, declared),
        _trouble(result),
        _metrics(result, declared),
        _shown(result, figures_at),
        _predicted(result, declared, predictions),
        _ran_on(result),
    ]
    folds = [
        _folded("How to run it again", _again(result, excursion)),
        _folded("Parameters", _parameters(result, declared)),
        _folded("Cells", _cells(result)),
        _folded("Traceback", _traceback(result)),
        _folded("Last lines of output", _output(result)),
        _folded("Environment", _environment(result)),
    ]
    opened, folded = [part for part in parts if part], [fold for fold in folds if fold]
    text = "\n\n".join(opened + folded)
    while len(text) > LONGEST and len(opened) > 1:  # the heading stays, whatever happens
        (folded or opened).remove(max(folded or opened[1:], key=len))
        text = "\n\n".join([*opened, *folded, _REST])
    return clip(text, LONGEST)


def status_words(status: Status) -> str:
    """Say a status with its sign."""
    return f"{_SIGNS[status][0]} {status.value.replace('_', ' ')}"


def headline(metrics: Mapping[str, Metric], declared: ExcursionFile | None) -> str:
    """Say the metrics that matter most in one line of Markdown."""
    names = _ordered(metrics, declared)[:3]
    wanted = declared.metrics.headline if declared else ()
    names = [name for name in wanted if name in metrics] or names
    return " · ".join(f"{code(clip(n, _WIDEST))} {inline(number(metrics[n]))}" for n in names)


def _heading(result: RunResult) -> str:
    sign, words = _SIGNS[result.status]
    return f"### {sign} Run {result.run_id} {words} {spoken(result.duration_s)}"


def _lead(result: RunResult, declared: ExcursionFile | None) -> str:
    defaults = {n: d.default for n, d in declared.parameters.items()} if declared else {}
    lead = f"With {_chosen(result.parameters, defaults)}."
    if result.dirty:
        lead += " **Uncommitted changes were part of it;** they are kept as `uncommitted.patch`."
    return lead


def _chosen(parameters: Mapping[str, Metric], defaults: Mapping[str, Metric]) -> str:
    """Name the parameters that differ from their defaults."""
    if not parameters:
        return "no parameters"
    different = [
        code(clip(f"{name}={value}", _WIDEST))
        for name, value in parameters.items()
        if name not in defaults or defaults[name] != value
    ]
    if not different:
        return "all parameters at their defaults"
    rest = "" if len(different) == len(parameters) else ", the others at their defaults"
    return ", ".join(different) + rest


def _trouble(result: RunResult) -> str:
    """Say first what went wrong."""
    if result.status is Status.SUCCEEDED or result.error is None:
        return ""
    error = result.error
    place = f" in cell {error.cell}" if error.cell is not None else ""
    message = f"{error.name}: {error.message}" if error.message else error.name
    return f"> [!WARNING]\n> **{inline(clip(message, 500))}**{place}. {_progress(result)}"


def _progress(result: RunResult) -> str:
    """Say how far the notebook came."""
    if not result.cells:
        return "No cell was executed."
    done = sum(cell.status is CellStatus.COMPLETED for cell in result.cells)
    waiting = sum(cell.status is CellStatus.PENDING for cell in result.cells)
    text = f"{done} of {len(result.cells)} code cells completed"
    return f"{text}, {waiting} never ran." if waiting else f"{text}."


def _ordered(metrics: Mapping[str, Metric], declared: ExcursionFile | None) -> list[str]:
    """Put the main metric first, then the headline, then the rest as recorded."""
    first = [declared.metrics.main, *declared.metrics.headline] if declared else []
    return [*dict.fromkeys([name for name in first if name in metrics] + list(metrics))]


def _metrics(result: RunResult, declared: ExcursionFile | None) -> str:
    if not result.metrics:
        return "*No metric was recorded.*" if result.status is Status.SUCCEEDED else ""
    main = declared.metrics.main if declared else ""
    meanings = declared.metrics.descriptions if declared else {}
    rows = []
    for name in _ordered(result.metrics, declared)[:_MOST_METRICS]:
        value = inline(number(result.metrics[name]))
        row = [code(clip(name, _WIDEST)), f"**{value}**" if name == main and value else value]
        rows.append([*row, inline(meanings.get(name, ""))] if meanings else row)
    header = ("metric", "value", "meaning")[: len(rows[0])]
    rows = rows[: _fitting(["".join(row) for row in rows], "metrics")]
    text = table(header, rows, right=(1,))
    if len(result.metrics) > len(rows):
        text += f"\n\n*{len(result.metrics) - len(rows)} more are in the run's files.*"
    return text


def _shown(result: RunResult, figures_at: str) -> str:
    """Put pictures and tables in the order in which the cells showed them."""
    pictures = [shown_figure(figure, figures_at) for figure in result.figures[:_MOST_FIGURES]]
    pictures = pictures[: _fitting(pictures, "pictures")]
    tables = [shown_table(shown) for shown in result.tables[:10]]
    tables = tables[: _fitting(tables, "tables")]
    shown = [(figure.cell, text) for figure, text in zip(result.figures, pictures, strict=False)]
    shown += [(table_.cell, text) for table_, text in zip(result.tables, tables, strict=False)]
    texts = [text for _, text in sorted(shown, key=lambda pair: pair[0]) if text]
    for noun, left in (
        ("pictures", len(result.figures) - len(pictures)),
        ("tables", len(result.tables) - len(tables)),
    ):
        if left:
            texts.append(f"*{left} more {noun} are in the run's files.*")
    return "\n\n".join(texts)


def _fitting(texts: Sequence[str], part: str) -> int:
    """Count how many of a part's texts, from the first on, have room in it together."""
    return sum(total <= _ROOM[part] for total in accumulate(len(text) for text in texts))


def _predicted(
    result: RunResult, declared: ExcursionFile | None, predictions: tuple[Prediction, ...]
) -> str:
    stamped = before(predictions, result.started)
    if not stamped:
        return "*Nobody predicted what this run would show.*"
    seen = headline(result.metrics, declared) or f"the run {result.status.value}"
    shown = stamped[: _fitting([p.text + p.author + seen for p in stamped], "predictions")]
    text = predictions_table(shown, seen, "recorded")
    if len(stamped) > len(shown):
        text += f"\n\n*{len(stamped) - len(shown)} more predictions are in the thread.*"
    return f"**Predicted before the run, beside what it recorded**\n\n{text}"


def _ran_on(result: RunResult) -> str:
    """Say in one line what it ran on."""
    facts = [f"commit {code(result.commit[:10])}"]
    if result.seed is not None:
        facts.append(f"seed {result.seed}")
    environment = result.environment
    if environment:
        facts.append(f"Python {inline(environment.python)}")
        if environment.torch:
            facts.append(f"torch {inline(environment.torch)}")
        facts.append(
            f"{len(environment.packages)} packages {code(environment.packages_sha256[:10])}"
        )
        gpus = [inline(gpu.name) for gpu in environment.gpus]
        facts.append(
            ", ".join(gpus) if gpus else f"{environment.cores} × {inline(environment.cpu)}, no GPU"
        )
    facts.append(f"{short_moment(result.started)} UTC, {spoken(result.duration_s)}")
    notes = "".join(f"\n\n*Note: {inline(note)}*" for note in result.notes)
    return f"**Ran on** {' · '.join(facts)}{notes}"


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>" if text else ""


def _again(result: RunResult, excursion: Excursion) -> str:
    ours = ["excursion", "run", str(excursion.issue)]
    theirs = ["papermill", "notebook.ipynb", "again.ipynb"]
    for name, value in result.parameters.items():
        ours += ["-p", f"{name}={_plain_value(value)}"]
        theirs += ["-r" if isinstance(value, str) else "-p", name, str(value)]
    return (
        "With the branch as it is now:\n\n"
        f"{fence(shlex.join(ours), 'sh')}\n\n"
        f"At the very commit of this run, without this tool (`git worktree` gives a second "
        f"checkout):\n\n"
        + fence(
            f"git worktree add --detach ../again-{result.run_id} {result.commit}\n"
            f"cd {shlex.quote(f'../again-{result.run_id}/{excursion.folder}')}\n"
            f"{shlex.join(theirs)}",
            "sh",
        )
    )


def _plain_value(value: Metric) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parameters(result: RunResult, declared: ExcursionFile | None) -> str:
    rows = []
    for name, value in result.parameters.items():
        known = declared.parameters.get(name) if declared else None
        default = code(clip(str(known.default), _WIDEST)) if known else ""
        allowed = f"{known.description} ({known.allowed})" if known else ""
        rows.append([code(name), code(clip(str(value), _WIDEST)), default, inline(allowed)])
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


def _environment(result: RunResult) -> str:
    environment = result.environment
    if environment is None:
        return ""
    rows = [
        ["platform", code(environment.platform)],
        ["Python", code(environment.python)],
        ["torch", code(environment.torch or "not installed")],
        ["CUDA", code(environment.cuda or "none")],
        ["notebook", code(f"sha256:{result.notebook_sha256}")],
        ["packages", code(f"sha256:{environment.packages_sha256}")],
    ]
    packages = "\n".join(f"{name}=={version}" for name, version in environment.packages.items())
    return f"{table(('what', 'which'), rows)}\n\n{fence(packages)}"
