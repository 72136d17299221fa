"""A sweep ─► what the README's answer tells of it: how it went, its plot, its best point."""

from __future__ import annotations

from bot.excursion_file import ExcursionFile
from bot.log.sweep.entry import FIGURE, Shown, shown_picture
from bot.log.sweep.metric import compared
from bot.log.sweep.table import CSV
from bot.log.sweep.words import axes_text, best_text, count
from bot.sweep import Sweep


def sweep_answer(sweep: Sweep, declared: ExcursionFile | None, picture: Shown | None) -> str:
    """Render a sweep for the README of its excursion, where its plot and its table lie beside.

    Args:
        sweep: The sweep that the answer rests on.
        declared: Says by which metric its points are compared.
        picture: A plot of it, if one can be drawn, as its entry shows it.
    """
    over = f" over {axes_text(sweep)}" if sweep.axes else ""
    failed = f", {len(sweep.failed)} failed" if sweep.failed else ""
    waiting = f", {len(sweep.waiting)} not run" if sweep.waiting else ""
    points = count(len(sweep.points), "point")
    lead = f"Sweep {sweep.id}{over}: {len(sweep.succeeded)} of {points} succeeded{failed}{waiting}."
    parts = (
        f"{lead} [{CSV}]({CSV}) has them all.",
        shown_picture(picture, at=FIGURE) if picture else "",
        best_text(sweep, compared(sweep, declared)),
    )
    return "\n\n".join(part for part in parts if part)
