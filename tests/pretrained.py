"""A tiny GPT-2 with random weights, saved as real ones are: a folder, or a place in a cache."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as Decoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

END = "<|endoftext|>"


def save_tiny_gpt2(folder: Path, words: str = "Mary John Tom Anna store park drink book") -> Path:
    """Save a model of two layers, and a tokenizer to which these words are single tokens."""
    encoder = Tokenizer(BPE())
    encoder.pre_tokenizer = ByteLevel(add_prefix_space=False)
    encoder.decoder = Decoder()
    text = ["When they went there, one gave it to the other."]
    text += [f" {word}" for word in words.split()] * 20
    alphabet = ByteLevel.alphabet()
    encoder.train_from_iterator(
        text * 20, BpeTrainer(vocab_size=400, special_tokens=[END], initial_alphabet=alphabet)
    )
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=encoder, bos_token=END, eos_token=END, unk_token=END
    )
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=64,
        n_embd=32,
        n_layer=2,
        n_head=2,
        bos_token_id=0,
        eos_token_id=0,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def put_into_cache(folder: Path, cache: Path, name: str) -> None:
    """Put a saved model into a cache of the Hugging Face hub, as if it had been downloaded."""
    commit = "0" * 40
    place = cache / f"models--{name.replace('/', '--')}"
    shutil.copytree(folder, place / "snapshots" / commit)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(commit)
