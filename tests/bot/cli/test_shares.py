"""How many runs of a sweep go on at once on this machine, and what each is given."""

from __future__ import annotations

import os

import samples

from bot.cli.shares import Shares
from runner.records import Resources, RunRequest

SMALL = Resources(memory_bytes=1, cores=1)


def request(number: int = 1, **changes: object) -> RunRequest:
    return samples.request(**{"run_id": f"1.{number}", "resources": SMALL} | changes)


def cores() -> int:
    return len(os.sched_getaffinity(0))


def test_what_one_run_may_take_decides_unless_jobs_are_given() -> None:
    greedy = request(resources=Resources(memory_bytes=10**18))
    assert Shares().slots(greedy, 100, None) == 1
    assert Shares().slots(request(resources=Resources(cores=10**6)), 100, None) == 1
    assert Shares().slots(request(), 100, None) <= cores()
    assert Shares().slots(greedy, 100, 2) == min(2, cores())


def test_never_more_than_there_are_cores_or_points() -> None:
    assert 1 <= Shares().slots(request(), 100, 10**5) <= cores()
    assert Shares().slots(request(), 1, 10**5) == 1


def test_a_cluster_has_its_own_queue() -> None:
    there = request(engine="slurm")
    assert Shares().slots(there, 100, None) == 100
    assert Shares().slots(there, 100, 7) == 7
    assert Shares().threads(there, 100) == {}
    assert Shares().among(100).take(there) == {}


def test_a_run_alone_is_given_no_share() -> None:
    assert Shares().threads(request(), 1) == {}
    assert Shares().among(1).take(request()) == {}


def test_places_are_given_back_and_taken_again() -> None:
    slots = Shares().among(2)
    shares = [slots.take(request(number)) for number in (1, 2)]
    slots.give_back("1.1")
    slots.give_back("1.7")  # that had none
    assert slots.take(request(3)) == shares[0]
