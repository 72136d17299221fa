"""Help says what there is, who may, and gives an example: all from the code."""

from __future__ import annotations

import dataclasses

import pytest
from samples import world

from bot.command import Help
from bot.commands import SPECS
from bot.commands.help import decide
from bot.commands.parser import parse_comment
from bot.commands.spec import Spec
from bot.config import Config, read_config
from bot.effects import Reply
from bot.errors import RequestError
from bot.events import Role
from bot.log.safety import code


def said(word: str | None = None, config: Config | None = None) -> str:
    [reply] = decide(Help(word), dataclasses.replace(world(), config=config or Config()))
    assert isinstance(reply, Reply)
    return reply.text


def test_help_alone_is_a_row_for_each_command() -> None:
    rows = [line for line in said().split("\n") if line.startswith("| `/")]
    assert len(rows) == len(SPECS)
    for spec in SPECS:
        who = "anyone" if spec.role is Role.READ else spec.role.name.lower()
        assert f"| {code(spec.usage)} | {who} | {spec.summary} |" in rows


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.word)
def test_help_for_one_has_usage_who_and_an_example(spec: Spec) -> None:
    text = said(spec.word)
    assert text.startswith(f"### `/{spec.word}")
    assert spec.summary in text
    assert spec.example in text
    assert ("For anyone." in text) is (spec.role.name == "READ")


def test_it_says_what_the_configuration_changed() -> None:
    config = read_config('[commands.roles]\npredict = "triage"\n')
    assert "Needs the role triage." in said("predict", config)
    assert "| triage |" in said(None, config)


def test_one_is_asked_about_in_several_ways() -> None:
    for text in ("/help run", "/help /run", "/help RUN", "/run help", "/run --help"):
        assert parse_comment(text) == (Help("run"),)


@pytest.mark.parametrize(
    ("text", "right"), [("/help rnu", "'run'"), ("/help run log", "/help run")]
)
def test_what_is_no_command_is_answered_with_the_nearest(text: str, right: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse_comment(text)
    assert right in refused.value.right
