"""Predictions: stamped before a run, shown beside what it recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.log.safety import inline
from bot.log.tables import table
from bot.thread import Thread


@dataclass(frozen=True)
class Prediction:
    """What somebody said would happen, and when."""

    number: int
    text: str
    author: str
    stamped: str  # ISO 8601, UTC
    confidence: float | None = None  # from 0 to 1


def read_predictions(thread: Thread) -> tuple[Prediction, ...]:
    """Read the predictions from a thread's entries."""
    found = []
    for entry in thread.entries("prediction"):
        data = entry.data or {}
        if not entry.key_number or not isinstance(data.get("text"), str):
            continue
        confidence = data.get("confidence")
        is_one = isinstance(confidence, int | float) and 0 <= confidence <= 1
        found.append(
            Prediction(
                number=entry.key_number,
                text=data["text"],
                author=str(data.get("author", "")),
                stamped=str(data.get("stamped", entry.created)),
                confidence=float(confidence or 0) if is_one else None,
            )
        )
    return tuple(found)


def before(predictions: Iterable[Prediction], moment: str) -> tuple[Prediction, ...]:
    """Keep the predictions that were stamped before a moment, or in its very second."""
    return tuple(p for p in predictions if p.stamped <= moment)


def percent(confidence: float | None) -> str:
    """Write a confidence as people say it."""
    return "" if confidence is None else f"{confidence * 100:.6g} %"


def short_moment(moment: str) -> str:
    """Write a moment to the minute: `2026-11-21 09:00`; what is no moment shows as `?`."""
    return "".join(c if c in "0123456789-: " else "?" for c in moment[:16].replace("T", " "))


def prediction_entry(prediction: Prediction) -> str:
    """Render a prediction's own entry."""
    sure = f", {percent(prediction.confidence)} sure" if prediction.confidence is not None else ""
    return (
        f"🔮 **{inline(prediction.author)} predicts{sure}:** {inline(prediction.text)}\n\n"
        f"*Stamped {short_moment(prediction.stamped)} UTC.*"
    )


def predictions_table(predictions: Iterable[Prediction], outcome: str, heading: str) -> str:
    """Render predictions with what came of them in the last column.

    Args:
        predictions: What was said.
        outcome: What was seen, as Markdown; the same in every row.
        heading: The last column's name.
    """
    rows = [
        [
            f"{inline(p.text)} — {inline(p.author)}, {short_moment(p.stamped)}",
            percent(p.confidence),
            outcome,
        ]
        for p in predictions
    ]
    return table(("prediction", "confidence", heading), rows, right=(1,))
