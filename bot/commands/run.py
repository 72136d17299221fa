"""`/run [force] [name=value…] [timeout=30m]`: execute the notebook at the branch's commit.

`cell_timeout=5m` limits each cell; `runner=NAME` is one of those that the configuration has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from bot.command import Run
from bot.commands.comparison import agreement, original_of
from bot.commands.notebook_check import check_notebook
from bot.commands.request import Limits, new_request
from bot.commands.spec import Spec
from bot.commands.words import write_line, write_pairs
from bot.commands.world import World
from bot.effects import Effect, PublishFiles, RequestRun, SetLabels, UpsertEntry
from bot.errors import RequestError
from bot.events import Role, RunEnded
from bot.excursion import LABEL_RUNNING
from bot.excursion_file import NOTEBOOK, ExcursionFile
from bot.forge.attached import write_attached
from bot.forge.marker import write_marker
from bot.forge.protocol import run_ref
from bot.log.eval_entry import eval_entry, eval_heading, running_eval
from bot.log.figures import safe_figures
from bot.log.predictions import read_predictions
from bot.log.redact import Secrets
from bot.log.redacted_run import redacted_run
from bot.log.run_entry import heading, run_entry, running_entry
from bot.log.spoiler import FOLDED, folded_results, spoilers_fold
from bot.parameters import bind
from runner.records import RunRequest, RunResult, to_json

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
    limits = Limits.of(given)
    return Run(
        given,
        limits.timeout,
        force=FORCE in words,
        cell_timeout=limits.cell_timeout,
        runner=limits.runner,
    )


def decide(command: Run, world: World) -> tuple[Effect, ...]:
    """Decide what follows: a number allotted, an entry that says so, and the execution itself.

    Raises:
        RequestError: The excursion cannot run so; nothing was changed and nothing executed.
    """
    excursion = world.open_excursion()
    declared = world.declared()
    if not declared.notebook:
        raise RequestError(
            f"excursion {excursion.issue} is a write-up: it has no notebook to run",
            right=f"Write in {excursion.folder}/README.md and answer it when it says what you "
            f"found; /eval runs a few lines of code in its folder.",
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
    check_notebook(notebook, declared, where=where)
    parameters = bind(declared.parameters, command.parameters, where="-p", sets=declared.sets)
    request = new_request(
        world,
        declared,
        Limits(command.timeout, command.cell_timeout, command.runner),
        notebook=where,
        notebook_sha256=hashlib.sha256(notebook).hexdigest(),
        parameters=parameters,
        dirty=dirty,
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
        *("runner", "engine", "inputs_sha256", "reproduces", "retries", "code", "after"),
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
    if result.code:
        return _ended_eval(result, world)
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
    if spoilers_fold(world.thread):
        name = f"Run {result.run_id} {result.status.value.replace('_', ' ')}"
        entry, memory[FOLDED] = folded_results(entry, heading(result), name), True
    return UpsertEntry(result.issue, f"run:{result.run_id}", entry, memory)


def _ended_eval(result: RunResult, world: World) -> UpsertEntry:
    """Render the entry of an eval that has ended; of its metrics nothing is remembered."""
    number = int(result.run_id.partition(".")[2])
    beside = write_attached(world.surroundings.attached)
    memory = {**run_memory(result, beside=beside), "metrics": {}, "eval": True}
    entry = eval_entry(
        result,
        figures_at=world.surroundings.figures(
            run_ref(result.issue, number), f"runs/{number}/figures/"
        ),
        surroundings=world.surroundings,
    )
    if spoilers_fold(world.thread):
        name = f"Eval {result.run_id} {result.status.value.replace('_', ' ')}"
        entry, memory[FOLDED] = folded_results(entry, eval_heading(result), name), True
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
    named = ("answered_from", "reproduces", "retries")
    seldom = {name for name in named if getattr(result, name)}
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
            running_eval(request) if request.code else running_entry(request),
            {
                "status": "running",
                "commit": request.commit,
                "started": request.requested,
                **({"eval": True} if request.code else {}),
            },
        ),
        SetLabels(request.issue, add=(LABEL_RUNNING,)),
    )


def declared_if_readable(world: World) -> ExcursionFile | None:
    """Read the declaration if it can still be read; an entry is worth having without it."""
    try:
        return world.declared()
    except RequestError:
        return None


def write(command: Run) -> str:
    """Write the command as people do; what is not committed is the command line's own matter."""
    limits = Limits(command.timeout, command.cell_timeout, command.runner).pairs()
    force = FORCE if command.force else ""
    return write_line("run", force, write_pairs({**command.parameters, **limits}))


SPEC = Spec(
    word="run",
    command=Run,
    role=Role.WRITE,
    usage="/run [name=value…] [runner=NAME] [timeout=30m] [cell_timeout=5m] [force]",
    summary="Execute the notebook and post what came out.",
    example="/run layer=3 timeout=30m",
    parse=parse,
    write=write,
    decide=decide,
    executes=True,
    options=None,
    details="`/params` lists what the notebook may be given. `runner` is one of those that "
    "`excursions.toml` has. `timeout` limits the whole run, `cell_timeout` any one cell. `force` "
    "executes again what was run before. A prototype's run is that of its tests and its example.",
)
