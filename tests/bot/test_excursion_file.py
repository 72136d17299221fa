"""The declaration in an excursion's folder can be written and read back."""

from __future__ import annotations

import math
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import RequestError
from bot.excursion_file import NOTEBOOK, ExcursionFile, read_excursion_file, write_excursion_file
from bot.parameters import Declaration, check_names
from bot.template import Metrics

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)


def is_name(name: str) -> bool:
    try:
        check_names([name])
    except ValueError:
        return False
    return True


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,9}", fullmatch=True).filter(is_name)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = TEXT | st.text("a\n\t\"'\\#", max_size=9)


@st.composite
def declarations(draw: st.DrawFn) -> Declaration:
    kind = draw(st.sampled_from(["int", "float", "bool", "str"]))
    value: dict[str, st.SearchStrategy[Any]] = {
        "int": st.integers(),
        "float": FINITE | st.integers(-(10**6), 10**6),
        "bool": st.booleans(),
        "str": VALUES,
    }
    default = draw(value[kind])
    fields: dict[str, Any] = {"type": kind, "default": default, "description": draw(TEXT)}
    if kind in {"int", "float"}:
        fields["minimum"] = draw(st.none() | st.just(default))
        fields["maximum"] = draw(st.none() | st.just(default))
    if kind != "bool" and draw(st.booleans()):
        fields["choices"] = (default,)
    try:
        return Declaration(**fields)
    except ValueError:  # an int too large for a float bound, for one
        return Declaration(type="bool", default=True)


FILES = st.builds(
    ExcursionFile,
    question=TEXT.filter(bool),
    template=st.sampled_from(["demos/blank", "docs/write-up"]),
    notebook=st.sampled_from(["", NOTEBOOK]),
    timeout=st.none() | st.just("30m"),
    time_box=TEXT,
    requirements=st.lists(TEXT, max_size=3).map(tuple),
    parameters=st.dictionaries(NAMES, declarations(), max_size=4),
    metrics=st.builds(
        Metrics,
        main=TEXT,
        headline=st.lists(TEXT, max_size=3).map(tuple),
        descriptions=st.dictionaries(TEXT, TEXT, max_size=3),
    ),
)


@settings(max_examples=60, deadline=None)
@given(FILES)
def test_what_is_written_is_read_back(file: ExcursionFile) -> None:
    text = write_excursion_file(file)
    assert read_excursion_file(text.encode(), where="excursion.toml") == file
    assert write_excursion_file(read_excursion_file(text, where="")) == text


@pytest.mark.parametrize(
    "question",
    [
        '{{ 7*7 }} $(id) "quotes" <b> 日本語',
        '""" + x + """',
        "'''",
        "\\",
        "# [x]\\u0041 = 1",
        "x" * 256,
    ],
)
def test_a_question_stands_in_the_file_unharmed(question: str) -> None:
    text = write_excursion_file(ExcursionFile(question=question, template="demos/blank"))
    assert tomllib.loads(text)["question"] == question


def test_the_file_says_what_it_is_for() -> None:
    assert write_excursion_file(ExcursionFile(question="q", template="t")).startswith(
        "# What this excursion runs"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[parameters."x; import os"]\ntype = "int"\ndefault = 1', "is not an identifier"),
        ('[parameters.__class__]\ntype = "int"\ndefault = 1', "is not an identifier"),
        ('[parameters.class]\ntype = "int"\ndefault = 1', "is a word of Python"),
        ('[parameters.seed]\ntype = "int"\ndefualt = 1', "Did you mean 'default'?"),
        (
            '[parameters.seed]\ntype = "int"\ndefault = "x"',
            "parameters.seed: the default 'x' is not",
        ),
        ('notebook = "../other.ipynb"', "notebook must be 'notebook.ipynb'"),
        ("key_figure = 0", "key_figure: Input should be greater than or equal to 1"),
        ('timeout = "soon"', "'soon' is not a duration"),
        ('[metrics]\nman = "x"', "Did you mean 'main'?"),
        ("requirements = [1]", "requirements.0: Input should be a valid string"),
    ],
)
def test_a_broken_declaration_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_excursion_file(f'question = "q"\ntemplate = "t"\n{text}', where="excursion.toml")
    assert str(refused.value).startswith("excursion.toml: ")
    assert message in str(refused.value)


def test_bounds_that_bound_nothing_are_refused() -> None:
    text = 'question = "q"\ntemplate = "t"\n[parameters.x]\ntype = "float"\ndefault = 1.0\n'
    with pytest.raises(RequestError, match="the bound nan is not a finite number"):
        read_excursion_file(f"{text}minimum = {math.nan}", where="excursion.toml")
