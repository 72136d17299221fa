"""`excursion reproduce FOLDER…`: what answered excursions record, run again and compared.

Needs nothing but the folders: neither their threads nor the refs of their runs.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.agreement import Agreement, Verdict, compare
from bot.cli.execution import check_installed, install, told_as_ours
from bot.cli.place import checkout_around, give, open_forge, say
from bot.cli.progress import Progress
from bot.cli.queue import Queue
from bot.cli.shares import Shares
from bot.cli.warm import settings_of
from bot.commands.run import REQUEST, SOURCE
from bot.config import Config, read_config
from bot.errors import RequestError
from bot.excursion import Kind
from bot.excursion_file import NOTEBOOK
from bot.log.reproduction import metric_lines, surroundings_lines, verdict_line
from bot.log.sweep.words import count
from bot.recorded import FILES, RESULT, Recorded, read_recorded
from bot.shell import Outlook
from runner.engines import local
from runner.engines.job import Job
from runner.notebook import CHECKPOINTS
from runner.records import Resources, RunRequest, RunResult, Status, to_json
from runner.turns import OFF


@dataclass(frozen=True)
class Compared:
    """A recorded run beside the same run now."""

    recorded: RunResult
    again: RunResult
    agreement: Agreement

    @property
    def verdict(self) -> Verdict:
        """How well the two agree."""
        return self.agreement.verdict


def reproduce_folders(
    names: Iterable[str], *, everything: bool, jobs: int | None, as_json: bool
) -> None:
    """Run again what folders record, and say how well it agrees.

    Ends with 1 if something differs, and else with 3 if somebody stopped it.

    Args:
        names: Folders, from where the command is given.
        everything: Whether every answered excursion of the repository is meant.
        jobs: How many runs go on at once.
        as_json: Whether one JSON document is wanted.

    Raises:
        ExcursionError: A folder records nothing that could be run again.
    """
    forge, text = open_forge()
    top, config = checkout_around(forge.top), read_config(text)
    check_installed()
    folders = [_within(top, Path(name)) for name in names]
    folders += _answered(top, config) if everything else ()
    if not folders:
        raise RequestError(
            f"no excursion in {config.root}/ was answered from a run",
            right="Name the folder of one, or answer one first.",
        )
    found = [_read(top, folder) for folder in dict.fromkeys(folders)]
    document, verdicts, stopped = [], [], False
    for each in found:
        python = install(each.request(each.runs[0]))
        compared = list(_again(top, each, config, python, jobs))
        verdicts += [one.verdict for one in compared]
        verdicts += [Verdict.DIFFERENT] * bool(each.contradictions)
        document.append(_as_data(each, compared))
        if not as_json:
            _tell(each, compared)
        stopped = len(compared) < len(each.runs)
        if stopped:
            break
    if as_json:
        give(json.dumps({"version": 1, "excursions": document}, indent=1, ensure_ascii=False))
    elif len(found) > 1:
        give(_summary(document))
    if Verdict.DIFFERENT in verdicts:
        sys.exit(1)
    if stopped:
        sys.exit(3)


def _within(top: Path, path: Path) -> str:
    """Name a folder by its path within the repository."""
    full = path.resolve()
    if not full.is_dir():
        raise RequestError("there is no such folder", where=str(path))
    if not full.is_relative_to(top.resolve()):
        raise RequestError("is outside of this repository", where=str(path))
    return full.relative_to(top.resolve()).as_posix()


def _answered(top: Path, config: Config) -> list[str]:
    """List the folders of the repository's answered excursions, by kind and number."""
    found = []
    for kind in Kind:
        notebooks = (top / config.root / kind.value).glob(f"*/{NOTEBOOK}")
        names = [path.parent.relative_to(top).as_posix() for path in notebooks]
        for name in sorted(names, key=_number):
            if (top / name / RESULT).is_file():
                found.append(name)
            else:
                say(f"{name}: has no {RESULT}, so there is nothing to compare with; left out")
    return found


def _number(folder: str) -> tuple[int, str]:
    number = folder.rpartition("/")[2].partition("-")[0]
    return (int(number) if number.isdigit() else sys.maxsize, folder)


def _read(top: Path, folder: str) -> Recorded:
    paths = {name: top / folder / name for name in FILES}
    files = {name: path.read_bytes() for name, path in paths.items() if path.is_file()}
    return read_recorded(folder, files)


def _again(
    top: Path, recorded: Recorded, config: Config, python: str, jobs: int | None
) -> Iterator[Compared]:
    """Execute the runs that a folder records, where it lies; what they make is thrown away."""
    runner = config.runners[config.runner]
    warm = settings_of(config) if runner.warm else None
    originals = {run.run_id: run for run in recorded.runs}
    requests = [
        recorded.request(run).model_copy(update={"resources": Resources(warm=warm)})
        for run in recorded.runs
    ]
    shares, first = Shares(), requests[0]
    slots = shares.slots(first, len(requests), jobs)
    results: dict[str, RunResult] = {}
    outlook = Outlook(recorded.folder, len(requests), 0, 0, _describe) if requests[1:] else None
    queue = Queue(first, iter(requests), len(requests), say)
    say(f"{recorded.folder}: {count(len(requests), 'run')}")
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="excursions-")))
        watch = stack.enter_context(Progress().of(outlook))
        stack.enter_context(told_as_ours())
        parts = shares.among(slots)

        def job(request: RunRequest) -> Job:
            folder = place / request.run_id
            checkpoints = folder / "checkpoints"
            checkpoints.mkdir(parents=True)
            (folder / SOURCE).write_bytes(recorded.source)
            (folder / REQUEST).write_bytes(to_json(request))
            environment = {CHECKPOINTS: str(checkpoints), OFF: "off", **parts.take(request)}
            return Job(
                request,
                folder=folder,
                workdir=top / recorded.folder,
                python=python,
                environment=environment | {"PYTHONDONTWRITEBYTECODE": "1"},
                share=queue.held_by(request),
            )

        def ended(result: RunResult) -> None:
            parts.give_back(result.run_id)
            queue.ended(result)
            watch.ended(result)
            results[result.run_id] = result

        jobs_in_turn = (job(request) if request else None for request in queue)
        local.execute(jobs_in_turn, slots, listen=watch.heard, ended=ended)
    for name, original in originals.items():
        if name in results and results[name].status is not Status.CANCELLED:
            tolerance = recorded.declared.metrics.tolerance
            agreed = compare(original, results[name], tolerance)
            yield Compared(original, results[name], agreed)


def _describe(result: RunResult) -> str:
    return f"run {result.run_id} {result.status.value.replace('_', ' ')}"


def _tell(recorded: Recorded, compared: list[Compared]) -> None:
    give(f"{recorded.folder}")
    for each in compared:
        line = verdict_line(each.again, each.recorded, each.agreement)
        give(f"  {line.replace(f' run {each.recorded.run_id}:', ' its record:', 1)}.")
        if each.again.error is not None:
            give(f"    {each.again.error.name}: {each.again.error.message}")
        for told in metric_lines(each.agreement):
            give(f"    {told}")
    for said in recorded.contradictions:
        give(f"  {said}")
    exact = all(each.verdict is Verdict.IDENTICAL for each in compared)
    differing = surroundings_lines(compared[0].agreement) if compared and not exact else []
    if differing:
        give("  What differs in what they ran on:")
    for told in differing:
        give(f"    {told}")
    if len(compared) < len(recorded.runs):
        give(f"  {count(len(recorded.runs) - len(compared), 'run')} stopped or not begun.")


def _as_data(recorded: Recorded, compared: list[Compared]) -> dict[str, Any]:
    return {
        "folder": recorded.folder,
        "runs": [
            {
                "run": each.recorded.run_id,
                "parameters": dict(each.recorded.parameters),
                "status": each.again.status.value,
                "verdict": each.verdict.words,
                "metrics": [
                    {
                        "name": pair.name,
                        "recorded": pair.first,
                        "now": pair.second,
                        "tolerance": pair.tolerance,
                        "verdict": pair.verdict.words,
                    }
                    for pair in each.agreement.metrics
                ],
            }
            for each in compared
        ],
        "contradictions": list(recorded.contradictions),
        "left_out": len(recorded.runs) - len(compared),
    }


def _summary(document: list[dict[str, Any]]) -> str:
    """Count, over all excursions, how well metrics agree."""
    runs = [run for each in document for run in each["runs"]]
    verdicts = [metric["verdict"] for run in runs for metric in run["metrics"]]
    counts: Mapping[str, int] = {v.words: verdicts.count(v.words) for v in Verdict}
    said = ", ".join(f"{number} {words}" for words, number in counts.items() if number)
    return (
        f"{count(len(document), 'excursion')}, {count(len(runs), 'run')}, "
        f"{count(len(verdicts), 'metric')}: {said or 'nothing was compared'}."
    )
