"""Superposition: rare features share dimensions, and neither control does."""

from __future__ import annotations

import pytest

from templates.trials import Trials


def test_rare_features_share_dimensions_and_it_pays(trial: Trials) -> None:
    for done in trial("superposition"):
        # Twenty features in five dimensions make 4 at most. Some of the least important may not be
        # found from a start; 2.5 leaves room for seven of those, and is far from the controls' 1.
        assert 2.5 <= done.number("features_per_dimension_rare") <= 4
        # The best without superposition is 1. With all features stored, what remains is
        # interference between the few that meet at a density of 1/64.
        assert 0.1 <= done.number("loss_ratio_rare") <= 0.5


def test_neither_dense_features_nor_a_linear_model_share_any(trial: Trials) -> None:
    for done in trial("superposition"):
        # Both are solved by principal components: five directions, each of length 1.
        assert done.number("features_per_dimension_dense") == pytest.approx(1, abs=0.05)
        assert done.number("features_per_dimension_linear") == pytest.approx(1, abs=0.05)
        # And such a model loses just what the theory says, but for the noise of 32,768 examples.
        assert done.number("loss_ratio_dense") == pytest.approx(1, abs=0.05)
        assert done.number("loss_ratio_linear") == pytest.approx(1, abs=0.1)


def test_its_edges_run(trial: Trials) -> None:
    trial("superposition", seeds=(0,), n_features=2, n_dimensions=1, rarest=1, steps=10)


def test_where_there_is_room_for_all_it_says_so_at_once(trial: Trials) -> None:
    (done,) = trial("superposition", seeds=(0,), fails=True, n_features=5, n_dimensions=5)
    assert done.result.error is not None
    assert "n_dimensions=5 leaves room for all n_features=5" in done.result.error.message
