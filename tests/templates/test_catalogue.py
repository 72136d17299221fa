"""The page of templates says what they say, and shows what they draw."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from conftest import Repository
from PIL import Image

from bot.catalogue import catalogue, has_picture, picture_name
from bot.template import Template, built_in_templates, read_template, template_names
from templates.pictures import FOLDER, WIDTH, small

TEMPLATES = [
    read_template(name, folder) for name, folder in template_names((built_in_templates(),)).items()
]
PAGE = FOLDER.parent / "templates.md"


def test_the_page_is_as_the_templates_are() -> None:
    assert PAGE.read_text() == catalogue(TEMPLATES), "make docs writes it anew"


def test_each_picture_is_there_and_none_besides() -> None:
    wanted = {picture_name(each) for each in TEMPLATES if has_picture(each)}
    assert {path.name for path in FOLDER.iterdir()} == wanted
    for path in FOLDER.iterdir():
        with Image.open(path) as picture:
            assert picture.format == "PNG"
            assert picture.width == WIDTH
        assert path.stat().st_size < 100_000


def test_every_link_of_the_page_leads_somewhere() -> None:
    text = PAGE.read_text()
    headings = set(re.findall(r"^### (.+)$", text, flags=re.MULTILINE))
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings
        else:
            assert (PAGE.parent / target).is_file(), target


def test_a_picture_is_made_small(tmp_path: Path) -> None:
    Image.new("RGBA", (1120, 600), "white").save(tmp_path / "large.png")
    (tmp_path / "small.png").write_bytes(small((tmp_path / "large.png").read_bytes()))
    with Image.open(tmp_path / "small.png") as picture:
        assert picture.size == (WIDTH, 300)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.full_name)
def test_a_template_s_own_words_stand_on_the_page(template: Template) -> None:
    words = catalogue([template])
    assert template.manifest.metrics.main in words
    assert all(f"`{name}`" in words for name in template.manifest.parameters)


def test_the_command_lists_what_each_asks_measures_and_draws(repository: Repository) -> None:
    rows = {row["name"]: row for row in repository.json("templates")}
    blank = rows["demos/blank"]
    assert blank["kind"] == "demos"
    assert blank["question"].endswith("?")
    assert blank["metric"] == "share_of_heads"
    assert blank["picture"]
    text = repository.must("templates")
    line = next(line for line in text.splitlines() if "demos/blank" in line)
    for fact in (blank["question"], blank["runtime"], "share_of_heads", blank["picture"]):
        assert fact in line
    assert repository.must("templates", "--markdown").startswith("# Templates")


def test_a_template_that_is_broken_hides_no_other(repository: Repository) -> None:
    own = repository.top / "templates" / "demos"
    for name, manifest in (("fine", 'question = "Q?"\nsummary = "S."\n'), ("odd", "question = 3")):
        (own / name).mkdir(parents=True)
        (own / name / "template.toml").write_text(manifest)
    done = repository.excursion("templates", "--json")
    assert done.status == 0
    names = {row["name"] for row in json.loads(done.out)}
    assert "demos/fine" in names
    assert "demos/odd" not in names
    assert "templates/demos/odd/template.toml: " in done.err
    repository.ask()
    repository.must("comment", "1", "/templates")
    said = repository.must("show", "1")
    assert "`demos/fine`" in said
    assert "⚠️ templates/demos/odd/template.toml" in said
    asked = repository.excursion("ask", "Is it taken?", "--template", "odd")
    assert asked.status == 2


def test_on_a_terminal_no_line_is_wider_than_it(repository: Repository) -> None:
    own = repository.top / "templates" / "demos" / "ours"
    own.mkdir(parents=True)
    (own / "template.toml").write_text(
        'question = "Is \\u001b[31mours\\u001b[0m listed?"\nsummary = "S."\nruntime = "a second"\n'
    )
    shown = on_a_terminal(repository, columns=60)
    lines = shown.splitlines()
    assert max(len(line) for line in lines[:-1]) <= 60  # the last one is there to be copied
    assert lines[0] == f"{len(TEMPLATES) + 1} templates"
    assert lines[2:5] == ["demos/ours (demo)", "  Is ours listed?", "  runtime: a second"]
    words = " ".join(shown.split())
    for each in TEMPLATES:
        assert f"{each.full_name} ({each.kind.form}) {each.manifest.question}" in words
        assert each.manifest.metrics.main in words
        assert each.manifest.picture in words


def on_a_terminal(repository: Repository, columns: int) -> str:
    """Give what the command shows where its output is a terminal."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "templates"],
        cwd=repository.top,
        stdout=theirs,
        env={key: value for key, value in os.environ.items() if key != "COLUMNS"},
    ) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # Linux says so where nobody writes any more
            while part := os.read(ours, 65_536):
                shown += part
    os.close(ours)
    assert process.returncode == 0
    return shown.decode().replace("\r\n", "\n")
