"""The notebook that an untrusted job says it executed ─► one that is valid, and not too large.

Written anew from what was read, so that nothing is in it that its readers may understand in
another way: no key twice, no NaN, no half surrogate pair.
"""

from __future__ import annotations

import ast
import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from bot.log.figures import can_be_shown
from runner.imports import GRAMMARS, left_out
from runner.records import RunRequest

MOST_BYTES = 95_000_000  # GitHub refuses a file above 100 MB
_MOST_OUTPUT = 10_000_000  # characters of one output
_INJECTED = "injected-parameters"  # papermill's tag for the cell that it puts in
_PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
_SURROGATE = re.compile("[\ud800-\udfff]")


class NotebookError(ValueError):
    """It is not the notebook that was to be executed, or none at all."""


def read_notebook(content: bytes, request: RunRequest, source: bytes | None) -> bytes:
    """Read an executed notebook and write it anew, large outputs clipped.

    Args:
        content: What the job wrote.
        request: What was asked of it.
        source: The notebook that it was to execute, if it is at hand; the code must be the same.

    Raises:
        NotebookError: The message says what is wrong with it, without its name.
    """
    notebook = _valid(content)
    if source is not None:
        _check_code(notebook, json.loads(source), request)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            for output in cell["outputs"]:
                _check_pictures(output.get("data", {}))
            if len(content) > _MOST_OUTPUT:
                cell["outputs"] = [_clipped(output) for output in cell["outputs"]]
    text = json.dumps(notebook, indent=1, ensure_ascii=False, allow_nan=False)
    written = _SURROGATE.sub("\ufffd", text).encode() + b"\n"
    if len(written) > MOST_BYTES:
        raise NotebookError(f"has {len(written)} bytes, {MOST_BYTES} at most")
    return written


def _valid(content: bytes) -> dict[str, Any]:
    """Read a notebook of format 4, held to its schema."""
    with left_out(*GRAMMARS):
        from nbformat.validator import ValidationError, get_validator

    try:
        notebook = json.loads(content, parse_constant=_refuse)
        if not isinstance(notebook, dict) or notebook.get("nbformat") != 4:
            raise NotebookError("is no notebook of format 4")
        minor = notebook.get("nbformat_minor")
        if not isinstance(minor, int) or not 0 <= minor <= 5:
            raise NotebookError("is no notebook of format 4.0 to 4.5")
        # nbformat.validate would change it first.
        get_validator(4, minor).validate(notebook)  # type: ignore[no-untyped-call]
    except NotebookError:
        raise
    except (ValueError, RecursionError, ValidationError) as error:
        first = str(error).partition("\n")[0][:200]
        raise NotebookError(f"is no valid notebook: {first}") from error
    return notebook


def _refuse(constant: str) -> None:
    raise NotebookError(f"holds {constant}, which is no JSON")


def _check_code(
    notebook: Mapping[str, Any], source: Mapping[str, Any], request: RunRequest
) -> None:
    """Hold the code against what was to be executed; one cell may set the parameters."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    wanted = [cell for cell in source["cells"] if cell["cell_type"] == "code"]
    injected = [cell for cell in cells if _is_injected(cell)]
    rest, wanted = (
        [_code(cell) for cell in some if not _is_injected(cell)] for some in (cells, wanted)
    )
    if rest != wanted:
        raise NotebookError("holds other code than was to be executed")
    if len(injected) > 1 or any(not _sets(_code(cell), request) for cell in injected):
        raise NotebookError("holds other parameters than were asked for")


def _sets(code: str, request: RunRequest) -> bool:
    """Say whether code assigns the parameters that were asked for, and does nothing else."""
    try:
        found = {}
        for line in ast.parse(code).body:
            if not isinstance(line, ast.Assign) or not isinstance(line.targets[0], ast.Name):
                return False
            found[line.targets[0].id] = ast.literal_eval(line.value)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return repr(sorted(found.items())) == repr(sorted(request.parameters.items()))


def _is_injected(cell: Mapping[str, Any]) -> bool:
    return _INJECTED in cell["metadata"].get("tags", ())


def _code(cell: Mapping[str, Any]) -> str:
    return "".join(cell["source"])


def _check_pictures(data: dict[str, Any]) -> None:
    """Put words in the place of pictures that are none, or that no reader could decode."""
    for mime in _PICTURES & data.keys():
        try:
            content = base64.b64decode("".join("".join(data[mime]).split()), validate=True)
        except ValueError:
            content = b""
        if not can_be_shown(content):
            del data[mime]
            data.setdefault("text/plain", "[… a picture that cannot be shown was left out here …]")


def _clipped(output: dict[str, Any]) -> dict[str, Any]:
    """Put words in the place of what is too large; of printed text, keep the end."""
    size = len(json.dumps(output, ensure_ascii=False))
    if size <= _MOST_OUTPUT:
        return output
    if output["output_type"] == "stream":
        text = "".join(output["text"])[-_MOST_OUTPUT // 2 :]
        return output | {"text": f"[… the beginning was left out here …]\n{text}"}
    words = f"[… an output of {size} characters was left out here …]\n"
    return {"output_type": "stream", "name": "stderr", "text": words}
