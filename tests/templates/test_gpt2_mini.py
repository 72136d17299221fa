"""GPT-2 from scratch: the same as TransformerLens's, by a comparison that would see a mistake."""

from __future__ import annotations

from templates.trials import Trials


def test_its_logits_are_those_of_transformer_lens(trial: Trials) -> None:
    for done in trial("gpt2-mini"):
        # Logits of size one are sums of some hundred float32 products over four blocks: rounding
        # leaves 1e-6 to 1e-5, and 1e-4 is what was asked for.
        assert done.number("largest_difference") <= 1e-4
        assert done.number("tests_failed") == 0
        assert done.number("tests_passed") >= 12


def test_two_mistakes_made_on_purpose_are_seen(trial: Trials) -> None:
    for done in trial("gpt2-mini"):
        # The two GELUs differ by up to 5e-4 at one neuron, and there are 256 a block.
        assert 1e-4 < done.number("difference_wrong_gelu") < 0.1
        # Scores four times too large make other patterns altogether.
        assert done.number("difference_no_scaling") > 0.1
