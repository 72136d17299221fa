"""Jobs ─► one Slurm job, or one array, submitted through submitit; their tickets."""

from __future__ import annotations

import contextlib
import io
import math
import re
import secrets
import shlex
import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from runner.engines.job import Job
from runner.engines.slurm.node import LIMIT_SIGNAL, LIMIT_WARNING_S, Execution
from runner.engines.slurm.queue import UnreachableError, words
from runner.engines.slurm.ticket import Ticket, write_ticket
from runner.records import RunRequest

# Above the run's own limit, so that ours acts first: starting on the node, the kernel's start, the
# warning signal (which may come a minute early) and writing the result all have room in it.
_MARGIN_MIN = 5
_OUR_MEMORY = 1 << 30  # bytes beside the kernel's own: what executes, saves and reports
_MIB = 1 << 20
# What is temporary; anything else that sbatch says is Slurm's refusal.
_TEMPORARY = re.compile(
    r"contact slurm|connect failure|timed out|temporarily|try again|zero bytes|socket|munge"
    r"|credential|transport endpoint",
    re.IGNORECASE,
)


class RefusedError(Exception):
    """Slurm will not take the job; its own words are the message."""


def missing() -> list[str]:
    """Name what is not installed here though the engine needs it."""
    programs = [name for name in ("sbatch", "squeue", "scancel", "srun") if not shutil.which(name)]
    return programs + ([] if find_spec("submitit") else ["submitit"])


def submit(jobs: Sequence[Job], slots: int) -> list[Ticket]:
    """Submit jobs that need the same, several as one array; give their tickets, in order.

    Each job's folder remembers its ticket: before Slurm is asked, so that a job whose number we
    were not left to hear is found by its name, and again with the number.

    Args:
        jobs: What to execute; the resources and the time limit of the first are those of all.
        slots: How many of an array may go on at the same time.

    Raises:
        RefusedError: Slurm will not have them.
        UnreachableError: Slurm's controller does not answer.
    """
    from submitit import SlurmExecutor
    from submitit.core.utils import FailedJobError

    first = jobs[0]
    folder = (first.folder / "slurm").resolve()
    if "%" in str(folder):
        raise RefusedError(f"Slurm takes the % sign in {folder} for a pattern; rename that folder")
    name = f"excursion-{first.request.run_id}-{secrets.token_hex(4)}"
    tickets = [
        Ticket(name=name, folder=str(folder), index=index if len(jobs) > 1 else None)
        for index in range(len(jobs))
    ]
    for job, ticket in zip(jobs, tickets, strict=True):
        write_ticket(job.folder, ticket)
    # -P: a folder of the repository shall not be taken for a module of ours.
    executor = SlurmExecutor(folder, python=f"exec {shlex.quote(sys.executable)} -P")
    executor.update_parameters(
        job_name=name,
        array_parallelism=slots,
        use_srun=False,
        additional_parameters={
            "chdir": str(folder),
            "no-requeue": True,  # a run that began is told of, never begun anew
            "signal": f"B:{LIMIT_SIGNAL}@{LIMIT_WARNING_S}",
        },
        **_needs(first.request),
    )
    executions = [
        Execution(name, job.folder, job.workdir, job.python, dict(job.environment)) for job in jobs
    ]
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # submitit prints what it raises
            submitted = executor.submit_array(executions)
    except FailedJobError as error:
        said = words(str(error))
        if _TEMPORARY.search(said):
            raise UnreachableError(said) from error
        raise RefusedError(said) from error
    number = submitted[0].job_id.partition("_")[0]
    tickets = [ticket.model_copy(update={"job": number}) for ticket in tickets]
    for job, ticket in zip(jobs, tickets, strict=True):
        write_ticket(job.folder, ticket)
    return tickets


def _needs(request: RunRequest) -> dict[str, Any]:
    """Say in Slurm's terms what a request may take; what nobody said is left to the cluster."""
    resources = request.resources
    needs: dict[str, Any] = {
        "time": math.ceil(request.timeout_s / 60) + _MARGIN_MIN,  # minutes
        "nodes": 1,
        "ntasks_per_node": 1,
        "partition": resources.partition or None,
        "account": resources.account or None,
        "qos": resources.qos or None,
        "cpus_per_task": resources.cores,
        "gpus_per_node": resources.gpus or None,
    }
    if resources.memory_bytes is not None:
        needs["mem"] = f"{math.ceil((resources.memory_bytes + _OUR_MEMORY) / _MIB)}M"
    return {name: value for name, value in needs.items() if value is not None}
