"""What is written of the commands is what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.commands import SPECS
from bot.commands.document import PAGE, README, page_with_commands, readme_with_commands, write
from bot.commands.parser import parse_comment
from bot.commands.spec import Spec
from bot.log.safety import fence

ROOT = Path(__file__).parents[3]
WAY_OUT = "run `make docs`"


def test_the_page_of_commands_is_the_codes() -> None:
    page = (ROOT / PAGE).read_text("utf-8")
    assert page == page_with_commands(page), WAY_OUT


def test_the_readmes_table_is_the_codes() -> None:
    readme = (ROOT / README).read_text("utf-8")
    assert readme == readme_with_commands(readme), WAY_OUT


def test_both_are_brought_up_to_date_at_once(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in (PAGE, README):
        text = (ROOT / name).read_text("utf-8")
        (tmp_path / name).write_text(re.sub(r"\| .*", "| grown old |", text))
    write(tmp_path)
    for name in (PAGE, README):
        assert "`/run [name=value…]" in (tmp_path / name).read_text("utf-8")


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.word)
def test_the_page_has_every_command_with_an_example_that_is_one(spec: Spec) -> None:
    section = page_with_commands("").partition(f"### `/{spec.word}")[2].partition("\n### ")[0]
    assert fence(spec.example) in section
    assert len(parse_comment(spec.example)) == 1
