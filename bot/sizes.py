"""Sizes as people write them ─► bytes: "8GB" ─► 8000000000."""

from __future__ import annotations

import re

from bot.errors import RequestError

_UNITS = {"B": 1}
_UNITS |= {name: 1000**n for n, name in enumerate(("kB", "MB", "GB", "TB"), start=1)}
_UNITS |= {name: 1024**n for n, name in enumerate(("KiB", "MiB", "GiB", "TiB"), start=1)}
_BY_NAME = {name.lower(): factor for name, factor in _UNITS.items()}
_PATTERN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*([A-Za-z]{1,3})")


def parse_size(text: str, *, where: str) -> int:
    """Read a size such as `500MB`, `8 GiB` or `1.5TB` as bytes.

    Raises:
        RequestError: It is written otherwise, or is nothing.
    """
    match = _PATTERN.fullmatch(text.strip())
    factor = _BY_NAME.get(match[2].lower(), 0) if match else 0
    size = round(float(match[1]) * factor) if match else 0
    if size <= 0:
        raise RequestError(
            f"{text!r} is not a size",
            where=where,
            right="Write a number and a unit: 500MB, 8GB or 8GiB.",
        )
    return size
