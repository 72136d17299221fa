"""What people may do, and which command needs how much of it."""

from __future__ import annotations

import pytest

from bot.commands import COMMANDS
from bot.events import Role


def test_roles_are_ordered_from_the_weakest() -> None:
    assert sorted(Role, reverse=True)[0] is Role.ADMIN
    assert Role.NONE < Role.READ < Role.TRIAGE < Role.WRITE < Role.MAINTAIN


@pytest.mark.parametrize("word", ["start", "run", "answer"])
def test_what_changes_branches_or_spends_time_needs_the_role_write(word: str) -> None:
    assert COMMANDS[word].role is Role.WRITE


@pytest.mark.parametrize("word", ["predict", "log"])
def test_whoever_can_read_may_predict_and_note(word: str) -> None:
    assert COMMANDS[word].role is Role.READ
