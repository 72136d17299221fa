"""What runs took and take ─► whether there is room for more, said with the figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.config import Budget
from bot.errors import RequestError
from runner.records import RunRequest

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Usage:
    """What runs of the whole repository took within a week, and what goes on."""

    gpu_minutes: float  # of GPUs, by runs that have ended
    reserved_minutes: float  # of GPUs, that runs which go on may take
    running: float


def read_usage(entries: Iterable[Mapping[str, Any]], now: str, *, asked: str) -> Usage:
    """Add up what entries remember.

    Args:
        entries: What the markers of runs' and sweeps' entries remember.
        now: The moment; ISO 8601, UTC.
        asked: The command that is being carried out, whose own entry does not count.
    """
    since = (datetime.fromisoformat(now) - WEEK).isoformat()
    gpu_minutes = reserved = 0.0
    running: float = 0
    for data in entries:
        if data.get("asked") == asked:
            continue
        if data.get("status") == "running":
            running += _number(data.get("points")) or 1
            reserved += _number(data.get("gpu_minutes"))
        elif _iso(data.get("started")) >= since[:19]:
            gpu_minutes += _number(data.get("gpu_s")) / 60
    return Usage(gpu_minutes, reserved, running)


def check_budget(budget: Budget, usage: Usage, requests: Sequence[RunRequest]) -> None:
    """Refuse runs for which there is no room.

    Raises:
        RequestError: There is none; the message says the figures.
    """
    at_once = budget.runs_at_once
    if at_once is not None and usage.running + len(requests) > at_once:
        raise RequestError(
            f"{_count(len(requests), 'run')} asked for, {usage.running} going on, "
            f"{at_once} allowed at once",
            where="budget.runs_at_once",
            right="Wait until some have ended, or ask for fewer.",
        )
    limit, wanted = budget.gpu_minutes_per_week, gpu_minutes(requests)
    if limit is None or not wanted:
        return
    left = limit - usage.gpu_minutes - usage.reserved_minutes
    if wanted > left:
        room = max(0, math.floor(left / (wanted / sum(r.timeout_s / 60 for r in requests))))
        each = room // len(requests)
        right = f"A limit of timeout={each}m would fit." if each else "Wait until there is room."
        raise RequestError(
            f"{wanted:.0f} GPU minutes asked for at most, of {limit:.0f} a week "
            f"{usage.gpu_minutes:.0f} are spent and {usage.reserved_minutes:.0f} are taken by runs "
            "that go on",
            where="budget.gpu_minutes_per_week",
            right=right,
        )


def gpu_minutes(requests: Iterable[RunRequest]) -> float:
    """Say how much runs may take of GPUs, in minutes."""
    return sum(request.resources.gpus * request.timeout_s / 60 for request in requests)


def _number(value: Any) -> float | int:
    return value if isinstance(value, int | float) and math.isfinite(value) else 0


def _iso(value: Any) -> str:
    return value[:19] if isinstance(value, str) else ""


def _count(many: int, noun: str) -> str:
    return f"{many} {noun}{'' if many == 1 else 's'}"
