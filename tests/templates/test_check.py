"""`excursion template check` finds what is wrong with a template, and says what would be right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Repository

MANIFEST = """
question = "Is it so?"
summary = "A small one."
runtime = "a second"
prediction = "What do you think?"
picture = "a line"
[metrics]
main = "height"
[metrics.descriptions]
height = "how high it is (m)"
[parameters.height]
type = "float"
default = 2.0
description = "How high (m)"
"""
README = """{% include "shared/head.md.j2" %}
{% include "shared/run.md.j2" %}
{% include "shared/tail.md.j2" %}
"""
NOTEBOOK = """# %% [markdown]
# # {{ question | markdown }}

{% include "shared/parameters.py.j2" %}

# %%
import matplotlib.pyplot as plt
from runner.notebook import caption, record
caption("A line.")
plt.plot([1, height])
plt.show()
record(height=height)
"""


def make(
    repository: Repository, manifest: str = MANIFEST, readme: str = README, notebook: str = NOTEBOOK
) -> Path:
    folder = repository.top / "templates" / "demos" / "ours"
    folder.mkdir(parents=True)
    (folder / "template.toml").write_text(manifest)
    (folder / "README.md.j2").write_text(readme)
    (folder / "notebook.py.j2").write_text(notebook)
    return folder


def test_a_good_template_is_called_good_and_nothing_changes(repository: Repository) -> None:
    folder = make(repository)
    before = repository.state()
    done = repository.excursion("template", "check", str(folder))
    assert done.status == 0, done.out
    assert "✓ run: succeeded offline" in done.out
    assert "✓ metrics: 1 recorded, each declared" in done.out
    assert "✓ figures: 1 drawn, each with a caption" in done.out
    assert repository.state() == before


def test_it_is_found_by_its_name_as_well(repository: Repository) -> None:
    make(repository)
    assert repository.excursion("template", "check", "ours", "--no-run").status == 0
    assert repository.excursion("template", "check", "demos/ours", "--no-run").status == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"manifest": MANIFEST.replace("summary", "sumary")}, ("Did you mean 'summary'?",)),
        (
            {"manifest": MANIFEST.replace('height = "how high it is (m)"', "")},
            ("the metric height has no description",),
        ),
        ({"readme": "# {{ question | markdown }}\n"}, ("has no place for predictions", "head.md")),
        ({"readme": README + "{{ unknown }}"}, ("README.md.j2, line 4", "'unknown' is undefined")),
        ({"notebook": NOTEBOOK + "print('{{ question }}')\n"}, ("changes more than text",)),
        ({"readme": README.replace("shared/run", "shared/rum")}, ("shared/rum.md.j2",)),
    ],
    ids=["a wrong key", "no description", "no place", "no name", "a question in code", "no file"],
)
def test_what_is_wrong_before_it_runs(
    repository: Repository, changes: dict[str, str], words: tuple[str, ...]
) -> None:
    folder = make(repository, **changes)
    done = repository.excursion("template", "check", str(folder))
    assert done.status == 1, done.err
    for word in words:
        assert word in done.out
    assert "run:" not in done.out  # it is not tried


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("record(height=height)", "record(width=1)"), ("height is declared but not", "width is")),
        (('caption("A line.")', ""), ("figure-01.png, of cell", "has no caption")),
        (("plt.show()", "1 / 0"), ("failed: ZeroDivisionError in cell", "division by zero")),
        (
            ("plt.show()", "import urllib.request as u; u.urlopen('http://192.0.2.1/')"),
            ("192.0.2.1 was asked for, but this has to run offline",),
        ),
        (
            ('{% include "shared/parameters.py.j2" %}', "# %%\nheight = 1"),
            ("refused", "no cells are tagged `parameters`"),
        ),
    ],
    ids=["metrics", "no caption", "an error", "the network", "no parameters"],
)
def test_what_is_wrong_when_it_runs(
    repository: Repository, change: tuple[str, str], words: tuple[str, ...]
) -> None:
    folder = make(repository, notebook=NOTEBOOK.replace(*change))
    done = repository.excursion("template", "check", str(folder), "--json")
    assert done.status == 1, done.out
    findings = json.loads(done.out)
    told = " ".join(f"{each['what']} {each['right']}" for each in findings)
    for word in words:
        assert word in told
    assert all(each["right"] for each in findings if each["state"] == "missing")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("templates", "has no template.toml"),
        ("blanc", "Did you mean 'blank'?"),
        ("elsewhere/ours", "is no kind"),
    ],
)
def test_what_is_no_template_is_refused(repository: Repository, place: str, message: str) -> None:
    folder = make(repository)
    (repository.top / "elsewhere").mkdir()
    folder.rename(repository.top / "elsewhere" / "ours")
    done = repository.excursion("template", "check", place)
    assert done.status == 2
    assert message in done.err
