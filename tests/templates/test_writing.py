"""Templates of what is written rather than run: what each asks of its author."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cmarkgfm import github_flavored_markdown_to_html
from samples import EXCURSION

from bot.excursion import Kind
from bot.excursion_file import FILE_NAME
from bot.scaffold import scaffold
from bot.template import built_in_templates, find_template, template_names

ASKED = {
    "definition": ("Statement", "Intuition", "The smallest example", "Common confusions"),
    "lesson": ("What you will be able to do", "A first example", "What usually goes wrong"),
    "literature-review": (
        "What do we think we know?",
        "How do we think we know it?",
        "What are we focused on?",
        "What are we not focused on?",
    ),
    "paper": ("Claims and evidence", "What was reproduced", "What would falsify it"),
    "study-sprint": ("Goals", "Daily log", "Review", "Next goals"),
    "write-up": ("What is known", "What this does not show", "Sources"),
}


def test_each_template_of_a_text_is_known_here() -> None:
    names = [name for name in template_names((built_in_templates(),)) if name.startswith("docs/")]
    assert sorted(names) == [f"docs/{name}" for name in sorted(ASKED)]


@pytest.mark.parametrize("name", ASKED)
def test_it_asks_for_what_such_a_text_needs(name: str) -> None:
    template = find_template(f"docs/{name}", None, (built_in_templates(),))
    excursion = replace(EXCURSION, kind=Kind.DOCS)

    files = scaffold(template, excursion, parameters={}, hypothesis="It is known.")

    assert sorted(files) == ["README.md", FILE_NAME]
    readme = files["README.md"].decode()
    headings = [line[3:] for line in readme.splitlines() if line.startswith("## ")]
    wanted = ("Hypothesis", "Predictions", *ASKED[name], "Answer")
    assert [each for each in headings if each in wanted] == list(wanted)
    assert "Before you begin, say what you expect" in readme
    assert b"notebook.ipynb" not in files[FILE_NAME]


@pytest.mark.parametrize("name", ASKED)
def test_its_tables_are_tables_on_github(name: str) -> None:
    template = find_template(f"docs/{name}", None, (built_in_templates(),))
    files = scaffold(template, EXCURSION, parameters={})
    html = github_flavored_markdown_to_html(files["README.md"].decode())

    assert "|---" not in html
    assert "| |" not in html
