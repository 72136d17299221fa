"""What follows from `/log`."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from markdown_it import MarkdownIt
from samples import EXCURSION, HOSTILE, entry, remembered, thread, unbegun, world

from bot.command import Asked, Log
from bot.commands import decide
from bot.commands.world import World
from bot.effects import UpsertEntry
from bot.errors import RequestError
from bot.excursion import read_excursion
from bot.forge.github_reading import with_marker
from bot.forge.github_threads import LONGEST
from bot.log.notes import memory_of, missing_lines, read_notes, shown
from bot.log.welcome import with_state
from bot.thread import WELCOME, Comment, Thread

LINE = "- 2026-11-21 09:30 **Ada**: It *settled*."


def logged(here: World, text: str, **asked: int) -> World:
    """Carry `/log` out, and give the world after it."""
    after = dataclasses.replace(here, asked=Asked(**asked))
    for effect in decide(Log(text), after):
        assert isinstance(effect, UpsertEntry)
        after = dataclasses.replace(after, thread=_upserted(after.thread, effect))
    return after


def _upserted(whole: Thread, effect: UpsertEntry) -> Thread:
    there = whole.entry(effect.key)
    number = there.number if there else len(whole.comments) + 1
    new = Comment(number, "excursions[bot]", "", "", effect.body, effect.key, dict(effect.data))
    others = [c for c in whole.comments if c.number != number]
    return dataclasses.replace(
        whole, comments=tuple(sorted([*others, new], key=lambda comment: comment.number))
    )


@pytest.mark.parametrize("here", [world(), world(thread=thread(state="closed"))])
def test_a_line_is_kept_in_the_welcome_also_after_the_answer(here: World) -> None:
    [effect] = decide(Log(" It *settled*.\n"), here)
    assert isinstance(effect, UpsertEntry)
    assert effect.key == WELCOME
    assert effect.body.endswith(f"<summary>📓 Log (1 line)</summary>\n\n{LINE}\n\n</details>")
    assert dict(effect.data) | remembered() == effect.data


def test_lines_stand_in_the_order_in_which_they_were_given() -> None:
    here = logged(logged(world(), "first", comment=5), "second", comment=6)
    notes = read_notes(here.thread)
    assert [(note.number, note.text, note.given) for note in notes] == [
        (1, "first", "5.0"),
        (2, "second", "6.0"),
    ]
    welcome = here.thread.entry(WELCOME)
    assert welcome is not None
    assert welcome.body.index("first") < welcome.body.index("second")
    assert welcome.body.count("<details>") == 1
    assert read_excursion(here.thread) == EXCURSION


def test_a_second_delivery_adds_nothing() -> None:
    once = logged(world(), "a line", comment=5, index=1)
    assert logged(once, "a line", comment=5, index=1) == once
    assert len(read_notes(logged(once, "a line", comment=6).thread)) == 2


def test_the_same_words_twice_on_the_command_line_are_one_line() -> None:
    twice = logged(logged(world(), "a line"), "a line")
    assert len(read_notes(twice.thread)) == 1
    assert len(read_notes(logged(logged(twice, "another"), "a line").thread)) == 3


def test_what_else_the_welcome_says_and_remembers_stays() -> None:
    here = world()
    welcome = dataclasses.replace(
        here.thread.comments[0],
        body=with_state("### Begun\n\nA person added this.", "all is well"),
        data=remembered() | {"spoiler": {"on": True}},
    )
    here = dataclasses.replace(here, thread=thread(comments=(welcome,)))
    after = logged(logged(here, "one"), "two").thread.entry(WELCOME)
    assert after is not None
    assert after.body.startswith("### Begun\n\n**Now:** all is well\n\nA person added this.\n\n")
    assert after.data is not None
    assert after.data["spoiler"] == {"on": True}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nothing to note down"),
        (" \n", "nothing to note down"),
        ("x" * 2_001, "2001 characters"),
    ],
)
def test_a_line_that_is_not_possible_is_refused(text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        decide(Log(text), world())


def test_before_the_excursion_has_begun_there_is_no_log() -> None:
    with pytest.raises(RequestError, match="has not begun"):
        decide(Log("early"), world(thread=unbegun()))


def test_a_long_log_moves_on_to_entries_of_its_own_and_loses_nothing() -> None:
    here = world()
    texts = [f"{n}: {'é' * 1_500}" for n in range(40)]  # a marker writes é with six characters
    for n, text in enumerate(texts):
        here = logged(here, text, comment=n + 1)
        for comment in here.thread.comments:
            posted = with_marker(comment.body, comment.key, comment.data or {})
            assert len(posted) < LONGEST
    assert [note.text for note in read_notes(here.thread)] == texts
    keys = [comment.key for comment in here.thread.comments]
    assert keys == [WELCOME, *(f"log:{n}" for n in range(1, len(keys)))]
    assert len(keys) > 3
    welcome = here.thread.entry(WELCOME)
    assert welcome is not None
    assert "📓 Log (40 lines)" in welcome.body
    assert "lines are in entries of their own, further down" in welcome.body
    assert read_excursion(here.thread) == EXCURSION


def test_a_crash_between_two_entries_of_a_long_log_is_made_good() -> None:
    here = world()
    for n in range(1, 100):
        before, effects = here, decide(Log("é" * 1_500), _asked(here, n))
        here = logged(here, "é" * 1_500, comment=n)
        if len(effects) > 1:
            break
    assert isinstance(effects[0], UpsertEntry)
    crashed = dataclasses.replace(before, thread=_upserted(before.thread, effects[0]))
    again = logged(crashed, "é" * 1_500, comment=n)
    assert read_notes(again.thread) == read_notes(here.thread)


def _asked(here: World, comment: int) -> World:
    return dataclasses.replace(here, asked=Asked(comment))


def test_a_deleted_page_of_the_log_is_said_to_be_missing() -> None:
    here = world()
    for n in range(30):
        here = logged(here, f"{n} {'é' * 1_500}", comment=n + 1)
    kept = tuple(c for c in here.thread.comments if c.key != "log:1")
    here = dataclasses.replace(here, thread=dataclasses.replace(here.thread, comments=kept))
    lost = missing_lines(read_notes(here.thread))
    assert lost > 0
    here = logged(here, "one more", comment=99)
    welcome = here.thread.entry(WELCOME)
    assert welcome is not None
    assert f"{lost} lines are lost" in welcome.body
    assert read_notes(here.thread)[-1].number == 31


def test_a_welcome_that_somebody_deleted_is_made_anew() -> None:
    here = world(
        thread=unbegun(comments=(entry(3, "run:1.1", {"status": "succeeded"}),)), found=EXCURSION
    )
    after = logged(here, "still here", comment=5)
    assert read_excursion(after.thread) == EXCURSION
    welcome = after.thread.entry(WELCOME)
    assert welcome is not None
    assert "This entry was made anew" in welcome.body
    assert "still here" in welcome.body


@pytest.mark.parametrize(
    "odd",
    [
        None,
        7,
        "text",
        {"number": 1},
        [1, None, "x", [], {}],
        [{"number": "1", "text": "x"}, {"number": True, "text": "x"}, {"number": 2, "text": 5}],
    ],
)
def test_odd_memories_of_a_log_are_none(odd: Any) -> None:
    here = world(thread=thread(comments=(entry(1, WELCOME, remembered() | {"log": odd}),)))
    assert read_notes(here.thread) == ()
    assert [note.text for note in read_notes(logged(here, "a line").thread)] == ["a line"]


def test_what_is_remembered_is_read_as_it_was() -> None:
    notes = read_notes(logged(world(), "a line", comment=7).thread)
    kept = thread(comments=(entry(1, WELCOME, remembered() | {"log": memory_of(notes)}),))
    assert read_notes(kept) == notes


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "**so** `x_1` $x^2$ [a](https://e.org/@ada)",
            "**so** `x_1` $x^2$ [a](https://e.org/@ada)",
        ),
        ("ask @ada, not a@e.org", "ask @\u200bada, not a@e.org"),
        ("the decorator `@torch.no_grad`", "the decorator `@torch.no_grad`"),
        ("</details> and more", "&lt;/details&gt; and more"),
        ("[a]: </details>", "\\[a\\]: &lt;/details&gt;"),
    ],
)
def test_a_lines_markup_works_but_hides_and_notifies_nobody(text: str, line: str) -> None:
    assert shown(text) == line


@given(HOSTILE)
def test_no_text_leaves_its_line_or_the_fold(text: str) -> None:
    line = shown(text)
    assert "\n" not in line
    tokens = MarkdownIt("commonmark", {"html": True}).parse(f"- x {line}\n- y")
    assert [token.type for token in tokens if token.type.startswith("html")] == []
    assert [token.type for token in tokens].count("list_item_open") == 2
    inside = [child.type for token in tokens for child in token.children or ()]
    assert "html_inline" not in inside
