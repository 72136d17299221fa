"""Runs that were decided on ─► made ready, and answered where they were run before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from bot.command import Reproduce, Run
from bot.commands.known import answer_known, earlier_run
from bot.commands.world import World
from bot.effects import Effect, RequestRun
from bot.events import Commanded
from bot.excursion import Excursion, read_excursion
from bot.excursion_file import FILE_NAME, read_excursion_file
from bot.forge.protocol import Forge
from runner.records import RunRequest, RunResult


class Preparer(Protocol):
    """What knows the place where runs are executed, before they are."""

    def prepare(self, excursion: Excursion, request: RunRequest) -> None:
        """Make sure that a run could be executed, before its number is allotted."""

    def identify(
        self, request: RunRequest, files: Mapping[str, bytes], *, fresh: bool
    ) -> RunRequest:
        """Put into a request the digest of all that it depends on, and what it goes on from."""

    def told(self, request: RunRequest) -> None:
        """Forget that a run was interrupted, since it has been settled."""


def takes_long(forge: Forge, event: Commanded) -> bool:
    """Say whether something may have to be installed or read before a command's run can begin.

    Raises:
        RequestError: The excursion's declaration is broken.
    """
    if not isinstance(event.command, Run):
        return isinstance(event.command, Reproduce)
    excursion = read_excursion(forge.thread(event.issue))
    head = forge.head(excursion.branch) if excursion else None
    if excursion is None or head is None:
        return False  # the decision will say what is wrong
    where = f"{excursion.folder}/{FILE_NAME}"
    text = forge.read(head, where)
    if text is None:
        return False
    declared = read_excursion_file(text, where=f"{where} on {excursion.branch}")
    return bool(declared.requirements or declared.data)


def make_ready(preparer: Preparer, effects: Iterable[Effect], world: World) -> None:
    """Make sure that all runs that were decided on could be executed.

    Raises:
        ExcursionError: One could not.
    """
    for effect in effects:
        if isinstance(effect, RequestRun):
            preparer.prepare(world.begun(), effect.request)


def identify(
    preparer: Preparer, forge: Forge, effects: tuple[Effect, ...], world: World, *, fresh: bool
) -> tuple[Effect, ...]:
    """Say of each run all that it depends on, and answer those that were run before.

    Args:
        preparer: Knows where they would be executed.
        forge: Keeps what earlier runs made.
        effects: What was decided.
        world: The state in which it was decided.
        fresh: Whether everything shall be executed, whatever was run before.

    Raises:
        ExcursionError: Data that one declares are not there, or the forge failed.
    """
    requests = {
        effect.request.run_id: preparer.identify(effect.request, effect.files, fresh=fresh)
        for effect in effects
        if isinstance(effect, RequestRun)
    }
    found = {} if fresh else {each: earlier_run(one, world) for each, one in requests.items()}
    earlier = {
        each: (run, forge.run_files(world.thread.number, run.number))
        for each, run in found.items()
        if run is not None
    }
    return answer_known(effects, requests, earlier, world)


def answered(preparer: Preparer, asked: Iterable[RequestRun]) -> list[RunResult]:
    """Give the results of the runs that needed no execution; they are in the thread already."""
    results = []
    for effect in asked:
        if effect.answer is not None:
            preparer.told(effect.request)
            results.append(effect.answer)
    return results
