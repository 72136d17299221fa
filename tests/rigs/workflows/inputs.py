"""What a called workflow declares, and what it is given ─► its `inputs` context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rigs.workflows.language import Language, WorkflowError, text_of


def called_with(
    declared: Mapping[str, Any],
    given: Mapping[str, Any],
    contexts: Mapping[str, Any],
    language: Language,
) -> dict[str, Any]:
    """Give the `inputs` of a called workflow, each of its declared type.

    Raises:
        WorkflowError: One is missing, unknown or of another type.
    """
    unknown = set(given) - set(declared)
    if unknown:
        raise WorkflowError(f"Invalid input, {sorted(unknown)[0]} is not defined")
    found: dict[str, Any] = {}
    for name, about in declared.items():
        kind = str((about or {}).get("type", "string"))
        if name in given:
            value = given[name]
        elif str((about or {}).get("required")) in ("True", "true"):
            raise WorkflowError(f"Input {name} is required, but not provided")
        else:
            value = language.evaluate((about or {}).get("default"), contexts)
        found[name] = _typed(kind, value, name)
    return found


def _typed(kind: str, value: Any, name: str) -> Any:
    if kind == "boolean":
        if text_of(value) not in ("", "true", "false"):
            raise WorkflowError(f"Input {name} is no boolean")
        return text_of(value) == "true"
    if kind == "number":
        return float(value or 0)
    return text_of(value)
