"""Slurm's own commands ─► where jobs stand, and words to end them.

`sacct` needs a database that many clusters lack, so only the controller is asked: it knows a job
until `MinJobAge` (five minutes by default) after its end.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from runner.engines.slurm.ticket import Ticket

_ANSWER_S = 60.0  # squeue itself gives up after 10 to 20 s
_SCANCEL_S = 5.0  # scancel tries again for minutes where a job is just changing its state
_UNKNOWN = "Invalid job id specified"
_FORMAT = "%i|%A|%T|%r|%N"
# https://slurm.schedmd.com/squeue.html#SECTION_JOB-STATE-CODES
_OVER = {
    "BOOT_FAIL",
    "CANCELLED",
    "COMPLETED",
    "DEADLINE",
    "FAILED",
    "NODE_FAIL",
    "OUT_OF_MEMORY",
    "PREEMPTED",
    "TIMEOUT",
}


class UnreachableError(Exception):
    """Slurm's controller does not answer; its words, or those of the command, are the message."""


@dataclass(frozen=True)
class Standing:
    """Where a job stands.

    Attributes:
        id: The job as Slurm names it, such as `17` or `17_3`.
        number: The number that this very job has, also where it is part of an array.
        state: Slurm's word, such as `PENDING`; `GONE` if the controller knows the job no longer.
        reason: Why it waits, or why it ended.
        node: Where it executes or executed.
    """

    id: str
    number: str
    state: str
    reason: str = ""
    node: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing of the job goes on."""
        return self.state in _OVER or self.gone

    @property
    def waits(self) -> bool:
        """Whether it has not begun."""
        return self.state == "PENDING"

    @property
    def runs(self) -> bool:
        """Whether it is executed now."""
        return self.state == "RUNNING"

    @property
    def gone(self) -> bool:
        """Whether the controller knows nothing of it."""
        return self.state == "GONE"


def ask(tickets: Iterable[Ticket]) -> dict[str, Standing]:
    """Ask where jobs stand, in one question to the controller; the answer is by id.

    Raises:
        UnreachableError: The controller does not answer.
    """
    wanted = [ticket for ticket in tickets if ticket.job]
    numbers = sorted({ticket.job for ticket in wanted})
    if not numbers:
        return {}
    known = {one.id: one for one in _squeue("--jobs", ",".join(numbers))}
    return {ticket.id: _of(ticket, known) for ticket in wanted}


def find(ticket: Ticket) -> Ticket | None:
    """Find the job of a ticket that was written before the job had its number.

    Raises:
        UnreachableError: The controller does not answer.
    """
    for one in _squeue("--name", ticket.name):
        return ticket.model_copy(update={"job": one.id.partition("_")[0]})
    return None


def cancel_waiting(tickets: Iterable[Ticket]) -> None:
    """Cancel those jobs that still wait."""
    _scancel("--state=PENDING", *(ticket.id for ticket in tickets))


def interrupt(standings: Iterable[Standing]) -> None:
    """Send SIGINT to what executes these jobs' runs, and to nothing below it."""
    # One task of an array has the array's own number, by which all of them would be meant.
    names = (one.id if one.id.startswith(f"{one.number}_") else one.number for one in standings)
    _scancel("--batch", "--signal=INT", *names)


def kill(tickets: Iterable[Ticket]) -> None:
    """Cancel jobs, whatever they are at: SIGTERM to all that is in them, then SIGKILL."""
    _scancel(*(ticket.id for ticket in tickets))


def _of(ticket: Ticket, known: dict[str, Standing]) -> Standing:
    """Find a job among those that the controller knows."""
    if ticket.id in known:
        return known[ticket.id]
    for name, standing in known.items():  # what was never split from its array has no line
        if name == ticket.job or name.startswith(f"{ticket.job}_["):
            return standing
    return Standing(ticket.id, ticket.id, "GONE")


def _squeue(*which: str) -> list[Standing]:
    command = ["squeue", "--noheader", "--array", "--states=all", f"--format={_FORMAT}", *which]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_ANSWER_S
        )
    except subprocess.TimeoutExpired as error:
        raise UnreachableError(f"squeue gave no answer within {_ANSWER_S:g} s") from error
    if _UNKNOWN in done.stderr:
        return []
    if done.returncode:
        raise UnreachableError(words(done.stderr) or f"squeue ended with {done.returncode}")
    return [Standing(*line.split("|", 4)) for line in done.stdout.splitlines() if line.strip()]


def _scancel(*arguments: str) -> None:
    """Run scancel; whether it helped, the next question shows."""
    try:
        subprocess.run(
            ["scancel", *arguments], capture_output=True, check=False, timeout=_SCANCEL_S
        )
    except subprocess.TimeoutExpired:
        return


def words(said: str) -> str:
    """Give what one of Slurm's commands said, without its name before every line."""
    lines = [re.sub(r"^\w+: (error: )?", "", line).strip() for line in said.splitlines()]
    return ". ".join(line for line in lines if line)
