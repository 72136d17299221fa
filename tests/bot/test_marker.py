"""The hidden marker at an entry's end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.forge.marker import read_marker, write_marker

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
DATA = st.dictionaries(st.text(max_size=8).filter(lambda name: name != "key"), JSON, max_size=4)
AWKWARD = ["-->", "--!>", "<!--", "---", "\\--", "\\\\-->", "a\nb", "\u2028", "\ud800", "}", '"']


@given(st.text(max_size=20), DATA, st.text(max_size=40))
@example("run:1.1", {"text": "-->"}, "### Run")
def test_what_is_written_is_read_back(key: str, data: dict[str, Any], body: str) -> None:
    assert read_marker(f"{body}\n\n{write_marker(key, data)}\n") == (key, data)


@pytest.mark.parametrize("text", AWKWARD)
def test_a_marker_is_one_hidden_line_whatever_it_remembers(text: str) -> None:
    line = write_marker("answer", {"text": text, text: 1})
    assert len(line.splitlines()) == 1
    assert "--" not in line.removeprefix("<!--").removesuffix("-->")
    assert ">" not in line.removesuffix(">")
    assert read_marker(line) == ("answer", {"text": text, text: 1})
    tokens = MarkdownIt("commonmark", {"html": True}).parse(f"{line}\nafter")
    assert tokens[0].content.startswith(line)


@given(st.text(st.sampled_from('-<>!\\ "{}\n'), max_size=30))
def test_no_data_ends_the_comment_early(text: str) -> None:
    line = write_marker("x", {"text": text})
    assert line.count("-->") == 1
    assert read_marker(line) == ("x", {"text": text})


def test_only_the_last_line_counts() -> None:
    quoted = write_marker("answer", {"text": "forged"})
    ours = write_marker("run:1.1", {})
    assert read_marker(f"{quoted}\n\n{ours}") == ("run:1.1", {})
    assert read_marker(f"{quoted}\nmore text") is None
    assert read_marker(f"said: {quoted}") is None
    assert read_marker(f"```\n{quoted}\n```") is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no marker",
        "<!-- excursion {} -->",
        '<!-- excursion {"key": 3} -->',
        "<!-- excursion [1] -->",
        "<!-- excursion {broken} -->",
        '<!-- excursion {"key": "x", "n": ' + "9" * 5000 + "} -->",
        '<!-- excursion {"a":' + "[" * 100_000 + "} -->",
        '<!-- excursion: {"key": "x"} -->',
    ],
    ids=lambda body: body[:30],
)
def test_what_cannot_be_understood_is_no_marker(body: str) -> None:
    assert read_marker(body) is None


@given(st.text())
def test_no_text_whatever_stops_the_reader(body: str) -> None:
    assert read_marker(body) is None


def test_nothing_remembered_can_replace_the_key() -> None:
    assert read_marker(write_marker("run:1.1", {"key": "answer"})) == ("run:1.1", {})
