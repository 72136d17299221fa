"""The three jobs in this process, against the GitHub of rigs/github.

What an execution leaves is written by hand, the same for the same request, unless a test wants a
real kernel.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image
from rigs import events
from rigs.github.server import Server

from bot.actions.execute import execute
from bot.actions.job import Job
from bot.actions.publish import publish
from bot.actions.triage import triage
from bot.forge.github_api import Patience
from runner.records import Cost, Figure, RunRequest, RunResult, Status, read_request, to_json

ROOT = Path(__file__).parent.parent
CONFIG = 'default_branch = "main"\n'
Leave = Callable[[RunRequest, Path], None]
_READ = json.loads


@dataclass
class Clock:
    """Time that passes only by sleeping."""

    now: float = 1_800_000_000.0
    slept: float = 0.0
    answer_s: float = 30  # given to an answer, in real time

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds

    @property
    def patience(self) -> Patience:
        return Patience(self.sleep, lambda: self.now, at_most_s=3_600, answer_s=self.answer_s)


@dataclass
class Bench:
    """A team's repository on GitHub, and its workflow."""

    github: Server
    folder: Path
    config: str = CONFIG
    clock: Clock = field(default_factory=Clock)
    deliveries: int = 0
    workflow: int = 77  # the id of the workflow run that the next delivery begins
    personal_token: str = ""  # that the publish job is given for attachments

    def prepare(self) -> None:
        """Put a configuration on main, as `init --github` does, and check it out, trusted."""
        self.github.bare.commit_files(
            "main", "First", {"README.md": "# Ours\n", "excursions.toml": self.config}
        )
        self.trusted.mkdir(parents=True, exist_ok=True)
        (self.trusted / "excursions.toml").write_text(self.config)

    @property
    def trusted(self) -> Path:
        return self.folder / "trusted"

    def job(self, event: str, payload: Mapping[str, Any], **environment: str) -> tuple[Job, Path]:
        """Make the environment of a step, and give where its outputs go."""
        self.deliveries += 1
        own = self.folder / f"delivery-{self.deliveries}"
        own.mkdir(parents=True)
        (own / "event.json").write_text(json.dumps(payload))
        output = own / "output"
        variables = {
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(own / "event.json"),
            "GITHUB_REPOSITORY": self.github.repository,
            "GITHUB_API_URL": self.github.origin,
            "GITHUB_GRAPHQL_URL": f"{self.github.origin}/graphql",
            "GITHUB_SERVER_URL": self.github.origin,
            "GITHUB_WORKSPACE": str(self.trusted),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_RUN_ID": str(self.workflow),
            "GITHUB_REPOSITORY_ID": str(self.github.document("")["id"]),
            "EXCURSIONS_UPLOADS_URL": self.github.origin,
            "RUNNER_TEMP": str(own),
            **environment,
        }
        return Job(variables), output

    def token(self) -> str:
        return self.github.job_token(
            issues="write", contents="write", pull_requests="write", actions="write"
        )

    def triage(self, event: str, payload: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Deliver an event to the first job; the elements of the matrix that it gives."""
        job, output = self.job(event, payload, GITHUB_TOKEN=self.token())
        triage(job, self.clock.patience)
        given = read_outputs(output)
        elements: list[dict[str, Any]] = json.loads(given["matrix"])["include"]
        assert given["count"] == str(len(elements))
        if elements:
            self.github.world.workflow_runs[self.workflow] = "in_progress"
        return elements

    def publish(
        self, elements: list[dict[str, Any]], artifacts: Path, executed: str = "success"
    ) -> None:
        """Have the last job publish what lies in a folder."""
        job, _ = self.job(
            "issue_comment",
            {},
            GITHUB_TOKEN=self.token(),
            EXCURSION_MATRIX=json.dumps({"include": elements}),
            EXCURSION_ARTIFACTS=str(artifacts),
            EXCURSION_EXECUTED=executed,
            EXCURSIONS_ATTACHMENTS_TOKEN=self.personal_token,
        )
        publish(job, self.clock.patience)
        self.github.world.workflow_runs[self.workflow] = "completed"

    def leave(self, elements: list[dict[str, Any]], leave: Leave) -> Path:
        """Have something in the place of executions leave artifacts."""
        artifacts = self.folder / f"artifacts-{self.deliveries}"
        shutil.rmtree(artifacts, ignore_errors=True)
        for element in elements:
            request = read_request(element["request"])
            folder = artifacts / f"excursion-{request.run_id}"
            folder.mkdir(parents=True)
            leave(request, folder)
        return artifacts

    def execute(self, element: dict[str, Any]) -> Path:
        """Execute an element of the matrix with a real kernel, in a checkout of its commit."""
        checkout = self.folder / f"checkout-{element['run_id']}"
        checkout.mkdir()
        archive = self.github.bare.raw("archive", element["commit"])
        import tarfile

        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(checkout, filter="data")
        job, _ = self.job(
            "issue_comment",
            {},
            EXCURSION_REQUEST=element["request"],
            GITHUB_WORKSPACE=str(checkout),
        )
        execute(job)
        artifacts = self.folder / "artifacts-real"
        source = Path(job["RUNNER_TEMP"]) / "excursion" / element["run_id"]
        shutil.copytree(source, artifacts / f"excursion-{element['run_id']}")
        return artifacts

    # -- events --------------------------------------------------------------------------------

    def issue(self, number: int) -> dict[str, Any]:
        return self.github.document(f"/issues/{number}")

    def ask(self, title: str = "Does it settle?", body: str = "", *labels: str) -> int:
        return self.github.open_issue("ada", title, body, *labels)

    def label(
        self, issue: int, name: str = "excursion", sender: str = "wes"
    ) -> tuple[str, dict[str, Any]]:
        """Put a label on an issue, and give the event of it."""
        self.github.as_person("ada", "POST", f"/issues/{issue}/labels", {"labels": [name]})
        repository = self.github.document("")
        payload = events.labeled(self.issue(issue), name, sender=sender, repository=repository)
        return "issues", payload

    def say(self, issue: int, text: str, who: str = "wes") -> tuple[str, dict[str, Any]]:
        """Post a comment, and give the event of it."""
        comment = self.github.comment(who, issue, text)
        repository = self.github.document("")
        payload = events.commented(self.issue(issue), comment, sender=who, repository=repository)
        return "issue_comment", payload

    def begin(self, title: str = "Does it settle?", label: str = "excursion") -> int:
        """Ask a question, label it, and have its excursion begun."""
        issue = self.ask(title)
        assert self.triage(*self.label(issue, label)) == []
        return issue

    # -- looking -------------------------------------------------------------------------------

    def comments(self, issue: int) -> list[str]:
        found = self.github.world.every(f"/issues/{issue}/comments")
        return [comment["body"] for comment in found]

    def entry(self, issue: int, key: str) -> str:
        """Give the one entry of a key."""
        [found] = [body for body in self.comments(issue) if f'"key": "{key}"' in body]
        return found

    def reactions(self, event: tuple[str, dict[str, Any]]) -> list[str]:
        """Give what was reacted to the comment, or the issue, of an event."""
        _, payload = event
        number = payload.get("comment", {}).get("id")
        at = f"/issues/comments/{number}" if number else f"/issues/{payload['issue']['number']}"
        found = self.github.world.reactions
        return [each.content for each in found if each.subject == at]

    def requests(self) -> list[str]:
        """Give what was asked of the API since the last look, as method and path."""
        seen = [f"{e.request.method} {e.request.path}" for e in self.github.api_exchanges()]
        self.github.exchanges.clear()
        return seen


def read_outputs(path: Path) -> dict[str, str]:
    """Read outputs as GitHub does: a name, a delimiter, lines, the delimiter."""
    found: dict[str, str] = {}
    lines = iter(path.read_text().splitlines())
    for line in lines:
        name, _, end = line.partition("<<")
        value = []
        for text in lines:
            if text == end:
                break
            value.append(text)
        found[name] = "\n".join(value)
    return found


def picture(shade: int = 0) -> bytes:
    """Give a small picture."""
    out = io.BytesIO()
    Image.new("RGB", (8, 6), (shade, 0, 0)).save(out, "PNG")
    return out.getvalue()


def succeed(pictures: int = 1, **changes: Any) -> Leave:
    """Leave what a run that succeeded leaves."""

    def leave(request: RunRequest, folder: Path) -> None:
        import hashlib

        (folder / "figures").mkdir()
        figures = []
        for number in range(1, pictures + 1):
            content = picture(number)
            name = f"figure-{number:02}.png"
            (folder / "figures" / name).write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            figures.append(
                Figure(file=name, sha256=digest, cell=1, width=8, height=6, caption=f"No. {number}")
            )
        asked = request.model_dump(
            include=set(RunRequest.model_fields) & set(RunResult.model_fields)
        )
        level = float(request.parameters.get("seed", 0))
        fields: dict[str, Any] = {
            **asked,
            "status": Status.SUCCEEDED,
            "started": request.requested,
            "finished": request.requested,
            "duration_s": 1.5,
            # The blank template declares the last, by which the points of a sweep are compared.
            "metrics": {"loss": 0.25, "accuracy": level / 10, "share_of_heads": level / 10},
            "figures": tuple(figures),
            "cost": Cost(gpu_s=request.resources.gpus * 60.0),
        }
        (folder / "request.json").write_bytes(to_json(request))
        (folder / "result.json").write_bytes(to_json(RunResult(**{**fields, **changes})))

    return leave
