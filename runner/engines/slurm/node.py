"""What executes on a node: a run's folder ─► its result there, Slurm's own signals told apart.

Slurm starts it in place of the batch script's shell, so that a signal to the batch step comes
here: SIGINT from us, SIGUSR1 a minute before Slurm's time limit, SIGTERM from Slurm itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from runner.engines.left import conclude, last_words, read_left
from runner.engines.slurm.ticket import read_ticket
from runner.journal import Journal
from runner.records import RunError, RunResult, Status, read_request, to_json
from runner.report import RESULT, write_whole

LIMIT_SIGNAL = "USR1"
LIMIT_WARNING_S = 60
_PATIENCE_S = 15  # below KillWait, 30 s unless a cluster changed it


@dataclass(frozen=True)
class Execution:
    """One run, to be executed wherever this is called.

    Attributes:
        name: The Slurm job's name; the run's folder must still remember it.
        folder: The run's folder.
        workdir: The folder in which the notebook runs.
        python: The interpreter that the notebook's kernel runs on.
        environment: Variables that the kernel is given beside those of the Slurm job.
    """

    name: str
    folder: Path
    workdir: Path
    python: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def __call__(self) -> None:
        """Execute the run, and leave a result in its folder whatever happens."""
        ticket = read_ticket(self.folder)
        if ticket is None or ticket.name != self.name:
            return  # whoever submitted this was killed, and the run was given to another job
        journal = Journal(self.folder, lambda _line: None)
        journal.write("note", text=_place())
        journal.close()
        stop = _Stop()
        with (self.folder / "runner.log").open("ab") as log:
            stop.runner = runner = subprocess.Popen(
                [sys.executable, "-P", "-m", "runner", self.folder, self.workdir, self.python],
                stdin=subprocess.PIPE,  # closes with us, which ends it
                stdout=subprocess.DEVNULL,  # the journal says it all
                stderr=log,
                env=os.environ | dict(self.environment),
                start_new_session=True,
            )
        if stop.number is not None:
            stop.pass_on()  # it came before there was a runner
        runner.wait()
        signal.alarm(0)
        result = read_left(self.folder) or self._conclude(runner.returncode, stop)
        if stop.at_limit and result.status is Status.CANCELLED:
            write_whole(self.folder / RESULT, to_json(_timed_out(result)))

    def _conclude(self, code: int, stop: _Stop) -> RunResult:
        """Give a result in place of a runner that could not."""
        request = read_request((self.folder / "request.json").read_bytes())
        if stop.number is not None:
            name = signal.Signals(stop.number).name
            message = f"stopped by {name}; it did not end by itself within {_PATIENCE_S} s"
            return conclude(
                self.folder, request, Status.CANCELLED, name="Cancelled", message=message
            )
        if code < 0:
            message = f"the process that executed it was killed by {signal.Signals(-code).name}"
        else:
            said = last_words(self.folder)
            message = f"the process that executed it ended with status {code}: {said}"
        return conclude(self.folder, request, Status.DIED, name="Killed", message=message)


class _Stop:
    """Passes signals on to the runner, and kills it if it does not end."""

    def __init__(self) -> None:
        self.runner: subprocess.Popen[bytes] | None = None
        self.number: int | None = None  # the first signal that came
        self.at_limit = False  # whether it was Slurm's time limit that ended the run
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, self._came)
        signal.signal(signal.SIGALRM, self._kill)

    def pass_on(self) -> None:
        """Ask the runner to end, and see to it that it does."""
        if self.runner is not None:
            self.runner.send_signal(
                signal.SIGINT if self.number == signal.SIGINT else signal.SIGTERM
            )
            signal.alarm(_PATIENCE_S)

    def _came(self, number: int, _frame: FrameType | None) -> None:
        # Where the limit is near already Slurm sends both at once, and either may come first.
        if number == signal.SIGUSR1 and self.number in (None, signal.SIGTERM):
            self.at_limit = True
        if self.number is None:
            self.number = number
            self.pass_on()

    def _kill(self, _number: int, _frame: FrameType | None) -> None:
        if self.runner is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.runner.pid, signal.SIGKILL)


def _timed_out(result: RunResult) -> RunResult:
    """Say that it was Slurm's time limit that stopped a run."""
    cell = result.error.cell if result.error else None
    message = "the Slurm job came to its own time limit before the run came to its"
    error = RunError(cell=cell, name="Slurm's time limit", message=message)
    return result.model_copy(update={"status": Status.TIMED_OUT, "error": error})


def _place() -> str:
    """Say where the run is executed."""
    job = os.environ["SLURM_JOB_ID"]
    if "SLURM_ARRAY_JOB_ID" in os.environ:
        job = f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    node = os.environ.get("SLURMD_NODENAME", "?")
    partition = os.environ.get("SLURM_JOB_PARTITION", "?")
    return f"Slurm job {job} on node {node}, partition {partition}."
