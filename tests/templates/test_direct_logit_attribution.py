"""Direct logit attribution adds up, and tells who matters; strangers and untrained twins do not."""

from __future__ import annotations

from pathlib import Path

import pretrained

from templates.trials import Trials

NAME = "demos/direct-logit-attribution"


def test_the_pieces_add_up_and_tell_who_matters(trial: Trials) -> None:
    for run in trial(NAME):
        assert run.number("sum_error") < 1e-3
        # 0.81 to 0.94 were measured, of twelve heads; those near zero change places by chance.
        assert run.number("correlation_with_ablation") > 0.65
        # Of twelve values the rank correlation of shuffles stays below 0.58 in 95 % of cases.
        assert 0.5 < run.number("correlation_shuffled") < 0.68
        # Only attention fetches names and only the two of them write: what is left is the
        # embedding and biases, which know nothing of the text.
        together = run.number("share_attention") + run.number("share_mlp")
        assert 0.85 < together < 1.15


def test_nothing_is_accounted_for_where_there_is_nothing(trial: Trials) -> None:
    for run in trial(NAME):
        # The answers differ by 5.6 logits and more; random weights of this size give about 1.
        assert run.number("difference_untrained") < 2
        assert run.number("difference_strangers") < 3


def test_one_s_own_prompts_leave_no_strangers_to_compare_with(trial: Trials) -> None:
    (run,) = trial(
        NAME,
        (0,),
        training_steps=10,
        clean_prompt="Anna and Ben met in the park . Ben gave a ball to",
        corrupt_prompt="Anna and Ben met in the park . Anna gave a ball to",
        answer="Anna",
        other_answer="Ben",
    )
    assert "difference_strangers" not in run.metrics  # rather than one that is no number
    assert run.number("sum_error") < 1e-3


def test_it_adds_up_in_a_pretrained_model_too(trial: Trials, tmp_path: Path) -> None:
    words = "Mary John Tom Anna Paul store park drink book"
    folder = pretrained.save_tiny_gpt2(tmp_path / "tiny", words)
    (run,) = trial(NAME, (0,), model=str(folder))
    assert run.number("sum_error") < 1e-3
