"""Numbers as people read them, and tables that hold what they are given."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from samples import HOSTILE

from bot.log.tables import number, shown_table, table
from runner.records import Metric, Table

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.99821, "0.9982"),
        (0.5, "0.5000"),
        (-12.3456, "-12.35"),
        (12345.678, "12346"),
        (1.0, "1.0"),
        (2500.0, "2500.0"),
        (0.0, "0.0"),
        (0.00012345, "0.0001234"),
        (0.000012345, "1.234e-05"),
        (12345678.9, "1.235e+07"),
        (3, "3"),
        (123456789012, "123456789012"),
        (10**15, "1.000e+15"),
        (-(10**400), "-1.000e+400"),
        (True, "yes"),
        (False, "no"),
        (math.nan, "not a number"),
        (math.inf, "infinite"),
        (-math.inf, "minus infinite"),
        ("text", "text"),
        ("x" * 200, "x" * 119 + "…"),
    ],
)
def test_a_number_is_written_as_people_read_it(value: Metric, words: str) -> None:
    assert number(value) == words


@given(st.integers() | st.floats() | st.booleans() | st.text(max_size=300))
def test_every_metric_can_be_written_short(value: Metric) -> None:
    assert len(number(value)) <= 120


@given(st.floats(1e-300, 1e300))
def test_a_number_is_written_to_four_digits(value: float) -> None:
    assert math.isclose(float(number(value)), value, rel_tol=1e-3)


def test_a_table_has_its_numbers_flush_right() -> None:
    assert table(("a", "b"), [["x", "1"]], right=(1,)) == "| a | b |\n| --- | ---: |\n| x | 1 |"


def shape(markdown: str) -> list[list[str]]:
    """Read a table as GitHub does: its rows of cells."""
    rows: list[list[str]] = []
    for token in MARKDOWN.parse(markdown):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            assert all(child.type == "text" for child in token.children or ()), token.content
            text = "".join(child.content for child in token.children or ())
            rows[-1].append(text.replace("\u200b", ""))
    return rows


def test_a_shown_table_keeps_its_rows_and_columns() -> None:
    shown = Table(
        cell=3, columns=("name", "n"), rows=(("a|b", "1,000"), ("*c*", "2 %")), rows_total=2
    )
    text = shown_table(shown)
    assert shape(text) == [["name", "n"], ["a|b", "1,000"], ["*c*", "2 %"]]
    assert "| --- | ---: |" in text


@given(
    st.lists(HOSTILE, min_size=1, max_size=3), st.lists(st.lists(HOSTILE, max_size=4), max_size=3)
)
def test_a_hostile_table_is_one_table_of_its_size(
    columns: list[str], rows: list[list[str]]
) -> None:
    shown = Table(
        cell=0, columns=tuple(columns), rows=tuple(map(tuple, rows)), rows_total=len(rows)
    )
    seen = shape(shown_table(shown))
    assert [len(row) for row in seen] == [len(columns)] * (len(rows) + 1)


def test_what_is_left_out_of_a_table_is_said() -> None:
    shown = Table(
        cell=0,
        columns=tuple(f"c{n}" for n in range(20)),
        rows=tuple(tuple("x" * 20) for _ in range(50)),
        rows_total=5000,
    )
    text = shown_table(shown)
    assert text.endswith("*4970 of 5000 rows and 8 of 20 columns are left out here.*")
    rows = shape(text.partition("\n\n")[0])
    assert [len(row) for row in rows] == [12] * 31


def test_a_table_without_columns_shows_nothing() -> None:
    assert shown_table(Table(cell=0, columns=(), rows=(("x",),), rows_total=1)) == ""
