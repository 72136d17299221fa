"""The pairs of prompts that templates compare: alike but for one thing, and truly answered."""

from __future__ import annotations

from pathlib import Path

import models
import pretrained
import prompts
import pytest
import torch
import toy_language as toy

torch.set_num_threads(1)  # a second one slows models as small as these


@pytest.mark.parametrize("asking", ["name", "thing"])
def test_the_toy_languages_own_probabilities_agree(asking: str) -> None:
    pairs = prompts.toy_pairs(20, seed=0, asking=asking)
    prompts.check(toy.build(n_layers=1), pairs)
    for pair in pairs:
        assert next(iter(toy.next_words(pair.clean))) == pair.answer
        assert next(iter(toy.next_words(pair.corrupt))) == pair.other
        differ = sum(a != b for a, b in zip(pair.clean.split(), pair.corrupt.split(), strict=True))
        assert differ == 1


def test_the_first_and_the_second_name_are_asked_for_equally_often() -> None:
    firsts = [pair.answer == pair.clean.split()[0] for pair in prompts.toy_pairs(10, seed=0)]
    assert sum(firsts) == 5


def test_english_pairs_are_equally_long_to_the_model_that_is_asked(tmp_path: Path) -> None:
    transformer = models.load(str(pretrained.save_tiny_gpt2(tmp_path / "tiny")))
    pairs = prompts.english_pairs(transformer, 8, seed=0)
    prompts.check(transformer, pairs)
    assert all(pair.answer != pair.other for pair in pairs)
    assert all(pair.clean.count(pair.other) == 2 for pair in pairs)


def test_a_tokenizer_without_the_words_is_told(tmp_path: Path) -> None:
    folder = pretrained.save_tiny_gpt2(tmp_path / "tiny", words="store")
    transformer = models.load(str(folder))
    with pytest.raises(ValueError, match="prompts of your own"):
        prompts.english_pairs(transformer, 8, seed=0)


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (prompts.Pair("Anna and Ben", "Anna and", "met", "sat"), "4 .* where|3 tokens .* has 4"),
        (prompts.Pair("Anna", "Ben", "and then", "and"), "answer “and then” is 2 tokens"),
    ],
)
def test_prompts_that_cannot_be_compared_are_refused(pair: prompts.Pair, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        prompts.check(toy.build(n_layers=1), [pair])


def test_nothing_else_can_be_asked_of_the_toy_language() -> None:
    with pytest.raises(ValueError, match="'verb'"):
        prompts.toy_pairs(1, seed=0, asking="verb")


def test_a_pair_of_ones_own_takes_the_place_of_built_in_ones(tmp_path: Path) -> None:
    transformer = models.load(str(pretrained.save_tiny_gpt2(tmp_path / "tiny")))
    own = ("When Mary went to the", "When John went to the", "store", "park")
    (pair,) = prompts.pairs(transformer, 16, seed=0, own=own)
    assert pair == prompts.Pair(*own[:2], " store", " park")  # with the space before a word
    with pytest.raises(ValueError, match="asking='thing' is for model=toy"):
        prompts.pairs(transformer, 16, seed=0, asking="thing")


def test_half_a_pair_and_foreign_words_are_refused() -> None:
    toy_model = toy.build(n_layers=1)
    with pytest.raises(ValueError, match="needs all four"):
        prompts.pairs(toy_model, 16, seed=0, own=("Anna and Ben", "", "", ""))
    with pytest.raises(ValueError, match="no word “Zoe”"):
        prompts.pairs(toy_model, 16, seed=0, own=("Anna and", "Zoe and", "Ben", "Clara"))


def test_a_pair_in_which_nothing_differs_is_refused() -> None:
    toy_model = toy.build(n_layers=1)
    same = "Anna and Ben"
    with pytest.raises(ValueError, match="two prompts are the same, “Anna and Ben”"):
        prompts.pairs(toy_model, 16, seed=0, own=(same, f"{same} ", "met", "sat"))
    with pytest.raises(ValueError, match="two answers are the same, “met”"):
        prompts.pairs(toy_model, 16, seed=0, own=(same, "Anna and Emma", "met", "met"))


def test_a_prompt_is_read_to_its_end_or_refused() -> None:
    toy_model = toy.build(n_layers=1, n_ctx=8)
    own = ("Anna and Ben met in the park .", "Anna and Emma met in the park .", "Ben", "Emma")
    with pytest.raises(ValueError, match="has 9 tokens, and this model reads 8 at most"):
        prompts.pairs(toy_model, 16, seed=0, own=own)
    whole = models.tokens_of(toy_model, "Anna and Ben met in the park")
    assert whole.shape == (1, 8)
