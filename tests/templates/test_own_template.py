"""The page on writing templates, done as it says: its files are written, its commands given."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Repository

from bot.config import read_config
from templates.trials import ROOT

_PART = r"^## (?P<heading>[^\n]*)$|^```(?P<kind>\w+)\n(?P<body>.*?)^```"
PAGE = ROOT / "docs" / "writing-a-template.md"


def steps() -> list[tuple[str, str]]:
    """What a reader does, in the page's order: (file, its text), or ("", commands)."""
    text = PAGE.read_text("utf-8")
    name, found = "", []
    for match in re.finditer(_PART, text, flags=re.MULTILINE | re.DOTALL):
        if match["heading"]:
            name = "".join(re.findall(r"`([\w.]+)`$", match["heading"]))
        elif match["kind"] == "sh":
            found.append(("", match["body"]))
        elif name:
            found.append((name, match["body"]))
    return found


def test_what_the_page_says_of_the_configuration_is_taken() -> None:
    last = PAGE.read_text("utf-8").split("```toml\n")[-1].partition("```")[0]
    assert read_config(last).templates[0].folder == "templates"


def test_whoever_follows_the_page_has_a_template_that_runs(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = tmp_path / "bin"
    commands.mkdir()
    excursion = commands / "excursion"
    excursion.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bot "$@"\n')
    excursion.chmod(0o755)
    # As most people have it: Python keeps what it has compiled beside the modules.
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "")
    environment = os.environ | {"PATH": f"{commands}:{os.environ['PATH']}"}
    place, said = repository.top, ""
    for name, body in steps():
        if name:
            (place / name).write_text(body)
            continue
        done = subprocess.run(
            ["sh", "-ec", f"{body}\npwd"],
            cwd=place,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said += done.stdout
        place = Path(done.stdout.splitlines()[-1])
    assert {name for name, _ in steps()} == {"", "template.toml", "README.md.j2", "notebook.py.j2"}
    assert "✓ metrics: 2 recorded, each declared" in said
    assert "Nothing is missing." in said
    metrics = repository.json("show", "1")
    assert "z_score" in str(metrics)
    assert (repository.folder() / "__pycache__").is_dir()
    again = repository.excursion("run", "1", "-p", "set=newborns", "-p", "seed=3")
    assert again.status == 0, again.err  # nothing that the first run left is in the way
