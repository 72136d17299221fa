"""Predictions with a condition: stamped, scored, mended."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from samples import STAMP, entry, request, result, thread, world

from bot.command import Predict
from bot.commands import decide
from bot.commands.scoring import judged_by, metric_names, scored_predictions
from bot.commands.world import World
from bot.effects import UpsertEntry
from bot.errors import RequestError
from bot.forge.protocol import StoredRun
from bot.thread import Comment

EARLY = "2026-11-21T08:00:00Z"


def predicted(condition: str = "accuracy > 0.9", **changes: Any) -> Comment:
    data = {"text": "It settles", "author": "Ada", "stamped": EARLY, "confidence": 0.6}
    return entry(2, "prediction:1", {**data, "condition": condition, **changes})


def stored(number: int, **changes: Any) -> StoredRun:
    ended = result(run_id=f"1.{number}", **changes)
    return StoredRun(number, request(run_id=ended.run_id), ended)


def stamped(text: str, here: World) -> UpsertEntry:
    (effect,) = decide(Predict(text, 0.7), here)
    assert isinstance(effect, UpsertEntry)
    return effect


def test_a_condition_anywhere_in_the_text_is_remembered_and_shown() -> None:
    effect = stamped("It settles, so accuracy>0.9 in the end", world())
    assert effect.data["condition"] == "accuracy > 0.9"
    assert "Scored when a run records `accuracy`: `accuracy > 0.9`." in effect.body
    assert "condition" not in stamped("It settles", world()).data


def test_a_metric_that_nobody_knows_is_a_warning_that_names_the_nearest() -> None:
    effect = stamped("acuracy < 0.5", world())
    assert "Did you mean 'accuracy'? Then predict again: accuracy &lt; 0.5." in effect.body
    assert "WARNING" not in stamped("loss<1", world()).body  # described, if not recorded yet
    known = world(thread=thread(entry(2, "run:1.1", {"metrics": {"heads": 1}})))
    assert "heads" in metric_names(known, ())
    assert "WARNING" not in stamped("heads<1", known).body
    assert metric_names(world(thread=thread(entry(2, "run:1.1", {"metrics": 3}))), ())


def test_two_conditions_are_refused_with_the_second_marked() -> None:
    with pytest.raises(RequestError, match="a prediction has one condition") as refused:
        decide(Predict("loss<1 and accuracy>0.9"), world())
    assert refused.value.culprit == "accuracy>0.9"


def test_what_is_said_after_a_run_had_recorded_it_is_late() -> None:
    ended = stored(1, started=EARLY, finished=EARLY)
    effect = stamped("accuracy>0.9", world(runs=(ended,)))
    assert "⏰ **Late:** run 1.1 had recorded `accuracy` 0.9982 by then." in effect.body
    assert "Scored when a later run records `accuracy`" in effect.body
    assert effect.data["late"] == "1.1"


def test_the_run_that_ended_decides_and_a_later_one_may_disagree() -> None:
    here = world(thread=thread(predicted()))
    (first,) = scored_predictions(here, (result(),))
    assert "✅ **Came true in run 1.1:** `accuracy` 0.9982." in first.body
    assert (first.data["decided_by"], first.data["true"]) == ("run 1.1", 1.0)
    after = dataclasses.replace(here, runs=(stored(1),))
    later = result(run_id="1.2", started="2026-11-21T11:00:00Z", metrics={"accuracy": 0.5})
    (second,) = scored_predictions(after, (later,))
    assert "run 1.1:** `accuracy` 0.9982. But false in run 1.2 (0.5000)." in second.body


def test_an_entry_that_says_it_already_is_left_alone_and_an_edited_one_is_mended() -> None:
    here = world(thread=thread(predicted()), runs=(stored(1),))
    (effect,) = scored_predictions(here)
    there = Comment(3, "excursions[bot]", STAMP, STAMP, effect.body, effect.key, dict(effect.data))
    assert scored_predictions(world(thread=thread(there), runs=(stored(1),))) == ()
    edited = dataclasses.replace(there, body="I won.")
    assert scored_predictions(world(thread=thread(edited), runs=(stored(1),))) == (effect,)


@pytest.mark.parametrize("condition", [None, 3, "accuracy", "a<1 b<2", ["accuracy > 0.9"]])
def test_odd_data_in_a_marker_makes_it_a_prediction_without_a_condition(condition: Any) -> None:
    here = world(thread=thread(predicted(condition)), runs=(stored(1),))
    assert scored_predictions(here) == ()


def test_an_answer_from_an_answered_run_is_scored_by_the_run_behind_it() -> None:
    answered = stored(2, cache_hit=True, answered_from="1.1")
    here = world(thread=thread(predicted()), runs=(stored(1), answered))
    for name in ("run 1.1", "run 1.2"):
        [judged] = judged_by(name, here)
        assert judged.verdict is not None
        assert judged.verdict.name == "run 1.1"
    [nothing] = judged_by("", here)
    assert nothing.verdict is None
