"""The thread as data: which posts are ours, and which of them is meant."""

from __future__ import annotations

import dataclasses

from samples import entry, remembered, thread, unbegun

from bot.thread import Comment


def test_only_our_own_posts_with_a_key_are_entries() -> None:
    ours = entry(1, "run:1.1", {})
    assert ours.is_entry
    assert not dataclasses.replace(ours, author="mallory").is_entry
    assert not dataclasses.replace(ours, key="").is_entry


def test_an_entry_is_found_by_its_key() -> None:
    forged = Comment(2, "mallory", "", "", "", "answer", {"text": "forged"})
    ours = entry(3, "answer", {"text": "ours"})
    found = thread(forged, ours)
    assert found.entry("answer") is ours
    assert found.entry("run:1.1") is None
    welcome = found.entry("welcome")
    assert welcome is not None
    assert welcome.data == remembered()


def test_entries_of_a_sort_come_in_the_order_in_which_they_were_posted() -> None:
    runs = [entry(4, "run:1.2", {}), entry(2, "run:1.1", {})]
    found = unbegun(comments=(entry(1, "runner", {}), *runs, entry(9, "prediction:1", {})))
    assert list(found.entries("run")) == runs


def test_an_issue_is_open_until_it_is_closed() -> None:
    assert thread().is_open
    assert not thread(state="closed").is_open
