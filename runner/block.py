"""An eval: a block of code ─► the notebook that is executed of it; what came out ─► its own part.

Without a context that notebook is the block alone; with one, the excursion's cells up to the one
with a tag come before. It is composed wherever it is needed, so that the notebook which travels
with a request is the one that its commit holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from runner.records import RunRequest

_TAG = "excursion-eval"  # of the block's cell
_RICH = ("image/", "application/")  # what is shown in a better way than as text
_LONGEST_VALUE = 10_000  # characters

Cell = Mapping[str, Any]


def composed(request: RunRequest, source: bytes) -> bytes:
    """Give the notebook that a request executes.

    Args:
        request: The request.
        source: The notebook at its commit; nothing is read of it where no cell of it is needed.

    Raises:
        ValueError: No cell has the tag after which the block is to come.
    """
    if not request.code:
        return source
    notebook: dict[str, Any] = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    if request.after:
        notebook = json.loads(source)
        notebook["cells"] = _up_to(notebook["cells"], request.after)
    block: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"tags": [_TAG]},
        "outputs": [],
        "source": request.code,
    }
    if notebook.get("nbformat_minor", 0) >= 5:
        block["id"] = _TAG
    notebook["cells"] = [*notebook["cells"], block]
    return json.dumps(notebook, indent=1, ensure_ascii=False).encode() + b"\n"


def own_outputs(cells: Sequence[Cell], outputs: Iterable[Iterator[Any]]) -> Iterator[Cell]:
    """Give an executed eval's cells, with what the block showed; of the others, errors alone."""
    for number, (cell, shown) in enumerate(zip(cells, outputs, strict=True)):
        if number < len(cells) - 1:
            kept: Iterable[Any] = (o for o in shown if o.get("output_type") == "error")
            yield {**cell, "outputs": kept}
        else:
            yield {**cell, "outputs": shown}


def value_of(outputs: Iterable[Mapping[str, Any]], *, table: bool) -> str:
    """Give what the last expression came to, as Python shows it.

    Args:
        outputs: Of the block's cell.
        table: Whether one was read from them, which then shows it.

    Returns:
        The text; empty where there is none, or a picture or a table shows it.
    """
    for output in outputs:
        data = output.get("data")
        if output.get("output_type") != "execute_result" or not isinstance(data, Mapping):
            continue
        if any(mime.startswith(_RICH) for mime in data) or (table and "text/html" in data):
            return ""
        text = data.get("text/plain", "")
        whole = "".join(text) if isinstance(text, list) else str(text)
        cut = whole[:_LONGEST_VALUE]
        return cut if cut == whole else f"{cut}…"
    return ""


def _up_to(cells: Sequence[Cell], tag: str) -> list[Cell]:
    """Give the cells up to and including the last that has a tag."""
    tagged = (n for n, cell in enumerate(cells) if tag in cell["metadata"].get("tags", ()))
    last = max(tagged, default=None)
    if last is None:
        raise ValueError(f"no cell is tagged {tag!r}")
    return list(cells[: last + 1])
