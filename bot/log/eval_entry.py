"""An eval's request or result ─► its entry: code, and what came of it. A formula ─► its entry."""

from __future__ import annotations

from datetime import datetime

from bot.durations import spoken
from bot.log.predictions import short_moment
from bot.log.ran_on import ran_on
from bot.log.run_details import environment_text, folded
from bot.log.run_entry import LONGEST, chosen, log_link, metrics_table, noted, shown_outputs
from bot.log.safety import clip, clip_lines, code, fence, inline
from bot.moments import timestamp
from bot.surroundings import Surroundings
from runner.records import RunRequest, RunResult, Status

_SIGNS = {
    Status.SUCCEEDED: ("✅", "took"),
    Status.FAILED: ("❌", "failed after"),
    Status.TIMED_OUT: ("⏱️", "ran out of time after"),
    Status.CANCELLED: ("⏹️", "was cancelled after"),
    Status.DIED: ("💀", "died after"),
    Status.REFUSED: ("🚫", "was refused"),
}
_VALUE_LINES, _PRINTED_LINES, _TRACEBACK_LINES = 60, 40, 60


def running_eval(request: RunRequest) -> str:
    """Render the entry of an eval that is under way."""
    what = f"Retry of {request.retries}, asked" if request.retries else "Asked"
    lead = (
        f"{what} for by {inline(request.requested_by)} at {short_moment(request.requested)} UTC. "
        f"It may take {spoken(request.timeout_s)} at most."
    )
    parts = [f"### ⏳ Eval {request.run_id} is running", lead, fence(request.code, "python")]
    return "\n\n".join(parts)


def eval_entry(result: RunResult, *, figures_at: str, surroundings: Surroundings) -> str:
    """Render the entry of an eval that has ended.

    Args:
        result: What happened.
        figures_at: Where the thread finds its pictures, ending in `/`; empty if nowhere.
        surroundings: Where the thread is read.
    """
    seen = [
        _labelled("Value", result.value, _VALUE_LINES),
        _labelled("Printed", result.stdout_tail, _PRINTED_LINES),
        metrics_table(result, None) if result.metrics else "",
        shown_outputs(result, figures_at, surroundings.attached),
    ]
    if result.status is Status.SUCCEEDED and not any(seen):
        seen = ["*It showed nothing.*"]
    opened = [
        eval_heading(result),
        _context(result),
        fence(result.code, "python"),
        _trouble(result),
        *seen,
        noted(result),
        log_link(surroundings),
    ]
    details = [
        ("Traceback", _traceback(result)),
        (
            "Environment",
            "\n\n".join(x for x in (ran_on(result, None), environment_text(result)) if x),
        ),
    ]
    parts = [part for part in opened if part]
    parts += [folded(title, text) for title, text in details if text]
    while len("\n\n".join(parts)) > LONGEST and len(parts) > 3:  # heading and code stay
        parts.remove(max(parts[3:], key=len))
    return clip("\n\n".join(parts), LONGEST)


def formula_entry(text: str, who: str, now: datetime) -> str:
    """Render the entry of a formula, which GitHub shows as one.

    https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/writing-mathematical-expressions
    """
    return f"**{inline(who)}**, {short_moment(timestamp(now))} UTC:\n\n{fence(text, 'math')}"


def eval_heading(result: RunResult) -> str:
    """Say that an eval has ended, and how, but nothing of what came out."""
    if result.cache_hit:
        return f"### ⚡ Eval {result.run_id}: answered from eval {result.answered_from}"
    sign, words = _SIGNS[result.status]
    lasted = "" if result.status is Status.REFUSED else f" {spoken(result.duration_s)}"
    return f"### {sign} Eval {result.run_id} {words}{lasted}"


def _context(result: RunResult) -> str:
    """Say after what the block was executed, and where."""
    at = f"at commit {code(result.commit[:10])}"
    again = f" Retry of {result.retries}." if result.retries else ""
    if not result.after:
        return f"On its own, {at}.{again}"
    given = chosen(result.parameters, result.parameters)
    last = code(clip(result.after, 100))
    return f"After the notebook's cells up to {last}, {at}, with {given}.{again}"


def _trouble(result: RunResult) -> str:
    """Say what went wrong, and where."""
    error = result.error
    if result.status is Status.SUCCEEDED or error is None:
        return ""
    block = max((cell.index for cell in result.cells), default=None)
    before = error.cell is not None and error.cell != block
    place = f", in cell {error.cell} of the notebook, before the block" if before else ""
    message = f"{error.name}: {error.message}" if error.message else error.name
    return f"> [!WARNING]\n> **{inline(clip(message, 500))}**{place}."


def _traceback(result: RunResult) -> str:
    error = result.error
    return fence(clip_lines(error.traceback, _TRACEBACK_LINES)) if error and error.traceback else ""


def _labelled(label: str, text: str, most: int) -> str:
    if not text.strip():
        return ""
    return f"**{label}**\n\n{fence(clip_lines(text, most))}"
