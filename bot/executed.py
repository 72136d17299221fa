"""Outputs of an executed notebook ─► a notebook with the same code and other Markdown."""

from __future__ import annotations

import json
from typing import Any

_INJECTED = "injected-parameters"  # papermill's tag for the cell that it puts in
_FROM_EXECUTION = ("outputs", "execution_count")

Cell = dict[str, Any]


def carry_over(executed: bytes, source: bytes) -> tuple[bytes, dict[int, int]] | None:
    """Put what came out of a notebook into another one with the same code.

    Args:
        executed: The notebook as it was executed, papermill's cell of parameters in it.
        source: The notebook as it is now, its code cells the same, in the same order.

    Returns:
        The source with the outputs of the other, and where each executed code cell is in it now;
        None if the code is not the same after all.
    """
    then, now = json.loads(executed), json.loads(source)
    old = [(n, cell) for n, cell in enumerate(then["cells"]) if cell["cell_type"] == "code"]
    injected = next((pair for pair in old if _has_tag(pair[1], _INJECTED)), None)
    old = [pair for pair in old if not _has_tag(pair[1], _INJECTED)]
    cells = [cell for cell in now["cells"] if not _has_tag(cell, _INJECTED)]
    new = [cell for cell in cells if cell["cell_type"] == "code"]
    if [_source(cell) for _, cell in old] != [_source(cell) for cell in new]:
        return None
    for (_, before), after in zip(old, new, strict=True):
        after |= {name: before[name] for name in _FROM_EXECUTION if name in before}
        after["metadata"] = before["metadata"] | after["metadata"]
    if injected is not None:
        after_which = [n for n, cell in enumerate(cells) if _has_tag(cell, "parameters")]
        cells.insert(after_which[0] + 1 if after_which else 0, injected[1])
    where = {id(cell): n for n, cell in enumerate(cells)}
    moved = {n: where[id(after)] for (n, _), after in zip(old, new, strict=True)}
    if injected is not None:
        moved[injected[0]] = where[id(injected[1])]
    whole = now | {"cells": cells, "metadata": then["metadata"] | now["metadata"]}
    return json.dumps(whole, indent=1, ensure_ascii=False).encode() + b"\n", moved


def _has_tag(cell: Cell, tag: str) -> bool:
    return tag in cell["metadata"].get("tags", ())


def _source(cell: Cell) -> str:
    return "".join(cell["source"])
