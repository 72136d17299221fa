"""Predictions held against runs."""

from __future__ import annotations

import pytest
from samples import result

from bot.condition import find_condition
from bot.scoring import Prediction, brier, brier_by_person, score
from runner.records import RunResult, Status


def said(text: str = "accuracy>0.9", stamped: str = "2026-11-21T09:00:00Z") -> Prediction:
    return Prediction(1, text, "Ada", stamped, 0.7, find_condition(text))


def ran(number: int, accuracy: object = 0.95, minute: int = 0, **changes: object) -> RunResult:
    """Make a run that began so many minutes after ten, and took one."""
    fields: dict[str, object] = {
        "run_id": f"1.{number}",
        "started": f"2026-11-21T10:{minute:02}:00Z",
        "finished": f"2026-11-21T10:{minute + 1:02}:00Z",
        "metrics": {"accuracy": accuracy},
    }
    return result(**fields | changes)


def test_the_first_run_that_recorded_the_metric_decides_and_others_stand_beside_it() -> None:
    runs = (ran(3, 0.95, minute=7), ran(1, 0.5, metrics={"loss": 1.0}), ran(2, 0.5, minute=9))
    scored = score(said(), runs)
    assert [verdict.name for verdict in scored.verdicts] == ["run 1.3", "run 1.2"]
    assert scored.first == scored.of("run 1.3")
    assert [verdict.share for verdict in scored.verdicts] == [1.0, 0.0]


def test_a_run_that_began_before_the_stamp_says_nothing_but_that_it_was_late() -> None:
    early, later = ran(1, minute=0), ran(2, 0.5, minute=5)
    scored = score(said(stamped="2026-11-21T10:01:00Z"), (early, later))
    assert [verdict.name for verdict in scored.verdicts] == ["run 1.2"]
    assert scored.late is not None
    assert (scored.late.run_id, scored.late.value) == ("1.1", 0.95)


def test_a_run_that_was_under_way_makes_a_prediction_neither_late_nor_true() -> None:
    scored = score(said(stamped="2026-11-21T10:00:30Z"), (ran(1),))
    assert (scored.verdicts, scored.late) == ((), None)


def test_what_repeats_or_is_answered_from_an_earlier_run_began_with_it() -> None:
    first = ran(1, minute=0)
    repeated = ran(2, minute=5, reproduces="1.1")
    answered = ran(3, minute=6, cache_hit=True, answered_from="1.1")
    point = ran(4, minute=6, cache_hit=True, answered_from="1.1", sweep="1.4")
    runs = (first, repeated, answered, point)
    assert score(said(stamped="2026-11-21T10:02:00Z"), runs).verdicts == ()
    names = [verdict.name for verdict in score(said(), runs).verdicts]
    assert names == ["run 1.1", "run 1.2", "sweep 1.4"]


def test_the_points_of_a_sweep_decide_together() -> None:
    runs = [ran(n, value, sweep="1.1") for n, value in enumerate((0.95, 0.5, "odd", 0.99), 1)]
    first = score(said(), runs).first
    assert first is not None
    assert (first.name, first.true, len(first.decided)) == ("sweep 1.1", 2, 3)
    assert first.share == pytest.approx(2 / 3)


def test_a_run_that_failed_after_it_had_recorded_decides_too() -> None:
    first = score(said(), (ran(1, status=Status.FAILED),)).first
    assert first is not None
    assert first.share == 1


def test_text_decides_nothing_and_neither_does_a_prediction_without_a_condition() -> None:
    assert score(said(), (ran(1, "high"),)).first is None
    assert score(said("It will be high"), (ran(1),)).verdicts == ()


def test_the_brier_score_is_the_mean_square_of_what_was_missed() -> None:
    assert brier(1.0, (True,)) == 0
    assert brier(0.7, (True,)) == pytest.approx(0.09)
    assert brier(0.7, (False,)) == pytest.approx(0.49)
    assert brier(0.5, (True, False)) == pytest.approx(0.25)


def test_scores_are_told_by_person_and_only_of_what_was_sure_and_decided() -> None:
    bo = Prediction(2, "x", "Bo", "", None, None)
    scores = brier_by_person([(said(), (True,)), (said(), (False,)), (bo, (True,)), (said(), ())])
    [(score_of_ada, count)] = scores.values()
    assert (list(scores), count) == (["Ada"], 2)
    assert score_of_ada == pytest.approx((0.09 + 0.49) / 2)
