"""RunResult ─► the entry of a run: what came out first, the rest folded away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

from bot.agreement import Agreement, Verdict
from bot.durations import spoken
from bot.excursion import Excursion
from bot.excursion_file import ExcursionFile
from bot.log.figures import shown_figure
from bot.log.predictions import before, outcome_in, predictions_table, short_moment
from bot.log.ran_on import ran_on
from bot.log.reproduction import reproduction_parts, verdict_line
from bot.log.run_details import run_details
from bot.log.safety import clip, code, inline
from bot.log.tables import WIDEST, number, shown_table, table
from bot.parameters import written
from bot.scoring import Prediction
from bot.surroundings import LOCAL, Surroundings
from runner.records import CellStatus, Figure, Metric, RunRequest, RunResult, Status

LONGEST = 60_000  # characters; GitHub refuses a comment above 65,536
_MOST_FIGURES = 40
_MOST_METRICS = 60
_MOST_DEFAULTS = 12  # named in an entry's first line
# Characters that one part may have, so that all parts above the fold have room in every entry.
_ROOM = {
    "pictures": 18_000,
    "tables": 8_000,
    "metrics": 10_000,
    "predictions": 12_000,
    "notes": 3_000,
}
_REST = "*The rest was too long; the run's own files hold it.*"

SIGNS = {
    Status.SUCCEEDED: ("✅", "succeeded in"),
    Status.FAILED: ("❌", "failed after"),
    Status.TIMED_OUT: ("⏱️", "ran out of time after"),
    Status.CANCELLED: ("⏹️", "was cancelled after"),
    Status.DIED: ("💀", "died after"),
    Status.REFUSED: ("🚫", "was refused"),
}


def running_entry(request: RunRequest) -> str:
    """Render the entry of a run that is under way."""
    doing = f"is repeating run {request.reproduces}" if request.reproduces else "is running"
    doing = f"tries run {request.retries} again" if request.retries else doing
    return (
        f"### ⏳ Run {request.run_id} {doing}\n\n"
        f"Asked for by {inline(request.requested_by)} at {short_moment(request.requested)} UTC, "
        f"at commit {code(request.commit[:10])}, "
        f"with {chosen(request.parameters, {})}. "
        f"It may take {spoken(request.timeout_s)} at most{_each_cell(request)}."
    )


def _each_cell(request: RunRequest) -> str:
    limit = request.cell_timeout_s
    return "" if limit is None else f", and any one cell {spoken(limit)}"


def run_entry(
    result: RunResult,
    *,
    excursion: Excursion,
    declared: ExcursionFile | None,
    predictions: tuple[Prediction, ...],
    figures_at: str,
    original: RunResult | None = None,
    agreement: Agreement | None = None,
    surroundings: Surroundings = LOCAL,
) -> str:
    """Render the entry of a run that has ended.

    Args:
        result: What happened.
        excursion: Whose run it is.
        declared: The excursion's declaration at the commit that ran, if it can still be read.
        predictions: All predictions of the thread; those stamped before the run are shown.
        figures_at: Where the thread finds the run's pictures, ending in `/`; empty if nowhere.
        original: The run that this one repeats, or is answered from, if it is known.
        agreement: How the two compare, if this one repeats it.
        surroundings: Where the thread is read.
    """
    metrics = (
        reproduction_parts(result, original, agreement)
        if original is not None and agreement is not None
        else [metrics_table(result, declared)]
    )
    seen = headline(result.metrics, declared) or f"the run {result.status.value}"
    parts = [
        _heading(result, original, agreement),
        _lead(result, declared, original),
        _trouble(result),
        *metrics,
        # What was said once the original had shown it is no prediction.
        predicted(seen, (original or result).started, predictions, (result,), "run"),
        shown_outputs(result, figures_at, surroundings.attached),
        ran_on(result, original),
        noted(result),
        log_link(surroundings),
    ]
    opened, folded = (
        [part for part in parts if part],
        run_details(result, excursion, declared, surroundings),
    )
    text = "\n\n".join(opened + folded)
    while len(text) > LONGEST and len(opened) > 1:  # the heading stays, whatever happens
        (folded or opened).remove(max(folded or opened[1:], key=len))
        text = "\n\n".join([*opened, *folded, _REST])
    return clip(text, LONGEST)


def headline(metrics: Mapping[str, Metric], declared: ExcursionFile | None) -> str:
    """Say the metrics that matter most in one line of Markdown."""
    names = _ordered(metrics, declared)[:3]
    wanted = declared.metrics.headline if declared else ()
    names = [name for name in wanted if name in metrics] or names
    return " · ".join(f"{code(clip(n, WIDEST))} {inline(number(metrics[n]))}" for n in names)


def _heading(result: RunResult, original: RunResult | None, agreement: Agreement | None) -> str:
    if original is not None and agreement is not None and not result.cache_hit:
        sign = "❗" if agreement.verdict is Verdict.DIFFERENT else "✅"
        return f"### {sign} {inline(verdict_line(result, original, agreement))}"
    return heading(result)


def heading(result: RunResult) -> str:
    """Say that a run has ended, and how, but nothing of what came out."""
    if result.cache_hit:
        return f"### ⚡ Run {result.run_id}: answered from run {result.answered_from}"
    sign, words = SIGNS[result.status]
    repeated = f", repeating run {result.reproduces}," if result.reproduces else ""
    lasted = "" if result.status is Status.REFUSED else f" {spoken(result.duration_s)}"
    return f"### {sign} Run {result.run_id}{repeated} {words}{lasted}"


def _lead(result: RunResult, declared: ExcursionFile | None, original: RunResult | None) -> str:
    defaults = {n: d.default for n, d in declared.parameters.items()} if declared else {}
    lead = f"With {chosen(result.parameters, defaults)}."
    if result.retries:
        lead = f"Retry of run {result.retries}. {lead}"
    if result.dirty:
        lead += " **Uncommitted changes were part of it;** they are kept as `uncommitted.patch`."
    if result.cache_hit:
        when = f", of {short_moment(original.started)} UTC" if original else ""
        took = f" That run took {spoken(original.duration_s)}." if original else ""
        lead += (
            f" Code, parameters, packages, data and seed are those of run {result.answered_from}"
            f"{when}, so nothing was executed.{took} `--force` (in a comment: `/run force`) runs "
            f"anyway."
        )
    elif original is not None:
        lead += (
            f" Executed again at commit {code(result.commit[:10])}, in "
            f"{spoken(result.duration_s)}; run {original.run_id} took "
            f"{spoken(original.duration_s)}."
        )
    return lead


def chosen(parameters: Mapping[str, Metric], defaults: Mapping[str, Metric]) -> str:
    """Name the parameters, first those that differ from their defaults."""
    if not parameters:
        return "no parameters"
    chosen: list[str] = []
    default: list[str] = []
    for name, value in parameters.items():
        at_default = name in defaults and defaults[name] == value
        (default if at_default else chosen).append(code(clip(f"{name}={written(value)}", WIDEST)))
    if not default:
        return ", ".join(chosen)
    named = f" ({', '.join(default)})" if len(default) <= _MOST_DEFAULTS else ""
    if not chosen:
        return f"all parameters at their defaults{named}"
    return f"{', '.join(chosen)}, the others at their defaults{named}"


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


def metrics_table(result: RunResult, declared: ExcursionFile | None) -> str:
    """List the metrics, the main one first and bold."""
    if not result.metrics:
        return "*No metric was recorded.*" if result.status is Status.SUCCEEDED else ""
    main = declared.metrics.main if declared else ""
    rows = []
    for name in _ordered(result.metrics, declared)[:_MOST_METRICS]:
        value = inline(number(result.metrics[name]))
        bold = name == main and value
        rows.append([code(clip(name, WIDEST)), f"**{value}**" if bold else value])
    rows = rows[: _fitting(["".join(row) for row in rows], "metrics")]
    text = table(("metric", "value"), rows, right=(1,))
    if len(result.metrics) > len(rows):
        text += f"\n\n*{len(result.metrics) - len(rows)} more are in the run's files.*"
    return text


def log_link(surroundings: Surroundings) -> str:
    """Link what the machines did, and say why pictures cannot be shown."""
    parts = []
    if surroundings.trouble:
        parts.append(f"> [!WARNING]\n> {inline(clip(surroundings.trouble, 1_000))}")
    if surroundings.log:
        parts.append(f"[What the machines did]({surroundings.log})")
    return "\n\n".join(parts)


def shown_figures(
    result: RunResult, figures_at: str, attached: Mapping[str, str]
) -> list[tuple[Figure, str]]:
    """Give the pictures that a run's entry has room for, with their Markdown.

    Args:
        result: What happened.
        figures_at: Where pictures are found by their names, ending in `/`; empty if nowhere.
        attached: SHA-256 ─► address, of those that have one of their own.
    """
    figures = result.figures[:_MOST_FIGURES] if figures_at else ()
    pictures = [shown_figure(f, figures_at, at=attached.get(f.sha256, "")) for f in figures]
    fitting = _fitting(pictures, "pictures")
    return list(zip(figures[:fitting], pictures, strict=False))


def shown_outputs(result: RunResult, figures_at: str, attached: Mapping[str, str]) -> str:
    """Put pictures and tables in the order in which the cells showed them."""
    pictures = shown_figures(result, figures_at, attached)
    tables = [shown_table(shown) for shown in result.tables[:10]]
    tables = tables[: _fitting(tables, "tables")]
    shown = [(figure.cell, text) for figure, text in pictures]
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


def predicted(
    seen: str,
    began: str,
    predictions: tuple[Prediction, ...],
    results: Sequence[RunResult],
    noun: str,
) -> str:
    """Show the predictions that were stamped before something began, beside what was seen.

    Args:
        seen: What was seen, as Markdown.
        began: When it began; ISO 8601, UTC.
        predictions: All predictions of the thread.
        results: What ended; predictions with a condition are held against its metrics.
        noun: What it was: a run or a sweep.
    """
    stamped = before(predictions, began)
    if not stamped:
        return f"*Nobody predicted what this {noun} would show.*"
    came = {p.number: outcome_in(p, results, seen) for p in stamped}
    texts = [inline(p.text + p.author) + came[p.number] for p in stamped]
    shown = stamped[: _fitting(texts, "predictions")]
    text = predictions_table(shown, lambda p: came[p.number], "recorded")
    if len(stamped) > len(shown):
        text += f"\n\n*{len(stamped) - len(shown)} more predictions are in the thread.*"
    return f"**Predicted before the {noun}, beside what it recorded**\n\n{text}"


def noted(result: RunResult) -> str:
    """Say what a reader should know besides."""
    notes = [f"*Note: {inline(note)}*" for note in result.notes]
    return "\n\n".join(notes[: _fitting(notes, "notes")])
