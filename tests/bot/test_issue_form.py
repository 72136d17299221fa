"""What an issue's form says, however it was filled in."""

from __future__ import annotations

import pytest
from hypothesis import given
from samples import HOSTILE

from bot.excursion import Kind
from bot.issue_form import Form, read_form

FORM = """### Question

Does activation patching work on InceptionV1?

### Hypothesis

It does,
mostly.

### Kind

demo

### Template

no-positions

### Parameters

```
layer=3
prompt = a b
not a parameter
```

### What would change your mind?

Nothing moves.
"""


def test_a_form_is_read_whole() -> None:
    assert read_form(FORM) == Form(
        question="Does activation patching work on InceptionV1?",
        hypothesis="It does,\nmostly.\n\nWhat would change my mind: Nothing moves.",
        kind=Kind.DEMOS,
        template="no-positions",
        parameters={"layer": "3", "prompt": "a b"},
    )


def test_what_was_left_empty_says_nothing() -> None:
    body = "### Question\r\n\r\n_No response_\r\n\r\n### Template\r\n\r\n_No response_\r\n"
    assert read_form(body) == Form()


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("write-up", Kind.DOCS),
        ("Demo (a notebook)", Kind.DEMOS),
        ("prototype — a library", Kind.LIBS),
        ("libs", Kind.LIBS),
        ("something else", None),
    ],
)
def test_a_kind_is_known_by_its_words(written: str, kind: Kind | None) -> None:
    assert read_form(f"### Kind\n\n{written}\n").kind is kind


def test_a_section_that_comes_twice_counts_once() -> None:
    assert read_form("### Question\n\nOne?\n\n### Question\n\nTwo?").question == "One?"


@given(HOSTILE)
def test_any_text_is_read_without_complaint(text: str) -> None:
    read_form(text)
