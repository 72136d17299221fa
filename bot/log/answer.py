"""The answer: as an entry of the thread, and as sections of the excursion's README.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.excursion import Outcome
from bot.excursion_file import ExcursionFile
from bot.log.figures import shown_figure
from bot.log.predictions import (
    missing_predictions,
    outcome_text,
    percent,
    said,
    scores_text,
    short_moment,
    verdict_text,
)
from bot.log.run_entry import headline
from bot.log.safety import authored, code, inline
from bot.log.tables import table
from bot.scoring import Prediction, Score, Verdict, brier, brier_by_person
from bot.surroundings import LOCAL, Surroundings
from runner.records import RunResult

_SIGNS = {
    Outcome.CONFIRMED: "🟢",
    Outcome.REFUTED: "🔴",
    Outcome.MIXED: "🟡",
    Outcome.ABANDONED: "⚪",
}


@dataclass(frozen=True)
class Answer:
    """What closes an excursion."""

    text: str
    outcome: Outcome | None
    author: str
    stamped: str  # ISO 8601, UTC

    @property
    def sign(self) -> str:
        """The outcome's colour."""
        return _SIGNS[self.outcome] if self.outcome else "🔵"

    @property
    def word(self) -> str:
        """The outcome in a word."""
        return self.outcome.value if self.outcome else "answered"


def answer_entry(
    answer: Answer,
    *,
    folder: str,
    branch: str,
    into: str,
    rests_on: str = "",
    judged: Sequence[Judged] = (),
    surroundings: Surroundings = LOCAL,
) -> str:
    """Render the answer's entry; it names the run or the sweep that the answer rests on."""
    basis = f"It rests on {rests_on}. " if rests_on else ""
    scores, gap = scored_line(judged), "\n\n"
    held = "the write-up, the executed notebook and the plots are in"
    if surroundings.is_github:
        pulls = f"{surroundings.page}/pulls?q=is%3Apr+head%3A{branch}"
        came = (
            f"[A pull request]({pulls}) brings {code(branch)} to {code(into)}, and closes this "
            f"issue when it is merged; {held}"
        )
    else:
        came = f"{code(branch)} is merged into {code(into)}; {held}"
    return (
        f"### {answer.sign} Answered{f': {answer.outcome.value}' if answer.outcome else ''}\n\n"
        f"{authored(answer.text)}\n\n"
        f"{f'{scores}{gap}' if scores else ''}"
        f"*{inline(answer.author)}, {short_moment(answer.stamped)} UTC. {basis}"
        f"{came} {code(folder)}.*"
    )


def abandoned_entry(answer: Answer) -> str:
    """Render the entry of an excursion that ends with nothing to merge."""
    return (
        f"### {answer.sign} Abandoned\n\n{authored(answer.text)}\n\n"
        f"*{inline(answer.author)}, {short_moment(answer.stamped)} UTC. The branch is gone, so "
        "nothing was merged; the runs are kept.*"
    )


def answer_section(
    answer: Answer,
    result: RunResult | None,
    declared: ExcursionFile | None,
    *,
    key_figure: int,
    sweep: str = "",
) -> str:
    """Render the README's answer: outcome, text, the key plot, the numbers, the other plots.

    Args:
        answer: What was said.
        result: The run that it rests on, None if there is none.
        declared: Says which numbers are worth showing.
        key_figure: Which of the run's plots comes first, counted from 1.
        sweep: What is told of the sweep whose best point that run is; it takes that plot's place.
    """
    parts = [f"**{answer.sign} {answer.word.capitalize()}.**", authored(answer.text)]
    if result is None:
        parts.append("*No run stands behind this answer.*")
    else:
        figures = list(result.figures)
        parts += [sweep] if sweep else []
        if figures and not sweep:
            key = figures.pop(min(max(key_figure, 1), len(figures)) - 1)
            parts.append(shown_figure(key, "figures/"))
        numbers = headline(result.metrics, declared)
        if numbers:
            parts.append(f"Run {result.run_id} recorded {numbers}.")
        if figures:
            rest = "\n\n".join(shown_figure(figure, "figures/") for figure in figures)
            title = f"The plots of run {result.run_id}" if sweep else "The other plots"
            parts.append(f"<details><summary>{title}</summary>\n\n{rest}\n\n</details>")
        what = f"run {result.run_id}{', one point of the sweep,' if sweep else ''}"
        parts.append(
            f"The notebook beside this file is {what} as it was executed at commit "
            f"{code(result.commit)}; [result.json](result.json) holds its parameters, metrics, "
            "seed, packages and hardware."
        )
    parts.append(f"*{inline(answer.author)}, {short_moment(answer.stamped)} UTC.*")
    return "\n\n".join(parts)


@dataclass(frozen=True)
class Judged:
    """A prediction, and what the thing that the answer rests on says of it."""

    score: Score
    verdict: Verdict | None = None  # None where that recorded nothing of it, or began before

    @property
    def prediction(self) -> Prediction:
        """What was said."""
        return self.score.prediction

    @property
    def counted(self) -> tuple[bool, ...]:
        """The outcomes that count: none of a prediction that was made when it could be known."""
        return self.verdict.decided if self.verdict and self.score.late is None else ()


def predictions_section(judged: Sequence[Judged], rests_on: str = "") -> str:
    """Render the README's predictions beside what came of them.

    Args:
        judged: The predictions of the thread.
        rests_on: What the answer rests on: `run 12.3`; empty where no run stands behind it.
    """
    if not judged:
        return "Nobody predicted anything."
    scores = brier_by_person((each.prediction, each.counted) for each in judged)
    header = ["prediction", "confidence", "outcome", *(["Brier score"] if scores else [])]
    rows = [
        [
            said(each.prediction),
            percent(each.prediction.confidence),
            _outcome(each, rests_on),
            *([_brier(each)] if scores else []),
        ]
        for each in judged
    ]
    parts = [table(header, rows, right=(1, 3))]
    if scores:
        parts.append(f"Brier scores, of which 0 is perfect and 0.25 a coin: {scores_text(scores)}.")
    gone = missing_predictions([each.prediction for each in judged])
    if gone:
        numbers = ", ".join(map(str, gone))
        parts.append(f"*Missing, since their entries were deleted: {numbers}.*")
    return "\n\n".join(parts)


def scored_line(judged: Sequence[Judged]) -> str:
    """Say in one line of the answer's entry how many predictions came true, and who knew best."""
    decided = [each for each in judged if each.verdict and each.verdict.decided]
    if not decided:
        return ""
    true = sum(each.verdict is not None and each.verdict.share == 1 for each in decided)
    line = f"**Predictions:** {true} of {len(decided)} came true."
    scores = brier_by_person((each.prediction, each.counted) for each in judged)
    return f"{line} Brier scores (0 is perfect): {scores_text(scores)}." if scores else line


def _outcome(judged: Judged, rests_on: str) -> str:
    condition, verdict = judged.prediction.condition, judged.verdict
    if condition is None:
        return "judged by people: …"
    late = ", said late" if judged.score.late else ""
    if verdict is not None and verdict.decided:
        return f"{verdict_text(condition, verdict)}{late}"
    why = f"not decided by {rests_on}" if rests_on else "not decided: no run stands behind it"
    came = outcome_text(judged.score)
    return f"{why}{late}{f'; {came}' if came else ''}"


def _brier(judged: Judged) -> str:
    sure = judged.prediction.confidence
    return f"{brier(sure, judged.counted):.2f}" if sure is not None and judged.counted else ""
