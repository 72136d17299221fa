"""The template text-tree, for three seeds."""

from __future__ import annotations

from pathlib import Path

import pretrained

from templates.trials import Trials


def test_branches_are_as_likely_as_the_language_says(trial: Trials) -> None:
    for done in trial("text-tree"):
        # 400 steps leave some 0.02 nats a word; the criterion of the notebook is 0.1.
        assert 0 <= done.number("divergence") < 0.1


def test_readers_without_training_or_context_are_far_off(trial: Trials) -> None:
    for done in trial("text-tree"):
        # 45 words: a uniform guess at a certain word is log 45 = 3.8 nats off.
        assert done.number("divergence_untrained") > 1
        assert done.number("divergence_no_context") > 1
        assert done.number("divergence_other_text") > 0.5


def test_the_tree_agrees_with_samples(trial: Trials) -> None:
    for done in trial("text-tree"):
        # The largest of a handful of distances, in standard errors: above 4 once in 3,000 runs.
        assert done.number("sampling_error") < 4


def test_the_likeliest_continuation_is_the_language_s(trial: Trials) -> None:
    for done in trial("text-tree"):
        # "gave a ball to Anna": 0.4 · 1 · 0.6 · 1 · 1.
        assert 0.15 <= done.number("likeliest_share") <= 0.3


def test_what_is_not_kept_and_what_is_pruned_is_not_shown(trial: Trials) -> None:
    (whole,) = trial("text-tree", (0,), prune="")
    (pruned,) = trial("text-tree", (0,), prune="thanked Anna; called")
    (kept,) = trial("text-tree", (0,), keep="gave a")
    assert kept.number("n_nodes") < pruned.number("n_nodes") < whole.number("n_nodes")
    assert kept.number("likeliest_share") == whole.number("likeliest_share")  # of the whole


def test_a_branch_that_is_not_there_and_a_word_that_is_not_are_told(trial: Trials) -> None:
    (done,) = trial("text-tree", (0,), fails=True, keep="gave a rope", training_steps=100)
    assert "there is no branch “gave a rope”" in str(done.result.error)
    (done,) = trial("text-tree", (0,), fails=True, prompt="Anna met a dragon")
    assert "no word “dragon”" in str(done.result.error)


def test_of_a_large_tree_the_picture_holds_what_can_be_read(trial: Trials) -> None:
    (done,) = trial(
        "text-tree", (0,), prune="", depth=12, at_least=0.002, branches=10, n_samples=100,
        training_steps=200,
    )  # fmt: skip
    tree = next(figure for figure in done.figures if figure.caption.startswith("Continuations"))
    assert "nodes have no room here" in tree.caption
    assert tree.height < 2 * tree.width
    assert done.number("n_nodes") > 100


def test_a_tree_without_any_branch_is_told(trial: Trials) -> None:
    (done,) = trial("text-tree", (0,), fails=True, at_least=1.0, training_steps=10)
    assert "choose less than" in str(done.result.error)


def test_a_pretrained_model_has_a_tree_and_no_truth(trial: Trials, tmp_path: Path) -> None:
    folder = pretrained.save_tiny_gpt2(tmp_path / "tiny")
    (done,) = trial(
        "text-tree",
        (0,),
        model=str(folder),
        prompt="When Mary and John",
        at_least=0.001,
        depth=2,  # and the default's branch to prune is not there
    )
    assert done.number("n_nodes") > 1
    assert done.number("sampling_error") < 4
    assert "divergence" not in done.metrics
