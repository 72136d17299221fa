"""What was run before ─► answered from that run, in place of running it again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from bot.agreement import Verdict, compare
from bot.commands.run import REQUEST, SOURCE, ended_entry
from bot.commands.world import World
from bot.effects import Effect, RequestRun, SetLabels, UpsertEntry
from bot.excursion_file import NOTEBOOK
from bot.executed import carry_over
from bot.forge.protocol import StoredRun
from bot.moments import timestamp
from runner.records import Cost, RunRequest, Status, to_json

RESULT = "result.json"


def known_outcomes(world: World) -> Mapping[str, StoredRun]:
    """Find, by the digest of all that a run depends on, the run whose outcome stands for it.

    That is the last, if there are several, and rather one that was executed than one that was
    itself answered. Never one that did not succeed, that held uncommitted changes, or that came out
    differently when it was repeated; nor any of the same inputs, if they did not determine the
    outcome then.
    """
    doubted = _doubted(world)
    found: dict[str, StoredRun] = {}
    for run in world.runs:
        result = run.result
        if (
            result is None
            or result.status is not Status.SUCCEEDED
            or result.dirty
            or doubted & {result.inputs_sha256, result.run_id, result.answered_from}
        ):
            continue
        before = found.get(result.inputs_sha256)
        if before is None or not before.result or before.result.cache_hit or not result.cache_hit:
            found[result.inputs_sha256] = run
    return found


def earlier_run(request: RunRequest, known: Mapping[str, StoredRun]) -> StoredRun | None:
    """Find the run whose outcome is the one asked for, among the outcomes that are known."""
    if not request.inputs_sha256 or request.dirty or request.reproduces:
        return None
    return known.get(request.inputs_sha256)


def _doubted(world: World) -> set[str]:
    """Name the runs that came out differently when they were repeated, and those repetitions.

    And the digests of inputs that were the same both times.
    """
    results = {run.result.run_id: run.result for run in world.runs if run.result}
    tolerance = world.tolerance()
    doubted: set[str] = set()
    for result in results.values():
        original = results.get(result.reproduces)
        if original is None or result.status is Status.CANCELLED:
            continue
        if compare(original, result, tolerance).verdict is Verdict.DIFFERENT:
            doubted |= {result.run_id, original.run_id, original.answered_from}
            doubted |= {result.inputs_sha256} & {original.inputs_sha256}
    return doubted - {""}


def answer_known(
    effects: Sequence[Effect],
    requests: Mapping[str, RunRequest],
    earlier: Mapping[str, tuple[StoredRun, Mapping[str, bytes]]],
    world: World,
) -> tuple[Effect, ...]:
    """Put answers in the place of executions, wherever an outcome is known.

    Args:
        effects: What was decided.
        requests: The runs that were decided on, with the digest of all that each depends on.
        earlier: The runs from which some of them are answered, with their files.
        world: The state in which it was decided.
    """
    answered: dict[str, RequestRun] = {}
    for effect in effects:
        if isinstance(effect, RequestRun) and effect.request.run_id in earlier:
            run, files = earlier[effect.request.run_id]
            request = requests[effect.request.run_id]
            answer = _answer(request, effect.files[SOURCE], run, files, world)
            answered |= {request.run_id: answer} if answer else {}
    waiting = requests.keys() - answered.keys()
    found: list[Effect] = []
    for effect in effects:
        if isinstance(effect, RequestRun):
            request = requests[effect.request.run_id]
            files = {**effect.files, REQUEST: to_json(request)}
            asked = dataclasses.replace(effect, request=request, files=files)
            found.append(answered.get(request.run_id, asked))
        elif isinstance(effect, UpsertEntry) and effect.key.removeprefix("run:") in answered:
            result = answered[effect.key.removeprefix("run:")].answer
            found += [ended_entry(result, world)] if result else []
        elif not isinstance(effect, SetLabels) or waiting or not answered:
            found.append(effect)  # that something runs is said of what does
    return tuple(found)


def _answer(
    request: RunRequest,
    source: bytes,
    run: StoredRun,
    files: Mapping[str, bytes],
    world: World,
) -> RequestRun | None:
    """Make a run out of an earlier one; None if its notebook is not the same after all."""
    earlier = run.result
    executed = files.get(NOTEBOOK)
    if earlier is None or executed is None:
        return None
    moved: dict[int, int] = {}
    if earlier.notebook_sha256 != request.notebook_sha256:
        carried = carry_over(executed, source)
        if carried is None:
            return None
        executed, moved = carried
    now = timestamp(world.now)
    result = earlier.model_copy(
        update={
            "run_id": request.run_id,
            "commit": request.commit,
            "notebook_sha256": request.notebook_sha256,
            "started": now,
            "finished": now,
            "duration_s": 0.0,
            "cost": Cost(),
            "sweep": request.sweep,
            "reproduces": "",
            "cache_hit": True,
            "answered_from": earlier.answered_from or earlier.run_id,
            "cells": tuple(
                cell.model_copy(update={"index": moved.get(cell.index, cell.index)})
                for cell in earlier.cells
            ),
            "figures": tuple(
                figure.model_copy(update={"cell": moved.get(figure.cell, figure.cell)})
                for figure in earlier.figures
            ),
            "tables": tuple(
                table.model_copy(update={"cell": moved.get(table.cell, table.cell)})
                for table in earlier.tables
            ),
        }
    )
    pictures = {name: content for name, content in files.items() if name.startswith("figures/")}
    kept = {REQUEST: to_json(request), RESULT: to_json(result), NOTEBOOK: executed}
    return RequestRun(request, kept | pictures, result)
