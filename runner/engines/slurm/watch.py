"""Jobs that Slurm has ─► what they say and where they stand, told as it happens; their results.

What executes on the node speaks through files; the controller is asked about all jobs at once,
and ever more seldom, to learn what files cannot say: that a job waits, or died without a word.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from runner.engines.job import Ended, Job, Listener
from runner.engines.slurm import queue
from runner.engines.slurm.queue import UnreachableError
from runner.engines.slurm.ticket import Ticket
from runner.engines.slurm.watched import Watched

_SELDOMER = 1.5


@dataclass(frozen=True)
class Pace:
    """How often is looked and asked, and for how long is waited, in seconds."""

    look: float = 0.5  # between looks at the files
    look_each: float = 0.02  # more for each job
    ask: float = 2.0  # before the controller is asked first, and then ever longer
    ask_at_most: float = 30.0
    catch_up: float = 10.0  # for a shared file system to show what an ended job wrote
    patience: float = 1_800.0  # with a controller that does not answer
    stop: float = 30.0  # for a cancelled job to write its result


class Watch:
    """Waits for jobs that Slurm has."""

    def __init__(self, listen: Listener, ended: Ended, pace: Pace) -> None:
        self._listen = listen
        self._ended = ended
        self._pace = pace
        self._going_on: dict[str, Watched] = {}  # by the job's id
        self._silent_since: float | None = None  # the controller
        self._waiting_for = ""  # what Slurm said last

    def add(self, jobs: Iterable[tuple[Job, Ticket]]) -> None:
        """Wait for these jobs too, which Slurm has."""
        self._going_on |= {ticket.id: Watched(job, ticket) for job, ticket in jobs}

    def until_all_ended(self) -> None:
        """Wait until every job has ended and its result was told.

        Raises:
            UnreachableError: The controller has not answered for long, and not all have ended.
        """
        pause = self._pace.ask
        due = time.monotonic() + pause
        while self._going_on:
            self._take_ended()
            self._heed_cancels()
            if self._going_on and time.monotonic() >= due:
                self._ask_patiently()
                pause = min(self._pace.ask_at_most, pause * _SELDOMER)
                due = time.monotonic() + pause
            self._rest()

    def stop(self) -> None:
        """Cancel what goes on, keeping what it made; what never began is left as such.

        Raises:
            UnreachableError: The controller does not answer, and what it has goes on.
        """
        numbers = sorted({watched.ticket.job for watched in self._going_on.values()})
        self._tell(f"cancelling Slurm job {', '.join(numbers)}")
        deadline = time.monotonic() + self._pace.stop
        silent: UnreachableError | None = None
        while self._going_on and time.monotonic() < deadline:
            try:
                self._ask()
                self._cancel()
                silent = None
            except UnreachableError as error:
                silent = error
            self._rest()
            self._take_ended()
        if self._going_on and silent is not None:
            raise silent
        self._kill()

    def _heed_cancels(self) -> None:
        """Stop those that somebody wants to stop alone; those that never began are told of, too."""
        wanted = [w for w in self._going_on.values() if w.job.cancelled]
        if not wanted:
            return
        with suppress(UnreachableError):  # said again, it does no harm
            self._ask()
            self._end(wanted)
        for watched in wanted:
            if watched.stop_by is None:
                watched.stop_by = time.monotonic() + self._pace.stop
            over = watched.standing.over and not watched.began
            late = time.monotonic() >= watched.stop_by
            if not over and not late:
                continue
            if late:
                queue.kill([watched.ticket])
            self._drop(watched)
            why = "it did not stop by itself" if watched.began else "before anything was executed"
            self._ended(watched.result() or watched.cancelled(why))

    def _cancel(self) -> None:
        """Say what ends them to those that go on."""
        self._end(list(self._going_on.values()))
        for watched in tuple(self._going_on.values()):
            if watched.standing.over and not watched.began:
                self._drop(watched).forget()

    @staticmethod
    def _end(some: Sequence[Watched]) -> None:
        """Say what ends it to each, as it needs it; said again, it does no harm."""
        waiting = [watched for watched in some if watched.standing.waits]
        if waiting:
            queue.cancel_waiting(watched.ticket for watched in waiting)
        running = [watched for watched in some if watched.standing.runs]
        if running:
            queue.interrupt(watched.standing for watched in running)

    def _kill(self) -> None:
        """End those that did not stop."""
        if self._going_on:
            queue.kill(watched.ticket for watched in self._going_on.values())
        for watched in tuple(self._going_on.values()):
            self._drop(watched)
            if watched.began:
                message = f"it did not stop within {self._pace.stop:g} s, so Slurm was to kill it"
                self._ended(watched.result() or watched.cancelled(message))
            else:
                watched.forget()

    def _take_ended(self) -> None:
        """Tell what is new, and take the results that are there."""
        folders = {watched.ticket.folder for watched in self._going_on.values()}
        there = {path for folder in folders for path in Path(folder).iterdir()}
        for watched in tuple(self._going_on.values()):
            watched.tell_news(self._listen)
            late = watched.over_for >= self._pace.catch_up
            if not late and watched.ticket.ended not in there:
                continue
            result = watched.result()
            if result is None and late:
                result = watched.conclude()
            if result is not None:
                self._drop(watched).tell_news(self._listen)
                self._ended(result)

    def _ask_patiently(self) -> None:
        """Ask where the jobs stand; if there is no answer, go on without for a while."""
        try:
            self._ask()
        except UnreachableError as error:
            if self._silent_since is None:
                self._silent_since = time.monotonic()
                self._tell(f"Slurm does not answer ({error}); what it has goes on meanwhile")
            if time.monotonic() - self._silent_since >= self._pace.patience:
                raise
            return
        if self._silent_since is not None:
            self._silent_since = None
            self._tell("Slurm answers again")
        waiting = [
            watched.standing for watched in self._going_on.values() if watched.standing.waits
        ]
        for_what = waiting[0].reason if len(waiting) == len(self._going_on) else ""
        if for_what not in ("", "None", self._waiting_for):
            self._tell(f"waits in Slurm's queue: {for_what}")
        self._waiting_for = for_what

    def _ask(self) -> None:
        """Ask the controller where the jobs stand."""
        standings = queue.ask(watched.ticket for watched in self._going_on.values())
        for name, standing in standings.items():
            self._going_on[name].stands(standing)

    def _tell(self, text: str) -> None:
        """Tell something about all jobs, once."""
        for watched in tuple(self._going_on.values())[:1]:
            self._listen(watched.job.request.run_id, {"event": "place", "text": text})

    def _drop(self, watched: Watched) -> Watched:
        del self._going_on[watched.ticket.id]
        return watched

    def _rest(self) -> None:
        if self._going_on:
            time.sleep(self._pace.look + self._pace.look_each * len(self._going_on))
