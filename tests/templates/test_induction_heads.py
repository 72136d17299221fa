"""Induction heads: two layers copy by them, one layer cannot."""

from __future__ import annotations

from pathlib import Path

import pretrained
import pytest

from templates.trials import Trials


def test_two_layers_copy_by_induction(trial: Trials) -> None:
    for done in trial("induction-heads"):
        # Every scored token can be known, so a model that copies is right nearly always.
        assert done.number("accuracy_two_layers") >= 0.97
        # Layer 1 has nothing else to look at that would help.
        assert done.number("induction_score") >= 0.7
        # Only the block's first copy (a quarter to a half of the positions) has to know its past.
        assert done.number("previous_token_score") >= 0.25
        # The loss is flat until a previous-token head makes induction pay: neither at the start nor
        # at the end of 400 steps.
        assert 60 <= done.number("step_phase_change") <= 350
        # A rule that matches tokens works at other distances as well.
        assert done.number("accuracy_new_lengths") >= 0.85


def test_one_layer_does_not_and_neither_does_an_untrained_model(trial: Trials) -> None:
    for done in trial("induction-heads"):
        # A layer that sees a bag of the block's 8 to 16 tokens can do little better than guess
        # among those.
        assert done.number("accuracy_one_layer") <= 0.35
        assert done.number("induction_score_one_layer") <= 0.3
        # Chance is 1/50; attention spread evenly puts 1.5 of 23 visible tokens on the right ones.
        assert done.number("accuracy_untrained") <= 0.05
        assert done.number("induction_score_untrained") <= 0.1


def test_each_cut_that_the_circuit_needs_ruins_it_and_its_control_does_not(trial: Trials) -> None:
    for done in trial("induction-heads"):
        for cut in ("previous_token", "induction"):
            # Without the attention what is left is no better than one layer.
            assert done.number(f"accuracy_cut_{cut}") <= 0.35
            assert done.number(f"accuracy_cut_{cut}_control") >= 0.9


def test_a_pretrained_model_is_scored_beside_its_untrained_twin(
    trial: Trials, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = pretrained.save_tiny_gpt2(tmp_path_factory.mktemp("models") / "tiny")
    # The folder's weights were drawn from seed 0, so another one gives the twin others.
    (done,) = trial("induction-heads", seeds=(1,), steps=10, model=str(folder))
    assert 0 < done.number("model_induction_score") <= 1
    assert done.number("model_induction_score") != done.number("model_induction_score_untrained")


def test_a_model_that_cannot_be_had_fails_before_any_training(
    trial: Trials, tmp_path: Path
) -> None:
    (done,) = trial("induction-heads", seeds=(0,), fails=True, model=str(tmp_path / "none"))
    assert done.result.error is not None
    assert "there is no such folder" in done.result.error.message
    assert "step" not in done.result.stdout_tail


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"n_heads": 3, "d_model": 64}, "does not divide into n_heads=3"),
        ({"vocabulary_size": 8, "longest_block": 16}, "vocabulary_size=8"),
    ],
)
def test_impossible_sizes_are_refused_at_once(
    trial: Trials, given: dict[str, int], words: str
) -> None:
    (done,) = trial("induction-heads", seeds=(0,), fails=True, **given)
    assert done.result.error is not None
    assert words in done.result.error.message


def test_its_edges_run(trial: Trials) -> None:
    trial(
        "induction-heads",
        seeds=(0,),
        steps=10,
        n_heads=1,
        d_model=8,
        vocabulary_size=8,
        longest_block=6,
    )
