"""The commands as data, wherever they came from: a comment, a label or the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.excursion import Outcome


@dataclass(frozen=True)
class Asked:
    """Which command it is: whatever must not happen twice is keyed with it.

    Written out it is what an entry's marker remembers: `4711.0`.
    """

    comment: int = 0  # the number of the comment that it stands in; 0 for a label, or no comment
    index: int = 0  # its place among the comment's commands

    def __str__(self) -> str:
        """Give it as entries remember it."""
        return f"{self.comment}.{self.index}"


@dataclass(frozen=True)
class Block:
    """The fenced block of code that belongs to a command."""

    text: str
    language: str = ""
    more: bool = False  # whether another one follows at once


@dataclass(frozen=True)
class Start:
    """Begin the excursion of an issue."""

    template: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """Execute the notebook."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    timeout: str | None = None  # of the whole run
    dirty: bool = False  # with what is not committed
    force: bool = False  # also what was run before
    cell_timeout: str | None = None  # of any one cell
    runner: str | None = None  # as the configuration names it


@dataclass(frozen=True)
class Reproduce:
    """Execute a run again, at its very commit, and compare."""

    run: int
    timeout: str | None = None
    cell_timeout: str | None = None  # of any one cell
    runner: str | None = None  # as the configuration names it


@dataclass(frozen=True)
class Eval:
    """Execute a block of code."""

    block: Block | None = None
    after: str | None = None  # the tag of the notebook's last cell that is executed before
    timeout: str | None = None
    runner: str | None = None
    force: bool = False  # also what was executed before


@dataclass(frozen=True)
class Cancel:
    """Stop what is being executed."""

    run: int | None = None  # the only one that is


@dataclass(frozen=True)
class Retry:
    """Execute again what did not succeed."""

    run: int | None = None  # the last such
    head: bool = False  # at the branch's commit, in place of its own
    timeout: str | None = None
    cell_timeout: str | None = None  # of any one cell
    runner: str | None = None


@dataclass(frozen=True)
class Sweep:
    """Execute the notebook over a grid of parameters."""

    axes: Mapping[str, str] = field(default_factory=dict)  # parameter ─► its values, as written
    jobs: int | None = None  # runs that go on at once; as many as the machine has room for
    timeout: str | None = None  # of each run
    retry_failed: bool = False  # run again, too, what failed
    force: bool = False  # begin anew where this very sweep is complete
    cell_timeout: str | None = None  # of any one cell
    runner: str | None = None  # as the configuration names it


@dataclass(frozen=True)
class Compare:
    """Put runs side by side."""

    runs: tuple[int, ...]  # their numbers, the base first


@dataclass(frozen=True)
class Predict:
    """Stamp a prediction."""

    text: str
    confidence: float | None = None  # from 0 to 1


@dataclass(frozen=True)
class Log:
    """Note something down."""

    text: str


@dataclass(frozen=True)
class Answer:
    """Close the excursion with an answer."""

    text: str
    outcome: Outcome | None = None  # None where a question is answered neither way
    run: int | None = None  # the run that it rests on; the last that succeeded


@dataclass(frozen=True)
class Close:
    """Close the excursion without an answer."""

    reason: str = ""


@dataclass(frozen=True)
class Reopen:
    """Open the excursion again."""


@dataclass(frozen=True)
class Split:
    """Open an issue for each part of the question."""

    questions: tuple[str, ...]


@dataclass(frozen=True)
class Spoiler:
    """Post results folded, or open."""

    on: bool


@dataclass(frozen=True)
class Status:
    """Say where the excursion stands."""


@dataclass(frozen=True)
class Params:
    """List the parameters."""


@dataclass(frozen=True)
class Templates:
    """List the templates."""


@dataclass(frozen=True)
class Help:
    """Say what commands there are, or all about one."""

    word: str | None = None


Command = (
    Start
    | Run
    | Sweep
    | Eval
    | Reproduce
    | Cancel
    | Retry
    | Compare
    | Predict
    | Log
    | Answer
    | Close
    | Reopen
    | Split
    | Spoiler
    | Status
    | Params
    | Templates
    | Help
)
