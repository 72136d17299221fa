"""Grokking: understood long after it was memorised, and by neither control."""

from __future__ import annotations

from templates.trials import Trials

CHANCE = 1 / 59


def test_unseen_sums_come_right_long_after_those_trained_on(trial: Trials) -> None:
    for done in trial("grokking"):
        # A rule for the circle is right everywhere: nothing between memory and 1 lasts.
        assert done.number("accuracy_test") >= 0.99
        # Memorising 1,392 sums takes a network of this size tens of steps at this learning rate;
        # the rest is the plateau that makes it grokking.
        assert done.number("step_memorised") <= 150
        assert 3 * done.number("step_memorised") <= done.number("step_generalised") <= 1500


def test_neither_without_weight_decay_nor_with_shuffled_answers(trial: Trials) -> None:
    for done in trial("grokking"):
        # Without decay nothing presses on the memory: below chance, since it has learned for each
        # number which sums go with it, and the right one is never among those.
        assert done.number("accuracy_test_no_decay") <= 0.1
        # Shuffled answers have no rule: chance, give or take three standard errors of 2,089 sums.
        assert abs(done.number("accuracy_test_shuffled") - CHANCE) <= 0.0086


def test_a_few_frequencies_carry_it(trial: Trials) -> None:
    for done in trial("grokking"):
        # The network needs only so many waves as separate 59 sums: 8 of 29 are ample …
        assert done.number("accuracy_key_frequencies") >= 0.9
        # … and what is left is noise to the rest of the network.
        assert done.number("accuracy_without_key_frequencies") <= 0.2
        # A flat spectrum has 29 in use; sampling 64 dimensions leaves the controls a little below.
        assert done.number("frequencies_in_use") <= 18
        assert done.number("frequencies_in_use_no_decay") >= 24
        # A circle is found in an untrained embedding too; it is only less round.
        assert done.number("circle_r2_untrained") >= 0.4
        assert done.number("circle_r2") >= 0.9
        assert done.number("logit_r2") >= 0.6
        assert done.number("logit_r2_no_decay") <= 0.1


def test_its_edges_run(trial: Trials) -> None:
    trial("grokking", seeds=(0,), p=11, steps=10)
    trial("grokking", seeds=(0,), p=11, steps=10, train_fraction=0.9, weight_decay=0.0)


def test_a_modulus_that_is_not_prime_is_refused_at_once(trial: Trials) -> None:
    (done,) = trial("grokking", seeds=(0,), fails=True, p=60)
    assert done.result.error is not None
    assert "p=60 is not prime" in done.result.error.message
