"""A sweep ─► a table over all its points: as Markdown for its entry, as CSV for whoever goes on."""

from __future__ import annotations

import csv
import io
from itertools import accumulate

from bot.excursion_file import ExcursionFile
from bot.log.run_details import folded
from bot.log.safety import clip, code, inline
from bot.log.sweep.metric import Compared, best_point
from bot.log.sweep.words import count, outcome
from bot.log.tables import number, table
from bot.parameters import written
from bot.sweep import Sweep
from runner.records import Metric

CSV = "points.csv"
_MOST_OPEN = 16  # rows; more are folded away
_MOST_METRICS = 4
_WIDEST = 32  # characters of a cell


def points_table(
    sweep: Sweep, metric: Compared | None, declared: ExcursionFile | None, *, room: int
) -> str:
    """Render a row for each point, folded away where they are many.

    Args:
        sweep: The sweep.
        metric: By what its points are compared.
        declared: Says which other metrics are worth a column.
        room: Characters that the whole may have; rows that do not fit are counted.
    """
    names = _metrics(sweep, metric, declared)
    best = best_point(sweep, metric) if metric else None
    header = ["run", *(code(clip(name, _WIDEST)) for name in (*sweep.axes, *names)), "took"]
    rows = []
    for point in sweep.points:
        result = point.result
        recorded = result.metrics if result is not None else {}
        cells = [inline(clip(number(recorded[n]), _WIDEST)) if n in recorded else "" for n in names]
        if point is best:
            cells[:1] = [f"**{cells[0]}**"]
        values = [code(clip(written(point.parameters[name]), _WIDEST)) for name in sweep.axes]
        rows.append([point.request.run_id, *values, *cells, inline(outcome(point))])
    head = table(header, [])
    sizes = accumulate((len(table((), [row])) for row in rows), initial=len(head) + 200)
    shown = rows[: max(0, sum(size <= room for size in sizes) - 1)]
    text = table(header, shown, right=range(1, len(header) - 1))
    if len(shown) < len(rows):
        left = count(len(rows) - len(shown), "more point")
        text += f"\n\n*{left} have no room here; `{CSV}` in the sweep's files has them all.*"
    return text if len(rows) <= _MOST_OPEN else folded(f"All {len(rows)} points", text)


def points_csv(sweep: Sweep) -> bytes:
    """Write every point with all parameters and all metrics as CSV.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    names = tuple(dict.fromkeys(name for result in sweep.results for name in result.metrics))
    parameters = tuple(sweep.request.parameters)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(_cell, ["run", "status", "duration_s", *parameters, *names]))
    for point in sweep.points:
        result = point.result
        status = result.status.value if result else "not run"
        took = result.duration_s if result else ""
        values = [written(point.parameters[name]) for name in parameters]
        recorded = [written(result.metrics.get(name, "")) if result else "" for name in names]
        row = [point.request.run_id, status, took, *values, *recorded]
        writer.writerow(map(_cell, row))
    return out.getvalue().encode("utf-8", "replace")


def _cell(value: Metric) -> str:
    text = str(value)
    try:
        float(text)
    except ValueError:
        return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
    return text


def _metrics(
    sweep: Sweep, metric: Compared | None, declared: ExcursionFile | None
) -> tuple[str, ...]:
    """Choose the metrics that get a column: the one compared first, then the headline's."""
    recorded = dict.fromkeys(name for result in sweep.results for name in result.metrics)
    wanted = [metric.name] if metric else []
    wanted += declared.metrics.headline if declared else ()
    names = [name for name in dict.fromkeys(wanted) if name in recorded]
    return tuple(names or recorded)[:_MOST_METRICS]
