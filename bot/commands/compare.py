"""`/compare 2 3 [4…]`: runs side by side, the first of them as the base."""

from __future__ import annotations

from collections.abc import Mapping

from bot.command import Compare
from bot.commands.run import SOURCE, declared_if_readable
from bot.commands.spec import Spec
from bot.commands.words import write_line
from bot.commands.world import World
from bot.effects import Effect, Reply
from bot.errors import RequestError
from bot.events import Role
from bot.forge.attached import read_attached
from bot.forge.protocol import StoredRun, run_ref
from bot.log.run_details import folded
from bot.log.side_by_side import Address, comparison_text
from bot.log.spoiler import is_folded
from bot.side_by_side import Comparison, Side, side_by_side
from bot.side_by_side_document import document
from bot.template import Metrics
from runner.records import Figure, Metric, RunResult, Status

MOST = 6  # runs; more are no table that anybody reads


def parse(words: tuple[str, ...], _: Mapping[str, str]) -> Compare:
    """Read the command's words.

    Raises:
        RequestError: They do not name two runs or more, each once.
    """
    runs = tuple(int(word) for word in words)
    twice = next((run for n, run in enumerate(runs) if run in runs[:n]), None)
    if twice is not None:
        raise RequestError(
            f"run {twice} is named twice", right="Name each run once.", culprit=str(twice)
        )
    if len(runs) < 2:
        raise RequestError(
            f"{len(runs) or 'no'} run{'' if len(runs) == 1 else 's'} cannot be compared",
            right="Name two at least: /compare 2 3",
        )
    if len(runs) > MOST:
        raise RequestError(
            f"{len(runs)} runs are more than can be read side by side",
            right=f"Name {MOST} at most; a sweep's own entry compares all its points.",
        )
    return Compare(runs)


def write(command: Compare) -> str:
    """Write the command as people do."""
    return write_line("compare", *map(str, command.runs))


def decide(command: Compare, world: World) -> tuple[Effect, ...]:
    """Decide what is answered: nothing but that changes.

    Raises:
        RequestError: A run is not there, or too few have a result.
    """
    comparison = compared(command, world)
    text = comparison_text(comparison, picture_addresses(command, world))
    if world.asked.comment and any(is_folded(entry.data) for entry in world.thread.told):
        text = folded("The comparison · open for its results", text)
    return (Reply(text, document(comparison)),)


def compared(command: Compare, world: World) -> Comparison:
    """Put runs side by side.

    Raises:
        RequestError: A run is not there, or too few have a result.
    """
    sides = tuple(_side(number, world) for number in command.runs)
    if sum(side.result is not None or bool(side.metrics) for side in sides) < 2:
        empty = next(side for side in sides if side.result is None)
        raise RequestError(
            f"run {empty.run_id} cannot be compared: {empty.missing}",
            right="Compare runs that have a result.",
        )
    declared = declared_if_readable(world)
    return side_by_side(sides, declared.metrics if declared else Metrics())


def notebooks_wanted(command: Compare, runs: tuple[StoredRun, ...]) -> tuple[int, ...]:
    """Name the runs whose notebooks must be read: none where all are the same."""
    chosen = _ended(command, runs)
    first = {result.notebook_sha256: number for number, result in reversed(chosen)}
    return tuple(first.values()) if len(first) > 1 else ()


def commits_wanted(command: Compare, runs: tuple[StoredRun, ...]) -> tuple[str, ...]:
    """Name the commits whose files must be listed: none where all runs are of one."""
    commits = tuple(dict.fromkeys(result.commit for _, result in _ended(command, runs)))
    return commits if len(commits) > 1 else ()


def _ended(command: Compare, runs: tuple[StoredRun, ...]) -> list[tuple[int, RunResult]]:
    """Give the results of the runs that are compared, with their numbers."""
    return [(run.number, run.result) for run in runs if run.number in command.runs and run.result]


def picture_addresses(command: Compare, world: World) -> Address:
    """Say where the pictures of runs are found."""
    issue, here = world.thread.number, world.surroundings
    server = here.page.rsplit("/", 2)[0]

    def at(place: int, figure: Figure) -> str:
        number = command.runs[place]
        entry = world.thread.entry(f"run:{issue}.{number}")
        attached = read_attached(entry.data if entry else None, [figure.sha256], server)
        folder = here.figures(run_ref(issue, number), f"runs/{number}/figures/")
        return attached.get(figure.sha256) or (f"{folder}{figure.file}" if folder else "")

    return at


def _side(number: int, world: World) -> Side:
    """Gather what is known of a run, from its ref or else from what its entry remembers.

    Raises:
        RequestError: There is no such run.
    """
    run_id = f"{world.thread.number}.{number}"
    stored = next((run for run in world.runs if run.number == number), None)
    entry = world.thread.entry(f"run:{run_id}")
    if stored is None and entry is None:
        known = [str(run.number) for run in world.runs]
        raise RequestError(
            f"there is no run {run_id}",
            right=f"There are: {', '.join(known[-20:]) or 'none'}.",
            culprit=str(number),
        )
    if (stored and stored.request and stored.request.code) or (
        entry and entry.data and entry.data.get("eval")
    ):
        raise RequestError(
            f"{run_id} is an eval, and only runs are compared",
            right="Compare the runs of the notebook.",
            culprit=str(number),
        )
    if stored is not None and stored.result is not None:
        result = stored.result
        source = _notebook(result.notebook_sha256, world)
        files = world.folders.get(result.commit)
        return Side(run_id, result.status, result.metrics, result, notebook=source, files=files)
    data = (entry.data if entry else None) or {}
    if (stored is not None and stored.alive) or data.get("status") == "running":
        return Side(run_id, None, {}, missing="it has no result yet")
    metrics = data.get("metrics")
    recorded: dict[str, Metric] = {
        name: value
        for name, value in (metrics.items() if isinstance(metrics, dict) else ())
        if isinstance(value, bool | int | float | str)
    }
    status = data.get("status")
    known_status = next((each for each in Status if each.value == status), None)
    missing = "its files are missing"
    missing += ", so that only the metrics in its entry are compared" if recorded else ""
    return Side(run_id, known_status, recorded, missing=missing)


def _notebook(digest: str, world: World) -> bytes | None:
    """Find a notebook among those that were read, by the digest that its runs name."""
    for run in world.runs:
        source = world.run_files.get(run.number, {}).get(SOURCE)
        if source is not None and run.result and run.result.notebook_sha256 == digest:
            return source
    return None


SPEC = Spec(
    word="compare",
    command=Compare,
    role=Role.READ,
    usage="/compare 2 3 [4…]",
    summary="Metrics, plots, code, parameters and environment of runs side by side.",
    example="/compare 2 3",
    parse=parse,
    write=write,
    decide=decide,
    runs=True,
    reads_only=True,
    details=f"The others are held against the first run; {MOST} runs at most. Two values of a "
    "metric are the same if they lie within the tolerance that `excursion.toml` declares.",
)
