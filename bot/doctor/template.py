"""A template, and what its run came to ─► findings: what is wrong, where, what would be right."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping

from bot.doctor.finding import Finding, advice, good, missing
from bot.errors import RequestError, did_you_mean
from bot.excursion import Excursion, Kind, branch_name, folder_name
from bot.excursion_file import NOTEBOOK
from bot.log.safety import inline
from bot.log.sweep.words import count
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
_RIGHT_QUESTION = "Write the question as {{ question | markdown }}, and in text only."
_CELL = f"{NOTEBOOK}#"
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
    parameters, sets = len(manifest.parameters), len(manifest.sets)
    yield good(MANIFEST, f"{count(parameters, 'parameter')}, {count(sets, 'set')}")
    declares = "parameters" if manifest.parameters else "metrics" if metrics.descriptions else ""
    has_notebook = NOTEBOOK_SCRIPT in template.files
    if not has_notebook and template.kind is not Kind.DOCS:
        yield missing(
            NOTEBOOK_SCRIPT,
            f"is not there, but an excursion of {template.kind.value} runs a notebook",
            "Write it, or let the template lie in templates/docs/.",
        )
    elif not has_notebook and declares:
        yield missing(
            NOTEBOOK_SCRIPT,
            f"is not there, but {declares} are declared",
            "Write it, or declare neither parameters nor metrics.",
        )
    for key in ("runtime", "prediction", "picture"):
        if not getattr(manifest, key) and (has_notebook or key != "picture"):
            yield advice(MANIFEST, f"{key} is not given", f'Add {key} = "…", for the list.')
    for name in dict.fromkeys((metrics.main, *metrics.headline)):
        if name and name not in metrics.descriptions:
            yield missing(
                MANIFEST,
                f"the metric {name} has no description",
                _describe(name, metrics.descriptions),
            )
    if metrics.descriptions and not metrics.main:
        yield missing(
            MANIFEST,
            "no metric is the main one, which runs are ranked by",
            f'[metrics] main = "{next(iter(metrics.descriptions))}", or another.',
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
    if not readme:
        parts = ", ".join(_MARKS.values())
        yield missing("README.md.j2", "is not there", f"Write one, with {parts}.")
    for mark, include in _MARKS.items() if readme else ():
        if readme.count(mark) != 1:
            yield missing(
                "README.md.j2", f"has no place for {mark[5:-4]}", f"Put {include} where it belongs."
            )
    yield from _parameter_findings(template, plainly)
    code = _code(plainly)
    for question in HOSTILE:
        shown = question if len(question) <= 40 else f"{question[:37]}…"
        try:
            files = rendered(template, question)
        except RequestError as error:
            yield missing(
                "rendering",
                f"fails for the question {shown!r}: {error.where}: {error.what}",
                _RIGHT_QUESTION,
            )
            return
        marks = [files.get("README.md", b"").decode().count(mark) for mark in _MARKS]
        changed = [place for place, text in _code(files).items() if code.get(place) != text]
        changed += ["README.md"] if marks != [readme.count(mark) for mark in _MARKS] else []
        if changed or len(_code(files)) != len(code):
            where = _named(changed[0], code) if changed else NOTEBOOK
            yield missing(
                "rendering",
                f"the question {shown!r} changes more than text, in {where}",
                _RIGHT_QUESTION,
            )
            return
        escaped = inline(question)
        texts = {place: text.replace(escaped, "") for place, text in _texts(files).items()}
        raw = [place for place, text in texts.items() if question in text]
        if raw:
            yield missing(
                "rendering",
                f"the question {shown!r} stands as it is, with its markup, in "
                f"{_named(raw[0], _texts(plainly))}",
                _RIGHT_QUESTION,
            )
            return
    yield good("rendering", f"{len(HOSTILE)} hostile questions change nothing but text")


def result_findings(template: Template, result: RunResult) -> Iterator[Finding]:
    """Look at what a template's run with its defaults came to."""
    metrics, declared = result.metrics, template.manifest.metrics
    if result.status is not Status.SUCCEEDED:
        error = result.error
        what = f"{error.name} in cell {error.cell}: {error.message}" if error else "without a word"
        right = f"Mend {NOTEBOOK_SCRIPT}."
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
    if not metrics:
        yield advice("metrics", "nothing is recorded", "record(name=…), and declare it.")
    main = metrics.get(declared.main)
    if isinstance(main, str):
        yield missing(
            "metrics",
            f"the main one, {declared.main}, is {main!r}, by which runs cannot be ranked",
            "Record a finite number with the default parameters.",
        )
    if metrics and not lacking and metrics.keys() <= declared.descriptions.keys():
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


def _describe(name: str, described: Mapping[str, str]) -> str:
    """Say how a metric is described, or which of those that are was meant."""
    meant = did_you_mean(name, described, noun="metrics") if described else ""
    own = f'[metrics.descriptions] {name} = "what it is, with its unit"'
    return f"{meant} Else: {own}" if meant.startswith("Did") else own


def _parameter_findings(template: Template, files: Mapping[str, bytes]) -> Iterator[Finding]:
    """Look at the cell that assigns the defaults."""
    declared = template.manifest.parameters
    if NOTEBOOK not in files or not declared:
        return
    cells = json.loads(files[NOTEBOOK])["cells"]
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", ())]
    include = 'Put {% include "shared/parameters.py.j2" %} there, which writes that cell.'
    if len(tagged) != 1:
        what = f"{len(tagged) or 'no'} cells are tagged `parameters`; exactly one is needed"
        yield missing(NOTEBOOK_SCRIPT, what, include)
        return
    assigned = _assigned("".join(tagged[0]["source"]))
    for name, declaration in declared.items():
        if name not in assigned:
            yield missing(
                NOTEBOOK_SCRIPT, f"the cell tagged `parameters` does not assign {name}", include
            )
        elif assigned[name] != declaration.default:
            yield missing(
                NOTEBOOK_SCRIPT,
                f"the cell tagged `parameters` assigns {name} = {assigned[name]!r}, but its "
                f"default is {declaration.default!r}",
                include,
            )


def _assigned(source: str) -> dict[str, object]:
    """Read which names a cell assigns, and what."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return {}
    found: dict[str, object] = {}
    for statement in statements:
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            if isinstance(target, ast.Name):
                found[target.id] = _literal(statement.value)
    return found


def _literal(value: ast.expr | None) -> object:
    try:
        return ast.literal_eval(value) if value else None
    except ValueError:
        return "something computed"


def _code(files: Mapping[str, bytes]) -> dict[str, str]:
    """Give everything that is executed, by where it stands."""
    scripts = {name: text.decode() for name, text in files.items() if name.endswith(".py")}
    return scripts | _cells(files, "code")


def _texts(files: Mapping[str, bytes]) -> dict[str, str]:
    """Give everything that is read as Markdown, by where it stands."""
    pages = {name: text.decode() for name, text in files.items() if name.endswith(".md")}
    return pages | _cells(files, "markdown")


def _cells(files: Mapping[str, bytes], kind: str) -> dict[str, str]:
    cells = json.loads(files[NOTEBOOK])["cells"] if NOTEBOOK in files else []
    return {
        f"{_CELL}{number}": "".join(cell["source"])
        for number, cell in enumerate(cells)
        if cell["cell_type"] == kind
    }


def _named(place: str, plainly: Mapping[str, str]) -> str:
    """Name a file, or a cell by how it begins for a plain question."""
    if not place.startswith(_CELL):
        return f"{place}.j2"
    begins = plainly.get(place, "").partition("\n")[0]
    return f"{NOTEBOOK_SCRIPT}, in the cell that begins with {begins!r}"
