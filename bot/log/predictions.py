"""Predictions, read from a thread's entries ─► shown beside what came of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from bot.condition import Condition, around_condition, read_condition
from bot.log.safety import clip, code, inline
from bot.log.tables import WIDEST, number, table
from bot.scoring import Prediction, Score, Verdict
from bot.thread import Thread
from runner.records import Metric, RunResult

TRUE, FALSE, PARTLY = "✅", "❌", "🟡"
_MOST_NAMED = 6  # later verdicts, each by its name


def read_predictions(thread: Thread) -> tuple[Prediction, ...]:
    """Read the predictions from a thread's entries."""
    found = []
    for entry in thread.entries("prediction"):
        data = entry.data or {}
        if not entry.key_number or not isinstance(data.get("text"), str):
            continue
        sure = data.get("confidence")
        known = isinstance(sure, int | float) and not isinstance(sure, bool) and 0 <= sure <= 1
        found.append(
            Prediction(
                number=entry.key_number,
                text=data["text"],
                author=str(data.get("author", "")),
                stamped=str(data.get("stamped", entry.created)),
                confidence=float(sure) if known and sure is not None else None,
                condition=read_condition(data.get("condition")),
            )
        )
    return tuple(found)


def missing_predictions(predictions: Sequence[Prediction]) -> tuple[int, ...]:
    """Name the predictions whose entries somebody deleted: they are numbered in turn."""
    there = {prediction.number for prediction in predictions}
    return tuple(n for n in range(1, max(there, default=0)) if n not in there)


def before(predictions: Iterable[Prediction], moment: str) -> tuple[Prediction, ...]:
    """Keep the predictions that were stamped before a moment, or in its very second."""
    return tuple(p for p in predictions if p.stamped <= moment)


def percent(confidence: float | None) -> str:
    """Write a confidence as people say it."""
    return "" if confidence is None else f"{confidence * 100:.6g} %"


def short_moment(moment: str) -> str:
    """Write a moment to the minute: `2026-11-21 09:00`; what is no moment shows as `?`."""
    return "".join(c if c in "0123456789-: " else "?" for c in moment[:16].replace("T", " "))


def prediction_entry(
    prediction: Prediction, scored: Score | None = None, *, warning: str = "", folded: bool = False
) -> str:
    """Render a prediction's own entry.

    Args:
        prediction: What was said.
        scored: What runs have said of it so far.
        warning: What is odd about its metric, as plain text.
        folded: Whether what came of it is folded away, so that others can still predict.
    """
    sure = f", {percent(prediction.confidence)} sure" if prediction.confidence is not None else ""
    words = f"🔮 **{inline(prediction.author)} predicts{sure}:** {_words(prediction)}"
    stamped = f"*Stamped {short_moment(prediction.stamped)} UTC.*"
    condition = prediction.condition
    if condition is None:
        return f"{words}\n\n{stamped}"
    scored = scored or Score(prediction)
    parts = [words]
    if scored.late is not None:
        value = _valued(condition, scored.late.value)
        late = f"⏰ **Late:** run {scored.late.run_id} had recorded {value} by then."
        parts.append(_fold("Said late", late) if folded else late)
    if scored.first is not None:
        came = outcome_text(scored)
        parts.append(_fold("What came of it", came) if folded else came)
    else:
        metric = code(clip(condition.metric, WIDEST))
        which = "a later run" if scored.late else "a run"
        parts.append(f"Scored when {which} records {metric}: {code(clip(str(condition), WIDEST))}.")
        if warning:
            parts.append(f"> [!WARNING]\n> {inline(warning)}")
    return "\n\n".join([*parts, stamped])


def outcome_text(scored: Score) -> str:
    """Say what decided a prediction, and which later runs say otherwise; empty if nothing did."""
    first, condition = scored.first, scored.prediction.condition
    if first is None or condition is None:
        return ""
    share = first.share
    text = f"{verdict_text(condition, first)}."
    later = [each for each in scored.verdicts if each is not first and each.decided]
    against = [each for each in later if each.share != share]
    agreed = [each for each in later if each.share == share]
    text += f" So it did in {_named(agreed)}." if agreed and share else ""
    text += f" Nor in {_named(agreed)}." if agreed and not share else ""
    told = [_otherwise(each) for each in against[:_MOST_NAMED]]
    told += [f"{len(against) - _MOST_NAMED} more"] if len(against) > _MOST_NAMED else []
    return f"{text} But {', '.join(told)}." if against else text


def verdict_text(condition: Condition, verdict: Verdict) -> str:
    """Say what a run or a sweep says: `✅ **Came true in run 1.3:** accuracy 0.93`, no more."""
    sign = _sign(verdict.share)
    if verdict.name.startswith("sweep"):
        total = len(verdict.decided)
        return f"{sign} **True at {verdict.true} of {total} points** of {verdict.name}"
    came = "Came" if verdict.true else "Did not come"
    return (
        f"{sign} **{came} true in {verdict.name}:** {_valued(condition, verdict.trials[0].value)}"
    )


def outcome_in(prediction: Prediction, results: Sequence[RunResult], seen: str) -> str:
    """Say what came of a prediction in one run, or in the points of one sweep, as Markdown.

    Args:
        prediction: What was said.
        results: The run, or the sweep's points; they began after it was stamped.
        seen: What was seen, for a prediction that only people can judge.
    """
    condition = prediction.condition
    if condition is None:
        return seen
    values = [r.metrics[condition.metric] for r in results if condition.metric in r.metrics]
    if not values:
        return f"{code(clip(condition.metric, WIDEST))} was not recorded"
    decided = [holds for holds in map(condition.holds, values) if holds is not None]
    if not decided:
        return f"not decided: {_valued(condition, values[0])}"
    share = sum(decided) / len(decided)
    if len(results) > 1:
        return f"{_sign(share)} true at {sum(decided)} of {len(decided)} points"
    came = "came true" if share else "did not come true"
    return f"{_sign(share)} {came}: {_valued(condition, values[0])}"


def predictions_table(
    predictions: Iterable[Prediction], outcome: str | Callable[[Prediction], str], heading: str
) -> str:
    """Render predictions with what came of them in the last column.

    Args:
        predictions: What was said.
        outcome: What was seen, as Markdown; the same in every row, or by prediction.
        heading: The last column's name.
    """
    rows = [
        [said(p), percent(p.confidence), outcome if isinstance(outcome, str) else outcome(p)]
        for p in predictions
    ]
    return table(("prediction", "confidence", heading), rows, right=(1,))


def said(prediction: Prediction) -> str:
    """Write a prediction, with who said it and when, for a cell of a table."""
    who = f"{inline(prediction.author)}, {short_moment(prediction.stamped)}"
    return f"{_words(prediction)} — {who}"


def _words(prediction: Prediction) -> str:
    """Write what was said, its condition as code."""
    parts = around_condition(prediction.text) if prediction.condition else None
    if parts is None:
        return inline(prediction.text)
    before, condition, after = parts
    shown = [
        inline(before),
        f"{code(clip(condition, WIDEST))}{inline(after[:1])}",
        inline(after[1:]),
    ]
    return " ".join(part for part in shown if part)


def scores_text(scores: Mapping[str, tuple[float, int]]) -> str:
    """Say each person's Brier score in one line: `Ada 0.09 over 2 predictions, Bo 0.64`."""
    best_first = sorted(scores.items(), key=lambda item: item[1][0])
    named = [
        f"{inline(who)} {value:.2f}" + (f" over {count} predictions" if count > 1 else "")
        for who, (value, count) in best_first
    ]
    return ", ".join(named)


def _valued(condition: Condition, value: Metric) -> str:
    return f"{code(clip(condition.metric, WIDEST))} {inline(number(value))}"


def _sign(share: float | None) -> str:
    if share is None:
        return ""
    return TRUE if share == 1 else PARTLY if share else FALSE


def _otherwise(verdict: Verdict) -> str:
    if verdict.name.startswith("sweep"):
        return f"true at {verdict.true} of {len(verdict.decided)} points of {verdict.name}"
    value = verdict.trials[0].value
    word = "true" if verdict.true else "false"
    return f"{word} in {verdict.name} ({inline(number(value))})"


def _named(verdicts: Sequence[Verdict]) -> str:
    names = [verdict.name for verdict in verdicts[:_MOST_NAMED]]
    rest = len(verdicts) - len(names)
    return ", ".join([*names, *([f"{rest} more"] if rest else [])])


def _fold(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"
