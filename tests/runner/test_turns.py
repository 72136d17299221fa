"""Runs asked for at once: the machine decides how many go on, the others wait and say so."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Wait

from runner.capacity import Capacity, FreeGpu, no_room
from runner.records import Resources
from runner.turns import Turns

GB = 10**9
TWO_CORES = Capacity(2, 100 * GB, memory=100 * GB)


@pytest.mark.parametrize(
    ("others", "reckoned", "capacity", "each", "reason"),
    [
        (0, 0, Capacity(1, 0, memory=0), Resources(), ""),  # alone, waiting would not help
        (1, GB, TWO_CORES, Resources(), ""),
        (2, GB, TWO_CORES, Resources(), "2 cores"),
        (1, GB, TWO_CORES, Resources(cores=2), "2 cores"),
        (1, GB, Capacity(8, GB, memory=9 * GB), Resources(), "1.0 GB of memory are free"),
        # begun just now, others have not yet taken what they will
        (5, 8 * GB, Capacity(8, 9 * GB, memory=9 * GB), Resources(), "9.0 GB of memory are free"),
        (1, GB, Capacity(8, 9 * GB, (FreeGpu("0", GB),), 9 * GB), Resources(), "1 GPU"),
        (
            1,
            GB,
            Capacity(8, 9 * GB, (FreeGpu("0", 3 * GB),), 9 * GB),
            Resources(gpu_memory_bytes=2 * GB),
            "",
        ),
        (
            1,
            GB,
            Capacity(8, 9 * GB, (FreeGpu("0", GB),), 9 * GB),
            Resources(gpu_memory_bytes=2 * GB),
            "no GPU has enough memory free",
        ),
    ],
)
def test_what_is_scarce_makes_runs_wait(
    others: int, reckoned: int, capacity: Capacity, each: Resources, reason: str
) -> None:
    assert no_room(others, reckoned, capacity, each) == reason


def child(do: Callable[[], None]) -> int:
    """Do something in a process of its own; give its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        do()
        os._exit(0)
    finally:
        os._exit(1)


def test_of_a_hundred_at_once_never_more_go_on_than_there_are_cores(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def note(text: str) -> None:
        with log.open("a") as file:
            file.write(text)

    def one() -> None:
        said: list[str] = []
        turn, waited = Turns(tmp_path / "turns", lambda: TWO_CORES).wait(Resources(), said.append)
        note("+")
        assert len(said) == waited
        note("-")
        turn.end()

    children = [child(one) for _ in range(100)]
    assert {os.waitpid(pid, 0)[1] for pid in children} == {0}

    at_once, most = 0, 0
    for sign in log.read_text():
        at_once += 1 if sign == "+" else -1
        most = max(most, at_once)
    assert log.read_text().count("+") == 100
    assert most <= 2


def test_a_turn_ends_with_its_holder_and_a_place_in_line_with_its_waiter(
    tmp_path: Path, wait_until: Wait
) -> None:
    turns = Turns(tmp_path / "turns", lambda: Capacity(1, GB, memory=GB))
    ready, waits = tmp_path / "ready", tmp_path / "waits"

    def said() -> str:
        return waits.read_text() if waits.exists() else ""

    def hold() -> None:
        turns.wait(Resources(), lambda _: None)
        ready.write_text("holds")
        signal.pause()

    def wait() -> None:
        def say(text: str) -> None:
            waits.write_text(text)

        turns.wait(Resources(), say)

    holder = child(hold)
    wait_until(ready.exists)
    waiter = child(wait)
    wait_until(lambda: "1 run goes on here" in said())
    assert turns.now(Resources()) is None
    for pid in (waiter, holder):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    turn = turns.now(Resources())
    assert turn is not None
    assert turns.now(Resources()) is None
    turn.end()
