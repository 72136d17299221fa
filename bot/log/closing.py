"""Closing without an answer, and opening again ─► the entries that say who did it, and why."""

from __future__ import annotations

from bot.excursion import Outcome
from bot.log.predictions import short_moment
from bot.log.safety import authored, code, inline
from bot.surroundings import Surroundings


def closed_entry(
    who: str, stamped: str, reason: str, surroundings: Surroundings, issue: int
) -> str:
    """Render the entry of an excursion that was closed without an answer.

    Args:
        who: The person who closed it.
        stamped: When; ISO 8601, UTC.
        reason: Why; may be empty.
        surroundings: Where the thread is read.
        issue: The excursion's issue.
    """
    parts = ["### ⚫ Closed without an answer"]
    parts += [authored(reason)] if reason else []
    again = code(surroundings.example("reopen", issue))
    said = f"{inline(who)}, {short_moment(stamped)} UTC"
    parts.append(f"*{said}. Branch and runs are kept; {again} goes on with them.*")
    return "\n\n".join(parts)


def reopened_entry(
    who: str,
    stamped: str,
    surroundings: Surroundings,
    *,
    outcome: str | None,
    answered: bool,
    into: str,
) -> str:
    """Render the entry of an issue that was opened again.

    Args:
        who: The person who opened it.
        stamped: When; ISO 8601, UTC.
        surroundings: Where the thread is read.
        outcome: Of the answer that is taken back, if it had one.
        answered: Whether there was an answer.
        into: The branch that answers are merged into.
    """
    parts = ["### 🔁 Opened again"]
    if answered:
        known = {each.value for each in Outcome}
        word = f" (*{outcome}*)" if outcome in known else ""
        stays = f"What was merged stays on {code(into)} until then"
        if surroundings.is_github:
            stays += ", and a pull request that is still open closes this issue if it is merged"
        parts.append(f"The answer above{word} is taken back until there is another. {stays}.")
    parts.append(f"*{inline(who)}, {short_moment(stamped)} UTC.*")
    return "\n\n".join(parts)
