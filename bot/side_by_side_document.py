"""Comparison ─► the document that `excursion compare --json` prints."""

from __future__ import annotations

from typing import Any

from bot.side_by_side import CodeChange, Comparison, MetricRow, Row, Side


def document(comparison: Comparison) -> dict[str, Any]:
    """Give a comparison as JSON can hold it; lists are in the order of `runs`."""
    return {
        "runs": [_side(side) for side in comparison.sides],
        "goal": comparison.goal or None,
        "metrics": {row.name: _metric(row, comparison) for row in comparison.metrics},
        "parameters": _rows(comparison.parameters),
        "environment": _rows(comparison.environment),
        "plots": [
            {
                "caption": row.caption,
                "same": row.same,
                "files": [figure.file if figure else None for figure in row.figures],
            }
            for row in comparison.figures
        ],
        "code": {change.run_id: _code(change) for change in comparison.code},
        "same": list(comparison.same),
        "commit": comparison.commit or None,
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "run_id": side.run_id,
        "status": side.status.value if side.status else None,
        "missing": side.missing or None,
    }


def _metric(row: MetricRow, comparison: Comparison) -> dict[str, Any]:
    return {
        "values": list(row.values),
        "differences": [None, *(pair.difference for pair in row.pairs)],
        "agreement": [None, *(pair.verdict.words for pair in row.pairs)],
        "best": [comparison.sides[place].run_id for place in sorted(row.best)],
    }


def _rows(rows: tuple[Row, ...]) -> dict[str, list[str | None]]:
    return {row.name: [value or None for value in row.values] for row in rows}


def _code(change: CodeChange) -> dict[str, Any]:
    diff = change.diff
    return {
        "like": change.like or None,
        "unknown": change.unknown or None,
        "diff": "\n".join(diff.lines) if diff else None,
        "text_cells": diff.texts if diff else None,
        "other_files": list(change.others),
    }
