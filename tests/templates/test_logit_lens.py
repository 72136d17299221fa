"""The logit lens reads grammar before what must be looked up, and nothing in an untrained model."""

from __future__ import annotations

from pathlib import Path

import pretrained

from templates.trials import Trials

NAME = "demos/logit-lens"


def test_what_must_be_looked_up_settles_later(trial: Trials) -> None:
    for run in trial(NAME):
        # 0.18 to 0.40 were measured; one stage of seven is 0.17 of the depth.
        assert 0.08 < run.number("depth_gap") < 0.7
        assert run.number("difference_to_library") < 1e-3


def test_the_last_layer_knows_the_language_and_the_controls_do_not(trial: Trials) -> None:
    for run in trial(NAME):
        # The texts' own best possible surprise is 0.64 to 0.68; guessing among 43 words is 3.76.
        assert run.number("nats_final") < 0.8
        assert 3.5 < run.number("nats_untrained") < 4.6
        assert run.number("nats_reversed") > run.number("nats_final") + 1.5


def test_it_reads_a_pretrained_model_and_a_text_of_ones_own(trial: Trials, tmp_path: Path) -> None:
    folder = pretrained.save_tiny_gpt2(tmp_path / "tiny")
    (run,) = trial(NAME, (0,), model=str(folder), text="When Mary went to the park")
    assert run.number("difference_to_library") < 1e-3
    assert run.number("depth_looked_up") == 1  # it is never sure


def test_a_text_in_another_language_is_told_before_training(trial: Trials) -> None:
    (run,) = trial(NAME, (0,), fails=True, text="Anna and Zoe met")
    assert run.result.error is not None
    assert "no word “Zoe”" in str(run.result.error)
