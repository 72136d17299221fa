"""A reproduction, in the world that knows its original ─► how the two agree."""

from __future__ import annotations

from bot.agreement import Agreement, compare
from bot.commands.world import World
from runner.records import RunResult, Status


def original_of(result: RunResult, world: World) -> RunResult | None:
    """Find the run that another repeats, or is answered from, if its result is still there."""
    wanted = result.reproduces or result.answered_from
    found = (run.result for run in world.runs if run.result)
    return next((each for each in found if each.run_id == wanted), None)


def agreement(result: RunResult, world: World) -> Agreement | None:
    """Compare a reproduction with the run that it repeats.

    None where there is nothing to compare: it repeats none, was stopped before its end, or the
    original is gone.
    """
    original = original_of(result, world) if result.reproduces else None
    if original is None or result.status in {Status.CANCELLED, Status.REFUSED}:
        return None
    requests = {run.request.run_id: run.request for run in world.runs if run.request}
    ours, theirs = requests.get(result.run_id), requests.get(original.run_id)
    digests = {request.data_sha256 for request in (ours, theirs) if request} - {""}
    return compare(original, result, world.tolerance(), other_data=len(digests) > 1)
