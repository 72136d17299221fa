"""Executed notebook ─► what came out of it: figures, metrics, tables, error, last lines printed.

Reads our own MIME types, those of nteract/scrapbook (`application/scrapbook.scrap.*+json`,
https://nteract-scrapbook.readthedocs.io) and of MyST-NB's glue (`application/papermill.record/*`,
https://myst-nb.readthedocs.io).
"""

from __future__ import annotations

import ast
import base64
import binascii
import hashlib
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.notebook import CAPTION_MIME, METRICS_MIME
from runner.records import Figure, Metric, RunError, Table

_SCRAP = re.compile(r"application/scrapbook\.scrap\.[a-z]+(\.v\d+)?\+json")
_GLUE = "application/papermill.record/"
_PICTURES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}
_NO_PICTURES = {
    "image/svg+xml": "SVG picture",
    "application/vnd.plotly.v1+json": "interactive plotly figure (no PNG was made with it)",
}
_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_NUMPY = re.compile(r"np\.\w+\((.*)\)")
_MOST = {"figures": 200, "metrics": 200, "tables": 50, "rows": 200, "columns": 50}
_MOST_PLACES = 500_000  # of a table, before what is left of it is not looked at
_LONGEST_TEXT = 500
_TAIL_LINES = 200
_TAIL_CHARACTERS = 20_000
_ENOUGH_FOR_TAIL = 20 * _TAIL_CHARACTERS  # progress bars rewrite their line many times
_MOST_HTML = 400_000  # characters of a table that are looked at
_SMALL_HTML = 50_000  # characters; of a larger table only the rows that are kept are looked at
_MOST_HEADS = 50  # rows, above these
Keep = Callable[[str, bytes], object]


@dataclass
class Outputs:
    """What came out of a notebook."""

    figures: list[Figure] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)  # file name ─► content
    metrics: dict[str, Metric] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    error: RunError | None = None
    stdout_tail: str = ""
    printed: str = ""  # the last of it
    value: str = ""  # of an eval
    keep: Keep = lambda _name, _content: None
    notes: list[str] = field(default_factory=list)


def collect(notebook: Mapping[str, Any], keep: Keep | None = None) -> Outputs:
    """Collect what the cells of an executed notebook showed, in their order.

    Args:
        notebook: The notebook's JSON, format 4; its cells and their outputs may be iterators, so
            that a large one need not be in memory.
        keep: Called with each picture's file name and content, in place of keeping it in memory.
    """
    found = Outputs()
    found.keep = keep or found.pictures.__setitem__
    heading = ""
    for index, cell in enumerate(notebook.get("cells", [])):
        if cell.get("cell_type") == "markdown":
            heading = _last_heading(_text(cell.get("source", ""))) or heading
            continue
        _collect_cell(found, index, cell.get("outputs", []), heading)
    found.stdout_tail = _tail(found.printed)
    for kind, noun in (("figures", "pictures"), ("tables", "tables")):
        items = getattr(found, kind)
        if len(items) > _MOST[kind]:
            found.notes.append(f"{len(items) - _MOST[kind]} {noun} more are in the notebook alone.")
            del items[_MOST[kind] :]
    return found


def _collect_cell(
    found: Outputs, index: int, outputs: Iterable[Mapping[str, Any]], heading: str
) -> None:
    """Collect one cell's outputs; a caption belongs to the next picture, else to the last."""
    caption: Mapping[str, Any] | None = None
    first = len(found.figures)
    for output in outputs:
        if output.get("output_type") == "stream":
            found.printed = (found.printed + _text(output.get("text", "")))[-_ENOUGH_FOR_TAIL:]
            continue
        if output.get("output_type") == "error":
            found.error = _error(index, output)
        data = output.get("data")
        if not isinstance(data, Mapping):
            continue
        if CAPTION_MIME in data:
            caption = data[CAPTION_MIME] if isinstance(data[CAPTION_MIME], Mapping) else None
            continue
        recorded = dict(_metrics(data, output.get("metadata") or {}))
        if recorded:
            for name, value in recorded.items():
                if name in found.metrics or len(found.metrics) < _MOST["metrics"]:
                    found.metrics[name] = value
            continue
        if _collect_picture(found, index, data, caption, heading):
            caption = None
        elif "text/html" in data:
            table = _table(index, _text(data["text/html"]))
            if table:
                found.tables.append(table)
    if caption is not None and len(found.figures) > first:
        last = found.figures[-1]
        found.figures[-1] = last.model_copy(update=_caption(caption))


def _collect_picture(
    found: Outputs,
    index: int,
    data: Mapping[str, Any],
    caption: Mapping[str, Any] | None,
    heading: str,
) -> bool:
    """Collect the picture of an output, if it is one."""
    mime = next((mime for mime in _PICTURES if mime in data), None)
    if mime is None:
        for other, noun in _NO_PICTURES.items():
            if other in data:
                found.notes.append(f"The {noun} of cell {index} is in the notebook alone.")
        return False
    try:
        content = base64.b64decode("".join(_text(data[mime]).split()), validate=True)
    except (binascii.Error, ValueError):
        found.notes.append(f"A picture of cell {index} is not valid base64.")
        return False
    size = _size(content)
    if size is None:
        found.notes.append(f"A picture of cell {index} could not be read.")
        return False
    name = f"figure-{len(found.figures) + 1:02d}.{_PICTURES[mime]}"
    figure = Figure(
        file=name,
        sha256=hashlib.sha256(content).hexdigest(),
        cell=index,
        width=size[0],
        height=size[1],
        alt=heading,
    )
    if caption is not None:
        figure = figure.model_copy(update=_caption(caption))
    found.figures.append(figure)
    found.keep(name, content)
    return True


def _caption(caption: Mapping[str, Any]) -> dict[str, str]:
    text = str(caption.get("caption", ""))[:_LONGEST_TEXT]
    return {"caption": text, "alt": str(caption.get("alt") or text)[:_LONGEST_TEXT]}


def _size(content: bytes) -> tuple[int, int] | None:
    """Read a picture's width and height in pixels from its header."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as picture:
            return picture.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _metrics(data: Mapping[str, Any], metadata: Mapping[str, Any]) -> Iterator[tuple[str, Metric]]:
    """Read the metrics that an output records, in whichever of the three dialects."""
    ours = data.get(METRICS_MIME)
    if isinstance(ours, Mapping):
        for name, value in ours.items():
            yield from _metric(name, value)
    for mime, scrap in data.items():
        if _SCRAP.fullmatch(mime) and isinstance(scrap, Mapping):
            yield from _metric(scrap.get("name"), scrap.get("data"))
    glued = metadata.get("scrapbook")
    if isinstance(glued, Mapping) and glued.get("mime_prefix") in ("", _GLUE):
        prefix = glued["mime_prefix"]  # empty where what is glued is shown as well
        text = data.get(f"{prefix}text/plain")
        rich = any(f"{prefix}{mime}" in data for mime in (*_PICTURES, "image/svg+xml", "text/html"))
        if text is not None and not rich:
            yield from _metric(glued.get("name"), _literal(_text(text)))


def _metric(name: object, value: object) -> Iterator[tuple[str, Metric]]:
    if not isinstance(name, str) or not 0 < len(name) <= 100:
        return
    if isinstance(value, str) and value in ("nan", "inf", "-inf"):
        yield name, float(value)
    elif isinstance(value, str):
        yield name, value[:_LONGEST_TEXT]
    elif isinstance(value, bool | int | float):
        yield name, value


def _literal(text: str) -> object:
    """Read the printed form of a Python value; text that is none stays text."""
    wrapped = _NUMPY.fullmatch(text)
    try:
        value: object = ast.literal_eval(wrapped[1] if wrapped else text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = math.nan if text == "nan" else text
    return value


def _table(index: int, html: str) -> Table | None:
    """Read the first table of an HTML output as text."""
    if "<table" not in html:
        return None
    from bs4 import BeautifulSoup

    whole, html = html, _first_rows(html)
    found = BeautifulSoup(html, "html.parser").find("table")
    if found is None:
        return None
    rows = found.find_all("tr")
    body_from = next((n for n, row in enumerate(rows) if row.find("td") is not None), len(rows))
    grid = _grid([row.find_all(["th", "td"]) for row in rows])
    heads, body = grid[:body_from], grid[body_from:]
    if not body:
        return None
    columns = [_joined(level[i] for level in heads) for i in range(len(body[0]))]
    return Table(
        cell=index,
        columns=tuple(columns[: _MOST["columns"]]),
        rows=tuple(
            tuple(cell[:_LONGEST_TEXT] for cell in cells[: _MOST["columns"]])
            for cells in body[: _MOST["rows"]]
        ),
        rows_total=_rows_total(whole, len(body) + whole.count("<tr") - html.count("<tr")),
    )


def _first_rows(html: str) -> str:
    """Cut a large table after a row, since parsing takes a hundred times its size."""
    if len(html) <= _SMALL_HTML:
        return html
    end = 0
    for _ in range(_MOST["rows"] + _MOST_HEADS):
        row = html.find("</tr>", end, _MOST_HTML)
        if row < 0:
            break
        end = row + len("</tr>")
    return html[: end or _MOST_HTML]


def _grid(rows: list[Any]) -> list[list[str]]:
    """Lay the cells of a table's rows out, each in every place that it spans."""
    placed: dict[tuple[int, int], str] = {}
    for number, cells in enumerate(rows):
        if len(placed) > _MOST_PLACES:
            break
        column = 0
        for cell in cells:
            while (number, column) in placed:
                column += 1
            tall, wide = _span(cell, "rowspan"), _span(cell, "colspan")
            text = cell.get_text(" ", strip=True)
            for down in range(min(tall, len(rows) - number)):
                for right in range(wide):
                    placed[number + down, column + right] = text
            column += wide
    width = 1 + max((column for _, column in placed), default=-1)
    return [[placed.get((n, column), "") for column in range(width)] for n in range(len(rows))]


def _span(cell: Any, name: str) -> int:
    text = str(cell.get(name, "1"))
    return min(max(int(text), 1), 1000) if text.isdigit() and len(text) < 6 else 1


def _joined(levels: Iterable[str]) -> str:
    """Join the levels of a column's name, one that goes on over several rows once."""
    return " ".join(dict.fromkeys(level for level in levels if level))


def _rows_total(html: str, shown: int) -> int:
    """Give how many rows the whole table has: pandas says so below one that it cuts short."""
    said = re.search(r"<p>(\d{1,15}) rows × \d+ columns</p>", html)
    return int(said[1]) if said else shown


def _error(index: int, output: Mapping[str, Any]) -> RunError:
    lines = [_text(line) for line in output.get("traceback", [])]
    return RunError(
        cell=index,
        name=str(output.get("ename", "Error"))[:_LONGEST_TEXT],
        message=_ANSI.sub("", str(output.get("evalue", "")))[:2_000],
        traceback=_ANSI.sub("", "\n".join(lines))[-50_000:],
    )


def _tail(text: str) -> str:
    """Keep the last lines; of a line that was rewritten in place, as progress bars do, its end."""
    lines = text.split("\n")
    shown = [line.rstrip("\r").rpartition("\r")[2] for line in lines]
    return _ANSI.sub("", "\n".join(shown[-_TAIL_LINES:]))[-_TAIL_CHARACTERS:]


def _last_heading(markdown: str) -> str:
    headings = re.findall(r"^#{1,6}\s+(.+)$", markdown, flags=re.MULTILINE)
    return str(headings[-1])[:_LONGEST_TEXT] if headings else ""


def _text(value: Any) -> str:
    """Join what notebooks keep as a list of lines."""
    return "".join(str(part) for part in value) if isinstance(value, list) else str(value)
