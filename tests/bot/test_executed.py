"""Outputs carried over to a notebook whose Markdown has changed."""

from __future__ import annotations

import json
from typing import Any

from bot.executed import carry_over


def code(source: str, *tags: str, **more: Any) -> dict[str, Any]:
    cell = {"cell_type": "code", "source": source, "metadata": {"tags": list(tags)}}
    return cell | {"outputs": [], "execution_count": None} | more


def text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def notebook(*cells: dict[str, Any], **metadata: Any) -> bytes:
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole).encode()


SHOWN = {"outputs": [{"output_type": "stream", "name": "stdout", "text": "7"}]}
EXECUTED = notebook(
    text("Old words."),
    code("a = 1", "parameters"),
    code("a = 7", "injected-parameters"),
    code("print(a)", **SHOWN, execution_count=3),
    papermill={"version": "2"},
)


def test_outputs_move_with_their_code_and_words_are_the_new_ones() -> None:
    source = notebook(
        code("a = 1", "parameters"), text("New words."), text("More."), code("print(a)"), mine=1
    )
    carried = carry_over(EXECUTED, source)
    assert carried is not None
    whole = json.loads(carried[0])
    assert [cell["source"] for cell in whole["cells"]] == [
        *("a = 1", "a = 7", "New words.", "More.", "print(a)")
    ]
    assert whole["cells"][4]["outputs"] == SHOWN["outputs"]
    assert whole["cells"][4]["execution_count"] == 3
    assert whole["metadata"] == {"papermill": {"version": "2"}, "mine": 1}
    assert carried[1] == {1: 0, 2: 1, 3: 4}


def test_a_source_that_is_written_in_lines_is_the_same_code() -> None:
    source = notebook(code("a = 1", "parameters"), {**code(""), "source": ["print", "(a)"]})
    assert carry_over(EXECUTED, source) is not None


def test_without_parameters_nothing_is_put_in() -> None:
    carried = carry_over(notebook(code("1", **SHOWN)), notebook(text("x"), code("1")))
    assert carried is not None
    assert len(json.loads(carried[0])["cells"]) == 2


def test_other_code_takes_nothing_over() -> None:
    assert carry_over(EXECUTED, notebook(code("a = 1"), code("print(a, a)"))) is None
    assert carry_over(EXECUTED, notebook(code("a = 1"))) is None
