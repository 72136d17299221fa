"""A command ─► its effects on GitHub, and the runs that it asks for, to be executed elsewhere.

A run's entry comes before its ref, and remembers the command: given again after a crash, the same
command finds its entry, its number, its commit, and asks for the same runs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from pydantic import ValidationError

from bot import commands
from bot.actions.matrix import check_size, elements
from bot.budget import check_budget, gpu_minutes, read_usage
from bot.command import Answer, Close, Reopen
from bot.commands.state import going_on, turn_effects
from bot.commands.world import World
from bot.effects import Effect, RequestRun, SetLabels, UpsertEntry
from bot.errors import ForgeError, RequestError
from bot.events import Commanded
from bot.excursion import LABEL_RUNNING
from bot.forge.github import GithubForge
from bot.forge.github_branches import TakenError
from bot.forge.github_threads import ASKED
from bot.forge.workflows import WORKFLOWS, remembered_workflows
from bot.reading import read_world
from bot.shell import Office
from bot.sweep import Point, Sweep
from bot.thread import Comment
from runner.records import RunRequest

_TRIES = 5  # somebody may take numbers while we do
_RUNNING = "running"
_MOST_REMEMBERED = 50_000  # characters of parameters


@dataclass(frozen=True)
class Commission:
    """What is left to do of a command.

    Attributes:
        elements: Of the matrix; none where nothing is to be executed.
        later: Effects that can wait until the matrix is given.
    """

    elements: tuple[dict[str, Any], ...] = ()
    later: tuple[Effect, ...] = ()
    state: str = ""  # what the welcome shall say; of several commands, the last's


def commission(
    office: Office,
    forge: GithubForge,
    event: Commanded,
    before: Sequence[dict[str, Any]] = (),
    workflow: int = 0,
) -> Commission:
    """Carry out one command, as far as that can be done without executing anything.

    Args:
        office: What is worked with.
        forge: Its forge.
        event: The command, authorised.
        before: What the commands before it in the same comment put into the matrix.
        workflow: The workflow run that will execute what is asked for; 0 if that is not known.

    Raises:
        RequestError: It is not possible; nothing was changed.
        ForgeError: GitHub failed; the same command may be given again.
    """
    world, asked = read_world(office, event), str(event.asked)
    there = _entry_of(world, asked)
    requests = _remembered(there) if there is not None else ()
    if there is not None and (not requests or _asked_again(forge, requests)):
        if not requests:
            return Commission()
        found = elements(requests, world)
        office.apply(event.issue, _also_executed_by(workflow, event.issue, there))
        running = SetLabels(event.issue, add=(LABEL_RUNNING,))
        return Commission(tuple(found), (running,), going_on(requests))
    for _ in range(_TRIES):
        effects = _decide(office, forge, event, world, asked, before, workflow)
        first = [e for e in effects if not isinstance(e, SetLabels)]
        first.sort(key=lambda effect: isinstance(effect, RequestRun))
        asked_for = [e.request for e in effects if isinstance(e, RequestRun)]
        if not asked_for:
            office.apply(event.issue, effects)
            if isinstance(event.command, Answer | Close | Reopen):
                office.apply(event.issue, turn_effects(forge.thread(event.issue)))
            return Commission()
        try:
            office.apply(event.issue, tuple(first))
        except TakenError:
            forge.learn_numbers()
            world = read_world(office, event)
            continue
        later = tuple(effect for effect in effects if isinstance(effect, SetLabels))
        return Commission(tuple(elements(asked_for, world)), later, going_on(asked_for))
    raise ForgeError("no number could be had for the run", right="Give the command again.")


def _decide(
    office: Office,
    forge: GithubForge,
    event: Commanded,
    world: World,
    asked: str,
    before: Sequence[dict[str, Any]],
    workflow: int,
) -> tuple[Effect, ...]:
    """Decide what follows, within the budget; entries remember the command."""
    effects = commands.decide(event.command, world)
    requests = [effect.request for effect in effects if isinstance(effect, RequestRun)]
    if not requests:
        return effects
    check_size([*before, *elements(requests, world)])
    if office.config.budget.is_set:
        spent = (entry.data for entry in forge.spent())
        now = world.now.isoformat()
        check_budget(office.config.budget, read_usage(spent, now, asked=asked), requests)
    memory = _memory(requests, asked, workflow)
    if len(str(memory)) > _MOST_REMEMBERED:
        raise RequestError(
            "the parameters are too long for the thread to remember",
            right="Keep long texts in a file on the branch.",
        )
    return tuple(
        dataclasses.replace(effect, data={**effect.data, **memory})
        if isinstance(effect, UpsertEntry)
        else effect
        for effect in effects
    )


def _memory(requests: list[RunRequest], asked: str, workflow: int) -> dict[str, Any]:
    """Give what the entry must remember to ask for the same runs again."""
    first = requests[0]
    memory: dict[str, Any] = {
        ASKED: asked,
        "request": first.model_dump(mode="json", exclude_defaults=True),
        "gpu_minutes": gpu_minutes(requests),
        **({WORKFLOWS: [workflow]} if workflow else {}),
    }
    if first.sweep:
        sweep = Sweep(first.sweep, tuple(map(Point, requests)), first.requested)
        memory["axes"] = {name: list(values) for name, values in sweep.axes.items()}
        numbers = [int(request.run_id.partition(".")[2]) for request in requests]
        if len(requests) != _size(memory["axes"]):  # of a sweep that goes on: not all its points
            memory["left"] = [
                [number, dict(request.parameters)]
                for number, request in zip(numbers, requests, strict=True)
            ]
    return memory


def _size(axes: Mapping[str, list[Any]]) -> int:
    total = 1
    for values in axes.values():
        total *= len(values)
    return total


def _entry_of(world: World, asked: str) -> Comment | None:
    """Find the entry that answers this very command."""
    ours = (comment for comment in world.thread.comments if comment.is_entry)
    return next((c for c in ours if (c.data or {}).get(ASKED) == asked), None)


def _also_executed_by(workflow: int, issue: int, entry: Comment | None) -> tuple[Effect, ...]:
    """Have an entry remember one more workflow run that executes what it tells of."""
    if entry is None or not workflow or workflow in remembered_workflows(entry.data):
        return ()
    known = [*remembered_workflows(entry.data), workflow]
    data = {**(entry.data or {}), WORKFLOWS: known}
    return (UpsertEntry(issue, entry.key, entry.body, data),)


def _remembered(entry: Comment) -> tuple[RunRequest, ...]:
    """Give the requests that an entry remembers, if they are still to be executed."""
    data = entry.data or {}
    if data.get("status") != _RUNNING:
        return ()
    try:
        first = RunRequest.model_validate(data.get("request"))
        if "axes" not in data:
            return (first,)
        return tuple(_points(first, data))
    except (ValidationError, TypeError, ValueError, AttributeError) as error:
        raise ForgeError(
            f"what the entry {entry.key} remembers cannot be read",
            right="Give the command again in a new comment.",
        ) from error


def _points(first: RunRequest, data: Mapping[str, Any]) -> Iterable[RunRequest]:
    """Give the requests of a sweep, in the grid's order."""
    number = int(first.run_id.partition(".")[2])
    axes: dict[str, list[Any]] = data["axes"]
    grid = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    left = data.get("left") or [[number + n, point] for n, point in enumerate(grid)]
    for each, point in left:
        parameters = dict(first.parameters) | point
        seed = parameters.get("seed")
        whole = isinstance(seed, int) and not isinstance(seed, bool)
        changes = {
            "run_id": f"{first.issue}.{each}",
            "parameters": parameters,
            "seed": seed if whole else None,
        }
        yield first.model_copy(update=changes)


def _asked_again(forge: GithubForge, requests: tuple[RunRequest, ...]) -> bool:
    """Make sure that the refs of runs are there; False if their numbers are somebody else's."""
    try:
        forge.allot_runs([(request, {}) for request in requests])
    except TakenError:
        forge.learn_numbers()
        return all(forge.is_published(request) for request in requests)
    return True
