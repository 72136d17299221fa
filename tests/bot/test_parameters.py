"""Values are converted by their declaration, never by guess."""

from __future__ import annotations

import keyword
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.errors import RequestError
from bot.parameters import Declaration, Value, bind, check_names, convert, split_assignments

INT = Declaration(type="int", default=0)
FLOAT = Declaration(type="float", default=0)
BOOL = Declaration(type="bool", default=False)
STR = Declaration(type="str", default="")
LAYER = Declaration(type="int", default=0, minimum=0, maximum=11, description="Which layer")


@pytest.mark.parametrize(
    ("declaration", "text", "value"),
    [
        (INT, "3", 3),
        (INT, "-3", -3),
        (INT, "+3", 3),
        (INT, "007", 7),
        (INT, " 5 ", 5),  # blanks around a number mean nothing
        (INT, "9" * 18, 10**18 - 1),
        (FLOAT, "3", 3.0),
        (FLOAT, "1e3", 1000.0),
        (FLOAT, "-.5", -0.5),
        (FLOAT, "2.", 2.0),
        (BOOL, "true", True),
        (BOOL, "False", False),
        (STR, " as it is ", " as it is "),
        (STR, "3", "3"),
        (STR, "", ""),
        (STR, "two\nlines\t日本語", "two\nlines\t日本語"),
    ],
)
def test_a_value_becomes_what_its_declaration_says(
    declaration: Declaration, text: str, value: Value
) -> None:
    got = convert("x", declaration, text, where="-p")
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("declaration", "text"),
    [
        *(
            (INT, x)
            for x in ("1e3", "3.0", "true", "١٢", "１２", "1_000", "0x10", "1 2", "", "nan")
        ),
        *((INT, x) for x in ("inf", "--1", "9" * 19, "9" * 5000, "1,000", "None", "3\x00")),
        *(
            (FLOAT, x)
            for x in ("nan", "inf", "-Infinity", "1e999", "true", "1_0.0", "", "٣.٥", ".")
        ),
        *((FLOAT, x) for x in ("1e", "0x1p3", "1,5", "9" * 400, "1/3")),
        *((BOOL, x) for x in ("1", "0", "yes", "on", "", "t", "None")),
        *((STR, x) for x in ("nul\0", "esc\x1b[31m", "half\ud800", "x" * 10_001)),
    ],
)
def test_a_value_that_would_have_to_be_guessed_is_refused(
    declaration: Declaration, text: str
) -> None:
    with pytest.raises(RequestError) as refused:
        convert("x", declaration, text, where="-p")
    assert refused.value.where == "-p"
    assert refused.value.right.startswith("x is ")
    assert len(str(refused.value)) < 300


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_every_whole_number_is_read_as_it_is_written(value: int) -> None:
    assert convert("x", INT, str(value), where="-p") == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_read_as_python_writes_it(value: float) -> None:
    assert convert("x", FLOAT, repr(value), where="-p") == value


@given(st.text(max_size=40), st.sampled_from([INT, FLOAT, BOOL, STR, LAYER]))
def test_no_text_whatever_is_converted_into_something_undeclared(
    text: str, declaration: Declaration
) -> None:
    try:
        value = convert("x", declaration, text, where="-p")
    except RequestError:
        return
    assert type(value).__name__ == declaration.type
    assert not isinstance(value, float) or math.isfinite(value)


@pytest.mark.parametrize("text", ["-1", "12"])
def test_a_value_out_of_bounds_is_refused_with_the_range(text: str) -> None:
    with pytest.raises(RequestError) as refused:
        bind({"layer": LAYER}, {"layer": text}, where="-p")
    assert str(refused.value) == (
        f"-p: layer='{text}' is out of bounds\n  layer is a whole number from 0 to 11: Which layer"
    )


@pytest.mark.parametrize("text", ["0", "11"])
def test_bounds_themselves_are_allowed(text: str) -> None:
    assert bind({"layer": LAYER}, {"layer": text}, where="-p") == {"layer": int(text)}


def test_one_of_the_choices_must_be_given() -> None:
    declaration = Declaration(type="str", default="relu", choices=("relu", "gelu"))
    assert convert("act", declaration, "gelu", where="-p") == "gelu"
    with pytest.raises(RequestError, match="is not one of relu, gelu"):
        convert("act", declaration, "silu", where="-p")


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(RequestError) as refused:
        bind({"layer": LAYER, "seed": INT}, {"layr": "3"}, where="-p")
    assert str(refused.value) == "-p: there is no parameter 'layr'\n  Did you mean 'layer'?"


def test_an_unknown_name_near_none_lists_them_all() -> None:
    with pytest.raises(RequestError, match="Known parameters: layer, seed"):
        bind({"seed": INT, "layer": LAYER}, {"__class__": "3"}, where="-p")
    with pytest.raises(RequestError, match="There are no parameters"):
        bind({}, {"x": "3"}, where="-p")


def test_what_is_not_given_has_its_default_in_the_declared_type() -> None:
    bound = bind({"rate": FLOAT, "layer": LAYER}, {"layer": "2"}, where="-p")
    assert bound == {"rate": 0.0, "layer": 2}
    assert [type(value) for value in bound.values()] == [float, int]


@pytest.mark.parametrize(
    "name",
    [
        *("x; import os", "__class__", "_x", "", " ", "a b", "a-b", "a.b", "1a", "é", "ａ", "x\n"),
        *("a=1", "x" * 65, "{x}", "match", "case"),
        *keyword.kwlist,
    ],
)
def test_a_name_that_could_be_more_than_a_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="parameter name"):
        check_names([name])


@pytest.mark.parametrize("name", ["layer", "d_model", "N", "x1", "x" * 64])
def test_an_identifier_is_a_name(name: str) -> None:
    check_names([name])


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"type": "int", "default": "3"}, "is not a whole number"),
        ({"type": "int", "default": 3.0}, "is not a whole number"),
        ({"type": "int", "default": True}, "is not a whole number"),
        ({"type": "float", "default": True}, "is not a number"),
        ({"type": "bool", "default": 1}, "is not true or false"),
        ({"type": "str", "default": 1}, "is not text"),
        ({"type": "float", "default": math.nan}, "is not a finite number"),
        ({"type": "float", "default": 10**400}, "is not a finite number"),
        (
            {"type": "int", "default": 5, "maximum": 4},
            "bounds; it must be a whole number, at most 4",
        ),
        ({"type": "int", "default": 3, "minimum": 4, "maximum": 2}, "is above maximum"),
        ({"type": "str", "default": "", "minimum": 1}, "a str has no minimum or maximum"),
        ({"type": "bool", "default": True, "maximum": 1}, "a bool has no minimum or maximum"),
        ({"type": "bool", "default": True, "choices": (1,)}, "a bool has no choices"),
        ({"type": "int", "default": 3, "choices": (1, 2)}, "is not one of 1, 2"),
        ({"type": "int", "default": 1, "choices": ()}, "is not one of"),
        ({"type": "int", "default": 1, "choices": (1, "two")}, "the choice 'two' is not"),
        ({"type": "int", "default": 1, "choices": (1, 9), "maximum": 5}, "the choice 9 is out of"),
        ({"type": "int", "default": 1, "minimum": math.nan}, "the bound nan is not a finite"),
        ({"type": "float", "default": 1, "maximum": math.inf}, "the bound inf is not a finite"),
        ({"type": "whole", "default": 1}, "'int', 'float', 'bool' or 'str'"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Declaration(**fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"type": "int", "default": 1}, "a whole number"),
        ({"type": "float", "default": 1, "minimum": 0}, "a number, at least 0"),
        ({"type": "float", "default": 1, "maximum": 2.5}, "a number, at most 2.5"),
        ({"type": "bool", "default": True}, "true or false"),
        ({"type": "str", "default": "a", "choices": ("a", "b")}, "one of a, b"),
    ],
)
def test_what_is_allowed_is_said_in_words(fields: dict[str, Any], words: str) -> None:
    assert Declaration(**fields).allowed == words


def test_assignments_are_split_at_their_first_equals_sign() -> None:
    assert split_assignments(["a=1", " b =x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}


@pytest.mark.parametrize(
    ("given_", "what"),
    [
        (["layer"], "'layer' does not name a value"),
        (["=3"], "'=3' does not name a value"),
        (["a=1", "a=2"], "'a' is given twice"),
    ],
)
def test_what_assigns_nothing_or_twice_is_refused(given_: list[str], what: str) -> None:
    with pytest.raises(RequestError) as refused:
        split_assignments(given_)
    assert refused.value.what == what


@pytest.mark.parametrize(
    ("given", "meant"), [("timeut", "timeout"), ("runer", "runner"), ("laier", "layer")]
)
def test_a_misspelt_option_of_a_command_is_named_where_no_parameter_is_nearer(
    given: str, meant: str
) -> None:
    declared = {"layer": Declaration(type="int", default=0)}
    with pytest.raises(RequestError) as caught:
        bind(declared, {given: "1"}, where="-p")
    assert caught.value.right == f"Did you mean {meant!r}?"
