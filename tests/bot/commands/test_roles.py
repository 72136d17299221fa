"""Who may do what is one table, which a repository can only make stricter."""

from __future__ import annotations

import pytest

from bot.command import Predict, Run
from bot.commands import COMMANDS, SPECS
from bot.commands.roles import people, roles
from bot.config import Config, read_config
from bot.errors import RequestError
from bot.events import Actor, Commanded, Role
from bot.handle import authorise


def configured(**given: str) -> Config:
    return read_config("[commands.roles]\n" + "".join(f'{n} = "{r}"\n' for n, r in given.items()))


def test_without_a_word_the_commands_own_roles_hold() -> None:
    assert roles(Config()) == {spec.word: spec.role for spec in SPECS}


def test_a_repository_makes_them_stricter() -> None:
    stricter = roles(configured(predict="triage", run="admin"))
    assert (stricter["predict"], stricter["run"]) == (Role.TRIAGE, Role.ADMIN)
    assert stricter["log"] is COMMANDS["log"].role


@pytest.mark.parametrize("word", [spec.word for spec in SPECS if spec.executes])
def test_what_executes_is_never_given_to_less_than_write(word: str) -> None:
    with pytest.raises(RequestError, match="it executes code, which is never given to less than"):
        roles(configured(**{word: "triage"}))


@pytest.mark.parametrize("word", [s.word for s in SPECS if s.role > Role.READ and not s.executes])
def test_nothing_else_is_loosened_either(word: str) -> None:
    with pytest.raises(RequestError, match="can only be tightened"):
        roles(configured(**{word: "read"}))


def test_a_word_that_is_no_command_is_named_with_the_nearest() -> None:
    with pytest.raises(RequestError, match=r"(?s)'prdict'.*Did you mean 'predict'"):
        roles(configured(prdict="write"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[commands]\nrols = {}\n", "Did you mean 'roles'?"),
        ('[commands.roles]\nrun = "owner"\n', "Input should be 'read', 'triage', 'write'"),
        ("[commands]\nreplies_per_hour = -1\n", "greater than or equal to 0"),
    ],
)
def test_other_mistakes_are_named_too(text: str, said: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_config(text)
    assert said in str(refused.value)


@pytest.mark.parametrize("role", list(Role))
def test_who_has_less_than_the_role_is_refused(role: Role) -> None:
    config = configured(predict="triage")
    for command, needed in ((Predict("x"), Role.TRIAGE), (Run(), Role.WRITE)):
        event = Commanded(Actor("eve", role), 1, command)
        if role >= needed:
            authorise(event, config)
        else:
            with pytest.raises(RequestError, match=f"needs the role {people(needed)}"):
                authorise(event, config)
