"""The runs of one command ─► each when this machine has a turn for it, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from runner.records import RunRequest, RunResult
from runner.turns import Turn, Turns

Say = Callable[[str], None]


class Queue:
    """Runs alike but for their parameters, and the turns that those which go on hold.

    Args:
        like: What they are like.
        requests: The runs; each is claimed by the time it is asked for.
        count: How many there are.
        say: Told why the first has to wait.
    """

    def __init__(
        self, like: RunRequest, requests: Iterator[RunRequest], count: int, say: Say
    ) -> None:
        self._turns = Turns()
        self._resources = like.resources
        self._requests = requests
        self._count = count
        self._say = say
        self._next: Turn | None = None
        self._held: dict[str, Turn] = {}

    def wait_for_first(self) -> bool:
        """Wait for the first turn; say whether there was something to wait for."""
        self._next, waited = self._turns.wait(self._resources, self._say)
        return waited

    def __iter__(self) -> Iterator[RunRequest | None]:
        """Give each run when there is a turn for it; None where there is none as yet.

        Where nothing goes on, so that nothing else is waited for, it waits.
        """
        for _ in range(self._count):
            while (turn := self._turn()) is None:
                yield None
            request = next(self._requests, None)
            if request is None:
                turn.end()
                return
            self._held[request.run_id] = turn
            yield request

    def held_by(self, request: RunRequest) -> tuple[int, ...]:
        """Give the descriptors that hold a run's turn, for whoever executes it."""
        return self._held[request.run_id].descriptors if request.run_id in self._held else ()

    def ended(self, result: RunResult) -> None:
        """Let others have the turn of a run that has ended."""
        if result.run_id in self._held:
            self._held.pop(result.run_id).end()

    def _turn(self) -> Turn | None:
        turn, self._next = self._next, None
        if turn is not None:
            return turn
        if self._held:
            return self._turns.now(self._resources)
        return self._turns.wait(self._resources, self._say)[0]
