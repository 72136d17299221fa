"""TOML is read strictly, and every mistake is named with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from bot.errors import RequestError
from bot.strict_toml import Strict, load


class Room(Strict):
    windows: int
    colour: str = "white"


class House(Strict):
    name: str
    front: Room | None = None
    rooms: dict[str, Room] = Field(default_factory=dict)


def refusal(text: str | bytes) -> str:
    with pytest.raises(RequestError) as refused:
        load(House, text, where="house.toml")
    return str(refused.value)


def test_what_fits_becomes_a_frozen_record() -> None:
    house = load(House, b'name = "A"\n[rooms.hall]\nwindows = 2\n', where="house.toml")
    assert house.rooms["hall"] == Room(windows=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('nam = "A"', "house.toml: unknown key 'nam'\n  Did you mean 'name'?"),
        (
            'name = "A"\n[rooms.hall]\nwindow = 2',
            "house.toml: unknown key 'rooms.hall.window'\n  Did you mean 'windows'?",
        ),
        (
            'name = "A"\n[front]\nwindows = 1\ncolor = "red"',
            "house.toml: unknown key 'front.color'\n  Did you mean 'colour'?",
        ),
        ("", "house.toml: the key 'name' is missing\n  Add it."),
        ("name = 3", "house.toml: name: Input should be a valid string (it is 3)"),
        (
            'name = "A"\n[rooms.hall]\nwindows = "2"',
            "house.toml: rooms.hall.windows: Input should be a valid integer (it is '2')",
        ),
        (
            'name = "A"\n[rooms.hall]\nwindows = true',
            "house.toml: rooms.hall.windows: Input should be a valid integer (it is True)",
        ),
        ("name = ", "house.toml: is not valid TOML: "),
        ('name = "A"\nname = "B"', "house.toml: is not valid TOML: "),
        (b"name = \xff", "house.toml: is not UTF-8 text (byte 7)"),
        ("name = " + "9" * 5000, "house.toml: is not valid TOML: "),
        ("name = " + "[" * 5000, "house.toml: is not valid TOML: "),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str | bytes, message: str) -> None:
    assert refusal(text).startswith(message)


def test_a_misspelt_key_is_named_before_the_one_that_is_missing_for_it() -> None:
    assert "unknown key 'nmae'" in refusal('nmae = "A"')


@given(st.text() | st.binary())
def test_no_text_whatever_is_more_than_refused(text: str | bytes) -> None:
    where = "house.toml"
    try:
        load(House, text, where=where)
    except RequestError as error:
        where = error.where
    assert where == "house.toml"
