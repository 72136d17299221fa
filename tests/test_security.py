"""SECURITY.md names, for each attack, tests that there are."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_each_attack_is_shown_by_tests_that_there_are() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    section = text.partition("## Attacks")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 20
    named = [re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row) for row in rows]
    assert all(named), "an attack without a test"
    missing = [
        f"{path}::{name}" for row in named for path, name in row if name not in _names_in(path)
    ]
    assert missing == []


def _names_in(path: str) -> set[str]:
    file = ROOT / path
    if not file.exists():
        return set()
    body = ast.parse(file.read_text("utf-8")).body
    return {each.name for each in body if isinstance(each, ast.FunctionDef)}
