"""Template + excursion ─► the first files of its folder; the same inputs give the same bytes."""

from __future__ import annotations

import hashlib
import json
import re
import traceback
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from jinja2 import (
    DictLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    UndefinedError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.errors import RequestError, did_you_mean
from bot.excursion import Excursion
from bot.excursion_file import FILE_NAME, NOTEBOOK, ExcursionFile, write_excursion_file
from bot.log.safety import authored, inline
from bot.parameters import Declaration, Value, written
from bot.template import Template
from runner.imports import GRAMMARS, left_out

_SUFFIX = ".j2"
_NOTEBOOK_SCRIPT = "notebook.py"
_IGNORE = ".gitignore"
# What Jupyter, Python and an installation leave in the folder: no run is refused because of it.
_LEFT_BY_NOTEBOOKS = ("outputs/", ".ipynb_checkpoints/", "__pycache__/")
_LEFT_BY_PACKAGES = ("build/", "dist/", "*.egg-info/", ".mypy_cache/", ".pytest_cache/")
# A line that only looks like a magic command, as the question "%time?" does, stays a comment.
_PERCENT = {"extension": ".py", "format_name": "percent", "comment_magics": False}

_UNKNOWN = re.compile(r"'(\w+)'")  # in what Jinja says
_CANNOT_RENDER = (
    TemplateError,
    ArithmeticError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


def scaffold(
    template: Template,
    excursion: Excursion,
    *,
    parameters: Mapping[str, Value],
    hypothesis: str = "",
    runner: str = "local",
) -> dict[str, bytes]:
    """Render a template's files for an excursion, by their paths in its folder.

    Args:
        template: The recipe.
        excursion: Whose folder it is.
        parameters: Value of every declared parameter; they become the excursion's defaults.
        hypothesis: What the asker believes, if anything; stands in the README.
        runner: The configured runner that the excursion names.

    Raises:
        RequestError: The template does not render, or would write outside of the folder.
    """
    declared = {
        name: declaration.model_copy(update={"default": parameters[name]})
        for name, declaration in template.manifest.parameters.items()
    }
    context = _context(template, excursion, declared, hypothesis)
    environment = _environment(template)
    files: dict[str, bytes] = {}
    for name in template.files:
        if name.endswith(_SUFFIX):
            path = _render(environment, template, name, context, source=name.removesuffix(_SUFFIX))
            text = _render(environment, template, name, context)
        else:
            path, text = name, template.files[name]
        path = _inside(path, template)
        if path in files:
            raise RequestError(
                f"{path!r} is made twice",
                where=f"templates/{template.full_name}",
                right="Give each of the template's files a name of its own.",
            )
        files[path] = text.encode()
    script = files.pop(_NOTEBOOK_SCRIPT, None)
    if script is not None:
        files[NOTEBOOK] = notebook_bytes(script.decode())
        left = (*_LEFT_BY_NOTEBOOKS, *(_LEFT_BY_PACKAGES if "pyproject.toml" in files else ()))
        files.setdefault(_IGNORE, "".join(f"{line}\n" for line in left).encode())
    manifest = template.manifest
    declaration = ExcursionFile(
        question=excursion.question,
        template=template.full_name,
        notebook=NOTEBOOK if script is not None else "",
        runner=runner,
        timeout=manifest.timeout,
        cell_timeout=manifest.cell_timeout,
        time_box=manifest.time_box,
        data=manifest.data,
        requirements=manifest.requirements,
        key_figure=manifest.key_figure,
        parameters=declared,
        sets=manifest.sets,
        metrics=manifest.metrics,
    )
    files[FILE_NAME] = write_excursion_file(declaration).encode()
    return files


def notebook_bytes(script: str) -> bytes:
    """Turn a jupytext percent script into the bytes of a notebook without outputs.

    Cell ids are digests of the cells' own sources, so that they stay when other cells change.
    """
    with left_out(*GRAMMARS):
        import jupytext  # here, since only a new excursion needs it

    notebook = jupytext.reads(script, fmt=_PERCENT)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\0{cell.source}".encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
    text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def _context(
    template: Template,
    excursion: Excursion,
    declared: Mapping[str, Declaration],
    hypothesis: str,
) -> dict[str, Any]:
    """Collect what templates may name, as plain data."""
    return {
        "issue": excursion.issue,
        "question": excursion.question,
        "kind": excursion.kind.value,
        "form": excursion.kind.form,
        "branch": excursion.branch,
        "folder": excursion.folder,
        "template": template.full_name,
        "package": f"prototype_{excursion.issue}",
        "hypothesis": hypothesis,
        "prediction": template.manifest.prediction,
        "time_box": template.manifest.time_box,
        "example": _example(declared),
        "parameters": [
            {
                "name": name,
                "default": d.default,
                "shown": written(d.default),
                "allowed": d.allowed,
                "description": d.description,
            }
            for name, d in declared.items()
        ],
        "sets": [
            {
                "name": name,
                "description": chosen.description,
                "values": ", ".join(f"{key}={written(v)}" for key, v in chosen.values.items()),
            }
            for name, chosen in template.manifest.sets.items()
        ],
    }


def _example(declared: Mapping[str, Declaration]) -> str:
    """Give the first parameter that is a number as an option, for commands to copy."""
    for name, declaration in declared.items():
        if declaration.type in ("int", "float"):
            return f" -p {name}={declaration.default}"
    return ""


def _environment(template: Template) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=DictLoader({f"shared/{name}": text for name, text in template.shared.items()}),
        undefined=StrictUndefined,
        autoescape=False,  # Markdown and Python, not HTML: each value has its filter
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(_FILTERS)
    return environment


def _render(
    environment: ImmutableSandboxedEnvironment,
    template: Template,
    name: str,
    context: Mapping[str, Any],
    *,
    source: str | None = None,
) -> str:
    text = template.files[name] if source is None else source
    try:
        return environment.from_string(text).render(context)
    except _CANNOT_RENDER as error:
        frames = traceback.extract_tb(error.__traceback__)  # Jinja puts its own lines there
        inside = [frame.lineno for frame in frames if frame.filename == "<template>"]
        line = getattr(error, "lineno", None) or next(iter(inside), None)
        place = f"templates/{template.full_name}/{name}" + (f", line {line}" if line else "")
        what, right = _explained(error, environment, context)
        raise RequestError(f"does not render: {what}", where=place, right=right) from error


def _explained(
    error: Exception, environment: ImmutableSandboxedEnvironment, context: Mapping[str, Any]
) -> tuple[str, str]:
    """Say what is wrong, and which name was probably meant where one is unknown."""
    if isinstance(error, TemplateNotFound):
        parts = environment.list_templates()
        right = did_you_mean(str(error.name), parts, noun="parts")
        return f"there is no {error.name!r} to include; only what lies in shared/ can be", right
    unknown = _UNKNOWN.search(str(error))
    if unknown and isinstance(error, UndefinedError):
        return str(error), did_you_mean(unknown[1], context, noun="names")
    if unknown and "filter" in str(error):
        return str(error), did_you_mean(unknown[1], _FILTERS, noun="filters of ours")
    return str(error), ""


def _inside(path: str, template: Template) -> str:
    """Refuse a rendered path that leaves the folder."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or ".git" in parts:
        raise RequestError(
            f"{path!r} is outside of the excursion's folder",
            where=f"templates/{template.full_name}",
            right="Mend the template's file name.",
        )
    return str(PurePosixPath(path))


def _python_literal(value: object) -> str:
    """Write a value as Python source on one line."""
    if not isinstance(value, bool | int | float | str):
        raise TypeError(f"{type(value).__name__} has no literal here")
    return repr(value)


def _one_line(text: str) -> str:
    """Put text on one line, for a comment in code."""
    return re.sub(r"\s+", " ", text).strip()


_FILTERS = {
    "markdown": inline,
    "authored": authored,
    "python": _python_literal,
    "comment": _one_line,
}
