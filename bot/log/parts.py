"""A question that was split ─► the entry that lists its parts, and what each part's issue says."""

from __future__ import annotations

from collections.abc import Sequence

from bot.forge.protocol import Part
from bot.log.predictions import short_moment
from bot.log.safety import inline
from bot.log.tables import table


def part_body(parent: int, question: str, who: str) -> str:
    """Render what the issue of a part says.

    Args:
        parent: The issue that was split.
        question: The question that it asks.
        who: The person who split it.
    """
    return f"Part of #{parent}: *{inline(question)}*\n\nAsked there by {inline(who)}."


def parts_entry(parts: Sequence[Part], who: str, stamped: str, start: str) -> str:
    """Render the entry that lists the parts.

    Args:
        parts: The issues that were opened.
        who: The person who split the question.
        stamped: When; ISO 8601, UTC.
        start: How the excursion of a part is begun, as code.
    """
    noun = "question" if len(parts) == 1 else "questions"
    rows = [[f"#{part.number}", inline(part.title)] for part in parts]
    unlinked = [part for part in parts if not part.is_sub_issue]
    said = ""
    if unlinked:
        said = " They are linked in words, since there are no sub-issues here."
    return (
        f"### 🌿 Split into {len(parts)} {noun}\n\n{table(('issue', 'question'), rows)}\n\n"
        f"*{inline(who)}, {short_moment(stamped)} UTC. Each is an issue of its own, in which "
        f"{start} begins its excursion.{said}*"
    )
