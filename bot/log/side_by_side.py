"""Comparison ─► Markdown: what differs between runs, side by side; one line of what is the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

from bot.agreement import Verdict
from bot.log.figures import shown_figure
from bot.log.run_details import folded
from bot.log.run_entry import SIGNS
from bot.log.safety import clip, code, fence, inline
from bot.log.tables import WIDEST, number, table
from bot.matched_figures import FigureRow
from bot.side_by_side import CodeChange, Comparison, MetricRow, Row, Side
from runner.records import Figure, Metric, Status

Address = Callable[[int, Figure], str]
_MOST_METRICS = 30
_MOST_NAMED = 8  # metrics that are the same, each with its value
_MOST_SHOWN, _MOST_FOLDED = 3, 12  # rows of plots
_MOST_ROWS = 40  # of parameters, and of what differs in environments
_OPEN_ROWS = 8  # above which they are folded away
_MOST_FILES = 8
_MOST_LINES = 200  # of a diff
_LONGEST_LINE = 160
_ROOM_OF_DIFFS = 24_000  # characters
_ROOM_OF_PLOTS = 16_000


def comparison_text(comparison: Comparison, at: Address) -> str:
    """Render runs side by side.

    Args:
        comparison: What was compared.
        at: Gives the address of a picture of the run at that place; empty where there is none.
    """
    parts = [
        f"### ⚖️ {_named([side.run_id for side in comparison.sides])} compared",
        *_odd_ones(comparison.sides),
        _best(comparison),
        _metrics(comparison),
        _rows("parameter", comparison, comparison.parameters, "Parameters"),
        _plots(comparison, at),
        *_code(comparison.code, comparison.sides[0]),
        _rows("ran on", comparison, comparison.environment, "Ran on"),
        same_line(comparison, code, inline),
    ]
    return "\n\n".join(part for part in parts if part)


def same_line(
    comparison: Comparison, name: Callable[[str], str], plain: Callable[[str], str]
) -> str:
    """Say in one line what is the same in all runs.

    Args:
        comparison: What was compared.
        name: Writes the name of a metric or of a commit.
        plain: Writes any other text.
    """
    same = [plain(text) for text in comparison.same]
    same += [f"commit {name(comparison.commit[:10])}"] if comparison.commit else []
    equal = [row for row in comparison.metrics if row.verdict is not Verdict.DIFFERENT]
    same += [f"{name(clip(row.name, WIDEST))} {plain(_value(row))}" for row in equal[:_MOST_NAMED]]
    same += [f"{len(equal) - _MOST_NAMED} more metrics"] if len(equal) > _MOST_NAMED else []
    pictures = sum(row.same for row in comparison.figures)
    same += [f"{pictures} plot{'s' if pictures > 1 else ''} to the byte"] if pictures else []
    return f"The same in all: {', '.join(same)}." if same else ""


def judged(row: MetricRow, place: int) -> str:
    """Write a metric of one run as plain text, with its difference from the base.

    `0.95 (+0.05)`; `≈` before a difference that is tolerated, `=` where there is none.
    """
    value = row.values[place]
    if value is None:
        return "not recorded"
    text = _short(row.values, place)
    if place == 0:
        return text
    pair = row.pairs[place - 1]
    if pair.verdict is Verdict.IDENTICAL:
        return f"{text} (=)"
    if pair.difference is None:
        return text
    difference = f"{pair.difference:+.3g}".replace("-", "−")
    return f"{text} ({'≈ ' if pair.verdict is Verdict.WITHIN else ''}{difference})"


def different(comparison: Comparison) -> tuple[MetricRow, ...]:
    """Give the metrics that are not the same in all runs, as far as is tolerated."""
    return tuple(row for row in comparison.metrics if row.verdict is Verdict.DIFFERENT)


def best_line(comparison: Comparison) -> str:
    """Say in plain text which run has the best value of the main metric; empty if none is."""
    row = next((row for row in comparison.metrics if row.best), None)
    if row is None:
        return ""
    best = [comparison.sides[place].run_id for place in sorted(row.best)]
    return f"Best {clip(row.name, WIDEST)} ({comparison.goal}): {_named(best, 'run').lower()}"


def odd_lines(sides: Sequence[Side]) -> list[str]:
    """Say in plain text what there is to know of runs that did not succeed, or lack something."""
    lines = []
    for side in sides:
        error = side.result.error if side.result else None
        if side.status not in (Status.SUCCEEDED, None):
            word = (side.status or Status.SUCCEEDED).value.replace("_", " ")
            cause = f": {error.name}: {error.message}".rstrip(": ") if error else ""
            where = f" in cell {error.cell}" if error and error.cell is not None else ""
            lines.append(f"Run {side.run_id} {word}{where}{clip(cause, 300)}")
        if side.missing:
            lines.append(f"Run {side.run_id}: {side.missing}")
    return lines


def code_line(change: CodeChange, base: Side) -> str:
    """Say in plain text how much of a notebook's code changed."""
    if change.like:
        return f"Code of run {change.run_id}: as that of run {change.like}"
    diff = change.diff
    if diff is None:
        why = f"{change.unknown}{_others(change)}"
        return f"What changed in the code of run {change.run_id} is not known: {why}"
    counted = [
        (diff.changed, "changed"),
        (diff.added, "new"),
        (diff.removed, "removed"),
    ]
    said = [f"{count} {word}" for count, word in counted if count]
    cells = ", ".join(said) + f" cell{'' if diff.cells == 1 else 's'}" if said else "no code"
    texts = f", and {diff.texts} of text" if diff.texts else ""
    cells = "notebook the same" if change.others and not (said or texts) else f"{cells}{texts}"
    return f"Code of run {change.run_id} against run {base.run_id}: {cells}{_others(change)}"


def _others(change: CodeChange) -> str:
    """Name the files beside the notebook that changed."""
    if not change.others:
        return ""
    shown = ", ".join(clip(name, 60) for name in change.others[:_MOST_FILES])
    more = len(change.others) - _MOST_FILES
    return f"; changed beside it: {shown}{f' and {more} more' if more > 0 else ''}"


def _odd_ones(sides: Sequence[Side]) -> list[str]:
    lines = odd_lines(sides)
    signs = {f"Run {s.run_id} ": SIGNS[s.status][0] for s in sides if s.status}
    shown = []
    for line in lines:
        sign = next((sign for begins, sign in signs.items() if line.startswith(begins)), "❔")
        shown.append(f"{sign} {inline(line)}.")
    return ["  \n".join(shown)] if shown else []


def _best(comparison: Comparison) -> str:
    line = best_line(comparison)
    return f"**{inline(line)}.**" if line else ""


def _metrics(comparison: Comparison) -> str:
    rows = different(comparison)
    if not rows:
        recorded = any(side.metrics for side in comparison.sides)
        return "" if recorded else "*No metric was recorded.*"
    lines = []
    for row in rows[:_MOST_METRICS]:
        cells = [inline(judged(row, place)) for place in range(len(comparison.sides))]
        cells = [f"**{cell}**" if n in row.best else cell for n, cell in enumerate(cells)]
        lines.append([code(clip(row.name, WIDEST)), *cells])
    header = ("metric", *_headers(comparison.sides))
    text = table(header, lines, right=range(1, len(header)))
    left = len(rows) - len(lines)
    return f"{text}\n\n*{left} more differ; the runs' own files hold them.*" if left else text


def _rows(noun: str, comparison: Comparison, rows: Sequence[Row], title: str) -> str:
    """Show what differs; folded away if it is much."""
    if not rows:
        return ""
    shown = [
        [code(clip(row.name, WIDEST)) if noun == "parameter" else inline(clip(row.name, WIDEST))]
        + [_shown(row.name, value) for value in row.values]
        for row in rows[:_MOST_ROWS]
    ]
    text = table((noun, *_headers(comparison.sides)), shown)
    if len(rows) > len(shown):
        text += f"\n\n*{len(rows) - len(shown)} more differ.*"
    if len(rows) <= _OPEN_ROWS:
        return text
    return folded(f"{title}: {len(rows)} differences", text)


def _shown(name: str, value: str) -> str:
    text = clip(value, WIDEST) or "?"
    return code(text) if name == "commit" else inline(text)


def _plots(comparison: Comparison, at: Address) -> str:
    """Show the plots that differ, side by side; the first openly."""
    rows = [row for row in comparison.figures if not row.same]
    shown = [_plot_row(row, at) for row in rows[:_MOST_FOLDED]]
    fits = [total <= _ROOM_OF_PLOTS for total in accumulate(sum(map(len, row)) for row in shown)]
    shown = shown[: sum(fits)]
    if not shown:
        return f"*{len(rows)} plots differ; they are in the runs' entries.*" if rows else ""
    header = ("plot", *_headers(comparison.sides))
    parts = [table(header, shown[:_MOST_SHOWN])]
    more = shown[_MOST_SHOWN:]
    if more:
        parts.append(folded(f"{len(more)} more plots that differ", table(header, more)))
    left = len(rows) - len(shown)
    parts += [f"*{left} more differ; they are in the runs' entries.*"] if left else []
    return "\n\n".join(parts)


def _plot_row(row: FigureRow, at: Address) -> list[str]:
    cells = [inline(clip(row.caption, 300)) or " "]
    for place, figure in enumerate(row.figures):
        address = at(place, figure) if figure is not None else ""
        if figure is None:
            cells.append("*none*")
        elif not address:
            cells.append("*cannot be shown*")
        else:  # what all have in common stands at the row's beginning
            alone = figure.model_copy(update={"caption": "" if row.caption else figure.caption})
            alone = alone.model_copy(update={"alt": figure.alt or figure.caption})
            cells.append(shown_figure(alone, "", at=address).replace("\n", "<br>"))
    return cells


def _code(changes: Sequence[CodeChange], base: Side) -> list[str]:
    parts = []
    room = _ROOM_OF_DIFFS
    for change in changes:
        line = code_line(change, base)
        lines = change.diff.lines if change.diff else ()
        if not lines:
            parts.append(f"*{inline(line)}.*")
            continue
        shown = diff_text(lines, min(room, _ROOM_OF_DIFFS // 2))
        room -= len(shown)
        parts.append(folded(inline(line), fence(shown, "diff")))
    return parts


def diff_text(lines: Sequence[str], room: int) -> str:
    """Write a diff with as many lines as there is room for, saying what was left out."""
    short = [clip(line, _LONGEST_LINE) for line in lines]
    fits = [total <= room for total in accumulate(len(line) + 1 for line in short)]
    shown = short[: min(sum(fits), _MOST_LINES)]
    left = len(short) - len(shown)
    return "\n".join([*shown, *([f"… {left} more lines"] if left else [])])


def _headers(sides: Sequence[Side]) -> tuple[str, ...]:
    return tuple(f"run {side.run_id}" for side in sides)


def _named(names: Sequence[str], noun: str = "Run") -> str:
    """Write `Runs 1.2, 1.3 and 1.4`."""
    if len(names) == 1:
        return f"{noun} {names[0]}"
    return f"{noun}s {', '.join(names[:-1])} and {names[-1]}"


def _value(row: MetricRow) -> str:
    value = row.values[0]
    text = number(value) if value is not None else "not recorded"
    within = row.verdict is Verdict.WITHIN
    return f"{text} (within {row.pairs[0].tolerance:g})" if within else text


def _short(values: Sequence[Metric | None], place: int) -> str:
    """Write a value as short as it can be told apart from the base's."""
    value, base = values[place], values[0]
    if value is None:
        return "not recorded"
    others = values[1:] if place == 0 else (base,)
    same = any(o is not None and o != value and number(o) == number(value) for o in others)
    return clip(str(value), WIDEST) if same else number(value)
