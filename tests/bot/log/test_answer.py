"""The answer, in the thread and in the README."""

from __future__ import annotations

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from samples import COMMIT, DECLARED, EXCURSION, HOSTILE, result

from bot.excursion import Outcome
from bot.log.answer import Answer, answer_entry, answer_section, predictions_section
from bot.log.predictions import Prediction
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
    section = predictions_section((made,), ANSWER)
    assert "| One is enough — Bo, 2026-11-21 08:00 | 60 % | 🔴 refuted |" in section
    assert predictions_section((), ANSWER) == "Nobody predicted anything."


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
