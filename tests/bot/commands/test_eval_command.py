"""`/eval`: what it asks for, what it logs, and what it refuses."""

from __future__ import annotations

import json

import pytest
import samples

from bot.command import Block, Eval
from bot.commands import decide
from bot.commands.parser import parse_comment
from bot.commands.world import World
from bot.effects import RequestRun, UpsertEntry
from bot.errors import RequestError
from bot.excursion_file import FILE_NAME, NOTEBOOK, ExcursionFile, write_excursion_file
from runner.records import RunRequest

CELLS = [
    {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "", "outputs": []},
    {"cell_type": "code", "metadata": {"tags": ["load"]}, "source": "x = 1", "outputs": []},
]
TAGGED = json.dumps({"cells": CELLS, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def world(notebook: bytes = TAGGED) -> World:
    made = samples.world()
    return samples.world(files={**made.files, NOTEBOOK: notebook})


def asked(text: str, here: World) -> RunRequest:
    [command] = parse_comment(text)
    effect = decide(command, here)[0]
    assert isinstance(effect, RequestRun)
    return effect.request


def test_the_block_below_the_line_is_asked_for_with_defaults_and_the_branchs_commit() -> None:
    request = asked("/eval after=load timeout=5m\n\n```python\nx + 1\n```", world())
    assert (request.code, request.after, request.timeout_s) == ("x + 1", "load", 300)
    assert (request.commit, request.parameters) == (samples.COMMIT, {"layer": 0, "seed": 7})


def test_on_its_own_it_takes_no_parameters_and_needs_no_notebook() -> None:
    files = {FILE_NAME: write_excursion_file(ExcursionFile(question="?", template="docs/x"))}
    here = samples.world(files={name: text.encode() for name, text in files.items()})
    request = asked("/eval\n```\n1\n```", here)
    assert (request.parameters, request.seed, request.needs_notebook) == ({}, None, False)


@pytest.mark.parametrize(
    ("text", "what", "right"),
    [
        ("/eval", "no block of code follows", "between ```python and ```"),
        ("/eval\n\ntext\n```\n1\n```", "no block of code follows", "right below"),
        ("/eval\n```\n1\n```\n```\n2\n```", "more than one block", "above each"),
        ("/eval\n```julia\n1\n```", "'julia' cannot be executed", "```python"),
        ("/eval\n```pyhton\n1\n```", "'pyhton' cannot be executed", "Did you mean python?"),
        ("/eval\n```\n \n```", "the block is empty", "```python"),
        (f"/eval\n```\n{'x' * 8_001}\n```", "8001 bytes, 8000 at most", "import that"),
        ("/eval after=laod\n```\n1\n```", "tagged 'laod'", "Did you mean 'load'?"),
        ("/eval after=load\n```math\nx\n```", "after says nothing", "Leave it out"),
    ],
)
def test_what_cannot_be_is_answered_with_what_would_be_right(
    text: str, what: str, right: str
) -> None:
    [command] = parse_comment(text)
    with pytest.raises(RequestError) as error:
        decide(command, world())
    assert what in error.value.what
    assert right in (error.value.right or "")


@pytest.mark.parametrize("text", ["$$ x^2 $$", "\\[ x^2 \\]", "$x^2$", "x^2"])
def test_a_formula_is_logged_without_its_own_signs(text: str) -> None:
    [entry] = decide(Eval(Block(text, "latex")), world())
    assert isinstance(entry, UpsertEntry)
    assert "```math\n" in entry.body
    assert "$" not in entry.body
    there = samples.entry(2, entry.key, {})
    assert decide(Eval(Block(text, "latex")), samples.world(thread=samples.thread(there))) == ()


def test_a_formula_ends_no_block_and_begins_no_markup() -> None:
    [entry] = decide(Eval(Block("x\n```\n<b>@ada</b>", "math")), world())
    assert isinstance(entry, UpsertEntry)
    assert entry.body.endswith("````math\nx\n```\n<b>@ada</b>\n````")
