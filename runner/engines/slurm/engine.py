"""Jobs ─► given to Slurm, or found there again ─► their journals told, and their results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from runner.engines import left
from runner.engines.job import Ended, EngineError, Job, Listener
from runner.engines.slurm import queue
from runner.engines.slurm.queue import Standing, UnreachableError
from runner.engines.slurm.signals import HangupError, ignore, leaving_on_hangup, undisturbed
from runner.engines.slurm.submission import RefusedError, submit
from runner.engines.slurm.ticket import Ticket, read_ticket, write_ticket
from runner.engines.slurm.verdict import conclude
from runner.engines.slurm.watch import Pace, Watch
from runner.records import RunRequest, RunResult, Status

_PACE = Pace()


def execute(
    jobs: Iterable[Job], slots: int, *, listen: Listener, ended: Ended, pace: Pace = _PACE
) -> bool:
    """Execute jobs on a Slurm cluster, those that need the same as one array.

    A job whose run was given to Slurm before, by a command that was killed, is waited for in
    place of being submitted again. A KeyboardInterrupt cancels those that go on; what they made
    is kept and told in their results, those that still waited are left as never begun, and
    further signals to stop are ignored from then on. If the terminal is closed (SIGHUP), or
    anything fails here, the cluster goes on.

    Args:
        jobs: What to run. All are asked for at once: it is Slurm that keeps the queue.
        slots: How many of an array may go on at the same time.
        listen: Called with a run's id and each event of its journal, and where its job stands.
        ended: Called with each result.
        pace: How often is looked and asked, and for how long is waited.

    Returns:
        Whether all were executed; False if it was interrupted.

    Raises:
        EngineError: Slurm's controller does not answer; what goes on there goes on.
    """
    watch = Watch(listen, ended, pace)
    with leaving_on_hangup():
        try:
            fresh = _take_up(list(jobs), watch, listen, ended)
            for _, group in groupby(sorted(fresh, key=_needs), key=_needs):
                _submit(list(group), slots, watch, listen, ended)
            watch.until_all_ended()
        except HangupError:
            raise
        except KeyboardInterrupt:
            ignore()  # the rest is short, and must not be cut off
            _stop(watch)
            return False
        except UnreachableError as error:
            raise _unreachable(error) from error
    return True


def goes_on(folder: Path) -> str:
    """Name the Slurm job that still executes, or shall execute, the run of a folder; "" if none.

    Raises:
        EngineError: Slurm's controller does not answer.
    """
    ticket, standing = _asked(folder)
    if ticket is None or standing is None or standing.over or left.read_left(folder) is not None:
        return ""
    return ticket.id


def cancel(works: Sequence[tuple[RunRequest, Path]], *, ended: Ended, pace: Pace = _PACE) -> None:
    """Stop runs that go on though nobody waits for them; all are told of, with what they made.

    Args:
        works: The requests, and their folders.
        ended: Called with each result.
        pace: How often is looked and asked, and for how long is waited.

    Raises:
        EngineError: Slurm's controller does not answer.
    """
    asked = [(Job(request, folder, folder), *_asked(folder)) for request, folder in works]
    watch = Watch(lambda *_: None, ended, pace)
    watch.add([(job, ticket) for job, ticket, standing in asked if ticket and standing])
    _stop(watch)
    for job, _, _ in asked:  # of those that never began nothing was said
        if left.read_left(job.folder) is None:
            why = "before anything was executed"
            status = Status.CANCELLED
            ended(left.conclude(job.folder, job.request, status, name="Cancelled", message=why))


def recover(folder: Path, request: RunRequest) -> RunResult:
    """Say what became of a run whose Slurm job ended while nobody waited for it.

    Raises:
        EngineError: Slurm's controller does not answer.
    """
    ticket, standing = _asked(folder)
    if ticket is None or standing is None:
        return left.recover(folder, request)
    return left.read_left(folder) or conclude(folder, request, ticket, standing)


def _asked(folder: Path) -> tuple[Ticket | None, Standing | None]:
    """Ask Slurm for the job of a run's folder."""
    ticket = read_ticket(folder)
    if ticket is None:
        return None, None
    try:
        found = _with_number(folder, ticket)
        return found, queue.ask([found])[found.id] if found else None
    except UnreachableError as error:
        raise _unreachable(error) from error


def _with_number(folder: Path, ticket: Ticket) -> Ticket | None:
    """Complete a ticket whose job's number its writer was not left to hear."""
    if ticket.job:
        return ticket
    found = queue.find(ticket)
    if found is not None:
        write_ticket(folder, found)
    return found


def _take_up(jobs: Sequence[Job], watch: Watch, listen: Listener, ended: Ended) -> list[Job]:
    """Wait again for what Slurm has already; give the jobs that it was never given."""
    tickets: dict[str, Ticket] = {}
    for job in jobs:
        ticket = read_ticket(job.folder)
        found = _with_number(job.folder, ticket) if ticket else None
        if found is not None:
            tickets[job.request.run_id] = found
    standings = queue.ask(tickets.values())
    fresh = []
    for job in jobs:
        known = tickets.get(job.request.run_id)
        result = left.read_left(job.folder)
        if result is not None:
            ended(result)
        elif known is not None and not standings[known.id].over:
            watch.add([(job, known)])
            _tell(listen, job, f"waits again for Slurm job {known.id}")
        elif known is not None and left.began(job.folder):
            ended(conclude(job.folder, job.request, known, standings[known.id]))
        else:
            fresh.append(job)
    return fresh


def _submit(jobs: Sequence[Job], slots: int, watch: Watch, listen: Listener, ended: Ended) -> None:
    """Give jobs to Slurm; tell of them as refused if it will not have them."""
    with undisturbed():  # so that what Slurm was given is known when it is to be cancelled
        try:
            tickets = submit(jobs, slots)
        except RefusedError as error:
            name, message = "Slurm refused the job", str(error)
            for job in jobs:
                folder, request = job.folder, job.request
                ended(left.conclude(folder, request, Status.REFUSED, name=name, message=message))
            return
        watch.add(zip(jobs, tickets, strict=True))
    array = f", an array of {len(jobs)}" if len(jobs) > 1 else ""
    _tell(listen, jobs[0], f"is Slurm job {tickets[0].job}{array}")


def _stop(watch: Watch) -> None:
    """Cancel what goes on."""
    try:
        watch.stop()
    except UnreachableError as error:
        raise EngineError(
            f"Slurm does not answer, so nothing of it could be cancelled: {error}",
            right="Cancel it later with scancel, or give the command again to wait for it.",
        ) from error


def _tell(listen: Listener, job: Job, text: str) -> None:
    listen(job.request.run_id, {"event": "place", "text": text})


def _needs(job: Job) -> str:
    """Give what must be the same for jobs to be one array."""
    return f"{job.request.resources.model_dump_json()} {job.request.timeout_s}"


def _unreachable(error: UnreachableError) -> EngineError:
    return EngineError(
        f"Slurm does not answer: {error}",
        right="What was submitted goes on there. Give the command again later: it is waited for.",
    )
