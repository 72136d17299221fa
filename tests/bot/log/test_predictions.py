"""Predictions: read back from the thread, and shown beside what came."""

from __future__ import annotations

import dataclasses

import pytest
from markdown_it import MarkdownIt
from samples import entry, prediction, thread

from bot.condition import find_condition
from bot.log.predictions import (
    before,
    percent,
    prediction_entry,
    predictions_table,
    read_predictions,
    short_moment,
)
from bot.scoring import Prediction
from bot.thread import Comment

ADA = Prediction(1, "One layer will be enough", "Ada", "2026-11-21T08:00:00Z", 0.6)


def test_predictions_are_read_from_our_own_entries() -> None:
    forged = Comment(5, "mallory", "", "", "x", "prediction:3", {"text": "mine"})
    found = read_predictions(thread(prediction(1, ADA.text), forged, prediction(2, "B")))
    assert found == (ADA, dataclasses.replace(ADA, number=2, text="B"))


@pytest.mark.parametrize(
    "entry_",
    [
        entry(2, "prediction:x", {"text": "a"}),
        entry(2, "prediction:1", {}),
        entry(2, "prediction:1", {"text": 3}),
        entry(2, "predictions", {"text": "a"}),
    ],
)
def test_an_entry_that_was_damaged_predicts_nothing(entry_: Comment) -> None:
    assert read_predictions(thread(entry_)) == ()


def test_only_what_was_stamped_before_counts_or_in_the_very_second() -> None:
    late = dataclasses.replace(ADA, stamped="2026-11-21T09:30:16Z")
    same = dataclasses.replace(ADA, stamped="2026-11-21T09:30:15Z")
    assert before((ADA, same, late), "2026-11-21T09:30:15Z") == (ADA, same)


@pytest.mark.parametrize(
    ("confidence", "words"),
    [
        (None, ""),
        (0.7, "70 %"),
        (0.29, "29 %"),
        (0.995, "99.5 %"),
        (0.99999, "99.999 %"),
        (1, "100 %"),
    ],
)
def test_a_confidence_is_said_in_percent(confidence: float | None, words: str) -> None:
    assert percent(confidence) == words


def test_a_moment_is_said_to_the_minute() -> None:
    assert short_moment("2026-11-21T09:30:15Z") == "2026-11-21 09:30"


def test_the_entry_of_a_prediction_says_who_what_when_and_how_sure() -> None:
    assert prediction_entry(ADA) == (
        "🔮 **Ada predicts, 60 % sure:** One layer will be enough\n\n"
        "*Stamped 2026-11-21 08:00 UTC.*"
    )
    assert "predicts:**" in prediction_entry(dataclasses.replace(ADA, confidence=None))


def test_hostile_words_break_neither_the_entry_nor_the_table() -> None:
    hostile = dataclasses.replace(ADA, text="a | b\n\n# c @d <b>", author="**x**|")
    rows = predictions_table((hostile, ADA), "`accuracy` 0.9982", "recorded").split("\n")
    assert len(rows) == 4
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render("\n".join(rows))
    assert html.count("<td") == 6
    assert "a | b # c" in html
    assert "<code>accuracy</code> 0.9982" in html
    assert "<h1>" not in MarkdownIt("commonmark").render(prediction_entry(hostile))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It settles low_loss<0.5", "It settles `low_loss<0.5`"),
        ("low_loss < 0.5, says @ada", "`low_loss < 0.5`, says @&#8203;ada"),
        ("Is 0.3<loss<0.5. Or *so*", "Is `0.3<loss<0.5`. Or \\*so\\*"),
        ("`loss<0.5` it is", "\\`loss&lt;0.5\\` it is"),  # part of another word: as it is
    ],
)
def test_a_condition_stands_apart_from_the_words(text: str, shown: str) -> None:
    said_so = dataclasses.replace(ADA, text=text, condition=find_condition(text))
    assert f"**Ada predicts, 60 % sure:** {shown}\n" in prediction_entry(said_so)
    assert predictions_table([said_so], "", "seen").splitlines()[2].startswith(f"| {shown} — Ada")
