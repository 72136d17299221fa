"""Where Slurm says a job stands, and what lies in the run's folder ─► the run's result."""

from __future__ import annotations

from pathlib import Path

from runner.engines import left
from runner.engines.slurm.queue import Standing
from runner.engines.slurm.ticket import Ticket
from runner.records import RunRequest, RunResult, Status
from runner.sizes import spoken_size


def conclude(folder: Path, request: RunRequest, ticket: Ticket, standing: Standing) -> RunResult:
    """Write the result of a run whose job is over and left none, with all that it had made."""
    status, name, message = _explain(folder, request, ticket, standing)
    return left.conclude(folder, request, status, name=name, message=message)


def _explain(
    folder: Path, request: RunRequest, ticket: Ticket, standing: Standing
) -> tuple[Status, str, str]:
    """Say how the job ended, why in a word or two, and in a sentence."""
    job = f"Slurm job {ticket.id}"
    on = f" on node {standing.node}" if standing.node else ""
    memory = request.resources.memory_bytes
    asked = f"; memory = {spoken_size(memory)} was asked for" if memory else ""
    match standing.state:
        case "CANCELLED":
            return Status.CANCELLED, "Cancelled", f"{job}{on} was cancelled"
        case "TIMEOUT" | "DEADLINE":
            message = f"{job}{on} came to its own time limit before the run came to its"
            return Status.TIMED_OUT, "Slurm's time limit", message
        case "NODE_FAIL" | "BOOT_FAIL":
            return Status.DIED, "Dead node", f"the node {standing.node} of {job} failed"
        case "OUT_OF_MEMORY":
            message = f"{job}{on} was killed for taking more memory than it may{asked}"
            return Status.DIED, "Out of memory", message
        case "PREEMPTED":
            return Status.DIED, "Preempted", f"{job}{on} had to make room for another"
        case "GONE":
            message = f"{job} has ended, Slurm no longer knows how, and it left no result"
            return Status.DIED, "Killed", message
    return Status.DIED, "Killed", f"{job}{on} {standing.state}: {_said(folder, ticket)}"


def _said(folder: Path, ticket: Ticket) -> str:
    """Give the last that was said on the node."""
    try:
        log = ticket.log.read_text(errors="replace")[-1_500:].strip()
    except FileNotFoundError:
        return f"it wrote nothing to {ticket.folder}; does the node see that folder?"
    return left.last_words(folder) or log or "it said nothing"
