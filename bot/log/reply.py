"""A command that cannot be carried out ─► the entry that says why, and what would be right."""

from __future__ import annotations

from bot.errors import ExcursionError
from bot.log.safety import clip, code, inline

_LONGEST = 2_000


def reply_entry(error: ExcursionError, who: str) -> str:
    """Render the reply to a command that was wrong.

    Args:
        error: What is wrong.
        who: The login of the person who gave it.
    """
    what = error.what[:1].upper() + error.what[1:]
    parts = [f"### 👎 {inline(clip(what, _LONGEST))}"]
    if error.where and not error.where.startswith("-"):  # an option of the command line
        parts.append(f"At {code(clip(error.where, _LONGEST))}, by {inline(who)}.")
    if error.right:
        parts.append(inline(clip(error.right, _LONGEST)))
    parts.append("*Nothing was changed by it. A corrected command goes into a new comment.*")
    return "\n\n".join(parts)
