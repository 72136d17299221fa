"""A template and an excursion become files: the same every time, whatever the question says."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
import tomllib
from typing import Any

import jupytext
import nbformat
import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt
from samples import EXCURSION, HOSTILE, TEMPLATE

from bot.errors import RequestError
from bot.excursion import Excursion
from bot.excursion_file import FILE_NAME, NOTEBOOK, read_excursion_file
from bot.log.safety import plain
from bot.parameters import Declaration, Value, bind
from bot.scaffold import notebook_bytes, scaffold
from bot.template import Template, built_in_templates, read_template, template_names

BUILT_IN = {
    name: read_template(name, folder)
    for name, folder in sorted(template_names((built_in_templates(),)).items())
}
TITLES = [
    '{{ 7*7 }} $(id) "quotes" <b> 日本語',
    '""" + x + """',
    "''' or r'\\",
    "\\",
    "{% include 'shared/head.md.j2' %} {# x #}",
    "# %% [markdown]",
    "`code` **bold** [link](https://evil.example) @ada #12",
    "<!-- /answer --> <!-- answer -->",
    "why? " * 51,
    "%matplotlib inline",
    "Why?",
    "!ls",
    "?print",
    "cat what",
    "-->]]>{{{",
    "é" * 256,
]
MARKDOWN = MarkdownIt("commonmark", {"html": True})


def about(template: Template, question: str) -> Excursion:
    branch = "7-a-question"
    return Excursion(
        issue=7,
        question=question,
        kind=template.kind,
        template=template.full_name,
        branch=branch,
        folder=f"excursions/{template.kind.value}/{branch}",
    )


def make(template: Template, question: str = "Why?", hypothesis: str = "") -> dict[str, bytes]:
    defaults = bind(template.manifest.parameters, {}, where="")
    return scaffold(template, about(template, question), parameters=defaults, hypothesis=hypothesis)


def first_heading(markdown: str) -> str:
    """The text of the first heading, which must hold nothing but text."""
    tokens = MARKDOWN.parse(markdown)
    assert tokens[0].type == "heading_open"
    children = tokens[1].children or []
    assert {child.type for child in children} == {"text"}
    return "".join(child.content for child in children).replace("\u200b", "")


def cells_of(files: dict[str, bytes]) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(files[NOTEBOOK])["cells"]
    return cells


every_template = pytest.mark.parametrize("template", BUILT_IN.values(), ids=BUILT_IN)
every_title = pytest.mark.parametrize("title", TITLES)


@every_template
@every_title
def test_the_question_stands_unharmed_in_every_file(template: Template, title: str) -> None:
    files = make(template, title, hypothesis=title)
    wanted = re.sub(r"\s+", " ", title).strip()
    assert tomllib.loads(files[FILE_NAME].decode())["question"] == title
    readme = files["README.md"].decode()
    assert first_heading(readme) == wanted
    assert readme.count("<!-- /answer -->") == readme.count("<!-- answer -->") == 1
    if NOTEBOOK in files:
        assert first_heading(cells_of(files)[0]["source"]) == wanted


@every_template
@every_title
def test_code_does_not_depend_on_the_question(template: Template, title: str) -> None:
    plainly, files = make(template), make(template, title, hypothesis=title)
    assert files.keys() == plainly.keys()
    for name in files:
        if name.endswith((".py", "pyproject.toml", ".gitignore")):
            assert files[name] == plainly[name]
    if NOTEBOOK in files:
        sources = [
            [c["source"] for c in cells_of(x) if c["cell_type"] == "code"] for x in (files, plainly)
        ]
        assert sources[0] == sources[1]


@every_template
def test_the_same_inputs_give_the_same_bytes(template: Template) -> None:
    assert make(template, TITLES[0], "I think so.") == make(template, TITLES[0], "I think so.")


@every_template
def test_the_readme_shows_hypothesis_prediction_and_how_to_run(template: Template) -> None:
    readme = make(template, hypothesis="It *settles*.")["README.md"].decode()
    assert "It *settles*." in readme
    assert "excursion predict 7" in readme
    assert ("excursion run 7" in readme) == ("notebook.py.j2" in template.files)
    for name in template.manifest.parameters:
        assert f"| `{name}` |" in readme
    assert "None was written down." in make(template)["README.md"].decode()


@every_template
def test_the_declaration_is_the_template_s_with_the_values_given(template: Template) -> None:
    files = make(template)
    declared = read_excursion_file(files[FILE_NAME], where=FILE_NAME)
    assert declared.template == template.full_name
    assert declared.notebook == (NOTEBOOK if NOTEBOOK in files else "")
    assert declared.metrics == template.manifest.metrics
    assert declared.parameters.keys() == template.manifest.parameters.keys()


with_notebook = pytest.mark.parametrize(
    "template",
    [template for template in BUILT_IN.values() if "notebook.py.j2" in template.files],
    ids=[name for name, template in BUILT_IN.items() if "notebook.py.j2" in template.files],
)


@with_notebook
def test_the_notebook_is_valid_and_every_code_cell_compiles(template: Template) -> None:
    files = make(template)
    assert "notebook.py" not in files
    notebook = nbformat.reads(files[NOTEBOOK].decode(), as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            compile(cell.source, "cell", "exec")
            assert not cell.outputs
            assert cell.execution_count is None
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    tagged = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    assigned = [node.targets[0].id for node in ast.parse(tagged[0].source).body]
    assert assigned == list(template.manifest.parameters)


def test_a_cell_keeps_its_id_when_others_change() -> None:
    before = json.loads(notebook_bytes("# %%\na = 1\n\n# %%\nb = 2\n\n# %%\nb = 2\n"))["cells"]
    after = json.loads(notebook_bytes("# %%\nnew = 0\n\n# %%\nb = 2\n\n# %%\nb = 2\n"))["cells"]
    assert [cell["id"] for cell in before[1:]] == [cell["id"] for cell in after[1:]]
    assert before[0]["id"] != after[0]["id"]
    assert before[1]["id"] != before[2]["id"]


def test_a_notebook_comes_back_as_the_script_that_it_was() -> None:
    script = (
        '# %% [markdown]\n# # Title\n\n# %% tags=["parameters"]\nseed = 0\n\n# %%\nprint(seed)\n'
    )
    notebook = jupytext.reads(notebook_bytes(script).decode(), fmt="ipynb")
    assert [cell.source for cell in notebook.cells] == ["# Title", "seed = 0", "print(seed)"]
    assert notebook.cells[1].metadata == {"tags": ["parameters"]}


PARAMETERS = {
    "text": Declaration(type="str", default=""),
    "rate": Declaration(type="float", default=0.0),
    "flag": Declaration(type="bool", default=False),
}


def with_files(files: dict[str, str], **manifest: object) -> Template:
    return dataclasses.replace(
        TEMPLATE, files=files, manifest=TEMPLATE.manifest.model_copy(update=manifest)
    )


def values_in(files: dict[str, bytes]) -> dict[str, Value]:
    """The values that the notebook's parameters cell assigns when it is executed."""
    names: dict[str, Value] = {}
    exec(cells_of(files)[0]["source"], {}, names)  # noqa: S102  # what papermill would do
    return names


@given(HOSTILE)
@settings(max_examples=60)
def test_a_text_given_as_a_parameter_is_that_text_in_the_notebook(text: str) -> None:
    text = plain(text)
    template = with_files(dict(TEMPLATE.files), parameters=PARAMETERS)
    values: dict[str, Value] = {"text": text, "rate": 1e-7, "flag": True}
    files = scaffold(template, EXCURSION, parameters=values)
    assert values_in(files) == values
    declared = read_excursion_file(files[FILE_NAME], where="")
    assert {name: d.default for name, d in declared.parameters.items()} == values


@given(HOSTILE)
@settings(max_examples=60)
def test_no_hypothesis_whatever_makes_markup_in_the_readme(hypothesis: str) -> None:
    files = scaffold(TEMPLATE, EXCURSION, parameters={"layer": 0, "seed": 7}, hypothesis=hypothesis)
    tokens = MARKDOWN.parse(files["README.md"].decode())
    assert {token.type for token in tokens} <= {
        *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline"),
    }
    inner = {child.type for token in tokens for child in token.children or ()}
    assert inner <= {"text"}


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ question.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{% for x in ().__class__.__base__.__subclasses__() %}{% endfor %}",
        "{{ parameters.append(1) }}",
        "{{ '{0.__class__}'.format(issue) }}",
        "{{ undefined }}",
        "{{ undefined | markdown }}",
        "{{ issue.nothing }}",
        "{{ range(10 ** 9) | list }}",
        "{{ 1 / 0 }}",
        "{{ issue | markdown }}",
        "{{ parameters | python }}",
        "{{ question | no_such_filter }}",
        "{{ question.encode('no such codec') }}",
        "{% include 'shared/missing.j2' %}",
        "{% include '/etc/passwd' %}",
        "{% include '../secret.md' %}",
        "{% import 'os' as os %}",
        "{% macro x() %}{{ x() }}{% endmacro %}{{ x() }}",
        "{% if %}",
        "{{",
    ],
)
def test_a_template_that_cannot_or_must_not_render_is_refused(text: str) -> None:
    template = with_files({"README.md.j2": f"line one\n{text}\n"})
    with pytest.raises(RequestError) as refused:
        scaffold(template, EXCURSION, parameters={"layer": 0, "seed": 7})
    assert refused.value.where.startswith("templates/demos/blank/README.md.j2")
    assert refused.value.what.startswith("does not render")


@pytest.mark.parametrize(
    "path",
    [
        "../out.md",
        "a/../../out.md",
        "/etc/out.md",
        ".git/hooks/post-commit",
        "a/.git/config",
        "{{ '..' }}/out.md.j2",
        "{{ '/etc/out' }}.j2",
        "{{ '' }}.j2",
    ],
)
def test_a_path_that_leaves_the_folder_is_refused(path: str) -> None:
    template = with_files({path: "x"})
    with pytest.raises(RequestError, match="is outside of the excursion's folder"):
        scaffold(template, EXCURSION, parameters={"layer": 0, "seed": 7})


def test_two_files_of_one_name_are_refused() -> None:
    template = with_files({"src/{{ package }}.py.j2": "a", "src/prototype_1.py": "b"})
    with pytest.raises(RequestError, match=r"'src/prototype_1\.py' is made twice"):
        scaffold(template, EXCURSION, parameters={"layer": 0, "seed": 7})


def test_only_files_that_say_so_are_rendered() -> None:
    template = with_files({"a.txt": "{{ 7*7 }}", "src/{{ package }}/b.txt.j2": "{{ 7*7 }}\n"})
    files = scaffold(template, EXCURSION, parameters={"layer": 0, "seed": 7})
    assert files["a.txt"] == b"{{ 7*7 }}"
    assert files["src/prototype_1/b.txt"] == b"49\n"


def test_what_notebooks_and_packages_leave_is_no_change_of_the_excursion() -> None:
    left = make(BUILT_IN["demos/logit-lens"])[".gitignore"].decode().split()
    assert {"outputs/", ".ipynb_checkpoints/", "__pycache__/"} == {*left}
    package = make(BUILT_IN["libs/gpt2-mini"])[".gitignore"].decode().split()
    assert {*left, "build/", "*.egg-info/"} < {*package}
    assert ".gitignore" not in make(BUILT_IN["docs/lesson"])
    own = dataclasses.replace(
        TEMPLATE, files={**TEMPLATE.files, "notebook.py.j2": "# %%\n1\n", ".gitignore": "mine\n"}
    )
    assert make(own)[".gitignore"] == b"mine\n"


def test_the_prototype_is_a_package_that_can_be_built() -> None:
    files = make(BUILT_IN["libs/prototype"], TITLES[0])
    project = tomllib.loads(files["pyproject.toml"].decode())["project"]
    assert project["name"] == "prototype-7"
    assert project["dependencies"] == []
    for name in ("src/prototype_7/__init__.py", "tests/test_softmax.py"):
        compile(files[name], name, "exec")
