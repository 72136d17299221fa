"""`excursions.toml` ─► Config; an unknown key is an error that names the nearest known one."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bot.durations import parse_duration
from bot.errors import RequestError, did_you_mean
from bot.sizes import parse_size
from bot.strict_toml import Strict, load
from runner.records import WARM_MODULES

_BRANCH = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\@/.-][^\x00-\x20\x7f~^:?*\[\\]*")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# Without a password or a token, which belong into no file: git asks its own helper for those.
_GIT_URL = re.compile(r"((https|ssh|file)://([A-Za-z0-9._-]+@)?|[A-Za-z0-9._-]+@)[^\s\x00-\x1f@]+")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
FILE_NAME = "excursions.toml"

FIRST_TEXT = """\
# Excursions: questions, runs, plots and answers, kept by the repository itself.

# The folder that holds every excursion's own folder, as <root>/<kind>/<branch>/.
root = "excursions"

# The branch that excursions start from and that answers are merged into.
default_branch = "{default_branch}"

# Where notebooks run, and how long a run may take when its excursion says nothing else.
[runners.local]
engine = "local"
timeout = "1h"
# cell_timeout = "20m"     # of any one cell
# memory = "16GB"          # that a run's kernel may use; otherwise what the machine has
# output = "50MB"          # of printed text that is kept
# runs_on = ["self-hosted", "gpu"]  # labels of the machines that GitHub may give runs to
# gpus = 1                 # that a run takes
# usd_per_gpu_hour = 2.50  # to say what runs cost
# warm = false             # start every kernel anew

# Kernels are forked from a process that has imported what notebooks use, so runs start at once.
# It starts after the first run, and ends when it was not used for this long.
# [warm]
# idle = "30m"
# preload = ["torch", "transformer_lens", "matplotlib.pyplot"]

# Templates of another repository, at one commit; those in templates/ here go before them.
# [[templates]]
# git = "https://github.com/our-team/templates"
# commit = "0123456789abcdef0123456789abcdef01234567"
# folder = "templates"

# On GitHub: what the whole repository may spend; a run that would go beyond is refused.
# [budget]
# gpu_minutes_per_week = 600
# runs_at_once = 4

# In threads: who may give a command, where that shall be less people than by itself, and how many
# answers an hour people get in an issue who may not write.
# [commands]
# replies_per_hour = 12
# [commands.roles]
# predict = "triage"
"""


def _duration(text: str) -> str:
    try:
        parse_duration(text, where="")
    except RequestError as error:
        raise ValueError(f"{error.what}: {error.right}") from error
    return text


def _size(text: str) -> str:
    try:
        parse_size(text, where="")
    except RequestError as error:
        raise ValueError(f"{error.what}: {error.right}") from error
    return text


def _branch(text: str) -> str:
    if not _BRANCH.fullmatch(text) or ".." in text or "//" in text or text.endswith((".", "/")):
        raise ValueError("must be the name of a branch, such as 'main'")
    return text


def _inside_repository(text: str) -> str:
    path = PurePosixPath(text)
    parts = path.parts
    hidden = any(part.startswith(".") for part in parts)  # `..`, `.git` and our own folder too
    if not parts or path.is_absolute() or hidden or not text.isprintable():
        raise ValueError("must be a folder inside the repository, such as 'excursions'")
    return str(path)


def _git_url(text: str) -> str:
    if not _GIT_URL.fullmatch(text):
        raise ValueError(
            "must be https://…, ssh://…, file://… or user@host:path, without a password"
        )
    return text


def _commit(text: str) -> str:
    if not _COMMIT.fullmatch(text):
        raise ValueError(
            "must be a whole commit, 40 digits and letters a to f, since branches and tags may "
            "move; git ls-remote ADDRESS says which commit each is at"
        )
    return text


def _runner_label(text: str) -> str:
    if not _LABEL.fullmatch(text):
        raise ValueError("must be labels of runners, such as ['self-hosted', 'gpu']")
    return text


RunnerLabel = Annotated[str, AfterValidator(_runner_label)]
Duration = Annotated[str, AfterValidator(_duration)]
Size = Annotated[str, AfterValidator(_size)]
Branch = Annotated[str, AfterValidator(_branch)]
Folder = Annotated[str, AfterValidator(_inside_repository)]
GitUrl = Annotated[str, AfterValidator(_git_url)]
Commit = Annotated[str, AfterValidator(_commit)]


class Runner(Strict):
    """A place where notebooks run."""

    engine: Literal["local", "slurm"] = "local"
    timeout: Duration = "1h"  # of a whole run
    cell_timeout: Duration | None = None  # of any one cell
    memory: Size | None = None  # that a run's kernel may use
    output: Size = "50MB"  # of printed text that is kept
    cores: int | None = Field(default=None, ge=1)
    gpus: int = Field(default=0, ge=0)
    gpu_memory: Size | None = None  # that a run takes of a GPU; several share one if it is given
    usd_per_gpu_hour: float | None = Field(default=None, ge=0)
    # Labels of the machines that GitHub Actions may give its runs to; no text of an issue chooses.
    runs_on: tuple[RunnerLabel, ...] = Field(default=("ubuntu-latest",), strict=False, min_length=1)
    warm: bool = True  # fork kernels from a zygote that has imported what notebooks import
    # Of a Slurm cluster:
    partition: str = ""
    account: str = ""
    qos: str = ""


class Warm(Strict):
    """What the zygote of warm kernels imports, and how long it stays without being used."""

    preload: tuple[str, ...] = Field(default=WARM_MODULES, strict=False)
    idle: Duration = "30m"


class Budget(Strict):
    """What runs of the whole repository may take on GitHub Actions; None for no limit."""

    gpu_minutes_per_week: float | None = Field(default=None, ge=0)
    runs_at_once: int | None = Field(default=None, ge=1)

    @property
    def is_set(self) -> bool:
        """Whether anything is limited."""
        return self.gpu_minutes_per_week is not None or self.runs_at_once is not None


class Github(Strict):
    """How things are done on GitHub."""

    # What makes the commit with a run's pictures reachable: its own ref, which no list of branches
    # shows, or a branch besides, where GitHub serves nothing that only such a ref reaches. Or
    # pictures are uploaded to GitHub's attachments as well, which takes a person's token.
    images: Literal["refs", "branch", "attachments"] = "refs"
    # Who posted entries, where the workflow's token was another one then.
    bot: str = "github-actions[bot]"


RoleName = Literal["read", "triage", "write", "maintain", "admin"]


class Commands(Strict):
    """Who may give which command, and how often strangers are answered."""

    # Command ─► the role that it needs here: more than by itself, never less.
    roles: dict[str, RoleName] = Field(default_factory=dict)
    # To people who may not write, in each issue: what they ask that changes nothing, and what they
    # were refused.
    replies_per_hour: int = Field(default=12, ge=0)


class TemplateSource(Strict):
    """Templates that are kept in another repository, as they are at one commit."""

    git: GitUrl
    commit: Commit
    folder: Folder = "templates"  # with demos/, docs/ and libs/ inside


class Config(Strict):
    """What a repository says about its excursions."""

    root: Folder = "excursions"
    default_branch: Branch = "main"
    runner: str = "local"
    warm: Warm = Field(default_factory=Warm)
    runners: dict[str, Runner] = Field(default_factory=lambda: {"local": Runner()})
    budget: Budget = Field(default_factory=Budget)
    github: Github = Field(default_factory=Github)
    templates: tuple[TemplateSource, ...] = Field(default=(), strict=False)
    commands: Commands = Field(default_factory=Commands)

    @model_validator(mode="after")
    def _default_runner_exists(self) -> Self:
        """Refuse a default that names no runner."""
        if self.runner not in self.runners:
            known = ", ".join(self.runners)
            raise ValueError(f"runner is {self.runner!r}, but [runners] has only: {known}")
        return self

    def runner_named(self, name: str, *, where: str, culprit: str = "") -> Runner:
        """Give the runner of that name.

        Args:
            name: The runner.
            where: What names it.
            culprit: The same in a command's line, if it stands in one.

        Raises:
            RequestError: No runner has it.
        """
        if name not in self.runners:
            raise RequestError(
                f"there is no runner {name!r}",
                where=where,
                right=did_you_mean(name, self.runners, noun="runners"),
                culprit=culprit,
            )
        return self.runners[name]


def read_config(text: str | bytes, *, where: str = FILE_NAME) -> Config:
    """Read the text of an `excursions.toml`.

    Raises:
        RequestError: It does not parse, has an unknown key or an impossible value.
    """
    return load(Config, text, where=where)
