"""How this machine is shared among runs that go on at once: how many do, and who has what."""

from __future__ import annotations

import heapq
import os
from functools import cached_property

from runner.capacity import Capacity, read_capacity, share_of, slots_for, threads_of
from runner.records import RunRequest


class Shares:
    """This machine's cores, memory and GPUs, as they are when the first is asked for."""

    @cached_property
    def _machine(self) -> Capacity:
        return read_capacity()

    def slots(self, request: RunRequest, points: int, jobs: int | None) -> int:
        """Say how many of so many runs go on at once: what was asked for, never more than cores.

        Where nothing was asked for, cores, memory and GPUs decide; on a cluster, its queue.
        """
        if request.engine != "local":
            return min(jobs or points, points)
        if jobs is None:
            return slots_for(points, self._machine, request.resources)
        return max(1, min(jobs, points, self._machine.cores))

    def threads(self, request: RunRequest, slots: int) -> dict[str, str]:
        """Say how many threads each of so many runs is given; a run alone has what it takes."""
        if slots == 1 or request.engine != "local":
            return {}
        return threads_of(slots, self._machine, request.resources, os.environ)

    def among(self, slots: int) -> Slots:
        """Part the machine among so many runs at once."""
        return Slots(self._machine, slots) if slots > 1 else Slots(None, slots)


class Slots:
    """Places for runs that go on at once."""

    def __init__(self, machine: Capacity | None, count: int) -> None:
        self._machine = machine
        self._count = count
        self._free = list(range(count))
        self._taken: dict[str, int] = {}

    def take(self, request: RunRequest) -> dict[str, str]:
        """Give a run a place, and the variables that say what it has of the machine."""
        if self._machine is None or request.engine != "local":
            return {}
        self._taken[request.run_id] = slot = heapq.heappop(self._free)
        return share_of(slot, self._count, self._machine, request.resources, os.environ)

    def give_back(self, run_id: str) -> None:
        """Let another run have what this one had."""
        if run_id in self._taken:
            heapq.heappush(self._free, self._taken.pop(run_id))
