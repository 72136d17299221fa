"""What holds for every command there is: it can be written, read, explained and given."""

from __future__ import annotations

import pytest
from commands import TEXT, WRITTEN
from hypothesis import given
from hypothesis import strategies as st

from bot import commands
from bot.command import Log, Start
from bot.commands import COMMANDS, SPECS, write
from bot.commands.parser import parse_comment, parse_rest
from bot.commands.spec import Spec
from bot.commands.words import write_pair, write_text, write_word
from bot.events import Role

each_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.word)


def test_every_command_has_a_strategy_that_writes_any_of_it() -> None:
    assert set(WRITTEN) == set(COMMANDS), "add the new command's strategy to tests/commands.py"


@each_spec
@given(st.data())
def test_what_is_written_is_read_as_the_same_command(spec: Spec, data: st.DataObject) -> None:
    command = data.draw(WRITTEN[spec.word])
    assert parse_comment(write(command)) == (command,)
    assert parse_comment(f"Before.\n\n  {write(command)}  \n\nAfter.") == (command,)


@given(st.data())
def test_several_in_a_row_are_read_as_they_were_written(data: st.DataObject) -> None:
    some = st.one_of(*(WRITTEN[spec.word] for spec in SPECS if not spec.block))
    written = data.draw(st.lists(some, max_size=5))
    assert parse_comment("\n\n".join(map(write, written))) == tuple(written)


@given(TEXT, TEXT)
def test_any_word_value_or_text_can_be_written(one: str, other: str) -> None:
    line = f"{write_word(one)} {write_pair('x', other)}"
    assert parse_rest(COMMANDS["start"], line) == Start(one, {"x": other})
    assert parse_rest(COMMANDS["log"], write_text(one, ())) == Log(one)


@each_spec
def test_every_example_is_a_command_of_its_own_kind(spec: Spec) -> None:
    (command,) = parse_comment(spec.example)
    assert commands.spec_of(command) is spec
    assert spec.example.startswith(f"/{spec.word}")
    assert spec.usage.startswith(f"/{spec.word}")


@each_spec
def test_what_executes_needs_at_least_the_role_write(spec: Spec) -> None:
    assert spec.role >= (Role.WRITE if spec.executes else Role.READ)
    assert not (spec.executes and spec.reads_only)


@each_spec
def test_every_summary_is_a_sentence(spec: Spec) -> None:
    assert spec.summary[0].isupper()
    assert spec.summary.endswith(".")
    assert len(spec.summary) <= 100
