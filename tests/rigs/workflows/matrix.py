"""`strategy.matrix`, evaluated ─► its points.

https://docs.github.com/actions/reference/workflow-syntax-for-github-actions#jobsjob_idstrategymatrix
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from rigs.workflows.language import WorkflowError

LIMIT = 256


def points(matrix: Any) -> list[dict[str, Any]]:
    """Give every point, in GitHub's order.

    Raises:
        WorkflowError: GitHub would refuse the matrix.
    """
    if not isinstance(matrix, Mapping):
        raise WorkflowError("The matrix must be an object")
    axes = {name: values for name, values in matrix.items() if name not in ("include", "exclude")}
    for name, values in axes.items():
        if not isinstance(values, list):
            raise WorkflowError(f"Matrix vector '{name}' must be a list")
        if not values:
            raise WorkflowError(f"Matrix vector '{name}' does not contain any values")
    found: list[dict[str, Any]] = []
    if axes:
        found = [dict(zip(axes, point, strict=True)) for point in itertools.product(*axes.values())]
    excluded = matrix.get("exclude") or []
    found = [point for point in found if not any(_fits(point, each) for each in excluded)]
    originals = [dict(point) for point in found]
    for extra in matrix.get("include") or []:
        shared = {name: value for name, value in extra.items() if name in axes}
        hits = [i for i, point in enumerate(originals) if axes and _fits(point, shared)]
        for i in hits:
            found[i] |= extra
        if not hits:
            found.append(dict(extra))
    if not found:
        raise WorkflowError("Matrix must define at least one vector")
    if len(found) > LIMIT:
        raise WorkflowError(f"The matrix has {len(found)} jobs; at most {LIMIT} are possible")
    return found


def _fits(point: Mapping[str, Any], pattern: Mapping[str, Any]) -> bool:
    return all(point.get(name) == value for name, value in pattern.items())
