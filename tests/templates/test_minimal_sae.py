"""The template minimal-sae, for three seeds."""

from __future__ import annotations

from pathlib import Path

import pretrained

from templates.trials import Trials


def test_topk_finds_the_features_and_l1_of_its_error_does_not(trial: Trials) -> None:
    for done in trial("minimal-sae"):
        # 20 of 20 in earlier trials with three seeds, and 4 to 14 for plain L1; a pair of random
        # directions in five dimensions may be too close to tell apart, so one may be missing.
        assert 19 <= done.number("recovered_topk") <= 20
        assert done.number("recovered_l1") <= 16
        assert done.number("recovered_l1_most") < done.number("recovered_topk")


def test_an_untrained_sae_finds_features_by_luck_only(trial: Trials) -> None:
    for done in trial("minimal-sae"):
        # 40 random directions in five dimensions come within 0.9 of one in 4 of the features.
        assert done.number("recovered_untrained") <= 10


def test_a_lower_error_does_not_mean_more_features(trial: Trials) -> None:
    for done in trial("minimal-sae"):
        assert done.number("recovered_wrong_k") <= 15


def test_on_the_stream_unexplained_variance_knows_an_untrained_sae(trial: Trials) -> None:
    for done in trial("minimal-sae"):
        assert done.number("stream_unexplained_topk") < 0.1
        assert done.number("stream_unexplained_untrained") > 0.5
        # Four fixed directions cannot hold what four chosen for each token hold.
        assert done.number("stream_unexplained_pca") > 0.3


def test_on_the_stream_kinder_numbers_hardly_do(trial: Trials) -> None:
    for done in trial("minimal-sae"):
        assert done.number("stream_loss_recovered_topk") > 0.98
        assert done.number("stream_loss_recovered_untrained") > 0.6
        gap = done.number("stream_purity_topk") - done.number("stream_purity_untrained")
        assert gap < 0.2


def test_settings_that_cannot_be_are_refused(trial: Trials) -> None:
    (done,) = trial("minimal-sae", (0,), fails=True, n_dims=20)
    assert "choose fewer dimensions" in str(done.result.error)
    (done,) = trial("minimal-sae", (0,), fails=True, layer=3)
    assert "the model has 3 layers" in str(done.result.error)


def test_weights_that_cannot_be_had_are_told_before_anything_else(trial: Trials) -> None:
    (done,) = trial("minimal-sae", (0,), fails=True, model="./no-such-folder")
    assert "there is no such folder" in str(done.result.error)


def test_a_pretrained_model_reads_documentation(trial: Trials, tmp_path: Path) -> None:
    folder = pretrained.save_tiny_gpt2(tmp_path / "tiny")
    (done,) = trial(
        "minimal-sae", (0,), model=str(folder), toy_steps=10, stream_steps=300, n_tokens=3000
    )
    assert done.number("stream_unexplained_topk") < done.number("stream_unexplained_untrained")
