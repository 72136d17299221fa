"""The one path: event ─► authorise ─► read the world ─► decide ─► apply.

Labels, comments and the command line all come through here. Only the forge and the place of
execution differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

from bot import commands, stopping, sweeping
from bot.agreement import Agreement
from bot.command import (
    Answer,
    Cancel,
    Close,
    Command,
    Eval,
    Reopen,
    Reproduce,
    Retry,
    Run,
    Sweep,
)
from bot.commands.comparison import agreement, original_of
from bot.commands.retry import plan as plan_retry
from bot.commands.roles import roles
from bot.commands.run import decide_again, decide_ended, same_request
from bot.commands.scoring import scored_predictions
from bot.commands.start import decide_ask
from bot.commands.state import ended, going_on, state_effects, turn_effects
from bot.commands.sweep import Plan
from bot.commands.sweep import plan as plan_sweep
from bot.commands.world import World
from bot.config import Config
from bot.effects import Effect, Reply, RequestRun
from bot.errors import RequestError
from bot.events import Asked, Commanded, RunEnded
from bot.excursion import branch_name, check_title
from bot.forge.protocol import StoredRun
from bot.preparation import answered, identify, make_ready, takes_long
from bot.reading import read_world
from bot.shell import Shell
from bot.template import find_template
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
