"""What follows from `/predict`."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import STAMP, prediction, thread, unbegun, world

from bot.command import Predict
from bot.commands import decide
from bot.commands.predict import parse, parse_confidence
from bot.commands.world import World
from bot.effects import UpsertEntry
from bot.errors import RequestError


def test_a_prediction_is_stamped_with_who_when_and_how_sure() -> None:
    (stamped,) = decide(Predict(" One layer will be enough ", 0.6), world())
    assert isinstance(stamped, UpsertEntry)
    assert (stamped.issue, stamped.key) == (1, "prediction:1")
    assert stamped.data == {
        "text": "One layer will be enough",
        "author": "Ada",
        "stamped": STAMP,
        "confidence": 0.6,
    }
    assert stamped.body.startswith("🔮 **Ada predicts, 60 % sure:** One layer will be enough\n")


def test_predictions_are_numbered_in_turn() -> None:
    here = world(thread=thread(prediction(1, "A"), prediction(4, "B")))
    (stamped,) = decide(Predict("C"), here)
    assert isinstance(stamped, UpsertEntry)
    assert stamped.key == "prediction:5"


def test_the_same_words_of_the_same_person_are_stamped_once() -> None:
    known = thread(prediction(1, "It settles"))
    assert decide(Predict("It settles", 0.6), world(thread=known)) == ()
    assert len(decide(Predict("It settles", 0.7), world(thread=known))) == 1
    assert len(decide(Predict("It settles", 0.6), world(thread=known, actor="Bo"))) == 1


def test_one_may_predict_before_the_excursion_has_begun() -> None:
    assert len(decide(Predict("It settles"), world(thread=unbegun(), head=None))) == 1


@pytest.mark.parametrize(
    ("command", "here", "message"),
    [
        (Predict("  "), world(), "the prediction is empty"),
        (Predict("x" * 2001), world(), "the prediction has 2001 characters, 2000 at most"),
        (Predict("x"), world(thread=thread(state="closed")), "it is too late to predict"),
    ],
)
def test_a_prediction_that_is_not_possible_is_refused(
    command: Predict, here: World, message: str
) -> None:
    with pytest.raises(RequestError) as refused:
        decide(command, here)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("70%", 0.7), ("0.7", 0.7), (".7", 0.7), (" 99.9 % ", 0.999), ("0", 0), ("1", 1), ("100%", 1)],
)
def test_a_confidence_is_a_percentage_or_a_fraction(text: str, value: float) -> None:
    assert parse_confidence(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text", ["", "70", "101%", "1.5", "-1%", "nan", "inf", "1e-1", "７0%", "often", "0,7", "%"]
)
def test_what_is_no_confidence_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="is not a confidence"):
        parse_confidence(text)


@given(st.text())
def test_no_text_is_a_confidence_outside_of_its_range(text: str) -> None:
    with contextlib.suppress(RequestError):
        assert 0 <= parse_confidence(text) <= 1


def test_a_prediction_takes_no_other_name() -> None:
    assert parse(("a", "b"), {"confidence": "60%"}) == Predict("a b", 0.6)
    with pytest.raises(RequestError, match="predict knows no 'sure'"):
        parse(("a",), {"sure": "60%"})
