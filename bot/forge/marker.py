"""The hidden marker at an entry's end: key and remembered data ◄─► one line of Markdown.

Only the last line of a body counts, and only in posts of ours, so that nothing quoted from a
notebook or written by a person can pass for one.
"""

from __future__ import annotations

import json
import re
from typing import Any

_LINE = re.compile(r"<!-- excursion (?P<json>\{.*\}) -->")


def write_marker(key: str, data: dict[str, Any]) -> str:
    """Write the marker line for an entry.

    The JSON holds neither `--` nor `>`, so the comment ends where it should.
    """
    text = json.dumps({**data, "key": key}, ensure_ascii=True)
    text = text.replace("--", "-\\u002d").replace(">", "\\u003e").replace("<", "\\u003c")
    return f"<!-- excursion {text} -->"


def read_marker(body: str) -> tuple[str, dict[str, Any]] | None:
    """Read the marker from an entry's last line, or None if there is none to be understood."""
    last = body.rstrip().rpartition("\n")[2]
    match = _LINE.fullmatch(last)
    if not match:
        return None
    try:
        data = json.loads(match["json"])
    except (ValueError, RecursionError):
        return None
    key = data.pop("key", None)
    return (key, data) if isinstance(key, str) else None
