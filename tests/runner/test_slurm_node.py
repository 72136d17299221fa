"""Which signals on a node mean that Slurm's time limit ended a run."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from runner.engines.slurm import node


@pytest.mark.parametrize(
    ("came", "at_limit"),
    [
        ((signal.SIGUSR1,), True),
        ((signal.SIGUSR1, signal.SIGTERM), True),
        ((signal.SIGTERM, signal.SIGUSR1), True),
        ((signal.SIGTERM,), False),
        ((signal.SIGINT, signal.SIGUSR1), False),
        ((), False),
    ],
)
def test_the_limit_s_signal_counts_unless_somebody_cancelled_before(
    came: tuple[int, ...], at_limit: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers: dict[int, Any] = {}
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    stop = node._Stop()
    for number in came:
        handlers[number](number, None)
    assert stop.at_limit is at_limit
    assert stop.number == (came[0] if came else None)
