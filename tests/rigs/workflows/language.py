"""A workflow's or action's text ─► its value, checked; an expression in it ─► what it comes to.

GitHub's own packages do both, in one Node process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rigs import node

_EXPRESSION = "${{"
_STATUS = re.compile(r"\b(success|failure|cancelled|always)\s*\(", re.IGNORECASE)


class WorkflowError(Exception):
    """A workflow that GitHub would not start, or not go on with."""


@dataclass(frozen=True)
class Status:
    """What the status functions answer."""

    success: bool = True
    failure: bool = False
    cancelled: bool = False


class Language:
    """The Node process."""

    def __init__(self) -> None:
        self._process = node.start("workflows/language.mjs")

    def parse(self, kind: str, name: str, text: str) -> dict[str, Any]:
        """Parse a `workflow` or an `action`; expressions in it are left for `evaluate`.

        Raises:
            WorkflowError: GitHub's parser found errors.
        """
        told = self._ask({"op": "parse", "kind": kind, "name": name, "text": text})
        if told["errors"]:
            raise WorkflowError("\n".join(f"{name}: {error}" for error in told["errors"]))
        return dict(told["value"])

    def evaluate(
        self, value: Any, contexts: Mapping[str, Any], status: Status | None = None
    ) -> Any:
        """Evaluate every expression in a value.

        Raises:
            WorkflowError: One cannot be evaluated, or names a context that is not there.
        """
        said = vars(status or Status())
        told = self._ask(
            {"op": "evaluate", "value": value, "contexts": dict(contexts), "status": said}
        )
        if "error" in told:
            raise WorkflowError(told["error"])
        return told["value"]

    def holds(self, condition: Any, contexts: Mapping[str, Any], status: Status) -> bool:
        """Evaluate an `if:`; one without a status function has `success() &&` before it."""
        if condition is None:
            return status.success
        if isinstance(condition, dict):
            text = str(condition[_EXPRESSION])
        elif isinstance(condition, bool):
            text = str(condition).lower()
        else:
            text = str(condition)
        if not _STATUS.search(text):
            text = f"success() && ({text})"
        return _is_true(self.evaluate({_EXPRESSION: text}, contexts, status))

    def close(self) -> None:
        """End the process, by ending its input."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(question), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        assert line, f"Node ended with status {self._process.wait()}"
        return dict(json.loads(line))


def _is_true(value: Any) -> bool:
    """Tell truth as expressions do: 0, "" and null are false, lists and objects are true."""
    return value not in (None, False, 0, "") if not isinstance(value, (list, dict)) else True


def text_of(value: Any) -> str:
    """Give a value as text as expressions do, for environment variables and inputs."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, dict)):
        return "Array" if isinstance(value, list) else "Object"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
