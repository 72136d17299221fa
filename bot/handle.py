"""The one path: event ─► authorise ─► read the world ─► decide ─► apply.

Labels, comments and the command line all come through here. Only the forge and the place of
execution differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

from bot import commands, stopping, sweeping
from bot.agreement import Agreement
from bot.budget import read_usage
from bot.command import (
    Answer,
    Cancel,
    Close,
    Command,
    Compare,
    Eval,
    Predict,
    Reopen,
    Reproduce,
    Retry,
    Run,
    Start,
    Sweep,
    Templates,
)
from bot.command import Status as AskStatus
from bot.commands.answer import newest_good
from bot.commands.compare import notebooks_wanted
from bot.commands.comparison import agreement, original_of
from bot.commands.retry import plan as plan_retry
from bot.commands.retry import source_number
from bot.commands.roles import roles
from bot.commands.run import SOURCE, decide_again, decide_ended, same_request
from bot.commands.scoring import scored_predictions
from bot.commands.start import asked_kind, asked_template, decide_ask
from bot.commands.state import ended, going_on, state_effects, turn_effects
from bot.commands.sweep import Plan
from bot.commands.sweep import plan as plan_sweep
from bot.commands.world import World
from bot.condition import has_condition
from bot.config import Config
from bot.effects import Effect, Reply, RequestRun
from bot.errors import RequestError
from bot.events import Asked, Commanded, RunEnded
from bot.excursion import LABEL, Kind, branch_name, check_title, read_excursion
from bot.excursion_file import FILE_NAME, NOTEBOOK
from bot.forge.protocol import Forge, StoredRun
from bot.log.predictions import read_predictions
from bot.preparation import answered, identify, make_ready, takes_long
from bot.recovery import recovered
from bot.shell import Office, Shell
from bot.template import find_template, read_template, template_names
from bot.thread import Thread
from runner.records import RunRequest, RunResult, Status

# Before these, what interrupted commands left is brought to its end.
_SETTLING = (Run, Reproduce, Answer, Eval, Retry)


def ask(shell: Shell, event: Asked) -> int:
    """Open an excursion for a question and give its number.

    Raises:
        ExcursionError: The question is not possible, or the forge failed.
    """
    template = find_template(event.template, event.kind, shell.all_template_roots())
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


def command(shell: Shell, event: Commanded) -> list[RunResult]:
    """Carry out one command; give the results of its runs.

    Raises:
        ExcursionError: It is not allowed, not possible, or the forge failed.
    """
    authorise(event, shell.config)
    issue = event.issue
    if commands.spec_of(event.command).reads_only:  # nobody has to wait for it
        for effect in commands.decide(event.command, read_world(shell, event)):
            if shell.show is None and isinstance(effect, Reply):
                shell.reply(effect)
            else:
                shell.apply(issue, (effect,))
        return []
    if shell.show is None and takes_long(shell.forge, event):
        world = read_world(shell, event)  # before others have to wait
        make_ready(shell.executor, commands.decide(event.command, world), world)
    read = partial(read_world, shell, event)
    settle_runs = partial(_settle, shell, issue)

    def settle() -> None:
        settle_runs()
        sweeping.settle(shell, issue, read)

    if isinstance(event.command, Cancel):
        decide = partial(_decide_anew, event, read)
        stopping.carry_out(shell, issue, decide, settle=settle)
        return []
    if isinstance(event.command, Retry) and shell.show is None:
        with shell.lock():
            settle()  # what was killed is what somebody tries again
    found = _sweep_of(event.command, read)
    if found is not None:
        sweep, plan = found
        return sweeping.carry_out(shell, sweep, issue, read, settle_runs=settle_runs, plan=plan)
    with ExitStack() as claims:
        with shell.lock():
            if shell.show is None and isinstance(event.command, _SETTLING):
                sweeping.settle(shell, issue, read)
            effects, done = _decide(shell, event)
            if done is not None:
                return [done]
            shell.apply(issue, effects)
            if shell.show is not None:
                return []
            asked = [effect for effect in effects if isinstance(effect, RequestRun)]
            requests = [effect.request for effect in asked if effect.answer is None]
            known = [effect.answer for effect in asked if effect.answer is not None]
            shell.apply(issue, _state(shell.forge.thread(issue), event.command, requests, known))
            results = answered(shell.executor, asked)
            if not requests:
                return results
            claims.enter_context(shell.executor.claim(requests[0]))
        shell.executor.execute(requests, 1, results.append)
        if not results:
            raise KeyboardInterrupt  # before anything was executed; given again, it will be
        with shell.lock():
            _end(shell, results[0])
            _settle(shell, issue)  # one killed just before may have ended meanwhile
    return results


def _state(
    thread: Thread,
    asked: Command,
    requests: Sequence[RunRequest],
    answered_at_once: Sequence[RunResult],
) -> tuple[Effect, ...]:
    """Have the welcome say how the excursion stands now that a command was carried out."""
    if requests:
        return state_effects(thread, going_on(requests))
    if answered_at_once:
        return state_effects(thread, ended(answered_at_once))
    return turn_effects(thread) if isinstance(asked, Answer | Close | Reopen) else ()


def _sweep_of(
    asked: Command, read: Callable[[], World]
) -> tuple[Sweep, Callable[[World], Plan]] | None:
    """Say which sweep a command is about, and how its runs are planned; None if about none."""
    if isinstance(asked, Sweep):
        return asked, partial(plan_sweep, asked)
    if not isinstance(asked, Retry) or plan_retry(asked, read()) is None:
        return None

    def plan(world: World) -> Plan:
        found = plan_retry(asked, world)
        if found is None:
            raise RequestError("the sweep is gone", right="Look at its thread, and try again.")
        return found

    return Sweep(timeout=asked.timeout, cell_timeout=asked.cell_timeout, runner=asked.runner), plan


def _decide_anew(event: Commanded, read: Callable[[], World]) -> tuple[Effect, ...]:
    return commands.decide(event.command, read())


def authorise(event: Commanded, config: Config) -> None:
    """Hold who commands against what the command needs.

    Raises:
        RequestError: They may not; the message says what is needed.
    """
    word = commands.word_of(event.command)
    needed = roles(config)[word]
    if event.actor.role < needed:
        raise RequestError(
            f"{event.actor.name} may not {word} here",
            right=f"It needs the role {needed.name.lower()} in this repository.",
            culprit=f"/{word}",
        )


def _decide(shell: Shell, event: Commanded) -> tuple[tuple[Effect, ...], RunResult | None]:
    """Decide, after settling what interrupted commands left.

    Gives the effects; or, where an interrupted command that asked for the same run had come far
    enough, that run's result.
    """
    asked = event.command
    if shell.show is None and isinstance(asked, Answer):
        _settle(shell, event.issue)
    world = read_world(shell, event)
    effects = commands.decide(asked, world)
    if not any(isinstance(effect, RequestRun) for effect in effects):
        return effects, None
    if shell.show is None:
        make_ready(shell.executor, effects, world)
    fresh = isinstance(asked, Run | Eval) and asked.force
    effects = identify(shell.executor, shell.forge, effects, world, fresh=fresh)
    if shell.show is not None or not any(run.interrupted for run in world.runs):
        return effects, None
    wanted = next(effect.request for effect in effects if isinstance(effect, RequestRun))
    settled = _settle(shell, event.issue, wanted=wanted)
    if isinstance(settled, RunResult) and not (settled.cache_hit and fresh):
        return (), settled
    if isinstance(settled, StoredRun) and settled.request is not None:
        files = shell.forge.run_files(event.issue, settled.number)
        return decide_again(settled.request, files), None
    world = read_world(shell, event)
    effects = commands.decide(asked, world)
    return identify(shell.executor, shell.forge, effects, world, fresh=fresh), None


def compare(shell: Shell, result: RunResult) -> tuple[RunResult, Agreement] | None:
    """Give a reproduction's original, and how the two agree; None if there is nothing to compare.

    Raises:
        ExcursionError: The forge failed.
    """
    run = int(result.run_id.partition(".")[2])
    world = read_world(shell, RunEnded(result.issue, run, result))
    published = next((r.result for r in world.runs if r.number == run and r.result), result)
    original, agreed = original_of(published, world), agreement(published, world)
    return (original, agreed) if original is not None and agreed is not None else None


def _settle(
    shell: Shell, issue: int, *, wanted: RunRequest | None = None
) -> RunResult | StoredRun | None:
    """Bring every run whose command was interrupted to its end, but for the points of sweeps.

    Gives the result of one that is just what is wanted now; or the run itself, if nothing of it
    was ever executed, or it is still executed elsewhere, so that it can be, or be awaited, now.
    """
    found: RunResult | StoredRun | None = None
    for stored in shell.forge.runs(issue):
        if not stored.interrupted or stored.request is None or stored.request.sweep:
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
    shell.apply(result.issue, _decide_end(shell, result))  # nothing else keeps its files in memory
    shell.executor.settled(result)


def _decide_end(shell: Shell, result: RunResult) -> tuple[Effect, ...]:
    """Read what a run made, and decide what is published of it."""
    run = int(result.run_id.partition(".")[2])
    event = RunEnded(result.issue, run, result)
    files = shell.forge.run_files(result.issue, run)
    world = read_world(shell, event, run_files={run: files})
    state = state_effects(world.thread, ended([result]))
    return (*decide_ended(event, world), *scored_predictions(world, (result,)), *state)


def read_world(
    shell: Office,
    event: Commanded | RunEnded,
    run_files: Mapping[int, Mapping[str, bytes]] | None = None,
) -> World:
    """Read all that the decision about an event may look at.

    Raises:
        ExcursionError: There is no such issue, or the forge failed.
    """
    forge, config = shell.forge, shell.config
    thread = forge.thread(event.issue)
    asked = event.command if isinstance(event, Commanded) else None
    known = read_excursion(thread)
    found = None if known or _is_new(thread, asked) else recovered(event.issue, forge, config)
    excursion = known or found
    world: dict[str, Any] = {
        "now": shell.clock(),
        "actor": event.actor.name if isinstance(event, Commanded) else "",
        "config": config,
        "thread": thread,
        "base": forge.head(config.default_branch),
        "runs": _runs(forge, event, asked, thread),
        "sweeps": forge.sweeps(event.issue),
        "run_files": run_files or {},
        "secrets": shell.secrets,
        "surroundings": shell.surroundings,
        "found": found,
    }
    if isinstance(event, Commanded):
        world["asked"] = event.asked
    if isinstance(asked, Start):
        name = (excursion.template if excursion else None) or asked.template
        world["template"] = find_template(
            name or asked_template(thread), asked_kind(thread), shell.all_template_roots()
        )
    if isinstance(asked, Retry):
        number = source_number(asked, World(**world))
        world["run_files"] = _files_with_source(forge, event.issue, number) if number else {}
    if isinstance(asked, Templates):
        named = template_names(shell.all_template_roots())
        world["templates"] = tuple(read_template(name, folder) for name, folder in named.items())
    if isinstance(asked, AskStatus) and config.budget.is_set and shell.surroundings.is_github:
        now, which = shell.clock().isoformat(), str(world["asked"])
        world["usage"] = read_usage(forge.spent_lately(), now, asked=which)
    if isinstance(asked, Reproduce):
        world["run_files"] = _files_with_source(forge, event.issue, asked.run)
    if isinstance(asked, Compare):
        chosen = notebooks_wanted(asked, world["runs"])
        sources = forge.run_sources(event.issue, chosen)
        world["run_files"] = {n: {SOURCE: found} for n, found in sources.items()}
        kept = forge.run_commits(event.issue) if shell.surroundings.is_github else None
        world["surroundings"] = replace(shell.surroundings, kept=kept)
    head = forge.head(excursion.branch) if excursion else None
    commit = head or _commit_of_run(event, world["runs"])  # a branch may be gone after the answer
    if excursion is None or commit is None:
        return World(**world)
    at = {name: f"{excursion.folder}/{name}" for name in ("README.md", FILE_NAME, NOTEBOOK)}
    contents = forge.read_files(commit, tuple(at.values()))
    read = {name: contents[path] for name, path in at.items()}
    world["head"] = head
    world["files"] = {name: content for name, content in read.items() if content is not None}
    if head is None:
        return World(**world)
    if isinstance(asked, Run | Sweep | Answer | Retry):
        world["uncommitted"] = forge.uncommitted(excursion.branch)
    if isinstance(asked, Run) and asked.dirty and world["uncommitted"]:
        world["patch"] = forge.patch(excursion.branch)
        world["working_notebook"] = forge.working_copy(excursion.branch, at[NOTEBOOK])
    if isinstance(asked, Answer):
        world["merge_obstacle"] = forge.merge_obstacle(excursion.branch, config.default_branch)
        basis = newest_good(World(**world))
        wanted = [asked.run] if asked.run else [basis.run.number] if basis else []
        world["run_files"] = {n: forge.run_files(event.issue, n) for n in wanted}
    return World(**world)


def _files_with_source(forge: Forge, issue: int, run: int) -> dict[int, dict[str, bytes]]:
    """Read the files of a run, its notebook as it was executed among them."""
    source = forge.run_source(issue, run)
    files = forge.run_files(issue, run)
    return {run: files | ({} if source is None else {SOURCE: source})}


def _is_new(thread: Thread, asked: Command | None) -> bool:
    """Say whether nothing shows that a thread without a welcome ever had one.

    Looking for its excursion takes requests, and most that are started are new.
    """
    if not isinstance(asked, Start):
        return False
    labels = set(thread.labels)
    marked = LABEL in labels and any(label.startswith("template:") for label in labels)
    return not thread.told and not (marked and labels & {kind.label for kind in Kind})


def _runs(
    forge: Forge, event: Commanded | RunEnded, asked: Command | None, thread: Thread
) -> tuple[StoredRun, ...]:
    """Read the runs, with all that they made known where the decision looks at it."""
    if isinstance(event, RunEnded):
        whole = bool(event.result.reproduces or event.result.answered_from)
        whole = whole or any(p.condition for p in read_predictions(thread))
    else:
        whole = isinstance(asked, Sweep | Reproduce | Answer | Compare | Cancel | Retry)
        whole = whole or (isinstance(asked, Predict) and has_condition(asked.text))
    return forge.runs(event.issue) if whole else forge.outlined_runs(event.issue)


def _commit_of_run(event: Commanded | RunEnded, runs: tuple[StoredRun, ...]) -> str | None:
    """Give the commit of the run that an event is about."""
    if isinstance(event, RunEnded):
        return event.result.commit
    number = event.command.run if isinstance(event.command, Reproduce) else None
    return next((r.request.commit for r in runs if r.number == number and r.request), None)
