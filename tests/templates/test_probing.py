"""The template probing, for three seeds."""

from __future__ import annotations

from templates.trials import Trials


def test_the_probe_is_good_and_selective_where_the_model_learned(trial: Trials) -> None:
    for done in trial("probing"):
        # Each question has one right answer, and the training sees every item.
        assert done.number("model_accuracy") >= 0.99
        # What the answer needs has been fetched, along one direction; 2,000 held-out texts.
        assert done.number("probe_accuracy") >= 0.9
        # A hyperplane in 32 dimensions labels 128 random items rightly some 70 % of the time,
        # so a property that is read always is selective by about 0.3.
        assert 0.2 <= done.number("selectivity") <= 0.4


def test_nothing_is_selective_where_nothing_was_learned(trial: Trials) -> None:
    for done in trial("probing"):
        assert abs(done.number("selectivity_untrained")) < 0.12


def test_a_stronger_probe_learns_the_coin_by_heart(trial: Trials) -> None:
    for done in trial("probing"):
        assert done.number("selectivity_mlp") < 0.15


def test_shuffled_labels_probe_at_chance(trial: Trials) -> None:
    for done in trial("probing"):
        # 2,000 held-out texts: a standard error of 0.011 around 0.5.
        assert 0.44 <= done.number("shuffled_accuracy") <= 0.56


def test_what_the_probe_reads_is_not_used_there_but_is_elsewhere(trial: Trials) -> None:
    for done in trial("probing"):
        # Layer 0 has fetched the answer already, so nothing looks at the item after it.
        assert done.number("flips_probed_place") < 0.05
        assert done.number("flips_embedding") > 0.6


def test_flipping_what_is_not_asked_or_at_random_changes_no_answers(trial: Trials) -> None:
    for done in trial("probing"):
        assert done.number("flips_embedding_not_asked") < 0.1
        assert done.number("flips_embedding_random") < 0.1
        assert done.number("probe_not_asked_end") > 0.7  # though it can still be read
        assert done.number("flips_not_asked_end") < 0.05


def test_an_odd_width_is_refused(trial: Trials) -> None:
    (done,) = trial("probing", (0,), fails=True, d_model=33)
    assert "choose an even number" in str(done.result.error)
