"""A signal to stop: raised once, where nothing is half done."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from runner.stopping import CancelledError, Stops, stoppable


@pytest.fixture
def stops() -> Iterator[Stops]:
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        with stoppable() as stops:
            yield stops
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def come(number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def test_it_is_raised_at_once_outside_of_the_event_loop(stops: Stops) -> None:
    with pytest.raises(CancelledError, match="stopped by SIGINT"):
        come(signal.SIGINT)


def test_a_step_of_the_event_loop_is_not_cut_off(stops: Stops) -> None:
    done: list[object] = []

    async def step() -> None:
        come()
        done.extend(range(1000))
        await asyncio.sleep(60)
        done.append(-1)

    with pytest.raises(CancelledError, match="stopped by SIGTERM"):
        asyncio.run(step())
    assert done == list(range(1000))


def test_what_must_be_whole_is_finished_first(stops: Stops) -> None:
    done = []

    def write() -> None:
        with stops.held():
            come()
            done.append("first")
            come(signal.SIGINT)  # changes nothing
            done.append("second")

    with pytest.raises(CancelledError):
        write()
    assert done == ["first", "second"]
    with stops.held():
        done.append("third")  # it was told once


def test_what_was_told_meanwhile_is_not_cut_off(stops: Stops) -> None:
    """A signal that came with the last step of a run has nothing left to stop."""

    async def last_step() -> None:
        come()
        stops.ignore()
        await asyncio.sleep(0.01)

    asyncio.run(last_step())
