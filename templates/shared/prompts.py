"""A model in; pairs of prompts out that differ in one thing and have different answers.

Each pair asks the same question of two texts of equally many tokens: the *clean* prompt, which
`answer` completes, and the *corrupt* one, which `other` completes.
"""

from __future__ import annotations

import random
from typing import NamedTuple

import torch
from models import tokens_of
from toy_language import NAMES, THINGS, TOKENIZER, to_tokens
from transformer_lens import TransformerBridge


class Pair(NamedTuple):
    """Two prompts, and the one token that completes each."""

    clean: str
    corrupt: str
    answer: str  # completes the clean prompt
    other: str  # completes the corrupt one


def toy_pairs(count: int, seed: int, asking: str = "name") -> list[Pair]:
    """Return pairs in the toy language, half of them with the first name as the giver.

    Args:
        count: How many pairs.
        seed: What decides about names, places and things.
        asking: "name" ends before the name of who is given something; the corrupt prompt has the
            other giver. "thing" ends before the thing; the corrupt prompt has another place.

    Raises:
        ValueError: If something else is asked for.
    """
    if asking not in ("name", "thing"):
        raise ValueError(f"asking={asking!r}: the toy language's pairs ask for a name or a thing.")
    choose = random.Random(seed)  # noqa: S311 (no secret)
    pairs = []
    for number in range(count):
        first, second = choose.sample(NAMES, 2)
        place, other_place = choose.sample(sorted(THINGS), 2)
        thing, other_thing = THINGS[place][0], THINGS[other_place][0]
        giver, taker = (first, second) if number % 2 else (second, first)
        start = f"{first} and {second} met in the"
        if asking == "name":
            clean = f"{start} {place} . {giver} gave a {thing} to"
            corrupt = f"{start} {place} . {taker} gave a {thing} to"
            pairs.append(Pair(clean, corrupt, taker, giver))
        else:
            clean = f"{start} {place} . {giver} gave a"
            corrupt = f"{start} {other_place} . {giver} gave a"
            pairs.append(Pair(clean, corrupt, thing, other_thing))
    return pairs


PEOPLE = ("Mary", "John", "Tom", "James", "Anna", "Paul", "Sarah", "Mark", "Kate", "David")
PLACES = ("store", "park", "garden", "school", "office", "station", "library", "hospital")
GIFTS = ("drink", "book", "ring", "key", "letter", "ticket", "flower", "computer")


def english_pairs(transformer: TransformerBridge, count: int, seed: int) -> list[Pair]:
    """Return pairs of English prompts that ask for the indirect object, as the toy pairs do.

    Only words that are a single token to this model are used, so that all prompts are equally
    long. The form is the one of Wang et al. (https://arxiv.org/abs/2211.00593).

    Raises:
        ValueError: If this model's tokenizer has too few of the words as single tokens.
    """
    people, places, gifts = (
        [word for word in words if _is_one_token(transformer, f" {word}")]
        for words in (PEOPLE, PLACES, GIFTS)
    )
    if len(people) < 2 or not places or not gifts:
        raise ValueError(
            f"of the words that the built-in English prompts are made of, the tokenizer of "
            f"{transformer.cfg.model_name} has {len(people)} names, {len(places)} places and "
            f"{len(gifts)} things as single tokens, where 2, 1 and 1 are needed: "
            f"give prompts of your own as parameters."
        )
    choose = random.Random(seed)  # noqa: S311 (no secret)
    pairs = []
    for number in range(count):
        first, second = choose.sample(people, 2)
        place, gift = choose.choice(places), choose.choice(gifts)
        giver, taker = (first, second) if number % 2 else (second, first)
        start = f"When {first} and {second} went to the {place},"
        end = f"gave a {gift} to"
        pairs.append(
            Pair(f"{start} {giver} {end}", f"{start} {taker} {end}", f" {taker}", f" {giver}")
        )
    return pairs


def pairs(
    transformer: TransformerBridge,
    count: int,
    seed: int,
    asking: str = "name",
    own: tuple[str, str, str, str] = ("", "", "", ""),
) -> list[Pair]:
    """Return the pairs that fit a model: toy or English ones, or the one that a person gives.

    Args:
        transformer: The model that is going to be asked.
        count: How many pairs; one if it is a person's own.
        seed: What decides about names, places and things.
        asking: "name" or, in the toy language only, "thing".
        own: Clean prompt, corrupt prompt, answer and other answer; all empty for built-in pairs.
            The space that most models want before a word may be left out of answers.

    Raises:
        ValueError: If this cannot be asked, or not of this model.
    """
    toy = transformer.tokenizer.name_or_path == TOKENIZER
    if any(own):
        if not all(own):
            raise ValueError(
                "a pair of your own needs all four: clean_prompt, corrupt_prompt, answer and "
                "other_answer (or none, for the built-in ones)."
            )
        for pair, names in ((own[:2], "prompts"), (own[2:], "answers")):
            if pair[0].split() == pair[1].split():
                raise ValueError(
                    f"your two {names} are the same, “{pair[0].strip()}”: with nothing that "
                    f"differs there is nothing to find."
                )
        clean, corrupt, *answers = own
        if toy:
            for text in own:
                to_tokens(text)  # tells which word is foreign
        else:
            answers = [f" {answer.strip()}" for answer in answers]
        found = [Pair(clean, corrupt, *answers)]
    elif toy:
        found = toy_pairs(count, seed, asking)
    elif asking == "name":
        found = english_pairs(transformer, count, seed)
    else:
        raise ValueError(f"asking={asking!r} is for model=toy: English pairs ask for names.")
    check(transformer, found)
    return found


def check(transformer: TransformerBridge, pairs: list[Pair]) -> None:
    """Check that a model can be asked these pairs: equal lengths, answers of one token.

    Raises:
        ValueError: If not; it says of which prompt and what would be right.
    """
    length = tokens_of(transformer, pairs[0].clean).shape[1]
    for pair in pairs:
        for prompt in (pair.clean, pair.corrupt):
            words = transformer.to_str_tokens(tokens_of(transformer, prompt)[0])
            if len(words) != length:
                raise ValueError(
                    f"“{prompt}” has {len(words)} tokens ({'|'.join(words)}) where "
                    f"“{pairs[0].clean}” has {length}: positions can only be compared between "
                    f"prompts of equally many tokens."
                )
        for answer in (pair.answer, pair.other):
            if not _is_one_token(transformer, answer):
                words = transformer.to_str_tokens(answer, prepend_bos=False)
                raise ValueError(
                    f"the answer “{answer}” is {len(words)} tokens ({'|'.join(words)}): it must be "
                    f"exactly one (for most models with the space before it, as in “ Mary”)."
                )


def _is_one_token(transformer: TransformerBridge, word: str) -> bool:
    tokens: torch.Tensor = transformer.to_tokens(word, prepend_bos=False)
    return tokens.shape[1] == 1
