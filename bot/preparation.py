"""Runs that were decided on ─► made ready, and answered where they were run before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from bot.command import Eval, Reproduce, Run, Sweep
from bot.commands.known import answer_known, earlier_run, known_outcomes
from bot.commands.run import PATCH
from bot.commands.world import World
from bot.effects import Effect, RequestRun
from bot.events import Commanded
from bot.excursion import Excursion, read_excursion
from bot.excursion_file import FILE_NAME, read_excursion_file
from bot.forge.protocol import Forge
from runner.records import RunRequest, RunResult

Asked = tuple[RunRequest, Mapping[str, bytes]]  # a request, and what its ref will hold


class Preparer(Protocol):
    """What knows the place where runs are executed, before they are."""

    def prepare(self, excursion: Excursion, request: RunRequest) -> None:
        """Make sure that a run could be executed, before its number is allotted."""

    def identify(self, asked: Sequence[Asked], *, fresh: bool, slots: int = 1) -> list[RunRequest]:
        """Put into requests the digest of all that each depends on, and what it goes on from.

        Args:
            asked: The requests, each with what its ref will hold.
            fresh: Whether they shall begin anew, whatever an earlier attempt left.
            slots: How many runs go on at once, which decides on the threads of each.
        """

    def told(self, request: RunRequest) -> None:
        """Forget that a run was interrupted, since it has been settled."""


def takes_long(forge: Forge, event: Commanded) -> bool:
    """Say whether something may have to be installed or read before a command's run can begin.

    Raises:
        RequestError: The excursion's declaration is broken.
    """
    if not isinstance(event.command, Run | Sweep | Eval):
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
    """Make sure that all runs that were decided on could be executed; once for those of a sweep.

    Raises:
        ExcursionError: One could not.
    """
    ready = set()
    for effect in effects:
        if isinstance(effect, RequestRun) and effect.request.sweep not in ready:
            preparer.prepare(world.begun(), effect.request)
            ready |= {effect.request.sweep} - {""}


def identify(
    preparer: Preparer,
    forge: Forge,
    effects: tuple[Effect, ...],
    world: World,
    *,
    fresh: bool,
    slots: int = 1,
) -> tuple[Effect, ...]:
    """Say of each run all that it depends on, and answer those that were run before.

    Args:
        preparer: Knows where they would be executed.
        forge: Keeps what earlier runs made.
        effects: What was decided.
        world: The state in which it was decided.
        fresh: Whether everything shall be executed, whatever was run before.
        slots: How many runs go on at once.

    Raises:
        ExcursionError: Data that one declares are not there, or the forge failed.
    """
    asked = [(e.request, e.files) for e in effects if isinstance(e, RequestRun)]
    identified = preparer.identify(asked, fresh=fresh, slots=slots)
    requests = {request.run_id: request for request in identified}
    known = {} if fresh else known_outcomes(world)
    found = {each: earlier_run(one, known) for each, one in requests.items()}
    earlier = {
        each: (run, forge.run_files(world.thread.number, run.number))
        for each, run in found.items()
        if run is not None
    }
    return answer_known(effects, requests, earlier, world)


def changed_files(forge: Forge, request: RunRequest) -> list[str]:
    """List what a notebook may import and that is not, where its branch is worked on, as asked."""
    folder, _, branch = request.notebook.rpartition("/")[0].rpartition("/")
    if has_own_checkout(request):
        return []
    own = {request.notebook, f"{folder}/{branch}/README.md"}  # the run has a notebook of its own
    if request.dirty:
        kept = forge.run_files(request.issue, int(request.run_id.partition(".")[2])).get(PATCH)
        same = forge.head(branch) == request.commit and forge.patch(branch) == kept
        return [] if same else ["what is not committed"]
    return [path for path in forge.changed_since(request.commit, branch) if path not in own]


def has_own_checkout(request: RunRequest) -> bool:
    """Say whether a run has a checkout of its commit for itself, whatever its branch is at."""
    return bool(request.reproduces or request.retries or request.code)


def answered(preparer: Preparer, asked: Iterable[RequestRun]) -> list[RunResult]:
    """Give the results of the runs that needed no execution; they are in the thread already."""
    results = []
    for effect in asked:
        if effect.answer is not None:
            preparer.told(effect.request)
            results.append(effect.answer)
    return results
