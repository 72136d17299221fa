"""Durations as people write and say them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.durations import parse_duration, spoken
from bot.errors import RequestError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("30 min", 1800), ("1.5h", 5400), (" 2d ", 172_800)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text, where="timeout") == seconds


@pytest.mark.parametrize(
    "text", ["", "30", "m", "0s", "-1s", "1e3s", "nan s", "1h30m", "٣m", "1w", "1_0s", "inf h"]
)
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse_duration(text, where="timeout")
    assert refused.value.where == "timeout"
    assert "90s, 30m, 1.5h or 2d" in refused.value.right


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (0.449, "0.4 s"),
        (9.96, "10 s"),
        (52.4, "52 s"),
        (59.6, "1 min"),
        (754, "12 min 34 s"),
        (3599.7, "1 h"),
        (7500, "2 h 5 min"),
        (math.nan, "an unknown time"),
        (math.inf, "an unknown time"),
    ],
)
def test_seconds_are_said_as_people_do(seconds: float, words: str) -> None:
    assert spoken(seconds) == words


@given(st.integers(1, 10**6), st.sampled_from(["s", "m", "h", "d"]))
def test_whatever_is_read_can_be_said(number: int, unit: str) -> None:
    assert spoken(parse_duration(f"{number}{unit}", where=""))
