"""What should happen, as data, and the one place that makes it happen.

Every effect is idempotent: applied twice, or again after a crash, the forge looks as if it had
been applied once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from bot.forge.protocol import Forge, run_ref, sweep_ref
from bot.log.parts import part_body, parts_entry
from runner.records import RunRequest, RunResult


@dataclass(frozen=True)
class OpenIssue:
    """Open the issue that asks a question."""

    issue: int
    title: str
    body: str
    labels: tuple[str, ...]
    author: str


@dataclass(frozen=True)
class PostComment:
    """Post what a person says into the thread."""

    issue: int
    author: str
    body: str


@dataclass(frozen=True)
class React:
    """Acknowledge a comment."""

    issue: int
    comment: int
    reaction: str


@dataclass(frozen=True)
class CreateBranch:
    """Create an excursion's branch and the place where it is worked on."""

    branch: str
    base: str  # commit


@dataclass(frozen=True)
class CommitFiles:
    """Commit files to a branch; nothing happens when they are there already."""

    branch: str
    files: Mapping[str, bytes]  # path within the repository ─► content
    message: str
    keep: bool = False  # leave files as they are that the branch has already


@dataclass(frozen=True)
class UpsertEntry:
    """Post our entry with this key, or edit the one that is there."""

    issue: int
    key: str
    body: str
    data: Mapping[str, Any] = field(default_factory=dict)  # what its marker remembers


@dataclass(frozen=True)
class RemoveEntry:
    """Take our entry with this key back, if it is there."""

    issue: int
    key: str


@dataclass(frozen=True)
class Reply:
    """Answer whoever gave the command.

    The answers to one comment become one entry, which a second delivery edits; those to a command
    line are printed.
    """

    text: str  # Markdown, made safe
    data: Any = None  # the same for `--json`


@dataclass(frozen=True)
class SetLabels:
    """Add and remove labels."""

    issue: int
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True)
class RequestRun:
    """Allot a run's number by creating its ref, and ask for it to be executed.

    Where the outcome is known from an earlier run, the ref holds it from the start, and nothing is
    executed.
    """

    request: RunRequest
    files: Mapping[str, bytes]  # what the ref holds from the start
    answer: RunResult | None = None  # the outcome, where it is known


@dataclass(frozen=True)
class CancelRuns:
    """Have what executes runs and sweeps stop, keeping what they made."""

    issue: int
    runs: tuple[int, ...]
    sweeps: tuple[int, ...]  # by the numbers of their first runs
    who: str


@dataclass(frozen=True)
class PublishFiles:
    """Put a run's files under its ref."""

    issue: int
    run: int
    files: Mapping[str, bytes]  # path within the run's folder ─► content
    message: str


@dataclass(frozen=True)
class PublishSweep:
    """Put the files that tell of a sweep as a whole under its ref."""

    issue: int
    first: int  # the number of its first run, which names it
    files: Mapping[str, bytes]  # path within the sweep's folder ─► content
    base: str  # commit that ran
    message: str
    kept: bool = True  # by git, too, and not only beside the thread; while it runs it is not


@dataclass(frozen=True)
class OpenPullRequest:
    """Bring a branch into another; the local forge, where nobody reviews, merges at once."""

    issue: int
    branch: str
    into: str
    title: str


@dataclass(frozen=True)
class OpenParts:
    """Open an issue for each part of a question, and post the entry that lists them."""

    issue: int
    key: str  # of the entry
    questions: tuple[str, ...]
    whole: str  # the question that they are parts of
    author: str
    stamped: str  # ISO 8601, UTC
    given: str  # names the command: given again, it opens nothing twice
    start: str  # how the excursion of a part is begun


@dataclass(frozen=True)
class Close:
    """Close an issue."""

    issue: int
    answered: bool = True


@dataclass(frozen=True)
class ReopenIssue:
    """Open an issue that was closed."""

    issue: int


Effect = (
    OpenIssue
    | React
    | PostComment
    | CreateBranch
    | CommitFiles
    | UpsertEntry
    | RemoveEntry
    | Reply
    | SetLabels
    | RequestRun
    | CancelRuns
    | PublishFiles
    | PublishSweep
    | OpenPullRequest
    | OpenParts
    | Close
    | ReopenIssue
)


def line(effect: Effect) -> str:
    """Say an effect in one line, its name first; `--dry-run` prints these."""
    match effect:
        case OpenIssue():
            return f"open issue  {effect.issue}: {effect.title}"
        case React():
            return f"react  {effect.reaction} on comment {effect.comment} of issue {effect.issue}"
        case PostComment():
            return f"post comment  on issue {effect.issue} by {effect.author}"
        case CreateBranch():
            return f"create branch  {effect.branch} at {effect.base[:7]}"
        case CommitFiles():
            return f"commit files  {effect.branch}: {', '.join(effect.files)}"
        case UpsertEntry():
            return f"post entry  {effect.key} on issue {effect.issue}"
        case RemoveEntry():
            return f"remove entry  {effect.key} on issue {effect.issue}"
        case Reply(text):
            return f"reply  {text.partition(chr(10))[0]}"
        case SetLabels():
            changes = [f"+{label}" for label in effect.add] + [f"-{x}" for x in effect.remove]
            return f"set labels  on issue {effect.issue}: {' '.join(changes)}"
        case RequestRun(request=request, answer=RunResult() as answer):
            return f"answer run  {request.run_id} at once, from run {answer.answered_from}"
        case RequestRun(request=request):
            given = " ".join(f"{name}={value}" for name, value in request.parameters.items())
            what = f"{request.run_id} of {request.notebook} at {request.commit[:7]}"
            return f"request run  {what} {given}".rstrip()
        case CancelRuns(issue, runs, sweeps):
            named = [f"run {issue}.{n}" for n in runs] + [f"sweep {issue}.{n}" for n in sweeps]
            return f"cancel  {', '.join(named)}"
        case PublishFiles():
            return f"publish files  {run_ref(effect.issue, effect.run)}: {', '.join(effect.files)}"
        case PublishSweep(issue, first, files):
            return f"publish files  {sweep_ref(issue, first)}: {', '.join(files)}"
        case OpenPullRequest():
            return f"open pull request  {effect.branch} into {effect.into}, merged at once"
        case OpenParts(issue=issue, questions=questions):
            return f"open issues  as parts of issue {issue}: {' '.join(questions)}"
        case Close():
            return f"close  issue {effect.issue}"
        case ReopenIssue():
            return f"reopen  issue {effect.issue}"


def apply(effects: tuple[Effect, ...], forge: Forge) -> None:
    """Make every effect happen, in order; runs that are asked for in a row, in one go.

    Replies are for whoever collects them: they are given to no forge.

    Raises:
        ForgeError: Git or the disk failed; the same command may be given again.
    """
    for kind, alike in groupby(effects, key=type):
        if kind is RequestRun:
            request_runs([effect for effect in alike if isinstance(effect, RequestRun)], forge)
        else:
            for effect in alike:
                apply_one(effect, forge)


def request_runs(effects: Sequence[RequestRun], forge: Forge) -> None:
    """Allot the numbers of several runs, all or none.

    Raises:
        ForgeError: Git or the disk failed, or somebody else took one just now.
    """
    forge.allot_runs([(effect.request, effect.files) for effect in effects])


def apply_one(effect: Effect, forge: Forge) -> None:
    """Make one effect happen.

    Raises:
        ForgeError: Git or the disk failed.
    """
    match effect:
        case OpenIssue(issue, title, body, labels, author):
            forge.open_issue(issue, title, body, labels, author)
        case React(issue, comment, reaction):
            forge.react(issue, comment, reaction)
        case PostComment(issue, author, body):
            forge.post_comment(issue, author, body)
        case CreateBranch(branch, base):
            forge.create_branch(branch, base)
        case CommitFiles(branch, files, message, keep):
            forge.commit_files(branch, files, message, keep=keep)
        case UpsertEntry(issue, key, body, data):
            forge.upsert_entry(issue, key, body, dict(data))
        case RemoveEntry(issue, key):
            forge.remove_entry(issue, key)
        case Reply():
            pass
        case SetLabels(issue, add, remove):
            forge.set_labels(issue, add, remove)
        case RequestRun():
            request_runs([effect], forge)
        case CancelRuns(issue, runs, sweeps, who):
            forge.cancel(issue, runs, sweeps, who)
        case PublishFiles(issue, run, files, message):
            forge.publish_files(issue, run, files, message)
        case PublishSweep(issue, first, files, base, message, kept):
            forge.publish_sweep(issue, first, files, base=base if kept else None, message=message)
        case OpenPullRequest(issue, branch, into, title):
            forge.open_pull_request(issue, branch, into, title)
        case OpenParts():
            open_parts(effect, forge)
        case Close(issue, answered):
            forge.close_issue(issue, answered=answered)
        case ReopenIssue(issue):
            forge.reopen_issue(issue)


def open_parts(effect: OpenParts, forge: Forge) -> None:
    """Open the parts of a question, those that are not open yet, and post what lists them.

    Raises:
        ForgeError: The forge or the disk failed.
    """
    body = part_body(effect.issue, effect.whole, effect.author)
    parts = [
        forge.open_part(effect.issue, question, body, effect.author, f"{effect.given}/{place}")
        for place, question in enumerate(effect.questions)
    ]
    entry = parts_entry(parts, effect.author, effect.stamped, effect.start)
    memory = {
        "parts": [part.number for part in parts],
        "by": effect.author,
        "stamped": effect.stamped,
        "given": effect.given,
    }
    forge.upsert_entry(effect.issue, effect.key, entry, memory)
