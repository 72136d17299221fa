"""The answer, in the thread and in the README."""

from __future__ import annotations

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from samples import COMMIT, DECLARED, EXCURSION, HOSTILE, result

from bot.condition import find_condition
from bot.excursion import Outcome
from bot.log.answer import (
    Answer,
    Judged,
    answer_entry,
    answer_section,
    predictions_section,
    scored_line,
)
from bot.scoring import Prediction, Score, score
from runner.records import Figure

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ANSWER = Answer("No: it takes two.", Outcome.REFUTED, "Ada", "2026-11-21T10:00:00Z")
FIGURES = tuple(
    Figure(file=f"figure-0{n}.png", sha256="", cell=n, width=1, height=1, caption=f"C{n}")
    for n in (1, 2, 3)
)


def test_the_entry_says_the_outcome_the_words_and_where_it_all_is() -> None:
    entry = answer_entry(ANSWER, folder=EXCURSION.folder, branch=EXCURSION.branch, into="main")
    assert entry.startswith(
        "### 🔴 Answered: refuted\n\nNo: it takes two.\n\n*Ada, 2026-11-21 10:00"
    )
    assert "`1-does-it-settle` is merged into `main`" in entry
    assert f"`{EXCURSION.folder}`" in entry


@pytest.mark.parametrize(
    ("outcome", "heading"),
    [
        (Outcome.CONFIRMED, "🟢 Confirmed."),
        (Outcome.REFUTED, "🔴 Refuted."),
        (Outcome.MIXED, "🟡 Mixed."),
        (Outcome.ABANDONED, "⚪ Abandoned."),
        (None, "🔵 Answered."),
    ],
)
def test_every_outcome_has_its_colour(outcome: Outcome | None, heading: str) -> None:
    answer = Answer("Words.", outcome, "Ada", ANSWER.stamped)
    section = answer_section(answer, None, None, key_figure=1)
    assert section.startswith(f"**{heading}**\n\nWords.")
    assert "*No run stands behind this answer.*" in section


def test_the_section_shows_the_key_plot_first_and_folds_the_others() -> None:
    section = answer_section(ANSWER, result(figures=FIGURES), DECLARED, key_figure=2)
    opened, folded = section.split("<details>")
    assert "![C2](figures/figure-02.png)\n*C2*" in opened
    assert "Run 1.1 recorded `accuracy` 0.9982." in opened
    assert "figure-01.png" in folded
    assert "figure-03.png" in folded
    assert f"executed at commit `{COMMIT}`" in folded
    assert section.endswith("*Ada, 2026-11-21 10:00 UTC.*")


@pytest.mark.parametrize(("key_figure", "file"), [(9, "figure-03.png"), (0, "figure-01.png")])
def test_a_key_plot_that_is_not_there_is_the_nearest(key_figure: int, file: str) -> None:
    section = answer_section(ANSWER, result(figures=FIGURES), None, key_figure=key_figure)
    assert file in section.partition("<details>")[0]


def test_a_run_without_plots_and_numbers_can_answer_too() -> None:
    section = answer_section(ANSWER, result(metrics={}), DECLARED, key_figure=1)
    assert "recorded" not in section
    assert "![" not in section


def test_predictions_stand_beside_the_outcome() -> None:
    made = Prediction(1, "One is enough", "Bo", "2026-11-21T08:00:00Z", 0.6)
    section = predictions_section((Judged(Score(made)),), "run 1.1")
    assert "| One is enough — Bo, 2026-11-21 08:00 | 60 % | judged by people: … |" in section
    assert "Brier" not in section
    assert predictions_section(()) == "Nobody predicted anything."


def judged(number: int, author: str, sure: float | None, text: str, **metrics: float) -> Judged:
    """Judge a prediction by run 1.1."""
    made = Prediction(number, text, author, "2026-11-21T08:00:00Z", sure, find_condition(text))
    scored = score(made, (result(metrics=metrics),))
    return Judged(scored, scored.of("run 1.1"))


def test_a_prediction_with_a_condition_is_scored_by_what_the_answer_rests_on() -> None:
    made = (
        judged(1, "Ada", 0.7, "accuracy>0.9", accuracy=0.93),
        judged(2, "Ada", 0.9, "accuracy<0.5", accuracy=0.93),
        judged(4, "Bo", 1.0, "accuracy > 92%", accuracy=0.93),
        judged(5, "Cy", None, "accuracy>0.2", accuracy=0.93),
        judged(6, "Di", 0.5, "loss<1", accuracy=0.93),
    )
    section = predictions_section(made, "run 1.1")
    rows = section.split("\n")
    assert rows[0] == "| prediction | confidence | outcome | Brier score |"
    assert rows[2].endswith("| 70 % | ✅ **Came true in run 1.1:** `accuracy` 0.9300 | 0.09 |")
    assert rows[3].endswith(
        "| 90 % | ❌ **Did not come true in run 1.1:** `accuracy` 0.9300 | 0.81 |"
    )
    assert rows[5].endswith("|  | ✅ **Came true in run 1.1:** `accuracy` 0.9300 |  |")
    assert rows[6].endswith("| 50 % | not decided by run 1.1 |  |")
    assert "a coin: Bo 0.00, Ada 0.45 over 2 predictions." in section
    assert "*Missing, since their entries were deleted: 3.*" in section
    assert scored_line(made) == (
        "**Predictions:** 3 of 4 came true. "
        "Brier scores (0 is perfect): Bo 0.00, Ada 0.45 over 2 predictions."
    )
    entry = answer_entry(ANSWER, folder="f", branch="b", into="main", judged=made)
    assert scored_line(made) in entry


def test_what_was_said_once_it_could_be_known_gets_no_brier_score() -> None:
    text = "accuracy>0.9"
    made = Prediction(1, text, "Ada", "2026-11-21T10:00:00Z", 1.0, find_condition(text))
    again = result(run_id="1.2", started="2026-11-21T11:00:00Z", finished="2026-11-21T11:01:00Z")
    scored = score(made, (result(), again))
    section = predictions_section((Judged(scored, scored.of("run 1.2")),), "run 1.2")
    assert "✅ **Came true in run 1.2:** `accuracy` 0.9982, said late |" in section
    assert "Brier" not in section


@given(HOSTILE, HOSTILE)
def test_no_answer_brings_html_or_swallows_what_stands_below(text: str, author: str) -> None:
    answer = Answer(text, None, author, ANSWER.stamped)
    ended = result(metrics={text: author}, figures=(FIGURES[0].model_copy(update={"alt": text}),))
    entry = answer_entry(answer, folder="f", branch="b", into="main")
    section = answer_section(answer, ended, None, key_figure=1)
    for rendered in (MARKDOWN.parse(entry), MARKDOWN.parse(section)):
        inner = [child for token in rendered for child in token.children or ()]
        kinds = {token.type for token in [*rendered, *inner]}
        assert kinds.isdisjoint({"html_block", "html_inline"})
        shown = "".join(token.content for token in inner if token.type == "text")
        assert "UTC." in shown  # nothing that was left open has swallowed what is ours
