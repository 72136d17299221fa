"""What the README and the pages in docs/ say of commands, settings and files holds."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from bot.cli import excursion
from bot.config import read_config
from bot.excursion_file import read_excursion_file

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md")])
NEEDED = 'question = "Does it settle?"\ntemplate = "demos/blank"\n'


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def rows() -> list[list[str]]:
    """The code in each row of the table of commands: the command, then what it takes."""
    lines = [line for line in README.splitlines() if line.startswith("| `excursion ")]
    return [re.findall(r"`([^`]+)`", line.replace(r"\|", "|")) for line in lines]


def command_of(words: list[str]) -> click.Command:
    context = click.Context(excursion)
    found: click.Command | None = excursion
    while words and isinstance(found, click.Group):
        found = found.get_command(context, words.pop(0))
        assert found is not None
    assert found is not None
    return found


def options_of(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


def said_options(words: list[str]) -> set[str]:
    return {word for word in words if re.fullmatch(r"-p|--[a-z-]+", word)}


def test_the_table_lists_every_command_and_no_other() -> None:
    names = set()
    for first, *others in rows():
        names.add(first.split()[1])
        names |= {other.split()[0] for other in others if re.match(r"[a-z]", other)}
    assert names == set(excursion.list_commands(click.Context(excursion)))


def test_the_table_names_options_that_there_are() -> None:
    for row in rows():
        words = shlex.split(row[0].replace("…", "x"))[1:]
        known = options_of(command_of(words))
        assert said_options(" ".join(row).split()) <= known, row[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_examples_are_read_by_the_command_line(page: Path) -> None:
    lines = [line for block in blocks(page.read_text("utf-8"), "sh") for line in block.splitlines()]
    for line in lines:
        words = shlex.split(line.replace("…", "x"), comments=True)
        if words[:1] == ["excursion"]:
            command = command_of(rest := words[1:])
            command.make_context(command.name, rest)  # reads the words, and refuses what it must


def test_settings_in_examples_are_taken() -> None:
    excursion_file, config = blocks(README, "toml")
    assert excursion_file.startswith("# excursion.toml")
    read_excursion_file(NEEDED + excursion_file, where="README.md")
    assert config.startswith("# excursions.toml")
    assert set(read_config(config, where="README.md").runners) == {"local", "cluster"}
    (warm,) = blocks((ROOT / "docs/warm-kernels.md").read_text("utf-8"), "toml")
    assert not read_config(warm, where="docs/warm-kernels.md").runners["local"].warm
    (cluster,) = blocks((ROOT / "docs/slurm.md").read_text("utf-8"), "toml")
    assert read_config(cluster, where="docs/slurm.md").runner == "cluster"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
