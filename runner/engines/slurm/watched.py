"""One run on the cluster: its journal's news, where its job stands, its result."""

from __future__ import annotations

import json
import os
import time

from runner.engines import left
from runner.engines.job import Job, Listener
from runner.engines.slurm.queue import Standing
from runner.engines.slurm.ticket import Ticket, tear_up
from runner.engines.slurm.verdict import conclude
from runner.journal import FILE_NAME as JOURNAL
from runner.records import RunResult, Status
from runner.report import RESULT


class Watched:
    """A run that Slurm has."""

    def __init__(self, job: Job, ticket: Ticket) -> None:
        self.job = job
        self.ticket = ticket
        self.standing = Standing(ticket.id, ticket.id, "")  # not asked for yet
        self.stop_by: float | None = None  # once it is cancelled alone
        self._over_since: float | None = None
        self._read = 0  # bytes of the journal

    @property
    def began(self) -> bool:
        """Whether anything of it was executed."""
        return left.began(self.job.folder)

    @property
    def over_for(self) -> float:
        """Seconds since Slurm first said that the job is over; 0 if it does not."""
        return 0.0 if self._over_since is None else time.monotonic() - self._over_since

    def stands(self, standing: Standing) -> None:
        """Take note of where its job stands."""
        self.standing = standing
        if not standing.over:
            self._over_since = None
        elif self._over_since is None:
            self._over_since = time.monotonic()

    def tell_news(self, listen: Listener) -> None:
        """Tell what the journal says since the last time."""
        try:
            with (self.job.folder / JOURNAL).open("rb") as journal:
                journal.seek(self._read)
                text = journal.read()
        except FileNotFoundError:
            return
        whole = text[: text.rfind(b"\n") + 1]  # the last line may be in the writing
        self._read += len(whole)
        for line in whole.splitlines():
            listen(self.job.request.run_id, json.loads(line))

    def result(self) -> RunResult | None:
        """Read the result that the node left, None if there is none to see yet."""
        # A client of a file server looks anew at a folder when it lists it, not at every open.
        there = RESULT in os.listdir(self.job.folder)  # noqa: PTH208
        return left.read_left(self.job.folder) if there else None

    def conclude(self) -> RunResult:
        """Give the result of a job that is over and left none."""
        return conclude(self.job.folder, self.job.request, self.ticket, self.standing)

    def cancelled(self, message: str) -> RunResult:
        """Give the result of a job that had to be killed."""
        return left.conclude(
            self.job.folder, self.job.request, Status.CANCELLED, name="Cancelled", message=message
        )

    def forget(self) -> None:
        """Leave the run as one that never began."""
        tear_up(self.job.folder)
