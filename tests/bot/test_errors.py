"""Errors are told in words: what, where, and what would be right."""

from __future__ import annotations

import pytest

from bot.errors import (
    ExcursionError,
    ForgeError,
    RequestError,
    did_you_mean,
    nearest,
)


def test_an_error_says_what_where_and_what_would_be_right() -> None:
    assert str(RequestError("is empty", where="a.toml", right="Fill it.")) == (
        "a.toml: is empty\n  Fill it."
    )
    assert str(RequestError("is empty")) == "is empty"


@pytest.mark.parametrize(("error", "status"), [(RequestError, 2), (ForgeError, 3)])
def test_whose_fault_it_was_decides_the_exit_status(
    error: type[ExcursionError], status: int
) -> None:
    assert error("x").exit_status == status
    assert isinstance(error("x"), ExcursionError)


def test_the_nearest_known_word_is_meant_if_any_is_near() -> None:
    assert nearest("timout", ["timeout", "engine"]) == "timeout"
    assert nearest("zzz", ["timeout", "engine"]) is None
    assert did_you_mean("timout", ["timeout"], noun="keys") == "Did you mean 'timeout'?"
    assert did_you_mean("zzz", ["b", "a"], noun="keys") == "Known keys: a, b."
    assert did_you_mean("zzz", [], noun="keys") == "There are no keys."
