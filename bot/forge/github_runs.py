"""The GitHub forge's runs and sweeps: refs that allot their numbers, and what entries remember."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from bot.errors import ForgeError, RequestError
from bot.excursion_file import NOTEBOOK
from bot.forge.git import NO_COMMIT
from bot.forge.git_batch import NewCommit
from bot.forge.github_branches import GithubBranches, TakenError
from bot.forge.protocol import StoredRun, StoredSweep, run_ref, sweep_ref
from bot.forge.workflows import workflows_of
from bot.thread import Comment
from runner.records import RunRequest, RunResult, read_request, read_result

REQUEST, RESULT = "request.json", "result.json"
_QUEUE = timedelta(hours=24)  # a job that no runner takes for so long ends
_RUNNING = "running"
_OVER = (404, 409)  # that a workflow run is answered for that has ended


class GithubRuns(GithubBranches):
    """The runs of one issue on GitHub."""

    _listed: dict[int, str] | None = None  # the commits that hold runs, once they were asked for

    @cached_property
    def _numbers(self) -> set[int]:
        """The numbers of refs that were met."""
        return set()

    @cached_property
    def _kept(self) -> dict[str, str]:
        """Ref ─► the commit that was pushed there."""
        return {}

    def outlined_runs(self, issue: int) -> tuple[StoredRun, ...]:
        """Give the runs as their entries tell of them."""
        found = {number: StoredRun(number, None, None) for number in self._numbers}
        for entry in self._known(issue).entries("run"):
            number = entry.key_number
            if number:
                request = _request((entry.data or {}).get("request"))
                alive = self._is_alive(entry)
                found[number] = StoredRun(number, request, None, alive=alive)
        return tuple(found[number] for number in sorted(found))

    def runs(self, issue: int) -> tuple[StoredRun, ...]:
        """Read the runs with their requests and results, in order."""
        outlined = {run.number: run for run in self.outlined_runs(issue)}
        commits = self._refs_of(issue)
        names = [f"{c}:{file}" for c in commits.values() for file in (REQUEST, RESULT)]
        objects = self._look(names)
        found = dict(outlined)
        for number, commit in commits.items():
            request, result = (
                self._content(objects[f"{commit}:{file}"]) for file in (REQUEST, RESULT)
            )
            known = outlined.get(number)
            read = _request(request, f"{issue}.{number}") or (known.request if known else None)
            ended = _result(result, f"{issue}.{number}")
            alive = bool(known and known.alive and ended is None)
            found[number] = StoredRun(number, read, ended, alive=alive)
        return tuple(found[number] for number in sorted(found))

    def _refs_of(self, issue: int, *, anew: bool = False) -> dict[int, str]:
        """List the commits that hold runs, by their numbers."""
        if self._listed is not None and not anew:
            return self._listed
        prefix = f"refs/excursions/{issue}/"
        listed = self._api.get(f"/git/matching-refs/{prefix.removeprefix('refs/')}").data
        named = {each["ref"].removeprefix(prefix): each["object"]["sha"] for each in listed}
        numbers = sorted(int(name) for name in named if name.isdigit())
        self._numbers |= set(numbers)
        self._listed = {number: named[str(number)] for number in numbers}
        return self._listed

    def run_files(self, issue: int, run: int) -> dict[str, bytes]:
        """Read the files of a run that are published, all in one fetch."""
        ref = run_ref(issue, run)
        commit = self._refs_of(issue).get(run)
        if commit is None:
            return {}
        if self._look([f"{commit}:{RESULT}"])[f"{commit}:{RESULT}"] is None:
            return {}  # not published: what is there is the branch's
        self._remote.fetch([ref], contents=True)
        return self._remote.files(ref)

    def run_source(self, issue: int, run: int) -> bytes | None:
        """Read the notebook of a run as it was executed, None if it is nowhere any more."""
        return self.run_sources(issue, [run]).get(run)

    def run_sources(self, issue: int, runs: Sequence[int]) -> dict[int, bytes]:
        """Read the notebooks of several runs as they were executed, in one request.

        Those that are lost are left out.
        """
        if not runs:
            return {}
        known = {each.number: each.request for each in self.runs(issue)}
        asked = {run: known.get(run) for run in runs}
        names = {
            run: f"{request.commit}:{request.notebook}"
            for run, request in asked.items()
            if request is not None and request.notebook.endswith(f"/{NOTEBOOK}")
        }
        found = self._look(names.values())
        contents = {run: self._content(found[name]) for run, name in names.items()}
        contents |= {run: b"" for run, each in asked.items() if each and not each.needs_notebook}
        return {run: content for run, content in contents.items() if content is not None}

    def run_commits(self, issue: int) -> dict[str, str]:
        """Name the commits that hold what runs made, by the runs' refs."""
        return {run_ref(issue, run): commit for run, commit in self._refs_of(issue).items()}

    def sweeps(self, issue: int) -> tuple[StoredSweep, ...]:
        """List the sweeps that go on."""
        entries = self._known(issue).entries("sweep")
        return tuple(StoredSweep(e.key_number, alive=True) for e in entries if self._is_alive(e))

    def allot_runs(self, runs: Sequence[tuple[RunRequest, Mapping[str, bytes]]]) -> None:
        """Create the refs of runs at the commits that run, all or none.

        What they are asked for with is published with what they make: until then the entry
        remembers it.

        Raises:
            TakenError: A number is somebody else's.
            ForgeError: GitHub failed.
        """
        if len(runs) == 1:
            [(request, _)] = runs
            ref = _ref(request)
            if not self._create_ref(ref, request.commit) and self._is_fresh(request):
                self._numbers.add(_run(request))
                raise TakenError(ref)  # whose entry a person must have deleted
            return
        there = self._remote.refs(f"refs/excursions/{self._issue}/")
        wanted = {_ref(request): request.commit for request, _ in runs}
        met = {ref.rpartition("/")[2] for ref in there}
        self._numbers |= {int(name) for name in met if name.isdigit()}
        taken = [ref for ref, commit in wanted.items() if there.get(ref, commit) != commit]
        fresh = self._is_fresh(runs[0][0])
        if taken or (fresh and any(ref in there for ref in wanted)):
            raise TakenError((taken or list(wanted))[0])
        self._remote.fetch(set(wanted.values()), contents=False)
        missing = {ref: (c, NO_COMMIT) for ref, c in wanted.items() if ref not in there}
        if not self._remote.push(missing):
            raise TakenError(next(iter(missing)))

    def cancel(self, issue: int, runs: Sequence[int], sweeps: Sequence[int], who: str) -> None:
        """Cancel the workflow runs that execute these; what each publishes tells of its end.

        https://docs.github.com/en/rest/actions/workflow-runs#cancel-a-workflow-run

        Raises:
            RequestError: No workflow run is known, or none goes on any more.
        """
        thread = self._known(issue)
        named = [f"{issue}.{number}" for number in (*runs, *sweeps)]
        found = {each for n in (*runs, *sweeps) for each in workflows_of(thread, n)}
        if not found:
            raise RequestError(
                f"it is not known which workflow executes {', '.join(named)}",
                right="Cancel it on the repository's page Actions.",
            )
        paths = [f"/actions/runs/{each}/cancel" for each in sorted(found)]
        answers = [self._api.write("POST", path, allowed=_OVER) for path in paths]
        if all(answer.status in _OVER for answer in answers):
            raise RequestError(
                f"the workflow of {', '.join(named)} has ended, or is about to",
                right="Its entry tells how. If it does not, run the job Publish of it again.",
            )

    def learn_numbers(self) -> None:
        """Take notice of all refs of the issue, so that no number is taken twice."""
        self._refs_of(self._issue, anew=True)

    def is_published(self, request: RunRequest) -> bool:
        """Say whether a run's ref holds what came of this very request."""
        commit = self._refs_of(request.issue, anew=True).get(_run(request))
        if commit is None:
            return False
        name = f"{commit}:{REQUEST}"
        return _request(self._content(self._look([name])[name])) == request

    def _is_fresh(self, request: RunRequest) -> bool:
        """Say whether the entry that tells of a run is no older than this process."""
        keys = {f"run:{request.run_id}", f"sweep:{request.sweep}"}
        return bool(keys & self._fresh)

    def publish_files(self, issue: int, run: int, files: Mapping[str, bytes], message: str) -> None:
        """Put files under a run's ref, unless they are there already."""
        self.publish({run_ref(issue, run): (files, message, "")})

    def publish_sweep(
        self, issue: int, first: int, files: Mapping[str, bytes], *, base: str | None, message: str
    ) -> None:
        """Put files under the sweep's ref, once it has ended."""
        if base is not None:
            self.publish({sweep_ref(issue, first): (files, message, base)})

    def publish(
        self,
        wanted: Mapping[str, tuple[Mapping[str, bytes], str, str]],
        *,
        also: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """Put files under several refs in one push; give the commits that hold them.

        Args:
            wanted: Ref ─► its files, the message, and the commit that it begins at where it is
                not there yet; "" for a ref that must be.
            also: Ref ─► a branch that shall name the same commit.

        Raises:
            ForgeError: A ref is gone, somebody else moved it, or GitHub failed.
        """
        new = {ref: each for ref, each in wanted.items() if ref not in self._kept}
        there = self._remote.refs(f"refs/excursions/{self._issue}/") if new else {}
        bases = {base for ref, (_, _, base) in new.items() if ref not in there and base}
        known = [ref for ref in new if ref in there]
        self._remote.fetch([*known, *sorted(bases)], contents=False)
        commits: list[NewCommit] = []
        moves: dict[str, tuple[str, str]] = {}
        for ref, (files, message, base) in new.items():
            parent = there.get(ref) or base
            if not parent:
                raise ForgeError(f"{ref} is gone", right="Give the command again.")
            # A job's token may not change workflows, so that they stay as the code has them.
            [workflows] = self._remote.has([f"{parent}:.github/workflows"])
            kept = {".github/workflows": workflows} if workflows else {}
            commits.append(NewCommit(parent, files, message, kept))
        written = self._remote.commit(commits, self._moment)
        for ref, commit in zip(new, written, strict=True):
            old = there.get(ref)
            if old and self._same_tree(old, commit):
                self._kept[ref] = old
                continue
            self._kept[ref] = commit
            moves[ref] = (commit, old or NO_COMMIT)
        if also and moves:
            heads = self._remote.refs("refs/heads/")
            for ref in set(moves) & set(also):
                moves[also[ref]] = (moves[ref][0], heads.get(also[ref], NO_COMMIT))
        if not self._remote.push(moves):
            self._kept.clear()
            raise ForgeError(
                f"{next(iter(moves))} was moved by someone else just now",
                right="Run the job again.",
            )
        return {ref: self._kept[ref] for ref in wanted}

    def kept(self) -> Mapping[str, str]:
        """Give the commits that hold what was published."""
        return dict(self._kept)

    def _same_tree(self, one: str, other: str) -> bool:
        first, second = self._remote.has([f"{one}^{{tree}}", f"{other}^{{tree}}"])
        return first is not None and first == second

    def _is_alive(self, entry: Comment) -> bool:
        """Say whether what an entry tells of may still go on."""
        data = entry.data or {}
        if data.get("status") != _RUNNING:
            return False
        request = _request(data.get("request"))
        try:
            limit = timedelta(seconds=request.timeout_s) if request else timedelta()
            began = datetime.fromisoformat(str(data.get("started")))
            return datetime.fromisoformat(self._moment) < began + limit + _QUEUE
        except (ValueError, TypeError, OverflowError):
            return True


def _run(request: RunRequest) -> int:
    return int(request.run_id.partition(".")[2])


def _ref(request: RunRequest) -> str:
    return run_ref(request.issue, _run(request))


def _request(text: Any, run_id: str = "") -> RunRequest | None:
    """Read a request, from a file or from what an entry remembers."""
    try:
        if isinstance(text, bytes):
            found = read_request(text)
        elif isinstance(text, dict):
            found = RunRequest.model_validate(text)
        else:
            return None
    except ValidationError:
        return None
    return found if not run_id or found.run_id == run_id else None


def _result(text: bytes | None, run_id: str) -> RunResult | None:
    try:
        found = read_result(text) if text is not None else None
    except ValidationError:
        return None
    return found if found is not None and found.run_id == run_id else None
