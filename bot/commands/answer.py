"""`/answer text outcome=refuted`: write the answer down, bring it to the default branch, close."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.command import Answer
from bot.commands.run import declared_if_readable
from bot.commands.scoring import judged_by
from bot.commands.spec import Spec
from bot.commands.sweep import picture_of
from bot.commands.words import write_line, write_pairs, write_text
from bot.commands.world import World
from bot.effects import Close, CommitFiles, Effect, OpenPullRequest, SetLabels, UpsertEntry
from bot.errors import RequestError, nearest
from bot.events import Role
from bot.excursion import LABEL_ANSWERED, LABEL_RUNNING, Excursion, Outcome
from bot.excursion_file import NOTEBOOK
from bot.forge.protocol import StoredRun
from bot.log import answer as log
from bot.log.notes import log_section, read_notes
from bot.log.readme import put_section
from bot.log.safety import inline, unlinked
from bot.log.sweep.answer import sweep_answer
from bot.log.sweep.entry import FIGURE
from bot.log.sweep.metric import best_point, compared
from bot.log.sweep.table import CSV, points_csv
from bot.moments import timestamp
from bot.sweep import Sweep, read_sweeps
from runner.records import Status

OPTIONS = ("outcome", "run")
_LONGEST = 20_000


@dataclass(frozen=True)
class Basis:
    """What an answer rests on."""

    run: StoredRun  # whose notebook, plots and numbers come along
    sweep: Sweep | None = None  # of which it is the best point

    @property
    def name(self) -> str:
        """What it is called: `sweep 12.5`, `run 12.3`."""
        return f"sweep {self.sweep.id}" if self.sweep else f"run {self._run_id}"

    @property
    def words(self) -> str:
        """The same in a sentence's place: `run 12.7, the best point of sweep 12.5`."""
        return f"run {self._run_id}, a point of {self.name}" if self.sweep else self.name

    @property
    def _run_id(self) -> str:
        return self.run.result.run_id if self.run.result else str(self.run.number)


def parse(words: tuple[str, ...], named: Mapping[str, str]) -> Answer:
    """Read the command's words.

    Raises:
        RequestError: The outcome or the run is not one.
    """
    given = dict(named)
    outcome = parse_outcome(given.pop("outcome")) if "outcome" in given else None
    run = given.pop("run", None)
    rest = [f"{name}={value}" for name, value in given.items()]
    return Answer(" ".join([*words, *rest]), outcome, int(run) if run else None)


def parse_outcome(text: str) -> Outcome:
    """Read an outcome.

    Raises:
        RequestError: There is none of that name.
    """
    known = [outcome.value for outcome in Outcome]
    word = text.strip().lower()
    if word not in known:
        near = f"Did you mean {nearest(word, known)!r}? " if nearest(word, known) else ""
        raise RequestError(
            f"{text!r} is not an outcome",
            where="outcome",
            right=f"{near}There are {', '.join(known)}.",
            culprit="outcome=",
        )
    return Outcome(word)


def decide(command: Answer, world: World) -> tuple[Effect, ...]:
    """Decide what follows: README, notebook and plots committed, merged, posted and closed.

    Answering again with the same words finishes what was interrupted, or changes nothing.

    Raises:
        RequestError: There is no answer to give, or the branch cannot be merged as it is.
    """
    text = command.text.strip()
    issue = world.thread.number
    if not text:
        raise RequestError(
            "the answer is empty", right=world.surroundings.example("answer", issue, "…")
        )
    if len(text) > _LONGEST:
        raise RequestError(
            f"the answer has {len(text)} characters, {_LONGEST} at most",
            right="Put the long form into the excursion's README.md.",
        )
    given = world.thread.answer
    outcome = command.outcome.value if command.outcome else None
    if not world.thread.is_open:
        memory = (given.data if given else None) or {}
        if (memory.get("text"), memory.get("outcome")) == (text, outcome):
            return ()
        raise RequestError(
            f"issue {issue} is closed" + (" and answered" if given else ""),
            right=world.ask_anew,
        )
    if command.outcome is Outcome.ABANDONED and world.excursion and world.head is None:
        return _abandon(text, world)
    excursion = world.open_excursion()
    world.check_nothing_runs()
    if world.uncommitted:
        paths = ", ".join(world.uncommitted[:5])
        raise RequestError(
            f"the excursion's worktree has changes that are not committed: {paths}",
            right="Commit them there, so that the answer holds them, or discard them.",
        )
    if world.merge_obstacle:
        raise RequestError(world.merge_obstacle, right="Then answer again; nothing was changed.")
    basis = _chosen(command, world, excursion)
    stamped = str(((given.data if given else None) or {}).get("stamped", timestamp(world.now)))
    answer = log.Answer(text, command.outcome, world.actor, stamped)
    into = world.config.default_branch
    files = _files(answer, basis, world, excursion)
    memory = {"text": text, "outcome": outcome, "stamped": stamped}
    rests_on = basis.name if basis else ""
    judged = judged_by(rests_on, world)
    entry = log.answer_entry(
        answer,
        folder=excursion.folder,
        branch=excursion.branch,
        into=into,
        rests_on=rests_on,
        judged=judged,
        surroundings=world.surroundings,
    )
    title = unlinked(world.thread.title)
    message = f"Answer excursion {issue}: {answer.word}\n\n{title}\n"
    return (
        CommitFiles(excursion.branch, files, message),
        OpenPullRequest(issue, excursion.branch, into, title),
        UpsertEntry(issue, world.thread.answer_key, entry, memory),
        SetLabels(issue, add=(LABEL_ANSWERED,), remove=(LABEL_RUNNING,)),
        # A reviewed pull request closes the issue when it is merged.
        *(() if world.surroundings.is_github else (Close(issue),)),
    )


def _abandon(text: str, world: World) -> tuple[Effect, ...]:
    """Close an excursion whose branch is gone: there is nothing to merge."""
    issue = world.thread.number
    stamped = timestamp(world.now)
    answer = log.Answer(text, Outcome.ABANDONED, world.actor, stamped)
    memory = {"text": text, "outcome": Outcome.ABANDONED.value, "stamped": stamped}
    return (
        UpsertEntry(issue, world.thread.answer_key, log.abandoned_entry(answer), memory),
        SetLabels(issue, add=(LABEL_ANSWERED,), remove=(LABEL_RUNNING,)),
        Close(issue),
    )


def _chosen(command: Answer, world: World, excursion: Excursion) -> Basis | None:
    """Choose what the answer rests on: the run that is named, or the newest good thing."""
    if command.run is not None:
        named = next((run for run in world.runs if run.number == command.run), None)
        if named is None or named.result is None:
            known = [str(run.number) for run in world.runs if run.result]
            raise RequestError(
                f"there is no run {excursion.issue}.{command.run} with a result",
                right=f"There are: {', '.join(known) or 'none'}.",
            )
        if named.result.code:
            raise RequestError(
                f"{named.result.run_id} is an eval, on which no answer rests",
                right="Record it in the notebook, run that, and answer from the run.",
                culprit="run=",
            )
        return Basis(named)
    basis = newest_good(world)
    if basis is None:
        return None
    notebook, number = world.files.get(NOTEBOOK, b""), basis.run.number
    executed = world.run_files.get(number, {}).get(NOTEBOOK)
    ran = basis.run.result.notebook_sha256 if basis.run.result else ""
    if notebook != executed and hashlib.sha256(notebook).hexdigest() != ran:
        verb = "sweep" if basis.sweep else "run"
        again = world.surroundings.example(verb, excursion.issue)
        option = f"run={number}" if world.surroundings.is_github else f"--run {number}"
        raise RequestError(
            f"the notebook has changed since its last good {basis.name}",
            right=f"Give that again ({again} …), or answer from {basis.words}: {option}.",
        )
    return basis


def newest_good(world: World) -> Basis | None:
    """Choose the last run that succeeded; where it is a sweep's, that sweep and its best point.

    Which point is best the declared metric says; where there is none, it is the last good one.
    """
    last = last_good(world.runs)
    if last is None or last.result is None:
        return None
    name = last.result.sweep
    sweep = next((sweep for sweep in read_sweeps(world.runs) if name and sweep.id == name), None)
    if sweep is None:
        return Basis(last)
    metric = compared(sweep, declared_if_readable(world))
    best = (best_point(sweep, metric) if metric else None) or sweep.succeeded[-1]
    number = int(best.request.run_id.partition(".")[2])
    return Basis(next(run for run in world.runs if run.number == number), sweep)


def last_good(runs: Sequence[StoredRun]) -> StoredRun | None:
    """Choose the last run that succeeded; one that repeats another may be of an old notebook."""
    good = [
        run
        for run in runs
        if run.result
        and run.result.status is Status.SUCCEEDED
        and not (run.result.reproduces or run.result.code)
    ]
    return good[-1] if good else None


def _files(
    answer: log.Answer, basis: Basis | None, world: World, excursion: Excursion
) -> dict[str, bytes]:
    """Write the README's sections, and put the executed notebook and its plots beside it.

    Where the answer rests on a sweep, its plot and the table over its points come along.
    """
    declared = world.declared()
    readme = world.files.get("README.md", b"").decode("utf-8", "surrogateescape")
    if inline(excursion.question) not in readme:  # somebody wrote the README anew, or removed it
        readme = f"# {inline(excursion.question)}\n\n{readme}"
    rests_on = basis.name if basis else ""
    predictions = log.predictions_section(judged_by(rests_on, world), rests_on)
    readme = put_section(readme, "predictions", predictions, heading="Predictions")
    run, sweep = (basis.run, basis.sweep) if basis else (None, None)
    picture, png = picture_of(sweep, declared) if sweep else (None, b"")
    section = log.answer_section(
        answer,
        run.result if run else None,
        declared,
        key_figure=declared.key_figure,
        sweep=sweep_answer(sweep, declared, picture) if sweep else "",
    )
    if section.rpartition("\n\n")[0] not in readme:  # else only the minute could differ
        readme = put_section(readme, "answer", section, heading="Answer")
    notes = read_notes(world.thread)
    if notes:
        readme = put_section(readme, "log", log_section(notes), heading="Log")
    files = {f"{excursion.folder}/README.md": readme.encode("utf-8", "surrogateescape")}
    if run is not None:
        for name, content in world.run_files.get(run.number, {}).items():
            if name in (NOTEBOOK, "result.json") or name.startswith("figures/"):
                files[f"{excursion.folder}/{name}"] = content
    if sweep is not None:
        files[f"{excursion.folder}/{CSV}"] = points_csv(sweep)
    if png:
        files[f"{excursion.folder}/{FIGURE}"] = png
    return files


def write(command: Answer) -> str:
    """Write the command as people do."""
    pairs = {
        "outcome": command.outcome.value if command.outcome else None,
        "run": str(command.run) if command.run is not None else None,
    }
    return write_line("answer", write_text(command.text, OPTIONS), write_pairs(pairs))


SPEC = Spec(
    word="answer",
    command=Answer,
    role=Role.WRITE,
    usage="/answer text [outcome=confirmed|refuted|mixed|abandoned] [run=2]",
    summary="Close with an answer: README, notebook and plots are brought to the default branch.",
    example="/answer It takes two layers. outcome=refuted",
    parse=parse,
    write=write,
    decide=decide,
    runs=True,
    options=OPTIONS,
    text=True,
    details="It rests on the last good run or sweep, or on the `run` that is named.",
)
