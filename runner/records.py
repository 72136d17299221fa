"""The border: RunRequest goes in, RunResult comes out; nothing else passes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Number = Annotated[bool, Field(strict=True)] | int | float
Metric = Number | str
RunId = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,8}\.[1-9][0-9]{0,8}$")]
FileName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,80}\.[a-z0-9]{1,8}$")
]

# What notebooks of the field import.
WARM_MODULES = (
    "torch",
    "transformer_lens",
    "transformer_lens.model_bridge",
    "matplotlib.pyplot",
    "pandas",
    "einops",
    "plotly.express",
)


class Record(BaseModel):
    """A frozen record, validated once; NaN and infinities travel as strings."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, ser_json_inf_nan="strings", defer_build=True
    )


class Status(StrEnum):
    """How a run ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"  # a cell raised
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    DIED = "died"  # the kernel, the runner or its machine went away
    REFUSED = "refused"  # the request could not be carried out; nothing was executed


class CellStatus(StrEnum):
    """What happened to one code cell, as it was seen to happen."""

    PENDING = "pending"  # never started
    RUNNING = "running"  # only while the run goes on
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    DIED = "died"


class Warm(Record):
    """What the zygote of warm kernels imports, and how long it stays without being used."""

    preload: tuple[str, ...] = WARM_MODULES  # what cannot be imported is left out
    idle_s: float = 1_800


class Resources(Record):
    """What an execution may take, and what that costs; None where nobody said."""

    memory_bytes: int | None = None  # that the kernel may use
    output_bytes: int = 50_000_000  # of printed text that is kept
    cores: int | None = None
    gpus: int = 0
    gpu_memory_bytes: int | None = None  # of a GPU, where several runs may share one
    usd_per_gpu_hour: float | None = None
    warm: Warm | None = None  # the zygote that the kernel may be forked from
    partition: str = ""  # of a Slurm cluster, as are the next two
    account: str = ""
    qos: str = ""


class RunRequest(Record):
    """One notebook, to be executed with these parameters at this commit."""

    version: Literal[1] = 1
    run_id: RunId
    issue: int
    notebook: str  # path within the repository
    notebook_sha256: str
    commit: str
    dirty: bool = False
    parameters: dict[str, bool | int | float | str] = Field(default_factory=dict)
    seed: int | None = None
    timeout_s: float = Field(gt=0)
    cell_timeout_s: float | None = Field(default=None, gt=0)
    resources: Resources = Resources()
    requirements: tuple[str, ...] = ()  # to be installed for this notebook alone
    data: tuple[str, ...] = ()  # files that it reads, as patterns within its folder
    inputs_sha256: str = ""  # digest of all that the outcome may depend on; empty if unknown
    data_sha256: str = ""  # digest of the data files among them; empty where there are none
    goes_on_from: str = ""  # the earlier attempt whose checkpoints it finds
    sweep: str = ""  # the sweep that this run is a point of, named by its first run
    reproduces: str = ""  # the run that this one repeats
    retries: str = ""  # the run, or the sweep, that did not succeed and is tried again
    code: str = ""  # of an eval: a block that is executed in place of the notebook, or after it
    after: str = ""  # of an eval: the tag of the notebook's last cell that is executed before
    runner: str = ""  # as the configuration names it
    engine: str = "local"
    requested_by: str = ""
    requested: str = ""  # ISO 8601, UTC

    @property
    def needs_notebook(self) -> bool:
        """Whether cells of the notebook are executed; an eval on its own needs none."""
        return not self.code or bool(self.after)


class Cell(Record):
    """A code cell of the executed notebook."""

    index: int  # position in the executed notebook, counted from 0 over all its cells
    status: CellStatus
    duration_s: float | None = None


class RunError(Record):
    """Why a run did not succeed."""

    cell: int | None = None
    name: str
    message: str = ""
    traceback: str = ""


class Figure(Record):
    """A picture that a cell showed."""

    file: FileName  # in the run's folder `figures/`
    sha256: str
    cell: int
    width: int  # pixels
    height: int  # pixels
    caption: str = ""
    alt: str = ""


class Table(Record):
    """A table that a cell showed, cells as text."""

    cell: int
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    rows_total: int


class Gpu(Record):
    """A GPU that the run could see."""

    name: str
    memory_bytes: int
    peak_bytes: int | None = None


class Environment(Record):
    """What the notebook ran on."""

    python: str
    platform: str
    packages_sha256: str
    packages: dict[str, str] = Field(default_factory=dict)
    torch: str | None = None
    cuda: str | None = None
    driver: str | None = None  # of the GPUs
    cpu: str = ""
    cores: int = 0
    gpus: tuple[Gpu, ...] = ()


class Cost(Record):
    """What the run used up."""

    gpu_s: float = 0.0
    usd: float | None = None


class RunResult(Record):
    """What truly happened, whatever the status; everything made up to the end is kept."""

    version: Literal[1] = 1
    run_id: RunId
    issue: int
    notebook: str
    status: Status
    parameters: dict[str, bool | int | float | str] = Field(default_factory=dict)
    seed: int | None = None
    commit: str
    dirty: bool = False
    notebook_sha256: str
    started: str
    finished: str
    duration_s: float
    cells: tuple[Cell, ...] = ()
    error: RunError | None = None
    metrics: dict[str, Metric] = Field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    stdout_tail: str = ""
    notes: tuple[str, ...] = ()  # what a reader should know: outputs left out or cut short
    environment: Environment | None = None
    cost: Cost = Cost()
    engine: str = "local"
    kernel: Literal["", "cold", "warm"] = ""  # how it was started
    inputs_sha256: str = ""
    sweep: str = ""
    reproduces: str = ""
    retries: str = ""
    code: str = ""
    after: str = ""
    value: str = ""  # of an eval: its last expression's, as Python shows it
    cache_hit: bool = False
    answered_from: str = ""  # the run whose outcome this is, where it was not executed again


def to_json(record: Record) -> bytes:
    """Write a record as JSON, readable and with a newline at its end."""
    return (record.model_dump_json(indent=1) + "\n").encode()


def read_result(text: bytes | str) -> RunResult:
    """Read a RunResult.

    Raises:
        pydantic.ValidationError: The text is no RunResult of version 1.
    """
    return RunResult.model_validate_json(text)


def read_request(text: bytes | str) -> RunRequest:
    """Read a RunRequest.

    Raises:
        pydantic.ValidationError: The text is no RunRequest of version 1.
    """
    return RunRequest.model_validate_json(text)
