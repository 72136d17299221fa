"""`/run [force] [name=value…] [timeout=30m]`: execute the notebook at the branch's commit.

`cell_timeout=5m` limits each cell.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from bot.command import Run
from bot.commands.comparison import agreement, original_of
from bot.commands.spec import Spec
from bot.commands.words import write_line, write_pairs
from bot.commands.world import World
from bot.config import Runner
from bot.config import Warm as WarmSettings
from bot.durations import parse_duration
from bot.effects import Effect, PublishFiles, RequestRun, SetLabels, UpsertEntry
from bot.errors import RequestError
from bot.events import Role, RunEnded
from bot.excursion import LABEL_RUNNING
from bot.excursion_file import NOTEBOOK, ExcursionFile
from bot.forge.attached import write_attached
from bot.forge.marker import write_marker
from bot.forge.protocol import run_ref
from bot.log.figures import safe_figures
from bot.log.predictions import read_predictions
from bot.log.redact import Secrets
from bot.log.redacted_run import redacted_run
from bot.log.run_entry import run_entry, running_entry
from bot.moments import timestamp
from bot.parameters import Value, bind
from bot.sizes import parse_size
from runner.records import Resources, RunRequest, RunResult, Warm, to_json

_FOREIGN = re.compile(r"ir|(julia|bash|deno|rust|xcpp|octave|sagemath)\b.*", re.IGNORECASE)
_MEMORY = 4_500  # characters; together with run_entry.LONGEST below GitHub's limit for a post
FORCE = "force"
REQUEST = "request.json"
PATCH = "uncommitted.patch"
SOURCE = "source.ipynb"  # the notebook as it is executed; the commit holds it too


def parse(words: tuple[str, ...], named: Mapping[str, str]) -> Run:
    """Read the command's words.

    Raises:
        RequestError: A word is neither `force` nor `name=value`.
    """
    unknown = [word for word in words if word != FORCE]
    if unknown:
        raise RequestError(
            f"run does not know the word {unknown[0]!r}",
            right=f"Write parameters as name=value; {FORCE!r} runs what was run before.",
            culprit=unknown[0],
        )
    given = dict(named)
    timeout, cell_timeout = given.pop("timeout", None), given.pop("cell_timeout", None)
    return Run(given, timeout, force=FORCE in words, cell_timeout=cell_timeout)


def decide(command: Run, world: World) -> tuple[Effect, ...]:
    """Decide what follows: a number allotted, an entry that says so, and the execution itself.

    Raises:
        RequestError: The excursion cannot run so; nothing was changed and nothing executed.
    """
    excursion = world.open_excursion()
    declared = world.declared()
    if not declared.notebook:
        raise RequestError(
            f"issue {excursion.issue} is a write-up: it has no notebook to run",
            right=f"Write in {excursion.folder}/README.md, then answer it.",
        )
    dirty = bool(world.uncommitted)
    if dirty and not command.dirty:
        paths = ", ".join(world.uncommitted[:5])
        raise RequestError(
            f"the excursion's worktree has changes that are not committed: {paths}",
            right="Commit them there (git add -A && git commit), so that the run can be repeated; "
            "or run with --dirty, and they are kept as a patch beside the results.",
        )
    where = f"{excursion.folder}/{NOTEBOOK}"
    notebook = world.working_notebook if dirty else world.files.get(NOTEBOOK)
    if notebook is None:
        raise RequestError("is not on the excursion's branch", where=where, right="Restore it.")
    _check_notebook(notebook, declared, where=where)
    parameters = bind(declared.parameters, command.parameters, where="-p")
    runner = world.config.runner_named(declared.runner, where=f"{excursion.folder}/excursion.toml")
    limit = declared.timeout or runner.timeout if command.timeout is None else command.timeout
    cell_limit = declared.cell_timeout or runner.cell_timeout
    cell_limit = cell_limit if command.cell_timeout is None else command.cell_timeout
    number = next_number(world)
    request = RunRequest(
        run_id=f"{excursion.issue}.{number}",
        issue=excursion.issue,
        notebook=where,
        notebook_sha256=hashlib.sha256(notebook).hexdigest(),
        commit=world.head or "",
        dirty=dirty,
        parameters=parameters,
        seed=seed_of(parameters),
        timeout_s=parse_duration(limit, where="--timeout"),
        cell_timeout_s=None
        if cell_limit is None
        else parse_duration(cell_limit, where="--cell-timeout"),
        # On GitHub a machine is ours for one run, so that nothing is kept warm.
        resources=_resources(runner, None if world.surroundings.is_github else world.config.warm),
        requirements=declared.requirements,
        data=declared.data,
        engine=runner.engine,
        requested_by=world.actor,
        requested=timestamp(world.now),
    )
    files = {REQUEST: to_json(request), SOURCE: notebook}
    if dirty:
        files[PATCH] = world.patch
    return request_effects(request, files)


def decide_again(request: RunRequest, files: Mapping[str, bytes]) -> tuple[Effect, ...]:
    """Decide what follows when an interrupted command is given again before anything came of it."""
    kept = {name: files[name] for name in (REQUEST, SOURCE, PATCH) if name in files}
    return request_effects(request, kept)


def same_request(one: RunRequest, other: RunRequest) -> bool:
    """Say whether two requests ask for the same, whoever asked and when."""
    names = (
        *("notebook_sha256", "commit", "dirty", "parameters", "timeout_s", "cell_timeout_s"),
        *("engine", "inputs_sha256", "reproduces"),
    )
    return all(getattr(one, name) == getattr(other, name) for name in names)


def decide_ended(event: RunEnded, world: World) -> tuple[Effect, ...]:
    """Decide what follows from a run's end: its files published, its entry complete."""
    files = world.run_files.get(event.run, {})
    result, publishing = publication(event.result, files, world.secrets)
    others = any(run.alive for run in world.runs if run.number != event.run)
    others |= any(sweep.alive for sweep in world.sweeps)
    stopped = () if others else (SetLabels(event.issue, remove=(LABEL_RUNNING,)),)
    return (
        publishing,
        ended_entry(result, world),
        *stopped,
    )


def publication(
    result: RunResult, files: Mapping[str, bytes], secrets: Secrets
) -> tuple[RunResult, PublishFiles]:
    """Decide what is published of a run, its pictures made safe and secrets taken out.

    Args:
        result: What the run said of itself.
        files: Its files, by their paths in the run's folder.
        secrets: What is known to be secret by its value.

    Returns:
        The result as it is published, and its publication.
    """
    clean, files = redacted_run(result, files, secrets)
    safe, pictures = safe_figures(clean, files)
    kept = {name: files[name] for name in (REQUEST, NOTEBOOK, PATCH) if name in files}
    published = kept | pictures | {"result.json": to_json(safe)}
    run = int(safe.run_id.partition(".")[2])
    message = f"Run {safe.run_id} {safe.status.value}\n"
    return safe, PublishFiles(safe.issue, run, published, message)


def ended_entry(result: RunResult, world: World) -> UpsertEntry:
    """Render the entry of a run that has ended, its pictures safe already."""
    compared = agreement(result, world)
    number = int(result.run_id.partition(".")[2])
    entry = run_entry(
        result,
        excursion=world.begun(),
        declared=declared_if_readable(world),
        predictions=read_predictions(world.thread),
        figures_at=world.surroundings.figures(
            run_ref(result.issue, number), f"runs/{number}/figures/"
        ),
        original=original_of(result, world),
        agreement=compared,
        surroundings=world.surroundings,
    )
    memory = run_memory(result, beside=write_attached(world.surroundings.attached))
    if compared is not None:
        memory["agreement"] = compared.verdict.words
    return UpsertEntry(result.issue, f"run:{result.run_id}", entry, memory)


def run_memory(
    result: RunResult, *, beside: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Give what a run's entry remembers: of its metrics, those that its marker has room for.

    Args:
        result: What the run came to.
        beside: What must be remembered as well, and takes room.
    """
    always = {"status", "commit", "started", "metrics"}
    seldom = {name for name in ("answered_from", "reproduces") if getattr(result, name)}
    data = result.model_dump(mode="json", include=always | seldom)
    room, metrics = _MEMORY - (len(write_marker("", dict(beside))) if beside else 0), {}
    for name, value in data["metrics"].items():
        size = len(write_marker("", {name: value}))
        if size <= room:
            room, metrics[name] = room - size, value
    return {**data, "metrics": metrics, **(beside or {})}


def request_effects(request: RunRequest, files: Mapping[str, bytes]) -> tuple[Effect, ...]:
    """Say what follows from a request: its number allotted, and an entry that says so."""
    return (
        RequestRun(request, files),
        UpsertEntry(
            request.issue,
            f"run:{request.run_id}",
            running_entry(request),
            {"status": "running", "commit": request.commit, "started": request.requested},
        ),
        SetLabels(request.issue, add=(LABEL_RUNNING,)),
    )


def next_number(world: World) -> int:
    """Give the number above every run that a ref or an entry knows."""
    known = [run.number for run in world.runs]
    for entry in world.thread.entries("run"):
        number = entry.key.rpartition(".")[2]
        known += [int(number)] if number.isdigit() else []
    for entry in world.thread.entries("sweep"):
        last = (entry.data or {}).get("last")
        known += [last] if isinstance(last, int) else []
    return max(known, default=0) + 1


def _resources(runner: Runner, warm: WarmSettings | None) -> Resources:
    """Give what a runner's configuration allows an execution."""
    return Resources(
        memory_bytes=_size(runner.memory, "memory"),
        output_bytes=parse_size(runner.output, where="output"),
        cores=runner.cores,
        gpus=runner.gpus,
        gpu_memory_bytes=_size(runner.gpu_memory, "gpu_memory"),
        usd_per_gpu_hour=runner.usd_per_gpu_hour,
        # A Slurm job ends with all that it started.
        warm=Warm(preload=warm.preload, idle_s=parse_duration(warm.idle, where="warm.idle"))
        if warm and runner.warm and runner.engine == "local"
        else None,
        partition=runner.partition,
        account=runner.account,
        qos=runner.qos,
    )


def _size(text: str | None, where: str) -> int | None:
    return parse_size(text, where=where) if text else None


def seed_of(parameters: Mapping[str, Value]) -> int | None:
    """Give the seed among parameters, if there is one."""
    seed = parameters.get("seed")
    return seed if isinstance(seed, int) and not isinstance(seed, bool) else None


def declared_if_readable(world: World) -> ExcursionFile | None:
    """Read the declaration if it can still be read; an entry is worth having without it."""
    try:
        return world.declared()
    except RequestError:
        return None


def _check_notebook(content: bytes, declared: ExcursionFile, *, where: str) -> None:
    """Refuse what papermill could not run, or would run differently from what is declared."""
    try:
        data = json.loads(content)
        _expect(isinstance(data, dict), "it is no JSON object")
        major = data["nbformat"]
        _expect(isinstance(data.get("metadata", {}), dict), "metadata is no mapping")
        _expect(isinstance(data["cells"], list), "cells is no list")
        for number, cell in enumerate(data["cells"]):
            _check_cell(cell, f"cell {number}")
        tagged = sum("parameters" in cell["metadata"].get("tags", ()) for cell in data["cells"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        begins = "is empty" if not content.strip() else f"begins with {_beginning(content)!r}"
        raise RequestError(
            f"is not a notebook: {type(error).__name__} {error}; the file {begins}",
            where=where,
            right="Restore it from an earlier commit: git log -- " + where,
        ) from error
    if major != 4:
        raise RequestError(
            f"has the notebook format {major}; 4 is needed",
            where=where,
            right="Convert it: jupyter nbconvert --to notebook --nbformat 4.",
        )
    language = _language(data.get("metadata", {}))
    if not language.lower().startswith(("python", "ipython")):
        raise RequestError(
            f"is written for a kernel of another language, {language}; notebooks run in Python",
            where=where,
            right="Rewrite its cells in Python and choose a Python kernel (any name will do), or "
            "ask for a write-up: excursion ask … --kind docs.",
        )
    if declared.parameters and tagged != 1:
        raise RequestError(
            f"{tagged or 'no'} cells are tagged `parameters`; exactly one is needed",
            where=where,
            right="Tag the cell that assigns the defaults, and only that one.",
        )


def _beginning(content: bytes) -> str:
    return content[:40].decode(errors="replace")


def _language(metadata: dict[str, Any]) -> str:
    """Say in which language a notebook is written, Python where it does not say."""
    kernel, about = metadata.get("kernelspec"), metadata.get("language_info")
    kernel = kernel if isinstance(kernel, dict) else {}
    about = about if isinstance(about, dict) else {}
    name = str(kernel.get("name", ""))
    guessed = name if _FOREIGN.fullmatch(name) else "python"
    return str(kernel.get("language") or about.get("name") or guessed)


def _check_cell(cell: Any, name: str) -> None:
    """Refuse a cell that nbformat's schema would not know, so that no run begins with it."""
    kind = cell.get("cell_type")
    _expect(kind in {"code", "markdown", "raw"}, f"{name} has the type {kind!r}")
    _expect(isinstance(cell.get("metadata"), dict), f"{name} has no metadata")
    source = cell.get("source")
    lines = source if isinstance(source, list) else [source]
    _expect(all(isinstance(line, str) for line in lines), f"{name} has no source")
    if kind == "code":
        _expect(isinstance(cell.get("outputs"), list), f"{name} has no list of outputs")


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def write(command: Run) -> str:
    """Write the command as people do; what is not committed is the command line's own matter."""
    limits = {"timeout": command.timeout, "cell_timeout": command.cell_timeout}
    force = FORCE if command.force else ""
    return write_line("run", force, write_pairs({**command.parameters, **limits}))


SPEC = Spec(
    word="run",
    command=Run,
    role=Role.WRITE,
    usage="/run [name=value…] [timeout=30m] [cell_timeout=5m] [force]",
    summary="Execute the notebook and post what came out.",
    example="/run layer=3 timeout=30m",
    parse=parse,
    write=write,
    decide=decide,
    executes=True,
    options=None,
    details="`/params` lists what the notebook may be given. `timeout` limits the whole run, "
    "`cell_timeout` any one cell. `force` executes again what was run before.",
)
