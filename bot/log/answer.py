"""The answer: as an entry of the thread, and as sections of the excursion's README.md."""

from __future__ import annotations

from dataclasses import dataclass

from bot.excursion import Outcome
from bot.excursion_file import ExcursionFile
from bot.log.figures import shown_figure
from bot.log.predictions import Prediction, predictions_table, short_moment
from bot.log.run_entry import headline
from bot.log.safety import authored, code, inline
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
    surroundings: Surroundings = LOCAL,
) -> str:
    """Render the answer's entry; it names the run or the sweep that the answer rests on."""
    basis = f"It rests on {rests_on}. " if rests_on else ""
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


def predictions_section(predictions: tuple[Prediction, ...], answer: Answer) -> str:
    """Render the README's predictions beside the outcome."""
    if not predictions:
        return "Nobody predicted anything."
    return predictions_table(predictions, f"{answer.sign} {answer.word}", "outcome")
