"""The previous token without positions: two layers find it, one layer sees a bag."""

from __future__ import annotations

import pytest

from bot.template import built_in_templates, find_template
from templates.trials import Trials, Value


def test_two_layers_find_the_previous_token(trial: Trials) -> None:
    for done in trial("no-positions"):
        # The answer is certain, and a position code for sixteen places is enough to know it.
        assert done.number("accuracy_two_layers") >= 0.97
        # Chance is 0.03 to 0.15 for a head that cannot tell places apart.
        assert done.number("previous_token_score_layer_1") >= 0.3
        assert done.number("previous_token_score_layer_0") <= 0.2


def test_one_layer_does_no_better_than_a_bag_of_tokens(trial: Trials) -> None:
    for done in trial("no-positions"):
        ceiling = done.number("accuracy_bag_ceiling")
        # Expected count of the most frequent of 1 to 14 tokens among 26, over their number.
        assert ceiling == pytest.approx(0.308, abs=0.01)
        # No reader of a bag can do better, but for the luck of 28,672 answers; training gets close.
        assert ceiling - 0.03 <= done.number("accuracy_one_layer") <= ceiling + 0.01
        # Not by training, but by its form: rounding alone may move it.
        assert done.number("shuffle_effect_one_layer") <= 1e-4
        assert done.number("accuracy_untrained") <= 0.08  # chance is 1/26


def test_its_position_code_is_used_and_a_probe_does_not_tell_that(trial: Trials) -> None:
    for done in trial("no-positions"):
        # Position alone keeps most of it; the controls fall to what a bag allows, or below.
        assert done.number("accuracy_position_mean") >= 0.6
        assert done.number("accuracy_wrong_position") <= 0.45
        assert done.number("accuracy_global_mean") <= 0.45
        # Any causal average leaks how many tokens there were, in models that fail as well.
        assert done.number("position_probe_r2_one_layer") >= 0.3
        assert done.number("position_probe_r2_untrained") >= 0.5


@pytest.mark.parametrize(
    "given",
    [
        {"d_model": 8, "n_heads": 8, "context_length": 4},
        {"start_token": False, "vocabulary_size": 2},
        {"mlp_width": 8, "layer_norm": True, "wide_outputs": True, "ask_for_start": True},
        {"schedule": "warm-up", "weight_decay": 0.1, "largest_gradient": 1.0},
    ],
)
def test_its_edges_run(trial: Trials, given: dict[str, Value]) -> None:
    trial("no-positions", seeds=(0,), fails=False, steps=10, **given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"d_model": 10, "n_heads": 4}, "d_model=10 does not divide into n_heads=4"),
        ({"ask_for_start": True, "start_token": False}, "start_token=False leaves out"),
    ],
)
def test_what_cannot_be_is_refused_before_any_training(
    trial: Trials, given: dict[str, Value], words: str
) -> None:
    (done,) = trial("no-positions", seeds=(0,), fails=True, **given)
    assert done.result.error is not None
    assert words in done.result.error.message
    assert "step" not in done.result.stdout_tail


def test_the_recording_s_set_begins_as_the_recording_did(trial: Trials) -> None:
    recording = (
        find_template("demos/no-positions", None, (built_in_templates(),))
        .manifest.sets["recording"]
        .values
    )
    given = {**recording, "steps": 10, "batch_size": 32}
    given.pop("seed")
    (done,) = trial("no-positions", seeds=(123,), fails=False, **given)
    # Printed: 6.005. Logits of a fresh model spread by 0.8, which adds 0.32 to log(300) = 5.704;
    # 32 sequences of 49 answers are precise to 0.02, and so are the initial weights.
    assert done.number("loss_step_0") == pytest.approx(6.005, abs=0.1)
