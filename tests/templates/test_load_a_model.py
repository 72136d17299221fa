"""Loading a model says whether it is really there, and at once why it cannot be had."""

from __future__ import annotations

from pathlib import Path

import pretrained

from templates.trials import Trials

NAME = "demos/load-a-model"


def test_a_loaded_model_is_there_and_its_controls_are_not(trial: Trials) -> None:
    for run in trial(NAME):
        # The language's own surprise is 0.70 nats a word; guessing among 43 words is 3.76.
        assert 0.65 < run.number("nats_text") < 0.8
        assert run.number("nats_shuffled") > 3
        assert 3.5 < run.number("nats_untrained") < 4.6
        # Without attention in the first layer it cannot look anything up.
        assert run.number("nats_without_layer") > run.number("nats_text") + 0.3
        assert run.number("difference_by_hand") < 1e-3


def test_random_weights_are_not_taken_for_a_loaded_model(trial: Trials, tmp_path: Path) -> None:
    folder = pretrained.save_tiny_gpt2(tmp_path / "tiny")
    (run,) = trial(NAME, (1,), model=str(folder), prompt="When Mary went to the")
    assert abs(run.number("nats_text") - run.number("nats_shuffled")) < 0.5
    assert run.number("difference_by_hand") < 1e-3


def test_weights_that_cannot_be_had_fail_the_run_and_say_why(trial: Trials) -> None:
    (run,) = trial(NAME, (0,), fails=True, model="gpt2")
    assert run.result.error is not None
    assert "“gpt2” cannot be loaded" in str(run.result.error)
    assert "model=toy" in str(run.result.error)


def test_a_wrong_name_fails_the_run_and_names_the_nearest(trial: Trials) -> None:
    (run,) = trial(NAME, (0,), fails=True, model="gtp2")
    assert "the nearest are" in str(run.result.error)
