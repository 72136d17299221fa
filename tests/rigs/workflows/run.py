"""A workflow's file and an event ─► its jobs executed here, as GitHub Actions would.

    rig = Workflows(github, language, tmp_path, actions={"OWNER/REPO": root_of_this_repository})
    run = rig.run(path_of_the_workflow, "issue_comment", payload)   # None: it is not `on:` that
    run.results["execute"]; run.job("triage").outputs; print(run)

Parsing and `${{ }}` are GitHub's own. A job runs in bash on a machine of its own (folders, HOME,
PATH, the documented variables), with a token of the server `github` that can do what the job's
`permissions:` say. Actions of GitHub's are stood in for (standins.py); composite actions and
reusable workflows are run, from the workspace (`./`) or from the folders given as `actions`.
Jobs run one after another. What the rig does not have (containers, other shells, JavaScript
actions, schedules) is an error that says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rigs.workflows.context import github_context, is_on
from rigs.workflows.jobs import Called, Execution
from rigs.workflows.records import Interruption, WorkflowRun
from rigs.workflows.rig import Rig


class Workflows(Rig):
    """Runs workflows against one server."""

    _runs = 0

    def run(
        self,
        workflow: Path,
        event: str,
        payload: Mapping[str, Any],
        *,
        secrets: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
        interruptions: Sequence[Interruption] = (),
    ) -> WorkflowRun | None:
        """Run a workflow for an event; None if it is not `on:` that event.

        Args:
            workflow: The file; `uses: ./.github/workflows/…` is looked for beside it.
            payload: What GITHUB_EVENT_PATH tells; `rigs.events` makes some.
            variables: The `vars` context.
            interruptions: What happens to jobs from outside.

        Raises:
            WorkflowError: GitHub would not start it.
        """
        parsed = self.language.parse("workflow", str(workflow), workflow.read_text("utf-8"))
        if not is_on(parsed["on"], event, payload):
            return None
        self._runs += 1
        folder = self.folder / f"run-{self._runs}"
        artifacts = folder / "artifacts"
        artifacts.mkdir(parents=True)
        event_path = folder / "event.json"
        event_path.write_text(json.dumps(payload), "utf-8")
        github = github_context(
            self.github, self._runs, parsed, workflow, event, payload, event_path
        )
        run = Execution(self, artifacts, github, dict(variables or {}), interruptions)
        run.record.concurrency = self.language.evaluate(
            parsed.get("concurrency"),
            {"github": github, "inputs": payload.get("inputs") or {}, "vars": run.variables},
        )
        inputs = payload.get("inputs") or {}  # of a workflow_dispatch
        run.workflow(parsed, workflow, Called(inputs=inputs, secrets=secrets or {}))
        return run.record
