"""A template, and what its run came to ─► findings: what is wrong, where, what would be right."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bot.doctor.finding import Finding, advice, good, missing
from bot.errors import RequestError
from bot.excursion import Excursion, branch_name, folder_name
from bot.excursion_file import NOTEBOOK
from bot.parameters import bind
from bot.scaffold import scaffold
from bot.template import MANIFEST, Template
from runner.records import RunResult, Status

NOTEBOOK_SCRIPT = "notebook.py.j2"
PLAIN = "Does it hold?"
# What a question may look like, and what it must not do to what is made from it.
HOSTILE = (
    '{{ 7*7 }} $(id) "quotes" <b> 日本語',
    "\"\"\" ''' \\",
    "{% include 'shared/head.md.j2' %} {# x #}",
    "# %% [markdown]",
    "%matplotlib inline",
    "<!-- answer --> --> `code` @ada #12",
    "why? " * 51,
)
_MARKS = {
    "<!-- predictions -->": '{% include "shared/head.md.j2" %}',
    "<!-- answer -->": '{% include "shared/tail.md.j2" %}',
}


def rendered(template: Template, question: str = PLAIN) -> dict[str, bytes]:
    """Make an excursion's first files, as for issue 1.

    Raises:
        RequestError: The template does not render.
    """
    branch = branch_name(1, question)
    folder = folder_name("excursions", template.kind, branch)
    excursion = Excursion(1, question, template.kind, template.full_name, branch, folder)
    defaults = bind(template.manifest.parameters, {}, where=MANIFEST)
    return scaffold(template, excursion, parameters=defaults)


def manifest_findings(template: Template) -> Iterator[Finding]:
    """Look at what a template says about itself."""
    manifest, metrics = template.manifest, template.manifest.metrics
    yield good(MANIFEST, f"{len(manifest.parameters)} parameters, {len(manifest.sets)} sets")
    for key in ("runtime", "prediction", "picture"):
        if not getattr(manifest, key) and (NOTEBOOK_SCRIPT in template.files or key != "picture"):
            yield advice(MANIFEST, f"{key} is not given", f'Add {key} = "…", for the list.')
    for name in dict.fromkeys((metrics.main, *metrics.headline)):
        if name and name not in metrics.descriptions:
            yield missing(
                MANIFEST,
                f"the metric {name} has no description",
                f"[metrics.descriptions] {name} =",
            )
    for name in metrics.tolerance:
        if name not in metrics.descriptions:
            yield missing(
                MANIFEST,
                f"tolerance is given for {name}, which [metrics.descriptions] does not list",
                "Describe it, or take the tolerance away.",
            )
    for name, declaration in manifest.parameters.items():
        if not declaration.description:
            yield advice(MANIFEST, f"the parameter {name} has no description", "Add description =")


def rendering_findings(template: Template) -> Iterator[Finding]:
    """Look at what a template makes of a plain question, and of hostile ones."""
    try:
        plainly = rendered(template)
    except RequestError as error:
        yield missing("rendering", f"{error.where}: {error.what}", error.right or "Mend the file.")
        return
    yield good("rendering", f"makes {', '.join(sorted(plainly))}")
    readme = plainly.get("README.md", b"").decode()
    for mark, include in _MARKS.items():
        if readme.count(mark) != 1:
            yield missing(
                "README.md.j2", f"has no place for {mark[5:-4]}", f"Put {include} where it belongs."
            )
    code = _code(plainly)
    for question in HOSTILE:
        shown = question if len(question) <= 40 else f"{question[:37]}…"
        try:
            files = rendered(template, question)
        except RequestError as error:
            yield missing(
                "rendering",
                f"fails for the question {shown!r}: {error.where}: {error.what}",
                "Write the question as {{ question | markdown }}, and in text only.",
            )
            return
        marks = [files.get("README.md", b"").decode().count(mark) for mark in _MARKS]
        if _code(files) != code or marks != [readme.count(mark) for mark in _MARKS]:
            yield missing(
                "rendering",
                f"the question {shown!r} changes more than text",
                "Write the question as {{ question | markdown }}, and in text only.",
            )
            return
    yield good("rendering", f"{len(HOSTILE)} hostile questions change nothing but text")


def result_findings(template: Template, result: RunResult) -> Iterator[Finding]:
    """Look at what a template's run with its defaults came to."""
    metrics, declared = result.metrics, template.manifest.metrics
    if result.status is not Status.SUCCEEDED:
        error = result.error
        what = f"{error.name} in cell {error.cell}: {error.message}" if error else "without a word"
        right = "Mend the notebook; the traceback is above."
        if result.status is Status.TIMED_OUT:
            right = 'Give it less to do by default, or a longer timeout = "…".'
        yield missing("run", f"{result.status.value.replace('_', ' ')}: {what}", right)
        return
    yield good("run", f"succeeded offline, in {result.duration_s:.0f} s")
    lacking = [name for name in declared.descriptions if name not in metrics]
    for name in lacking:
        yield missing(
            "metrics", f"{name} is declared but not recorded", f"record({name}=…), or undeclare it."
        )
    for name in metrics:
        if name not in declared.descriptions:
            yield missing(
                "metrics",
                f"{name} is recorded but not declared",
                f'[metrics.descriptions] {name} = "what it is, with its unit"',
            )
    if not declared.main:
        yield advice("metrics", "none is the main one", '[metrics] main = "…" names it.')
    if not lacking and metrics.keys() <= declared.descriptions.keys():
        yield good("metrics", f"{len(metrics)} recorded, each declared")
    for figure in result.figures:
        if not figure.caption:
            yield missing(
                "figures",
                f"{figure.file}, of cell {figure.cell}, has no caption",
                'caption("what it shows", alt="what is to be seen") in the same cell.',
            )
    if len(result.figures) < template.manifest.key_figure:
        yield missing(
            "figures",
            f"key_figure is {template.manifest.key_figure}, but {len(result.figures)} were drawn",
            "Draw it, or name another.",
        )
    elif all(figure.caption for figure in result.figures):
        yield good("figures", f"{len(result.figures)} drawn, each with a caption")
    for note in result.notes:
        yield advice("outputs", note, "Show less, or as PNG.")


def _code(files: dict[str, bytes]) -> list[object]:
    """Give everything that is executed."""
    scripts: list[object] = [(n, c) for n, c in sorted(files.items()) if n.endswith(".py")]
    cells = json.loads(files[NOTEBOOK])["cells"] if NOTEBOOK in files else []
    return scripts + [cell["source"] for cell in cells if cell["cell_type"] == "code"]
