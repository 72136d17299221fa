"""A seed in; texts of a small language with known probabilities, and a transformer trained on it.

Two people meet at a place and then do things to each other:

    Anna and Ben met in the park . Ben gave a ball to Anna . then Anna thanked Ben . …

Everything after the first sentence repeats without end. Three kinds of knowledge are needed:

- **grammar**, such as "in" and then "the": the word before is enough;
- **facts**: which things are usual at which place (`THINGS`); they hold in every text;
- **looking up**: whoever is given something, is the one of the two who is not giving. That
  stands in this text alone, and only attention can fetch it.

The language is a finite automaton (`next_words` says what may follow a text, and how likely), so
the true distribution of the next word is known everywhere (`true_probabilities`), and so is the
lowest loss that any model can have.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from torch.nn.functional import cross_entropy
from transformer_lens import TransformerBridge, TransformerBridgeConfig
from transformers import PreTrainedTokenizerFast

START = "[start]"
NAMES = ("Anna", "Ben", "Clara", "David", "Emma", "Frank", "Grace", "Henry", "Iris", "Jack")
THINGS = {  # of each place: what is given there 60 % and 30 % of the time
    "park": ("ball", "kite"),
    "kitchen": ("cup", "plate"),
    "library": ("book", "lamp"),
    "garden": ("flower", "spade"),
    "school": ("pencil", "map"),
    "harbour": ("rope", "net"),
}
EVERY_THING = tuple(thing for things in THINGS.values() for thing in things)
MEETING = {"met": 0.5, "sat": 0.3, "waited": 0.2}
GIVING = {"gave": 0.4, "showed": 0.2}
OTHER_VERBS = {"thanked": 0.25, "called": 0.15}
WORDS = (
    START,
    *NAMES,
    *("and", *MEETING, "in", "the", *THINGS, ".", "then"),
    *(*GIVING, "a", *EVERY_THING, "to", *OTHER_VERBS),
)
NUMBER = {word: number for number, word in enumerate(WORDS)}


class _State(NamedTuple):
    """All that decides how a text goes on: its place in the sentence and what it has said."""

    slot: str = "first"
    first: str = ""
    second: str = ""
    place: str = ""
    subject: str = ""


_FIXED = {  # slots that one word can fill, and the slot after it
    "and": ("and", "second"),
    "in": ("in", "the"),
    "the": ("the", "place"),
    "a": ("a", "thing"),
    "to": ("to", "object"),
    "stop": (".", "sentence"),
}


def _choices(state: _State) -> Iterator[tuple[str, float, _State]]:
    """Yield each word that may come in this state, how likely it is, and the state after it."""
    slot, first, second, place, subject = state
    if slot in _FIXED:
        word, after = _FIXED[slot]
        yield word, 1.0, state._replace(slot=after)
    elif slot == "first":
        for name in NAMES:
            yield name, 1 / len(NAMES), state._replace(slot="and", first=name)
    elif slot == "second":
        for name in NAMES:
            if name != first:
                probability = 1 / (len(NAMES) - 1)
                yield name, probability, state._replace(slot="meeting", second=name)
    elif slot == "meeting":
        for verb, probability in MEETING.items():
            yield verb, probability, state._replace(slot="in")
    elif slot == "place":
        for word in THINGS:
            yield word, 1 / len(THINGS), state._replace(slot="stop", place=word)
    elif slot in ("sentence", "subject"):
        if slot == "sentence":
            yield "then", 0.25, state._replace(slot="subject", subject="")
        for name in (first, second):
            probability = 0.375 if slot == "sentence" else 0.5
            yield name, probability, state._replace(slot="verb", subject=name)
    elif slot == "verb":
        for verb, probability in (GIVING | OTHER_VERBS).items():
            yield verb, probability, state._replace(slot="a" if verb in GIVING else "object")
    elif slot == "thing":
        often, sometimes = THINGS[place]
        usual = {often: 0.6, sometimes: 0.3}
        for thing in EVERY_THING:
            probability = usual.get(thing, 0.1 / (len(EVERY_THING) - len(usual)))
            yield thing, probability, state._replace(slot="to")
    else:  # the object: of the two, the one who is not the subject
        yield (second if subject == first else first), 1.0, state._replace(slot="stop", subject="")


class _Automaton(NamedTuple):
    """The language as tables: state s may go on with choice c. State 0 follows the start token."""

    word: torch.Tensor  # [state, choice], -1 where a state has fewer choices
    probability: torch.Tensor  # [state, choice]
    after: torch.Tensor  # [state, choice], the next state


@cache
def _automaton() -> _Automaton:
    """Walk through every state that a text can reach, a few thousand, and tabulate them."""
    numbers = {_State(): 0}
    rows: list[list[tuple[int, float, int]]] = []
    waiting = [_State()]
    for state in waiting:  # grows while we walk
        row = []
        for word, probability, after in _choices(state):
            if after not in numbers:
                numbers[after] = len(numbers)
                waiting.append(after)
            row.append((NUMBER[word], probability, numbers[after]))
        rows.append(row)
    width = max(map(len, rows))
    padded = torch.tensor([row + [(-1, 0.0, 0)] * (width - len(row)) for row in rows])
    return _Automaton(padded[..., 0].long(), padded[..., 1], padded[..., 2].long())


def sample(count: int, length: int, generator: torch.Generator) -> torch.Tensor:
    """Draw texts of so many tokens, the start token included: [count, length], on the CPU."""
    word, probability, after = _automaton()
    state = torch.zeros(count, dtype=torch.long)
    tokens = torch.full((count, length), NUMBER[START])
    for position in range(1, length):
        choice = torch.multinomial(probability[state], 1, generator=generator)
        tokens[:, position] = word[state].gather(1, choice).squeeze(1)
        state = after[state].gather(1, choice).squeeze(1)
    return tokens


def true_probabilities(tokens: torch.Tensor) -> torch.Tensor:
    """Return how likely each word is to come next: [batch, pos] to [batch, pos, word].

    Raises:
        ValueError: If a text is not of this language; it says where and what could stand there.
    """
    word, probability, after = _automaton()
    texts = tokens.cpu()
    state = torch.zeros(len(texts), dtype=torch.long)
    result = torch.zeros(*texts.shape, len(WORDS))
    for position in range(texts.shape[1]):
        if position == 0:
            fits = texts[:, :1] == NUMBER[START]
            choice = fits
        else:
            choice = word[state] == texts[:, position, None]
            fits = choice.any(dim=1, keepdim=True)
        if not fits.all():
            row = int((~fits[:, 0]).nonzero()[0])
            possible = word[state[row]].tolist() if position else [NUMBER[START]]
            raise ValueError(
                f"“{WORDS[int(texts[row, position])]}” cannot be word {position} of text {row} "
                f"(the start token is word 0): what can stand there is "
                f"{', '.join(WORDS[number] for number in possible if number >= 0)}."
            )
        if position:
            state = after[state].gather(1, choice.long().argmax(dim=1, keepdim=True)).squeeze(1)
        known = word[state].clamp_min(0)  # padding adds probability 0 to word 0
        result[:, position].scatter_add_(1, known, probability[state])
    return result.to(tokens.device)


def to_tokens(text: str) -> torch.Tensor:
    """Return a text's tokens, [1, pos], with the start token; its words stand between spaces.

    Raises:
        ValueError: If a word is not of this language.
    """
    words = text.split()
    foreign = [word for word in words if word not in NUMBER]
    if foreign:
        raise ValueError(
            f"the toy language has no word “{foreign[0]}” (in “{text}”): its words, with spaces "
            f"between them, are {' '.join(WORDS[1:])}"
        )
    return torch.tensor([[NUMBER[START], *(NUMBER[word] for word in words)]])


def next_words(text: str) -> dict[str, float]:
    """Return the words that can follow a text, the likeliest first, and how likely each is.

    Raises:
        ValueError: If the text is not of this language.
    """
    probabilities = true_probabilities(to_tokens(text))[0, -1]
    likeliest = probabilities.argsort(descending=True, stable=True).tolist()
    return {WORDS[n]: probabilities[n].item() for n in likeliest if probabilities[n] > 0}


def tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer of the language: a word a token, the start token put before each text."""
    words = Tokenizer(WordLevel(NUMBER))
    words.pre_tokenizer = WhitespaceSplit()
    words.post_processor = TemplateProcessing(
        single=f"{START} $A", special_tokens=[(START, NUMBER[START])]
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=words,
        name_or_path="toy-language",
        add_bos_token=True,  # so that the bridge does not look for it elsewhere
        bos_token=START,
        eos_token=START,
        pad_token=START,
    )


def build(
    seed: int = 0,
    device: str = "cpu",
    *,
    n_layers: int = 3,
    n_heads: int = 4,
    d_model: int = 64,
    d_mlp: int = 128,
    n_ctx: int = 24,
) -> TransformerBridge:
    """Build a small transformer for the language, untrained; without MLPs if `d_mlp` is 0.

    Raises:
        ValueError: If the heads do not share the residual stream's width evenly.
    """
    if d_model % n_heads:
        raise ValueError(
            f"d_model={d_model} does not divide into n_heads={n_heads} equal heads: "
            f"choose a d_model that is a multiple of {n_heads}."
        )
    config = TransformerBridgeConfig(
        d_model=d_model,
        d_head=d_model // n_heads,
        n_heads=n_heads,
        n_layers=n_layers,
        n_ctx=n_ctx,
        d_vocab=len(WORDS),
        d_mlp=d_mlp or None,
        attn_only=d_mlp == 0,
        act_fn="gelu",
        normalization_type="LN",
        seed=seed,
    )
    return TransformerBridge.boot_native(config, tokenizer=tokenizer(), device=device).eval()


def train(
    transformer: TransformerBridge,
    seed: int = 0,
    *,
    steps: int = 500,
    batch_size: int = 32,
    learning_rate: float = 3e-3,
) -> list[float]:
    """Train on fresh texts, some 8 CPU seconds by default; return each step's loss in nats.

    A short warm-up, then a linear decay to 0; the model is left in evaluation mode.
    """
    generator = torch.Generator().manual_seed(seed)
    device = next(transformer.parameters()).device
    optimizer = torch.optim.AdamW(
        transformer.parameters(), lr=learning_rate, betas=(0.9, 0.98), fused=True
    )
    warm_up = max(1, steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / warm_up) * (1 - step / steps)
    )
    transformer.train()
    losses = []
    for _ in range(steps):
        tokens = sample(batch_size, transformer.cfg.n_ctx, generator).to(device)
        logits = transformer(tokens)
        loss = cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    transformer.eval()
    return losses


def excess_loss(transformer: TransformerBridge, tokens: torch.Tensor) -> torch.Tensor:
    """Return, [batch, pos], how many nats a prediction costs more than the best possible one.

    This is the Kullback-Leibler divergence of the prediction from the true distribution: 0 for
    a model that knows the language.
    """
    with torch.no_grad():
        predicted = transformer(tokens).log_softmax(dim=-1)
    truth = true_probabilities(tokens)
    divergence: torch.Tensor = (torch.xlogy(truth, truth) - truth * predicted).sum(dim=-1)
    return divergence
