"""Rows of text ─► a Markdown table; numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal

from bot.log.safety import clip, inline
from runner.records import Metric, Table

_MOST_ROWS = 30
_MOST_COLUMNS = 12
WIDEST = 120  # characters of a name or value where many stand together


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()
) -> str:
    """Write a table of cells that are Markdown already.

    Args:
        header: The columns' names.
        rows: The rows, each as long as the header.
        right: Which columns hold numbers, and so stand flush right.
    """
    rules = ["---:" if index in right else "---" for index in range(len(header))]
    lines = [header, rules, *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def number(value: Metric) -> str:
    """Write a metric's value: four significant digits, whole numbers whole."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return clip(value, WIDEST)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**15 else f"{Decimal(value):.4g}"
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    if value == int(value) and abs(value) < 10**9:
        return f"{value:.1f}"
    size = abs(value)
    return f"{value:.4g}" if size < 1e-4 or size >= 1e6 else _significant(value)


def _significant(value: float) -> str:
    """Write four significant digits without an exponent."""
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


def shown_table(shown: Table) -> str:
    """Write a table that a cell showed, clipped, its text made harmless."""
    columns = [inline(clip(name, WIDEST)) or " " for name in shown.columns[:_MOST_COLUMNS]]
    if not columns:
        return ""
    rows = [
        [inline(clip(cell, WIDEST)) for cell in row[: len(columns)]]
        for row in shown.rows[:_MOST_ROWS]
    ]
    rows = [row + [""] * (len(columns) - len(row)) for row in rows]
    numeric = [
        index
        for index in range(len(columns))
        if rows and all(_is_number(row[index]) for row in rows if row[index])
    ]
    text = table(columns, rows, right=numeric)
    left_out = []
    if shown.rows_total > len(rows):
        left_out.append(f"{shown.rows_total - len(rows)} of {shown.rows_total} rows")
    if len(shown.columns) > _MOST_COLUMNS:
        left_out.append(f"{len(shown.columns) - _MOST_COLUMNS} of {len(shown.columns)} columns")
    return f"{text}\n\n*{' and '.join(left_out)} are left out here.*" if left_out else text


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "").rstrip("% ").replace("\\", ""))
    except ValueError:
        return False
    return True
