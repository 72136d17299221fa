"""A run's result and notebook ─► the same without secrets, and a note that there were some."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.log.redact import Redactor, Secrets
from runner.records import Figure, RunError, RunResult, Table

_NOTEBOOK = "notebook.ipynb"
_ENCODED = ("image/", "audio/", "video/", "application/pdf", "application/octet-stream")
_TEXTS = ("image/svg+xml",)


def redacted_run(
    result: RunResult, files: Mapping[str, bytes], secrets: Secrets
) -> tuple[RunResult, dict[str, bytes]]:
    """Take secrets out of what a notebook gave out: its result's texts, its cells' outputs.

    Parameters stay as they were asked for, and code as it was committed. What holds no secret
    stays byte for byte.

    Args:
        result: What the run said of itself.
        files: Its files, by their paths in the run's folder.
        secrets: What is known to be secret by its value.
    """
    redactor = Redactor(secrets)
    clean = _result(result, redactor)
    kept = dict(files)
    notebook = files.get(_NOTEBOOK)
    notes = []
    if notebook is not None and redactor.may_hold(notebook):
        without = _notebook(notebook, redactor)
        if without is None:
            del kept[_NOTEBOOK]
            notes.append("The notebook cannot be read; it may hold secrets and was left out.")
        else:
            kept[_NOTEBOOK] = without
    if redactor.found:
        notes.append(
            f"Redacted from what was printed or shown: {', '.join(redactor.found)}. Others may "
            "have seen it where it ran: replace it."
        )
    if notes:
        clean = clean.model_copy(update={"notes": (*notes, *clean.notes)})
    return clean, kept


def _result(result: RunResult, redactor: Redactor) -> RunResult:
    text = redactor.text
    return result.model_copy(
        update={
            "error": _error(result.error, redactor) if result.error else None,
            "metrics": {
                text(name): text(value) if isinstance(value, str) else value
                for name, value in result.metrics.items()
            },
            "figures": tuple(_figure(figure, redactor) for figure in result.figures),
            "tables": tuple(_table(table, redactor) for table in result.tables),
            "stdout_tail": text(result.stdout_tail),
            "value": text(result.value),
            "notes": tuple(text(note) for note in result.notes),
            "environment": result.environment.model_copy(
                update={
                    "packages": {n: text(v) for n, v in result.environment.packages.items()},
                    "platform": text(result.environment.platform),
                }
            )
            if result.environment
            else None,
        }
    )


def _error(error: RunError, redactor: Redactor) -> RunError:
    texts = {name: getattr(error, name) for name in ("name", "message", "traceback")}
    return error.model_copy(update={name: redactor.text(text) for name, text in texts.items()})


def _figure(figure: Figure, redactor: Redactor) -> Figure:
    texts = {"caption": figure.caption, "alt": figure.alt}
    return figure.model_copy(update={name: redactor.text(text) for name, text in texts.items()})


def _table(table: Table, redactor: Redactor) -> Table:
    if not redactor.may_hold(table.model_dump_json().encode()):
        return table
    rows = tuple(tuple(map(redactor.text, row)) for row in table.rows)
    return table.model_copy(
        update={"columns": tuple(map(redactor.text, table.columns)), "rows": rows}
    )


def _notebook(content: bytes, redactor: Redactor) -> bytes | None:
    """Take secrets out of a notebook's outputs; None if it is no notebook."""
    before, redactor.found = redactor.found, {}
    try:
        notebook = json.loads(content)
        for cell in notebook["cells"]:
            if "outputs" in cell:
                cell["outputs"] = [_output(output, redactor) for output in cell["outputs"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    finally:
        found, redactor.found = redactor.found, before | redactor.found
    if not found:
        return content
    return json.dumps(notebook, indent=1, ensure_ascii=False).encode(errors="replace") + b"\n"


def _output(output: Mapping[str, Any], redactor: Redactor) -> dict[str, Any]:
    """Take secrets out of one output, whatever it is."""
    clean = dict(output)
    for name in ("text", "ename", "evalue"):
        if name in output:
            clean[name] = _lines(output[name], redactor)
    if "traceback" in output:  # a list, an item of which may be several lines
        whole = "\n".join(output["traceback"])
        lines = redactor.text(whole)
        clean["traceback"] = output["traceback"] if lines == whole else lines.split("\n")
    if isinstance(output.get("data"), Mapping):
        clean["data"] = {
            mime: _shown(mime, value, redactor) for mime, value in output["data"].items()
        }
    return clean


def _shown(mime: str, value: Any, redactor: Redactor) -> Any:
    """Take secrets out of one form of what was shown; pictures and the like stay as they are."""
    if mime.startswith(_ENCODED) and mime not in _TEXTS:
        return value
    if isinstance(value, list) and not mime.endswith("json"):
        return _lines(value, redactor)
    return _json(value, redactor)


def _json(value: Any, redactor: Redactor) -> Any:
    """Take secrets out of all text within a value."""
    if isinstance(value, str):
        return redactor.text(value)
    if isinstance(value, list):
        return [_json(part, redactor) for part in value]
    if isinstance(value, dict):
        return {redactor.text(name): _json(part, redactor) for name, part in value.items()}
    return value


def _lines(value: str | list[str], redactor: Redactor) -> str | list[str]:
    """Take secrets out of what notebooks may keep as a list of lines; they may be cut anywhere."""
    if isinstance(value, str):
        return redactor.text(value)
    whole = "".join(value)
    clean = redactor.text(whole)
    return value if clean == whole else clean.splitlines(keepends=True)
