"""The entry that begins an excursion: what was made, where it is, what to do next."""

from __future__ import annotations

from bot.excursion import Excursion
from bot.excursion_file import ExcursionFile
from bot.log.safety import code, fence, inline


def welcome_entry(excursion: Excursion, declared: ExcursionFile, *, prompt: str) -> str:
    """Render the welcome.

    Args:
        excursion: What was begun.
        declared: What its folder declares.
        prompt: What the template would like to see predicted; may be empty.
    """
    issue = excursion.issue
    lines = [
        f"### 🧭 Excursion {issue} has begun",
        f"Branch {code(excursion.branch)}, folder {code(excursion.folder)}, made from the template "
        f"{code(excursion.template)}.",
    ]
    if prompt:
        lines.append(f"**Before you run it:** {inline(prompt)}")
    steps = [f'excursion predict {issue} "…" confidence=70%']
    if declared.notebook:
        steps.append(f"excursion run {issue}")
    steps += [
        f'excursion log {issue} "…"',
        f'excursion answer {issue} "…" --outcome confirmed',
    ]
    lines.append(fence("\n".join(steps), "sh"))
    if declared.time_box:
        lines.append(f"*Time box: {inline(declared.time_box)}.*")
    return "\n\n".join(lines)
