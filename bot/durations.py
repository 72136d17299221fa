"""Durations between people and seconds: "30m" ─► 1800.0, 754 ─► "12 min 34 s"."""

from __future__ import annotations

import math
import re

from bot.errors import RequestError

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_PATTERN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(s|min|m|h|d)")

_TIME_BOX_UNITS = {"min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_TIME_BOX = re.compile(
    r"([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*(min|h|d|w)(?:utes?|ours?|rs?|ays?|eeks?)?"
)


def parse_duration(text: str, *, where: str) -> float:
    """Read a duration such as `90s`, `30m`, `1.5h` or `2d` as seconds.

    Raises:
        RequestError: It is written otherwise, or is not longer than nothing.
    """
    match = _PATTERN.fullmatch(text.strip())
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if seconds <= 0:
        raise RequestError(
            f"{text!r} is not a duration",
            where=where,
            right="Write a number and a unit: 90s, 30m, 1.5h or 2d.",
        )
    return seconds


def spoken(seconds: float) -> str:
    """Say a number of seconds as people do: `0.4 s`, `52 s`, `12 min 34 s`, `2 h 5 min`."""
    if not math.isfinite(seconds):
        return "an unknown time"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def parse_time_box(text: str) -> float | None:
    """Read a time box such as `2 days`, `90 minutes` or `1 week` as seconds; None if it is none."""
    match = _TIME_BOX.fullmatch(text.strip().lower())
    return float(match[1]) * _TIME_BOX_UNITS[match[2]] if match else None


def coarse(seconds: float) -> str:
    """Say a long time in its two largest units: `40 min`, `5 h`, `1 day 3 h`, `12 days`."""
    minutes = max(0, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    if hours < 24:
        return f"{hours} h"
    days, rest = divmod(hours, 24)
    said = f"{days} day{'' if days == 1 else 's'}"
    return f"{said} {rest} h" if rest and days < 7 else said
