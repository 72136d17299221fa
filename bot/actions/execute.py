"""The middle job: one request, in a checkout of its commit ─► the folder that is uploaded of it.

There is no token here, nothing is asked of GitHub, and nobody believes what comes out.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.actions.artifact import FIGURES, JOURNAL, RESULT
from bot.actions.clean import take_secrets_out
from bot.actions.job import Job
from bot.commands.run import PATCH, REQUEST, SOURCE
from bot.errors import ForgeError
from bot.excursion_file import NOTEBOOK
from bot.log.redact import Redactor, Secrets
from bot.log.safety import logged
from runner.engines import local, slurm
from runner.engines.job import Job as EngineJob
from runner.records import RunRequest, RunResult, read_request, to_json

# Files by which a step speaks to the steps behind it, and what only this one needs.
_NOT_FOR_NOTEBOOKS = (
    *("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"),
    *("GITHUB_TOKEN", "EXCURSION_REQUEST"),
)


_UPLOADED = frozenset({REQUEST, RESULT, NOTEBOOK, PATCH, FIGURES, JOURNAL})


def execute(job: Job) -> RunResult:
    """Execute the request that the step was given; what it came to lies in the run's folder.

    Raises:
        ForgeError: It could not be executed at all.
    """
    request = _request(job["EXCURSION_REQUEST"])
    checkout = Path(job.environment.get("GITHUB_WORKSPACE") or Path.cwd())
    temporary = Path(job["RUNNER_TEMP"])
    work = temporary / "excursion" / request.run_id  # all of it is uploaded, however we end
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    known = Secrets.of(os.environ)
    with _commands_off(Redactor(known)) as say:
        _prepare(request, checkout, work)
        try:
            return take_secrets_out(work, _run(request, checkout, work, say), known)
        finally:
            _leave_what_is_clean(work)


def _request(text: str) -> RunRequest:
    try:
        return read_request(text)
    except ValidationError as error:
        raise ForgeError(f"the request cannot be read: {error.errors()[0]['msg']}") from error


def _prepare(request: RunRequest, checkout: Path, work: Path) -> None:
    """Put the notebook into the run's folder, if it is the one that was asked for.

    A block of code that goes on from nothing needs none, only the folder.
    """
    import hashlib

    notebook = checkout / request.notebook
    if not request.needs_notebook:
        (work / SOURCE).write_bytes(b"")
        (work / REQUEST).write_bytes(to_json(request))
        return
    if notebook.is_symlink() or not notebook.resolve().is_relative_to(checkout.resolve()):
        raise ForgeError("the notebook is not inside of the checkout", where=request.notebook)
    try:
        content = notebook.read_bytes()
    except OSError as error:
        raise ForgeError(f"the notebook cannot be read: {error}", where=request.notebook) from error
    if hashlib.sha256(content).hexdigest() != request.notebook_sha256:
        raise ForgeError(
            "the notebook is not the one that was asked for",
            where=f"{request.notebook} at {request.commit[:10]}",
            right="Check out the commit that the matrix names.",
        )
    (work / SOURCE).write_bytes(content)
    (work / REQUEST).write_bytes(to_json(request))


def _run(request: RunRequest, checkout: Path, work: Path, say: Callable[[str], None]) -> RunResult:
    """Execute the notebook in a process of its own, which a signal to us stops."""
    python = sys.executable
    if request.requirements:
        from runner import environments

        try:
            python = environments.make(request.requirements, say=say)
        except (environments.RequirementsError, environments.PipError) as error:
            raise ForgeError(str(error), where=request.notebook) from error
    ended: list[RunResult] = []

    def listen(_run_id: str, event: dict[str, Any]) -> None:
        text = event.get("text")
        if isinstance(text, str):
            say(text.rstrip("\n"))
        elif event.get("event") in {"cell_started", "started", "ended"}:
            say(" ".join(f"{name}={value}" for name, value in event.items() if name != "at"))

    engine_job = EngineJob(
        request,
        folder=work,
        workdir=(checkout / request.notebook).parent,
        python=python,
    )
    for name in _NOT_FOR_NOTEBOOKS:
        os.environ.pop(name, None)
    engine = slurm.execute if request.engine == "slurm" else local.execute
    engine([engine_job], 1, listen=listen, ended=ended.append)
    if not ended:
        raise ForgeError("the run was stopped before it began", right="Run the job again.")
    return ended[0]


def _leave_what_is_clean(work: Path) -> None:
    """Remove from what is uploaded all that the runner worked with; it holds outputs as they were.

    Whoever may read the repository may download an artifact.
    """
    for path in work.iterdir():
        if path.name not in _UPLOADED:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


@contextmanager
def _commands_off(redactor: Redactor) -> Iterator[Callable[[str], None]]:
    """Have GitHub take nothing that is printed for a command to the runner.

    https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
    """
    word = secrets.token_hex(32)

    def say(text: str) -> None:
        sys.stdout.write(f"{logged(redactor.text(text))}\n")
        sys.stdout.flush()

    sys.stdout.write(f"::stop-commands::{word}\n")
    try:
        yield say
    finally:
        sys.stdout.write(f"\n::{word}::\n")
        sys.stdout.flush()
