"""Two notebooks ─► what changed in their cells' code, as a diff that people read.

Outputs, counts and metadata are no code, and neither is the cell that papermill puts in for
parameters. Which cell became which is found by nbdime, which is imported when it is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from itertools import islice
from typing import Any

from runner.imports import GRAMMARS, left_out

_CONTEXT = 2  # lines around a change
_NEAR = 0.5  # from here on two cells are one that changed
_LOOKED_AT = 400  # characters of a cell, to find out which it is
_REACH = 4  # cells that one is held against
_MOST_CELLS = 1_000
_MOST_PAIRS = 400  # of cells that may have become each other
_MOST_LINES = 1_000  # of a cell that are compared
_MOST_TEXT = 500_000  # characters of a notebook
_FROM = re.compile(r"@@ -([0-9]+)")
_INJECTED = "injected-parameters"


class CannotCompareError(Exception):
    """Two notebooks cannot be compared; the message says why."""


@dataclass(frozen=True)
class NotebookDiff:
    """What changed from one notebook to another.

    Attributes:
        lines: Of a unified diff of code cells; each cell's begin with `@@`.
        changed: How many code cells changed.
        added: How many code cells are new.
        removed: How many are gone.
        texts: How many cells of text changed in any way.
    """

    lines: tuple[str, ...] = ()
    changed: int = 0
    added: int = 0
    removed: int = 0
    texts: int = 0

    @property
    def cells(self) -> int:
        """How many code cells differ."""
        return self.changed + self.added + self.removed


@dataclass(frozen=True)
class _Cell:
    place: int  # counted from 0 over all cells of the notebook
    is_code: bool
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Pair:
    """A cell that became another; None where there was none before, or is none now."""

    before: _Cell | None
    after: _Cell | None


def diff_notebooks(first: bytes, second: bytes) -> NotebookDiff:
    """Say what changed from one notebook to another.

    Raises:
        CannotCompareError: One is no notebook, or nbdime is not installed.
    """
    before, after = _cells(first), _cells(second)
    pairs = [pair for pair in _paired(before, after) if _source(pair.before) != _source(pair.after)]
    code = [pair for pair in pairs if _is_code(pair)]
    return NotebookDiff(
        lines=tuple(line for pair in code for line in _lines(pair)),
        changed=sum(bool(pair.before and pair.after) for pair in code),
        added=sum(pair.before is None for pair in code),
        removed=sum(pair.after is None for pair in code),
        texts=len(pairs) - len(code),
    )


def _cells(content: bytes) -> list[_Cell]:
    """Read the cells that somebody wrote."""
    try:
        cells = json.loads(content)["cells"]
        found = [
            _Cell(place, cell["cell_type"] == "code", tuple(_text(cell["source"]).splitlines()))
            for place, cell in enumerate(cells)
            if _INJECTED not in cell.get("metadata", {}).get("tags", ())
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CannotCompareError("one of the notebooks cannot be read") from error
    length = sum(len(line) for cell in found for line in cell.lines)
    if len(found) > _MOST_CELLS or length > _MOST_TEXT:
        raise CannotCompareError("one of the notebooks is too long")
    return found


def _text(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)


def _paired(before: Sequence[_Cell], after: Sequence[_Cell]) -> Iterator[_Pair]:
    """Pair the cells of two notebooks, in the order of the second."""
    first = _common(before, after)
    last = _common(before[first:][::-1], after[first:][::-1])
    yield from map(_Pair, before[:first], after[:first])
    yield from _paired_within(before[first : len(before) - last], after[first : len(after) - last])
    yield from map(_Pair, before[len(before) - last :], after[len(after) - last :])


def _common(one: Sequence[_Cell], other: Sequence[_Cell]) -> int:
    """Count the cells that are the same from the first on."""
    pairs = enumerate(zip(one, other, strict=False))
    different = (n for n, (a, b) in pairs if _source(a) != _source(b))
    return next(different, min(len(one), len(other)))


def _paired_within(before: Sequence[_Cell], after: Sequence[_Cell]) -> Iterator[_Pair]:
    """Pair the cells between the first and the last that differ."""
    if len(before) * len(after) > _MOST_PAIRS:
        yield from (_Pair(cell, None) for cell in before)
        yield from (_Pair(None, cell) for cell in after)
        return
    old, new = iter(before), iter(after)
    position = 0
    gone: list[_Cell] = []
    come: list[_Cell] = []
    for step in _steps(before, after):
        same = step["key"] - position
        if same or step["op"] == "patch":
            yield from _alike(gone, come)
            gone, come = [], []
        yield from map(_Pair, islice(old, same), islice(new, same))
        position += same
        if step["op"] == "addrange":
            come += islice(new, len(step["valuelist"]))
        elif step["op"] == "removerange":
            gone += islice(old, step["length"])
            position += step["length"]
        else:
            yield _Pair(next(old), next(new))
            position += 1
    yield from _alike(gone, come)
    yield from map(_Pair, old, new)


def _alike(gone: list[_Cell], come: list[_Cell]) -> Iterator[_Pair]:
    """Pair, of cells that went and came at one place, those that have much in common.

    nbdime takes short cells for others too soon.
    """
    left = list(gone)
    for cell in come:
        near = (n for n, other in enumerate(left[:_REACH]) if _is_near(other, cell))
        at = next(near, None)
        if at is None:
            yield _Pair(None, cell)
            continue
        yield from (_Pair(other, None) for other in left[:at])
        yield _Pair(left[at], cell)
        left = left[at + 1 :]
    yield from (_Pair(other, None) for other in left)


def _is_near(one: _Cell, other: _Cell) -> bool:
    ratio = SequenceMatcher(None, _beginning(one), _beginning(other)).ratio
    return one.is_code == other.is_code and ratio() > _NEAR


def _beginning(cell: _Cell) -> str:
    return "\n".join(cell.lines)[:_LOOKED_AT]


def _steps(before: Sequence[_Cell], after: Sequence[_Cell]) -> list[Any]:
    """Ask nbdime what became of the cells, as steps along the first notebook."""
    try:
        with left_out(*GRAMMARS):
            from nbdime import diff_notebooks
    except ImportError as error:
        raise CannotCompareError(
            "nbdime is not installed here (pip install 'excursions[compare]')"
        ) from error
    steps = diff_notebooks(_notebook(before), _notebook(after))
    return next((list(step["diff"]) for step in steps if step["key"] == "cells"), [])


def _notebook(cells: Sequence[_Cell]) -> dict[str, Any]:
    """Write the beginnings of cells as a notebook of the format in which they have no names yet.

    To find out which cell is which takes nbdime as long as the square of their length.
    """
    made: list[dict[str, Any]] = []
    for cell in cells:
        made.append({"cell_type": "markdown", "metadata": {}, "source": _beginning(cell)})
        if cell.is_code:
            made[-1] |= {"cell_type": "code", "outputs": [], "execution_count": None}
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}


def _is_code(pair: _Pair) -> bool:
    return any(cell is not None and cell.is_code for cell in (pair.before, pair.after))


def _source(cell: _Cell | None) -> tuple[bool, tuple[str, ...]] | None:
    return None if cell is None else (cell.is_code, cell.lines)


def _lines(pair: _Pair) -> Iterator[str]:
    """Write the diff of one cell."""
    where = pair.after or pair.before
    what = "" if pair.before and pair.after else ", new" if pair.after else ", removed"
    yield f"@@ cell {where.place if where else 0}{what} @@"
    before = pair.before.lines if pair.before else ()
    after = pair.after.lines if pair.after else ()
    beginnings = before[:_MOST_LINES], after[:_MOST_LINES]
    changes = unified_diff(*beginnings, n=_CONTEXT, lineterm="")
    for line in islice(changes, 2, None):  # the first two name files
        begins = _FROM.match(line)
        if begins is None:
            yield line
        elif int(begins[1]) > 1:
            yield "…"
    if before[_MOST_LINES:] != after[_MOST_LINES:]:
        yield f"… more beyond line {_MOST_LINES}"
