"""A notebook's bytes ─► nothing, or what keeps it from being executed as it is declared."""

from __future__ import annotations

import json
import re
from typing import Any

from bot.errors import RequestError
from bot.excursion_file import ExcursionFile

_FOREIGN = re.compile(r"ir|(julia|bash|deno|rust|xcpp|octave|sagemath)\b.*", re.IGNORECASE)


def cell_tags(content: bytes) -> list[str]:
    """List the tags of a checked notebook's cells, in their order, each once."""
    cells = json.loads(content)["cells"]
    found = (tag for cell in cells for tag in cell["metadata"].get("tags", ()))
    return list(dict.fromkeys(tag for tag in found if isinstance(tag, str)))


def check_notebook(content: bytes, declared: ExcursionFile, *, where: str) -> None:
    """Refuse what papermill could not run, or would run differently from what is declared.

    Raises:
        RequestError: It is no notebook, of another format or language, or without its parameters.
    """
    try:
        data = json.loads(content)
        _expect(isinstance(data, dict), "it is no JSON object")
        major = data["nbformat"]
        _expect(isinstance(data.get("metadata", {}), dict), "metadata is no mapping")
        _expect(isinstance(data["cells"], list), "cells is no list")
        for number, cell in enumerate(data["cells"]):
            _check_cell(cell, f"cell {number}")
        tagged = sum("parameters" in cell["metadata"].get("tags", ()) for cell in data["cells"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        begins = "is empty" if not content.strip() else f"begins with {_beginning(content)!r}"
        raise RequestError(
            f"is not a notebook: {type(error).__name__} {error}; the file {begins}",
            where=where,
            right="Restore it from an earlier commit: git log -- " + where,
        ) from error
    if major != 4:
        raise RequestError(
            f"has the notebook format {major}; 4 is needed",
            where=where,
            right="Convert it: jupyter nbconvert --to notebook --nbformat 4.",
        )
    language = _language(data.get("metadata", {}))
    if not language.lower().startswith(("python", "ipython")):
        raise RequestError(
            f"is written for a kernel of another language, {language}; notebooks run in Python",
            where=where,
            right="Rewrite its cells in Python and choose a Python kernel (any name will do), or "
            "ask for a write-up: excursion ask … --kind docs.",
        )
    if declared.parameters and tagged != 1:
        raise RequestError(
            f"{tagged or 'no'} cells are tagged `parameters`; exactly one is needed",
            where=where,
            right="Tag the cell that assigns the defaults, and only that one.",
        )


def _beginning(content: bytes) -> str:
    return content[:40].decode(errors="replace")


def _language(metadata: dict[str, Any]) -> str:
    """Say in which language a notebook is written, Python where it does not say."""
    kernel, about = metadata.get("kernelspec"), metadata.get("language_info")
    kernel = kernel if isinstance(kernel, dict) else {}
    about = about if isinstance(about, dict) else {}
    name = str(kernel.get("name", ""))
    guessed = name if _FOREIGN.fullmatch(name) else "python"
    return str(kernel.get("language") or about.get("name") or guessed)


def _check_cell(cell: Any, name: str) -> None:
    """Refuse a cell that nbformat's schema would not know, so that no run begins with it."""
    kind = cell.get("cell_type")
    _expect(kind in {"code", "markdown", "raw"}, f"{name} has the type {kind!r}")
    _expect(isinstance(cell.get("metadata"), dict), f"{name} has no metadata")
    source = cell.get("source")
    lines = source if isinstance(source, list) else [source]
    _expect(all(isinstance(line, str) for line in lines), f"{name} has no source")
    if kind == "code":
        _expect(isinstance(cell.get("outputs"), list), f"{name} has no list of outputs")


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
