"""The last job: what untrusted jobs left ─► refs, and entries that tell of every run asked for.

It executes nothing of theirs. Whatever they left is held against what was asked of them, and a
run of which nothing came is told of, too.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.actions.artifact import RESULT, read_artifact, untold
from bot.actions.attaching import Attaching, Picture
from bot.actions.folder import ArtifactRefusedError
from bot.actions.job import Job, read_settings
from bot.actions.matrix import read_matrix
from bot.actions.office import expected_of_runs, open_office, open_remote
from bot.actions.triage import take_back
from bot.commands.run import REQUEST, ended_entry
from bot.commands.scoring import scored_predictions
from bot.commands.state import ended as told_of
from bot.commands.state import state_effects
from bot.commands.sweep import entry_effects
from bot.commands.world import World
from bot.conversation import MISTAKE, reply_key, trouble_effects, trouble_key
from bot.effects import Effect, PublishSweep, SetLabels, UpsertEntry, apply
from bot.errors import ExcursionError, ForgeError
from bot.events import RunEnded
from bot.excursion import LABEL_RUNNING
from bot.forge.attached import STORE
from bot.forge.github import GithubForge
from bot.forge.github_api import Api, Patience
from bot.forge.github_threads import ASKED, react
from bot.forge.protocol import StoredRun, run_ref, sweep_ref
from bot.log.redact import Secrets
from bot.log.run_entry import shown_figures
from bot.log.sweep.entry import FIGURE, State
from bot.reading import read_world
from bot.shell import Office
from bot.surroundings import Surroundings
from bot.sweep import Sweep, read_sweeps
from bot.thread import DONE, OURS, WRONG
from runner.records import Figure, RunRequest, RunResult, Status, to_json

_COMMENT = re.compile(r"[1-9][0-9]{0,17}")
_BRANCH = "refs/heads/excursion-runs"  # where branches make pictures reachable


@dataclass(frozen=True)
class Ended:
    """A run as it is to be published."""

    request: RunRequest
    result: RunResult
    files: Mapping[str, bytes]

    @property
    def number(self) -> int:
        """Its number within the issue."""
        return int(self.request.run_id.partition(".")[2])

    @property
    def ref(self) -> str:
        """The ref that holds its files."""
        return run_ref(self.request.issue, self.number)


def publish(job: Job, patience: Patience | None = None) -> None:
    """Publish every run in the matrix, with whatever came of it.

    Raises:
        ForgeError: GitHub failed. The job may be run again; it goes on where it stopped.
    """
    requests = read_matrix(job["EXCURSION_MATRIX"])
    if not requests:
        return
    executed = job.environment.get("EXCURSION_EXECUTED", "")
    folder = Path(job["EXCURSION_ARTIFACTS"])
    secrets = Secrets.of(job.environment)
    ended = [
        read_ended(folder / f"excursion-{request.run_id}", request, executed, secrets)
        for request in requests
    ]
    patience = patience or Patience(between_writes_s=job.between_writes_s)
    api = Api(job.token, job.repository, job.api_url, patience)
    config = read_settings(job)
    first = requests[0]
    forge = GithubForge(
        api,
        first.issue,
        bot=config.github.bot,
        remote=open_remote(job, api),
        moment=first.requested,
        expected=expected_of_runs(config, first.notebook.rpartition("/")[0]),
    )
    office = open_office(job, forge, first.requested)
    attaching = Attaching(job, patience) if config.github.images == "attachments" else None
    try:
        trouble = _Publication(job, office, forge, ended, attaching).carry_out()
        if trouble is not None:
            raise trouble
        _acknowledge(api, forge, ended)
    except Exception:
        _say_ours(job, api, forge, ended)
        raise


def _acknowledge(api: Api, forge: GithubForge, ended: Sequence[Ended]) -> None:
    """Say that it is done what comments asked for, but for those of which something was wrong."""
    issue = ended[0].request.issue
    for comment in _comments(forge, ended):
        thread = forge.thread(issue)
        reply = thread.entry(reply_key(comment))
        end = WRONG if reply and (reply.data or {}).get(MISTAKE) else DONE
        if thread.entry(trouble_key(comment)):
            take_back(api, issue, comment, end)
            forge.remove_entry(issue, trouble_key(comment))
        if end == DONE:
            react(api, issue, comment, DONE)


def _say_ours(job: Job, api: Api, forge: GithubForge, ended: Sequence[Ended]) -> None:
    """Say that it is our fault, and where the job's log is, if that can still be said."""
    issue = ended[0].request.issue
    try:
        for comment in _comments(forge, ended):
            react(api, issue, comment, OURS)
            apply(trouble_effects(issue, comment, "", job.log), forge)
    except ExcursionError as error:
        sys.stderr.write(f"excursion: nor could that be said in the thread: {error}\n")


def read_ended(
    folder: Path, request: RunRequest, executed: str, secrets: Secrets | None = None
) -> Ended:
    """Read what a job left of a run; where that is nothing to be believed, say so.

    Args:
        folder: Its artifact; need not be there.
        request: What was asked of it.
        executed: How the jobs ended, in GitHub's word: `success`, `failure`, `cancelled` ….
        secrets: What is known here to be secret by its value.
    """
    try:
        found = read_artifact(folder, request, secrets=secrets)
    except ArtifactRefusedError as error:
        why = f"what the job uploaded cannot be believed, and was not published: {error.what}"
        return _untold(request, {REQUEST: to_json(request)}, why)
    if found.result is not None:
        return Ended(request, found.result, found.files)
    cancelled = executed == "cancelled"
    why = (
        "the workflow was cancelled before the notebook had ended"
        if cancelled
        else "the job that executed it ended without a word: its machine may have gone away, or "
        "no machine took it"
    )
    ended = _untold(request, found.files, why, cells=found.cells, notes=found.notes)
    if not cancelled:
        return ended
    result = ended.result.model_copy(update={"status": Status.CANCELLED})
    return Ended(request, result, {**ended.files, RESULT: to_json(result)})


def _untold(request: RunRequest, files: Mapping[str, bytes], why: str, **known: Any) -> Ended:
    result = untold(request, why, at=request.requested, **known)
    return Ended(request, result, {**files, RESULT: to_json(result)})


class _Publication:
    """The runs of one workflow, all of one issue, on their way into its thread."""

    def __init__(
        self,
        job: Job,
        office: Office,
        forge: GithubForge,
        ended: list[Ended],
        attaching: Attaching | None,
    ) -> None:
        self._office = office
        self._forge = forge
        self._ended = ended
        self._issue = ended[0].request.issue
        self._surroundings = Surroundings(page=job.page, log=job.log)
        self._attaching = attaching
        self._any_attachment = f"{job.server_url}{STORE}{uuid.UUID(int=0)}"
        self._by_branch = office.config.github.images == "branch"

    def carry_out(self) -> ForgeError | None:
        """Push all files, then complete all entries; give what kept the files from being pushed."""
        names = dict.fromkeys(each.request.sweep for each in self._ended if each.request.sweep)
        sweeps = {name: self._sweep(name) for name in names}
        wanted = {
            each.ref: (
                each.files,
                f"Run {each.result.run_id} {each.result.status.value}\n",
                each.request.commit,
            )
            for each in self._ended
        }
        drawn: dict[str, bytes] = {}  # sweep ─► its picture
        for name, (sweep, world) in sweeps.items():
            for effect in entry_effects(sweep, State.ENDED, world):
                if isinstance(effect, PublishSweep) and effect.kept:
                    ref = sweep_ref(effect.issue, effect.first)
                    wanted[ref] = (effect.files, effect.message, effect.base)
                    drawn |= {name: effect.files[FIGURE]} if FIGURE in effect.files else {}
        trouble = self._push(wanted)
        alone = [each for each in self._ended if not each.request.sweep]
        # Each at once, so that what was uploaded for one is remembered whatever happens next.
        for each in alone:
            self._office.apply(self._issue, (self._entry_of_run(each),))
        for name, (sweep, world) in sweeps.items():
            self._office.apply(self._issue, self._entry_of_sweep(sweep, world, drawn.get(name)))
        self._score_predictions()
        state = told_of([each.result for each in alone], [sweep for sweep, _ in sweeps.values()])
        thread = self._forge.thread(self._issue)
        self._office.apply(self._issue, tuple(state_effects(thread, state)))
        if not self._others():
            self._office.apply(self._issue, (SetLabels(self._issue, remove=(LABEL_RUNNING,)),))
        return trouble

    def _push(
        self, wanted: Mapping[str, tuple[Mapping[str, bytes], str, str]]
    ) -> ForgeError | None:
        branches = {}
        if self._by_branch:
            branches = {ref: ref.replace("refs/excursions", _BRANCH, 1) for ref in wanted}
        try:
            kept = self._forge.publish(wanted, also=branches)
        except ForgeError as error:
            words = f"The files could not be pushed, so no picture is shown: {error.what}"
            self._surroundings = dataclasses.replace(self._surroundings, trouble=words)
            return error
        self._surroundings = dataclasses.replace(self._surroundings, kept=kept)
        return None

    def _entry_of_run(self, ended: Ended) -> Effect:
        event = RunEnded(self._issue, ended.number, ended.result)
        world = read_world(self._office, event)
        pictures = [
            Picture(figure.file, figure.sha256, ended.files[f"figures/{figure.file}"])
            for figure in self._shown(ended)
        ]
        surroundings = self._attached(f"run:{ended.request.run_id}", pictures)
        world = dataclasses.replace(world, surroundings=surroundings)
        return self._complete(ended_entry(ended.result, world), [ended.result], ended.ref)

    def _entry_of_sweep(
        self, sweep: Sweep, world: World, drawn: bytes | None
    ) -> tuple[UpsertEntry, ...]:
        name = FIGURE.rpartition("/")[2]
        pictures = [Picture(name, hashlib.sha256(drawn).hexdigest(), drawn)] if drawn else []
        surroundings = self._attached(f"sweep:{sweep.id}", pictures)
        world = dataclasses.replace(world, surroundings=surroundings)
        return tuple(
            self._complete(effect, sweep.results, sweep_ref(self._issue, sweep.first))
            for effect in entry_effects(sweep, State.ENDED, world)
            if isinstance(effect, UpsertEntry)
        )

    def _shown(self, ended: Ended) -> list[Figure]:
        """Name the pictures that the entry of a run has room for, once they are attached."""
        at = self._surroundings.figures(ended.ref, "")
        attached = {figure.sha256: self._any_attachment for figure in ended.result.figures}
        return [figure for figure, _ in shown_figures(ended.result, at, attached)]

    def _attached(self, key: str, pictures: Sequence[Picture]) -> Surroundings:
        """Attach an entry's pictures, where that is wanted and their files are kept by git."""
        if self._attaching is None or self._surroundings.kept is None:
            return self._surroundings
        there = self._forge.thread(self._issue).entry(key)
        attached, trouble = self._attaching.attach(pictures, there.data if there else None)
        return dataclasses.replace(self._surroundings, attached=attached, trouble=trouble)

    def _complete(self, effect: UpsertEntry, results: Sequence[RunResult], ref: str) -> UpsertEntry:
        """Have an entry remember the command, where its files are, and what the runs took."""
        there = self._forge.thread(self._issue).entry(effect.key)
        asked = ((there.data if there else None) or {}).get(ASKED)
        memory = {
            **effect.data,
            **({ASKED: asked} if asked else {}),
            "published": (self._surroundings.kept or {}).get(ref, ""),
            "gpu_s": round(sum(result.cost.gpu_s for result in results), 3),
        }
        return dataclasses.replace(effect, data=memory)

    def _sweep(self, name: str) -> tuple[Sweep, World]:
        """Put a sweep together: the points that ran now, and those that ran before."""
        ours = {each.number: each for each in self._ended if each.request.sweep == name}
        first = int(name.partition(".")[2])
        one = next(iter(ours.values()))
        world = read_world(self._office, RunEnded(self._issue, one.number, one.result))
        earlier = () if first in ours else self._forge.runs(self._issue)
        runs = {run.number: run for run in (*world.runs, *earlier)}
        runs |= {n: StoredRun(n, each.request, each.result) for n, each in ours.items()}
        sweep = next(each for each in read_sweeps(runs.values()) if each.id == name)
        whole = tuple(runs[number] for number in sorted(runs))
        return sweep, dataclasses.replace(world, runs=whole)

    def _score_predictions(self) -> None:
        """Have predictions say what these runs, and all before them, came to."""
        last = self._ended[-1]
        world = read_world(self._office, RunEnded(self._issue, last.number, last.result))
        effects = scored_predictions(world, [each.result for each in self._ended])
        self._office.apply(self._issue, effects)

    def _others(self) -> bool:
        """Say whether anything else of the issue goes on."""
        ours = {f"run:{each.request.run_id}" for each in self._ended}
        ours |= {f"sweep:{each.request.sweep}" for each in self._ended}
        numbers = [run.number for run in self._forge.outlined_runs(self._issue) if run.alive]
        alive = {f"run:{self._issue}.{number}" for number in numbers}
        alive |= {f"sweep:{self._issue}.{each.first}" for each in self._forge.sweeps(self._issue)}
        return bool(alive - ours)


def _comments(forge: GithubForge, ended: Sequence[Ended]) -> list[int]:
    """Name the comments that asked for runs."""
    thread = forge.thread(ended[0].request.issue)
    keys = [
        f"sweep:{e.request.sweep}" if e.request.sweep else f"run:{e.request.run_id}" for e in ended
    ]
    entries = [thread.entry(key) for key in dict.fromkeys(keys)]
    asked = [str((entry.data or {}).get(ASKED, "")).partition(".")[0] for entry in entries if entry]
    return [int(number) for number in dict.fromkeys(asked) if _COMMENT.fullmatch(number)]
