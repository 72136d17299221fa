"""What follows from `/split`."""

from __future__ import annotations

import dataclasses

import pytest
from samples import entry, thread, world

from bot.command import Asked, Split
from bot.commands import decide
from bot.commands.parser import parse_comment
from bot.commands.world import World
from bot.effects import OpenParts
from bot.errors import RequestError
from bot.forge.protocol import Part
from bot.log.parts import part_body, parts_entry


def parts(command: Split, here: World) -> OpenParts:
    [effect] = decide(command, here)
    assert isinstance(effect, OpenParts)
    return effect


def test_each_question_in_quotes_is_one() -> None:
    [command] = parse_comment('/split "Does it hold?" "Is it so?"')
    assert command == Split(("Does it hold?", "Is it so?"))
    assert parse_comment('/split "Why?" "How?"') == (Split(("Why?", "How?")),)
    assert parse_comment("/split Why?") == (Split(("Why?",)),)
    assert parse_comment("/split 为什么？ 怎么？") == (Split(("为什么？", "怎么？")),)


@pytest.mark.parametrize("line", ["/split", "/split Does it hold?", '/split "Does it?" so'])
def test_questions_without_quotes_are_no_questions(line: str) -> None:
    with pytest.raises(RequestError, match="quotes"):
        parse_comment(line)


def test_they_are_opened_with_the_entry_that_lists_them() -> None:
    here = dataclasses.replace(world(), asked=Asked(7, 1))
    effect = parts(Split((" Does it hold? ", "Is it so?")), here)
    assert effect.questions == ("Does it hold?", "Is it so?")
    assert (effect.issue, effect.key, effect.given) == (1, "split:1", "7.1")


def test_the_same_command_again_is_the_same_entry_and_another_is_the_next() -> None:
    there = entry(2, "split:1", {"given": "7.0", "stamped": "2026-11-20T00:00:00Z"})
    here = world(thread=thread(there), asked=Asked(7))
    again = parts(Split(("Is it so?",)), here)
    assert (again.key, again.stamped) == ("split:1", "2026-11-20T00:00:00Z")
    assert parts(Split(("Is it so?",)), dataclasses.replace(here, asked=Asked(8))).key == "split:2"


def test_on_the_command_line_it_is_known_by_its_questions() -> None:
    first = parts(Split(("Is it so?", "Why is it?")), world())
    here = world(thread=thread(entry(2, first.key, {"given": first.given})))
    assert parts(Split(("Is it so?", "Why is it?")), here).key == first.key
    assert parts(Split(("Is it so?", "Why not?")), here).key == "split:2"


@pytest.mark.parametrize(
    ("questions", "message"),
    [
        ((" ",), "empty"),
        (("Is it so?", "x" * 300), "300 characters"),
        (("Is it so?", "a\x07b"), "control character"),
        (("Is it so?", "…!"), "no words"),
        (("Is it so?", "is it SO?"), "asked twice"),
        (("Does it settle?",), "asked twice"),
        (tuple(f"Is it {n}?" for n in range(11)), "11 questions, 10 at most"),
    ],
)
def test_bad_questions_are_refused_and_none_is_opened(
    questions: tuple[str, ...], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        decide(Split(questions), world())


def test_the_slip_is_in_the_question_that_is_bad() -> None:
    with pytest.raises(RequestError) as caught:
        decide(Split(("Is it so?", "…!")), world())
    assert caught.value.culprit == "…!"


def test_a_closed_issue_is_not_split() -> None:
    with pytest.raises(RequestError, match="closed"):
        decide(Split(("Is it so?",)), world(thread=thread(state="closed")))


def test_the_entry_lists_them_and_says_how_they_are_linked() -> None:
    linked = [Part(2, "Is it | so?", is_sub_issue=True)]
    text = parts_entry(linked, "wes_x", "2026-11-21T09:30:15Z", "`/start`")
    assert text.startswith("### 🌿 Split into 1 question\n\n| issue | question |")
    assert "| #2 | Is it \\| so? |" in text
    assert "wes\\_x, 2026-11-21 09:30 UTC" in text
    assert "linked in words" not in text
    loose = [dataclasses.replace(linked[0], is_sub_issue=False)]
    assert "linked in words" in parts_entry(loose, "wes", "", "`/start`")


def test_a_part_says_what_it_is_a_part_of_and_notifies_nobody() -> None:
    body = part_body(1, "Does @ada settle <b>it</b>?", "wes")
    assert body.startswith("Part of #1: *Does @&#8203;ada settle &lt;b&gt;it&lt;/b&gt;?*")
