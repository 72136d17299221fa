"""The one path of a cancellation where runs are executed by us: asked for, awaited, told."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.effects import CancelRuns, Effect
from bot.errors import ForgeError
from bot.shell import Shell
from runner.records import RunRequest

_PATIENCE_S = 60.0  # what is to stop has some seconds to do so, and is then killed
_PAUSE_S = 0.1


def carry_out(
    shell: Shell,
    issue: int,
    decide: Callable[[], tuple[Effect, ...]],
    *,
    settle: Callable[[], object],
) -> None:
    """Have what is executed stop, wait until it has, and see to it that all is told.

    Args:
        shell: What is worked with.
        issue: The excursion's issue.
        decide: Decides what follows from the command.
        settle: Brings what was interrupted to its end, the lock held.

    Raises:
        ExcursionError: It is not possible, or the forge failed.
    """
    if shell.show is not None:
        shell.apply(issue, decide())
        return
    with shell.lock():
        settle()
        effects = decide()
        shell.apply(issue, effects)
    for effect in effects:
        if isinstance(effect, CancelRuns):
            shell.executor.stop_left(_left(shell, effect))
            _wait(shell, effect)
            with shell.lock():
                settle()


def _left(shell: Shell, effect: CancelRuns) -> list[RunRequest]:
    """Find those to be stopped that no command waits for."""
    sweeps = {f"{effect.issue}.{first}" for first in effect.sweeps}
    return [
        stored.request
        for stored in shell.forge.runs(effect.issue)
        if stored.request is not None
        and stored.interrupted
        and (stored.number in effect.runs or stored.request.sweep in sweeps)
    ]


def _wait(shell: Shell, effect: CancelRuns) -> None:
    """Wait until no command is at work any more on what is to stop.

    Raises:
        ForgeError: That takes too long.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while shell.executor.at_work(effect.issue, effect.runs, effect.sweeps):
        if time.monotonic() >= deadline:
            raise ForgeError(
                f"what executes it has not stopped within {_PATIENCE_S:g} s",
                right="It was asked to; look at the thread again later.",
            )
        time.sleep(_PAUSE_S)
