"""The one path: event ─► authorise ─► read the world ─► decide ─► apply.

Labels, comments and the command line all come through here. Only the forge and the place of
execution differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from bot import commands
from bot.command import Answer, Run, Start
from bot.commands.parser import parse_comment
from bot.commands.run import decide_again, decide_ended, same_request
from bot.commands.start import asked_kind, asked_template, decide_ask
from bot.commands.world import World
from bot.config import Config
from bot.effects import Effect, PostComment, React, RequestRun, apply
from bot.errors import ExcursionError, RequestError
from bot.events import Actor, Asked, Commanded, RunEnded
from bot.excursion import Excursion, branch_name, check_title, read_excursion
from bot.excursion_file import FILE_NAME, NOTEBOOK
from bot.forge.protocol import Forge, StoredRun
from bot.template import find_template
from runner.records import RunRequest, RunResult, Status


class Executor(Protocol):
    """The place where runs are executed."""

    def prepare(self, excursion: Excursion, engine: str) -> None:
        """Make sure that a run could be executed by an engine, before its number is allotted."""

    def claim(self, request: RunRequest) -> AbstractContextManager[None]:
        """Be the one who executes this run; left without an error, the run counts as told."""

    def execute(
        self, requests: Iterable[RunRequest], slots: int, ended: Callable[[RunResult], None]
    ) -> bool:
        """Execute runs, each claimed by the time it is asked for; False if it was interrupted."""

    def began(self, request: RunRequest) -> bool:
        """Say whether anything of a run was ever executed."""

    def goes_on(self, request: RunRequest) -> str:
        """Name what still executes a run though no command waits for it; "" if nothing does."""

    def recover(self, request: RunRequest) -> RunResult:
        """Say what became of a run whose execution was killed."""

    def told(self, request: RunRequest) -> None:
        """Forget that a run was interrupted, since it has been settled."""


def _ignore(_: object) -> None:
    """Take no notice."""


@dataclass(frozen=True)
class Shell:
    """What the one path works with."""

    forge: Forge
    executor: Executor
    config: Config
    template_roots: tuple[Path, ...]
    tell: Callable[[str], None] = _ignore  # says what is going on
    changed: Callable[[int], None] = _ignore  # called after a thread has changed
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    show: Callable[[tuple[Effect, ...]], None] | None = None  # shows effects in place of doing

    def lock(self) -> AbstractContextManager[None]:
        """Keep others from deciding at the same time; what changes nothing needs no lock."""
        return self.forge.lock() if self.show is None else nullcontext()

    def apply(self, issue: int, effects: tuple[Effect, ...]) -> None:
        """Make effects happen, or show them."""
        if self.show is not None:
            self.show(effects)
        else:
            apply(effects, self.forge)
            self.changed(issue)  # also where nothing was left to do: the process may have died here


def ask(shell: Shell, event: Asked) -> int:
    """Open an excursion for a question and give its number.

    Raises:
        ExcursionError: The question is not possible, or the forge failed.
    """
    template = find_template(event.template, event.kind, shell.template_roots)
    with shell.lock():
        next_issue = shell.forge.next_issue()
        title = check_title(event.title)
        branch = branch_name(next_issue, title)
        asked = [t.number for t in shell.forge.questions() if t.is_open and t.title == title]
        number, effects = decide_ask(
            event,
            threads=tuple(shell.forge.thread(number) for number in asked),
            next_issue=next_issue,
            taken_branches=frozenset(shell.forge.branches_in_the_way(branch)),
            base=shell.forge.head(shell.config.default_branch),
            template=template,
            config=shell.config,
        )
        shell.apply(number, effects)
    return number


def comment(shell: Shell, actor: Actor, issue: int, text: str) -> list[RunResult]:
    """Post a comment and do what its commands say, exactly as the same comment on GitHub would.

    Raises:
        ExcursionError: A command in it is wrong or failed; the comment itself stands.
    """
    if not text.strip():
        raise RequestError("the comment is empty", right="Say something.")
    shell.forge.thread(issue)
    found = parse_comment(text)
    with shell.lock():
        shell.apply(issue, (PostComment(issue, actor.name, text),))
        number = max((c.number for c in shell.forge.thread(issue).comments), default=0)
        number += 0 if shell.show is None else 1

    def react(reaction: str) -> None:
        with shell.lock():
            shell.apply(issue, (React(issue, number, reaction),) if found else ())

    results = []
    try:
        react("eyes")
        for one in found:
            results += command(shell, Commanded(actor, issue, one))
        react("rocket")
    except RequestError:
        react("-1")
        raise
    except ExcursionError:
        react("confused")
        raise
    return results


def command(shell: Shell, event: Commanded) -> list[RunResult]:
    """Carry out one command; give the results of its runs.

    Raises:
        ExcursionError: It is not allowed, not possible, or the forge failed.
    """
    authorise(event)
    issue = event.issue
    with ExitStack() as claims:
        with shell.lock():
            effects, done = _decide(shell, event)
            if done is not None:
                return [done]
            shell.apply(issue, effects)
            requests = [effect.request for effect in effects if isinstance(effect, RequestRun)]
            if not requests or shell.show is not None:
                return []
            claims.enter_context(shell.executor.claim(requests[0]))
        results: list[RunResult] = []
        shell.executor.execute(requests, 1, results.append)
        if not results:
            raise KeyboardInterrupt  # before anything was executed; given again, it will be
        with shell.lock():
            _end(shell, results[0])
            _settle(shell, issue, wanted=None)  # one killed just before may have ended meanwhile
    return results


def authorise(event: Commanded) -> None:
    """Hold who commands against what the command needs.

    Raises:
        RequestError: They may not; the message says what is needed.
    """
    word = commands.word_of(event.command)
    needed = commands.COMMANDS[word].role
    if event.actor.role < needed:
        raise RequestError(
            f"{event.actor.name} may not {word} here",
            right=f"It needs the role {needed.name.lower()} in this repository.",
        )


def _decide(shell: Shell, event: Commanded) -> tuple[tuple[Effect, ...], RunResult | None]:
    """Decide, after settling what interrupted commands left.

    Gives the effects; or, where an interrupted command that asked for the same run had come far
    enough, that run's result.
    """
    asked = event.command
    if shell.show is None and isinstance(asked, Answer):
        _settle(shell, event.issue, wanted=None)
    world = read_world(shell, event)
    effects = commands.decide(asked, world)
    if shell.show is not None or not isinstance(asked, Run):
        return effects, None
    wanted = next(effect.request for effect in effects if isinstance(effect, RequestRun))
    shell.executor.prepare(world.begun(), wanted.engine)
    if not any(run.interrupted for run in world.runs):
        return effects, None
    settled = _settle(shell, event.issue, wanted=wanted)
    if isinstance(settled, RunResult):
        return (), settled
    if isinstance(settled, StoredRun) and settled.request is not None:
        files = shell.forge.run_files(event.issue, settled.number)
        return decide_again(settled.request, files), None
    return commands.decide(asked, read_world(shell, event)), None


def _settle(shell: Shell, issue: int, *, wanted: RunRequest | None) -> RunResult | StoredRun | None:
    """Bring every run whose command was interrupted to its end.

    Gives the result of one that is just what is wanted now; or the run itself, if nothing of it
    was ever executed, or it is still executed elsewhere, so that it can be, or be awaited, now.
    """
    found: RunResult | StoredRun | None = None
    for stored in shell.forge.runs(issue):
        if not stored.interrupted or stored.request is None:
            continue
        same = wanted is not None and same_request(stored.request, wanted)
        result = stored.result or stored.left
        where = "" if result else shell.executor.goes_on(stored.request)
        if where and not same:
            shell.tell(f"Run {stored.request.run_id} goes on: {where}. `run` as before awaits it.")
            continue
        if result is None and same and (where or not shell.executor.began(stored.request)):
            found = stored
            continue
        ended = result or shell.executor.recover(stored.request)
        _end(shell, ended)
        shell.executor.told(stored.request)
        shell.tell(f"Run {ended.run_id}, which was interrupted, is in the thread: {ended.status}.")
        if same and ended.status not in {Status.CANCELLED, Status.DIED}:
            found = ended
    return found


def _end(shell: Shell, result: RunResult) -> None:
    """Publish what a run made, its pictures made safe, and complete its entry."""
    run = int(result.run_id.partition(".")[2])
    event = RunEnded(result.issue, run, result)
    files = shell.forge.run_files(result.issue, run)
    world = read_world(shell, event, run_files={run: files})
    shell.apply(result.issue, decide_ended(event, world))


def read_world(
    shell: Shell,
    event: Commanded | RunEnded,
    run_files: Mapping[int, Mapping[str, bytes]] | None = None,
) -> World:
    """Read all that the decision about an event may look at.

    Raises:
        ExcursionError: There is no such issue, or the forge failed.
    """
    forge, config = shell.forge, shell.config
    thread = forge.thread(event.issue)
    excursion = read_excursion(thread)
    asked = event.command if isinstance(event, Commanded) else None
    world: dict[str, Any] = {
        "now": shell.clock(),
        "actor": event.actor.name if isinstance(event, Commanded) else "",
        "config": config,
        "thread": thread,
        "base": forge.head(config.default_branch),
        "runs": forge.runs(event.issue),
        "run_files": run_files or {},
    }
    if isinstance(asked, Start):
        name = (excursion.template if excursion else None) or asked.template
        world["template"] = find_template(
            name or asked_template(thread), asked_kind(thread), shell.template_roots
        )
    head = forge.head(excursion.branch) if excursion else None
    if excursion is None or head is None:
        return World(**world)
    at = {name: f"{excursion.folder}/{name}" for name in ("README.md", FILE_NAME, NOTEBOOK)}
    contents = {name: forge.read(head, path) for name, path in at.items()}
    world["head"] = head
    world["files"] = {name: content for name, content in contents.items() if content is not None}
    if isinstance(asked, Run | Answer):
        world["uncommitted"] = forge.uncommitted(excursion.branch)
    if isinstance(asked, Run) and asked.dirty and world["uncommitted"]:
        world["patch"] = forge.patch(excursion.branch)
        world["working_notebook"] = forge.working_copy(excursion.branch, at[NOTEBOOK])
    if isinstance(asked, Answer):
        world["merge_obstacle"] = forge.merge_obstacle(excursion.branch, config.default_branch)
        good = [r.number for r in world["runs"] if r.result and r.result.status == "succeeded"]
        wanted = [asked.run] if asked.run else good[-1:]
        world["run_files"] = {n: forge.run_files(event.issue, n) for n in wanted}
    return World(**world)
