"""What every drawing of a sweep shares: its colours, and how it names axes and explains marks."""

from __future__ import annotations

from typing import Any

from bot.log.sweep.chart import Axis, short

# Okabe and Ito's colours, which stay apart for colour-blind readers.
BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#6E6E6E", "#1d2126"
MOST_TICKS = 16

Marks = list[tuple[Any, str]]  # what is drawn, and what it means


def axis_label(axis: Axis, *, room: float = 20.0) -> str:
    """Name a parameter, with its meaning where that has room (in inches)."""
    fits = axis.meaning and len(axis.meaning) * 0.085 < room
    return f"{short(axis.name)}\n{axis.meaning}" if fits else short(axis.name)
