"""`/reproduce 3 [runner=NAME]`: execute run 3 again, at its very commit, and compare."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from bot.command import Reproduce
from bot.commands.request import OPTIONS, Limits, again
from bot.commands.run import PATCH, REQUEST, SOURCE, request_effects
from bot.commands.spec import Spec
from bot.commands.words import write_line, write_pairs
from bot.commands.world import World
from bot.effects import Effect
from bot.errors import RequestError
from bot.events import Role
from bot.forge.protocol import StoredRun
from runner.records import RunRequest, RunResult, Status, to_json


def parse(words: tuple[str, ...], named: Mapping[str, str]) -> Reproduce:
    """Read the command's words.

    Raises:
        RequestError: They name no run, or more than one.
    """
    if not words:
        raise RequestError("no run is named", right="Write: /reproduce 3")
    if len(words) > 1:
        raise RequestError(
            f"{len(words)} runs cannot be reproduced by one command",
            right="Write a line for each: /reproduce 3",
            culprit=words[1],
        )
    return Reproduce(
        int(words[0]), named.get("timeout"), named.get("cell_timeout"), named.get("runner")
    )


def decide(command: Reproduce, world: World) -> tuple[Effect, ...]:
    """Decide what follows: a new run that repeats an earlier one.

    A closed issue is no obstacle, and neither is a branch that is gone: it is then, long after the
    answer, that somebody wants to know whether a result still holds, and the run's ref keeps its
    commit.

    Raises:
        RequestError: There is no such run, or nothing in it that could be repeated.
    """
    world.begun()
    original, result, asked = _original(command.run, world)
    if asked.code:
        raise RequestError(
            f"{result.run_id} is an eval, and only runs are reproduced",
            right=f"Give the same /eval again, or /retry {original.number} if it did not succeed.",
        )
    if result.status in {Status.CANCELLED, Status.REFUSED}:
        raise RequestError(
            f"run {result.run_id} was {result.status.value}: it has no outcome to compare with",
            right="Reproduce a run that came to its own end.",
        )
    files = world.run_files.get(original.number, {})
    source = files.get(SOURCE)
    if source is None or hashlib.sha256(source).hexdigest() != asked.notebook_sha256:
        raise RequestError(
            f"the notebook of run {result.run_id} is not to be found as it was",
            where=f"commit {asked.commit[:10]}",
            right="Fetch that commit, if another clone has it.",
        )
    limits = Limits(command.timeout, command.cell_timeout, command.runner)
    request = again(asked, world, limits, reproduces=result.run_id, retries="")
    kept = {REQUEST: to_json(request), SOURCE: source}
    if asked.dirty:
        kept[PATCH] = files.get(PATCH, b"")
    return request_effects(request, kept)


def _original(number: int, world: World) -> tuple[StoredRun, RunResult, RunRequest]:
    """Find the run that is to be repeated."""
    found = next((run for run in world.runs if run.number == number), None)
    if found is None or found.result is None or found.request is None:
        known = [str(run.number) for run in world.runs if run.result]
        raise RequestError(
            f"there is no run {world.thread.number}.{number} with a result",
            right=f"There are: {', '.join(known) or 'none'}.",
            culprit=str(number),
        )
    return found, found.result, found.request


def write(command: Reproduce) -> str:
    """Write the command as people do."""
    limits = Limits(command.timeout, command.cell_timeout, command.runner).pairs()
    return write_line("reproduce", str(command.run), write_pairs(limits))


SPEC = Spec(
    word="reproduce",
    command=Reproduce,
    role=Role.WRITE,
    usage="/reproduce 3 [runner=NAME] [timeout=30m] [cell_timeout=5m]",
    summary="Execute a run again, at its very commit, and compare.",
    example="/reproduce 3",
    parse=parse,
    write=write,
    decide=decide,
    runs=True,
    executes=True,
    options=OPTIONS,
    details="Also after the answer, and when the branch is gone.",
)
