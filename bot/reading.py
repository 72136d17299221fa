"""A command or a run's end, and a forge ─► World: all that its decision may look at, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.budget import read_usage
from bot.command import (
    Answer,
    Cancel,
    Command,
    Compare,
    Predict,
    Reproduce,
    Retry,
    Run,
    Start,
    Sweep,
    Templates,
)
from bot.command import Status as AskStatus
from bot.commands.answer import newest_good
from bot.commands.compare import commits_wanted, notebooks_wanted
from bot.commands.retry import source_number
from bot.commands.run import SOURCE
from bot.commands.start import asked_kind, asked_template
from bot.commands.world import World
from bot.condition import has_condition
from bot.events import Commanded, RunEnded
from bot.excursion import LABEL, Kind, read_excursion
from bot.excursion_file import FILE_NAME, NOTEBOOK
from bot.forge.protocol import Forge, StoredRun
from bot.log.predictions import read_predictions
from bot.recovery import recovered
from bot.shell import Office
from bot.template import find_template, read_all
from bot.thread import Thread


def read_world(
    shell: Office,
    event: Commanded | RunEnded,
    run_files: Mapping[int, Mapping[str, bytes]] | None = None,
) -> World:
    """Read all that the decision about an event may look at.

    Raises:
        ExcursionError: There is no such issue, or the forge failed.
    """
    forge, config = shell.forge, shell.config
    thread = forge.thread(event.issue)
    asked = event.command if isinstance(event, Commanded) else None
    known = read_excursion(thread)
    found = None if known or _is_new(thread, asked) else recovered(event.issue, forge, config)
    excursion = known or found
    world: dict[str, Any] = {
        "now": shell.clock(),
        "actor": event.actor.name if isinstance(event, Commanded) else "",
        "config": config,
        "thread": thread,
        "base": forge.head(config.default_branch),
        "runs": _runs(forge, event, asked, thread),
        "sweeps": forge.sweeps(event.issue),
        "run_files": run_files or {},
        "secrets": shell.secrets,
        "surroundings": shell.surroundings,
        "found": found,
    }
    if isinstance(event, Commanded):
        world["asked"] = event.asked
    if isinstance(asked, Start):
        name = (excursion.template if excursion else None) or asked.template
        world["template"] = find_template(
            name or asked_template(thread), asked_kind(thread), shell.all_template_roots()
        )
    if isinstance(asked, Retry):
        number = source_number(asked, World(**world))
        world["run_files"] = _files_with_source(forge, event.issue, number) if number else {}
    if isinstance(asked, Templates):
        world["templates"], wrong = read_all(shell.all_template_roots())
        world["broken_templates"] = tuple(str(error) for error in wrong)
    if isinstance(asked, AskStatus) and config.budget.is_set and shell.surroundings.is_github:
        now, which = shell.clock().isoformat(), str(world["asked"])
        world["usage"] = read_usage(forge.spent_lately(), now, asked=which)
    if isinstance(asked, Reproduce):
        world["run_files"] = _files_with_source(forge, event.issue, asked.run)
    if isinstance(asked, Compare):
        chosen = notebooks_wanted(asked, world["runs"])
        sources = forge.run_sources(event.issue, chosen)
        world["run_files"] = {n: {SOURCE: found} for n, found in sources.items()}
        commits = commits_wanted(asked, world["runs"]) if excursion else ()
        folder = excursion.folder if excursion else ""
        world["folders"] = {each: forge.folder(each, folder) for each in commits}
        kept = forge.run_commits(event.issue) if shell.surroundings.is_github else None
        world["surroundings"] = replace(shell.surroundings, kept=kept)
    head = forge.head(excursion.branch) if excursion else None
    commit = head or _commit_of_run(event, world["runs"])  # a branch may be gone after the answer
    if excursion is None or commit is None:
        return World(**world)
    at = {name: f"{excursion.folder}/{name}" for name in ("README.md", FILE_NAME, NOTEBOOK)}
    contents = forge.read_files(commit, tuple(at.values()))
    read = {name: contents[path] for name, path in at.items()}
    world["head"] = head
    world["files"] = {name: content for name, content in read.items() if content is not None}
    if head is None:
        return World(**world)
    if isinstance(asked, Run | Sweep | Answer | Retry):
        world["uncommitted"] = forge.uncommitted(excursion.branch)
    if isinstance(asked, Run) and asked.dirty and world["uncommitted"]:
        world["patch"] = forge.patch(excursion.branch)
        world["working_notebook"] = forge.working_copy(excursion.branch, at[NOTEBOOK])
    if isinstance(asked, Answer):
        world["merge_obstacle"] = forge.merge_obstacle(excursion.branch, config.default_branch)
        basis = newest_good(World(**world))
        wanted = [asked.run] if asked.run else [basis.run.number] if basis else []
        world["run_files"] = {n: forge.run_files(event.issue, n) for n in wanted}
    return World(**world)


def _files_with_source(forge: Forge, issue: int, run: int) -> dict[int, dict[str, bytes]]:
    """Read the files of a run, its notebook as it was executed among them."""
    source = forge.run_source(issue, run)
    files = forge.run_files(issue, run)
    return {run: files | ({} if source is None else {SOURCE: source})}


def _is_new(thread: Thread, asked: Command | None) -> bool:
    """Say whether nothing shows that a thread without a welcome ever had one.

    Looking for its excursion takes requests, and most that are started are new.
    """
    if not isinstance(asked, Start):
        return False
    labels = set(thread.labels)
    marked = LABEL in labels and any(label.startswith("template:") for label in labels)
    return not thread.told and not (marked and labels & {kind.label for kind in Kind})


def _runs(
    forge: Forge, event: Commanded | RunEnded, asked: Command | None, thread: Thread
) -> tuple[StoredRun, ...]:
    """Read the runs, with all that they made known where the decision looks at it."""
    if isinstance(event, RunEnded):
        whole = bool(event.result.reproduces or event.result.answered_from)
        whole = whole or any(p.condition for p in read_predictions(thread))
    else:
        whole = isinstance(asked, Sweep | Reproduce | Answer | Compare | Cancel | Retry)
        whole = whole or (isinstance(asked, Predict) and has_condition(asked.text))
    return forge.runs(event.issue) if whole else forge.outlined_runs(event.issue)


def _commit_of_run(event: Commanded | RunEnded, runs: tuple[StoredRun, ...]) -> str | None:
    """Give the commit of the run that an event is about."""
    if isinstance(event, RunEnded):
        return event.result.commit
    number = event.command.run if isinstance(event.command, Reproduce) else None
    return next((r.request.commit for r in runs if r.number == number and r.request), None)
