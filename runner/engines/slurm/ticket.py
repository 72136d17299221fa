"""`slurm.json` in a run's folder ─► which Slurm job executes the run, for whoever comes back."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from runner.records import Record, to_json
from runner.report import write_whole

_FILE_NAME = "slurm.json"


class Ticket(Record):
    """What is remembered of a Slurm job, first without its number, then with it."""

    name: str  # of the Slurm job; no other has it
    folder: str  # where submitit keeps the job's own files
    index: int | None = None  # the run's place in the array; None if the job is none
    job: str = ""  # the number that Slurm gave the job or the whole array

    @property
    def id(self) -> str:
        """The job's id as Slurm's commands take it, such as `17` or `17_3`."""
        return self.job if self.index is None else f"{self.job}_{self.index}"

    @property
    def ended(self) -> Path:
        """The file that submitit writes on the node once all is done there."""
        return Path(self.folder, f"{self.id}_0_result.pkl")

    @property
    def log(self) -> Path:
        """The file into which Slurm puts what went wrong on the node outside of the run."""
        return Path(self.folder, f"{self.id}_0_log.err")


def read_ticket(folder: Path) -> Ticket | None:
    """Read which Slurm job a run was given to; None if to none."""
    try:
        return Ticket.model_validate_json((folder / _FILE_NAME).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def write_ticket(folder: Path, ticket: Ticket) -> None:
    """Remember a run's Slurm job in its folder."""
    write_whole(folder / _FILE_NAME, to_json(ticket))


def tear_up(folder: Path) -> None:
    """Forget a Slurm job that was cancelled before it began."""
    (folder / _FILE_NAME).unlink(missing_ok=True)
