"""Requests of one issue ◄─► the matrix of the job that executes them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from bot.commands.world import World
from bot.errors import ForgeError, RequestError
from runner.records import RunRequest, read_request

MOST_JOBS = 256  # GitHub's own limit
_MOST_BYTES = 900_000  # of a job's outputs, of which GitHub allows 1 MB
_MINUTES_BESIDE = 10  # to check out, install, and upload
# https://docs.github.com/en/actions/reference/limits: what a job on a machine of one's own may take
_MOST_MINUTES = 5 * 24 * 60


def elements(requests: Iterable[RunRequest], world: World) -> list[dict[str, Any]]:
    """Give the matrix's elements, one a run.

    Args:
        requests: What is to be executed.
        world: Whose configuration says which machines a runner has.

    Raises:
        RequestError: A runner is named that the configuration does not have.
    """
    return [
        {
            "run_id": request.run_id,
            "issue": request.issue,
            "commit": request.commit,
            "runs_on": list(machines_of(request, world)),
            "minutes": math.ceil(request.timeout_s / 60) + _MINUTES_BESIDE,
            "request": request.model_dump_json(exclude_defaults=True),
        }
        for request in requests
    ]


def write_matrix(found: Sequence[dict[str, Any]]) -> str:
    """Write the matrix as the workflow reads it."""
    return json.dumps({"include": list(found)}, separators=(",", ":"))


def check_size(found: Sequence[dict[str, Any]]) -> None:
    """Refuse more runs than one workflow may have.

    Raises:
        RequestError: There are too many, they may take too long, or their parameters are too long.
    """
    if any(each["minutes"] > _MOST_MINUTES for each in found):
        raise RequestError(
            f"a job on GitHub may take {_MOST_MINUTES // 60} hours at most, "
            f"{_MINUTES_BESIDE} minutes of them beside the run",
            right="Write a shorter timeout, such as timeout=12h; checkpoints make long runs of "
            "several short ones.",
        )
    if len(found) > MOST_JOBS:
        raise RequestError(
            f"{len(found)} runs are asked for at once, {MOST_JOBS} at most",
            right="Sweep in parts.",
        )
    if len(write_matrix(found).encode()) > _MOST_BYTES:
        raise RequestError(
            "the parameters of these runs are too long together",
            right="Sweep in parts, or keep long texts in a file on the branch.",
        )


def read_matrix(text: str) -> tuple[RunRequest, ...]:
    """Read the requests in a matrix.

    Raises:
        ForgeError: It is none of ours.
    """
    try:
        return tuple(read_request(each["request"]) for each in json.loads(text)["include"])
    except (ValueError, ValidationError, KeyError, TypeError) as error:
        raise ForgeError(f"the matrix cannot be read: {error}") from error


def machines_of(request: RunRequest, world: World) -> tuple[str, ...]:
    """Give the labels of the machines that a run goes to, as the configuration allows them now.

    Raises:
        RequestError: It, or where it names none its excursion, names a runner that there is not.
    """
    if request.runner:
        return world.config.runner_named(request.runner, where="runner").runs_on
    where = f"{world.begun().folder}/excursion.toml"
    return world.config.runner_named(world.declared().runner, where=where).runs_on
