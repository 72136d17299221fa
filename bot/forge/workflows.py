"""What an entry remembers of the workflow runs on GitHub that execute what it tells of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.thread import Thread

WORKFLOWS = "workflows"  # in an entry's marker


def remembered_workflows(data: Mapping[str, Any] | None) -> tuple[int, ...]:
    """Read the ids of workflow runs from what an entry remembers."""
    found = (data or {}).get(WORKFLOWS)
    listed = found if isinstance(found, list) else []
    return tuple(each for each in listed if isinstance(each, int) and 0 < each < 2**63)


def workflows_of(thread: Thread, number: int) -> tuple[int, ...]:
    """Give the workflow runs that execute a run, or the sweep that it is the first of."""
    name = f"{thread.number}.{number}"
    entry = thread.entry(f"sweep:{name}") or thread.entry(f"run:{name}")
    return remembered_workflows(entry.data if entry else None)
