"""`excursion template check` finds what is wrong with a template, and says what would be right."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
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


def has_own_network() -> bool:
    """Say whether Linux gives whoever asks a network of their own."""
    unshare = shutil.which("unshare")
    words = [unshare or "false", "--user", "--net", "true"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def make(
    repository: Repository, manifest: str = MANIFEST, readme: str = README, notebook: str = NOTEBOOK
) -> Path:
    folder = repository.top / "templates" / "demos" / "ours"
    folder.mkdir(parents=True)
    (folder / "template.toml").write_text(manifest)
    (folder / "README.md.j2").write_text(readme)
    (folder / "notebook.py.j2").write_text(notebook)
    return folder


def own_cell(assignments: str) -> str:
    """The notebook with a cell of parameters that somebody wrote."""
    cell = f'# %% tags=["parameters"]\n{assignments}'
    return NOTEBOOK.replace('{% include "shared/parameters.py.j2" %}', cell)


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
        (
            {"readme": README.replace("shared/run", "shared/rum")},
            ("no 'shared/rum.md.j2' to include", "Did you mean 'shared/run.md.j2'?"),
        ),
        ({"readme": README + "{{ questoin }}"}, ("'questoin' is undefined", "mean 'question'?")),
        ({"readme": README + "{{ issue | markdwon }}"}, ("No filter", "Did you mean 'markdown'?")),
        ({"readme": README + "{% include '../../secret' %}"}, ("only what lies in shared/",)),
        ({"readme": ""}, ("README.md.j2: is not there", "shared/head.md.j2", "tail.md.j2")),
        (
            {"notebook": NOTEBOOK.replace(" | markdown", "")},
            ("with its markup, in notebook.py.j2",),
        ),
        (
            {"notebook": NOTEBOOK + "print('{{ question }}')\n"},
            ("in notebook.py.j2, in the cell that begins with 'import matplotlib",),
        ),
        (
            {"manifest": MANIFEST.replace('main = "height"', "")},
            ("no metric is the main one", '[metrics] main = "height"'),
        ),
        (
            {"manifest": MANIFEST.replace('main = "height"', 'main = "hight"')},
            ("the metric hight has no description", "Did you mean 'height'?"),
        ),
        (
            {"notebook": NOTEBOOK.replace('{% include "shared/parameters.py.j2" %}', "")},
            ("no cells are tagged `parameters`", 'Put {% include "shared/parameters.py.j2" %}'),
        ),
        (
            {"notebook": own_cell("height = 3.0")},
            ("assigns height = 3.0, but its default is 2.0",),
        ),
        ({"notebook": own_cell("width: float = 2.0")}, ("does not assign height",)),
    ],
    ids=[
        *("a wrong key", "no description", "no place", "no name", "a question in code", "no file"),
        *("a slip in a name", "a slip in a filter", "a file outside", "no page"),
        *("a question with markup", "where it stands", "no main metric", "a slip in a metric"),
        *("no parameters", "another default", "a parameter that is not assigned"),
    ],
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
        (("record(height=height)", "record(height=float('nan'))"), ("height, is 'NaN'",)),
        (
            ("plt.show()", "__import__('subprocess').run(['sleep', '600'])"),
            ("timed out", 'a longer timeout = "…"'),
        ),
    ],
    ids=["metrics", "no caption", "an error", "the network", "no number", "too long"],
)
def test_what_is_wrong_when_it_runs(
    repository: Repository, change: tuple[str, str], words: tuple[str, ...]
) -> None:
    manifest = MANIFEST.replace("[metrics]\n", 'timeout = "10s"\n[metrics]\n')
    folder = make(repository, manifest, notebook=NOTEBOOK.replace(*change))
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


def test_where_it_failed_is_shown_by_the_lines_of_the_notebook(repository: Repository) -> None:
    failing = NOTEBOOK.replace("plt.show()", "__import__('json').loads('{')")
    folder = make(repository, notebook=failing)
    done = repository.excursion("template", "check", str(folder))
    assert "✗ run: failed: JSONDecodeError in cell" in done.out
    assert "__import__('json').loads('{')" in done.err
    assert "json/decoder.py" not in done.err
    assert "The thread:" not in done.err  # which is gone by now


def test_a_demo_without_a_notebook_is_none(repository: Repository) -> None:
    folder = make(repository)
    (folder / "notebook.py.j2").unlink()
    done = repository.excursion("template", "check", str(folder))
    assert done.status == 1
    assert "✗ notebook.py.j2: is not there" in done.out
    written = repository.top / "templates" / "docs" / "ours"
    written.parent.mkdir()
    folder.rename(written)
    done = repository.excursion("template", "check", str(written))
    assert "is not there, but parameters are declared" in done.out
    (written / "template.toml").write_text('question = "Q?"\nsummary = "S."\n')
    assert repository.excursion("template", "check", str(written)).status == 0


def test_what_it_lacks_is_said_by_the_template_s_own_places(repository: Repository) -> None:
    folder = make(repository, MANIFEST.replace("[metrics]\n", 'data = ["a.csv"]\n[metrics]\n'))
    done = repository.excursion("template", "check", str(folder))
    assert "'a.csv' names no file" in done.out
    assert "looked for in the template's folder" in done.out


@pytest.mark.skipif(not has_own_network(), reason="no process may leave the network here")
def test_programs_that_are_not_python_reach_no_other_machine_either(
    repository: Repository,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        call = f"exec 3<>/dev/tcp/127.0.0.1/{server.getsockname()[1]}"
        subprocess.run(["bash", "-c", call], check=True)  # it is there, but for the notebook
        asking = f"__import__('subprocess').run(['bash', '-c', {call!r}], check=True)"
        folder = make(repository, notebook=NOTEBOOK.replace("plt.show()", asking))
        done = repository.excursion("template", "check", str(folder))
    assert "✗ run: failed: CalledProcessError" in done.out


def test_a_link_out_of_the_templates_is_not_followed(repository: Repository) -> None:
    folder = make(repository)
    (folder / "hosts.txt").symlink_to("/etc/hosts")
    done = repository.excursion("template", "check", str(folder))
    assert done.status == 1
    assert "hosts.txt: is, or lies behind, a symbolic link out" in done.out
    asked = repository.excursion("ask", "Is it read?", "--template", "ours")
    assert asked.status == 2
    assert "symbolic link" in asked.err
    (folder / "hosts.txt").unlink()
    (folder / "again.txt").symlink_to("template.toml")  # within, it is a file like others
    assert repository.excursion("template", "check", str(folder), "--no-run").status == 0
