"""The toy language that several templates stand on: its truth, its texts and its transformer."""

from __future__ import annotations

import pytest
import torch
import toy_language as toy

torch.set_num_threads(1)  # a second one slows models as small as these


def texts(count: int, seed: int = 0) -> torch.Tensor:
    return toy.sample(count, 24, torch.Generator().manual_seed(seed))


def test_probabilities_are_what_the_texts_show() -> None:
    tokens = texts(4000)
    truth = toy.true_probabilities(tokens)[:, :-1]
    shown = torch.nn.functional.one_hot(tokens[:, 1:], len(toy.WORDS)).float()
    # Some 90,000 draws in 40-odd words: by chance a share is off by 0.002 at most, mostly less.
    assert torch.allclose(truth.sum(dim=-1), torch.ones(truth.shape[:2]), atol=1e-5)
    assert (truth - shown).mean(dim=(0, 1)).abs().max() < 0.003
    assert ((truth == 0) & (shown == 1)).sum() == 0


def test_who_is_given_something_is_looked_up_and_things_are_facts() -> None:
    start = "Anna and Ben met in the park . Ben thanked Anna . then Ben gave a"
    things = toy.next_words(start)
    assert list(things)[:2] == ["ball", "kite"]
    assert things["ball"] == pytest.approx(0.6)
    assert sum(things.values()) == pytest.approx(1)
    assert toy.next_words(f"{start} cup to") == {"Anna": 1.0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Anna and Anna", ("“Anna”", "word 3", "Ben, Clara")),
        ("Anna and Zoe", ("“Zoe”", "Anna Ben Clara")),
    ],
)
def test_a_text_of_another_language_is_refused(text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (the words below are the test)
        toy.next_words(text)
    assert all(word in str(refused.value) for word in words)


def test_a_text_without_its_start_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[start\]"):
        toy.true_probabilities(texts(2)[:, 1:])


def test_the_transformer_reads_words() -> None:
    transformer = toy.build(n_layers=1)
    text = "Anna and Ben met"
    assert transformer.to_str_tokens(text) == [toy.START, "Anna", "and", "Ben", "met"]
    assert torch.equal(transformer.to_tokens(text), toy.to_tokens(text))
    assert transformer.to_single_token("Ben") == toy.NUMBER["Ben"]


def test_the_same_seed_gives_the_same_transformer() -> None:
    tokens = texts(4)
    once, again, other = (
        toy.build(1, n_layers=1),
        toy.build(1, n_layers=1),
        toy.build(2, n_layers=1),
    )
    assert torch.equal(once(tokens), again(tokens))
    assert not torch.equal(once(tokens), other(tokens))


def test_heads_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"d_model=64 .* n_heads=3"):
        toy.build(n_heads=3)


def test_training_comes_nearer_to_the_truth_and_never_beats_it() -> None:
    transformer, tokens = toy.build(n_layers=2), texts(100, seed=1)
    before = toy.excess_loss(transformer, tokens)
    losses = toy.train(transformer, steps=60)
    after = toy.excess_loss(transformer, tokens)
    assert len(losses) == 60
    assert not transformer.training
    assert after.min() > -1e-4  # a divergence is never negative, but for rounding
    assert after.mean() < before.mean() / 4  # words that one word decides are learned first
