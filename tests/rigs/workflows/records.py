"""What a workflow came to: runs, jobs and steps, for tests to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rigs.workflows.output import Annotation


@dataclass(frozen=True)
class Interruption:
    """What happens to a job from outside.

    Attributes:
        job: The job's identifier; in a reusable workflow `caller / job`.
        step: The identifier or name of the step that it meets.
        lost: The runner dies: nothing of the job runs any more and nobody cancelled anything. If
            not, somebody cancels the job: steps with `if: always()` or `cancelled()` still run.
        when: If given, the step is started, and meets its end as soon as this is true.
    """

    job: str
    step: str
    lost: bool = False
    when: Callable[[], bool] | None = None


@dataclass
class StepRun:
    """A step that was come to.

    Attributes:
        outcome: `success`, `failure`, `cancelled` or `skipped`.
        conclusion: The same, after `continue-on-error`.
    """

    name: str
    outcome: str = "skipped"
    conclusion: str = "skipped"
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass
class JobRun:
    """A job that was come to, or one point of its matrix.

    Attributes:
        result: `success`, `failure`, `cancelled` or `skipped`.
        matrix: The point of the matrix; empty without one.
        permissions: What its token could do.
        runs_on: The labels of the runner that it asked for.
        log: What its steps printed, masked, each step after a line `# name`.
        summary: What its steps wrote to GITHUB_STEP_SUMMARY.
        problem: Why it could not be run at all, in words.
    """

    name: str
    result: str = "skipped"
    matrix: Mapping[str, Any] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    permissions: Mapping[str, str] = field(default_factory=dict)
    runs_on: Any = None
    concurrency: Any = None
    steps: list[StepRun] = field(default_factory=list)
    log: str = ""
    annotations: list[Annotation] = field(default_factory=list)
    summary: str = ""
    problem: str = ""

    def step(self, name: str) -> StepRun:
        """Give the step with this name."""
        return next(step for step in self.steps if step.name == name)


@dataclass
class WorkflowRun:
    """A run of a workflow.

    Attributes:
        jobs: Each job's runs, one for each point of its matrix, by its identifier; a job of a
            reusable workflow is `caller / job`.
        results: What each job came to over its whole matrix.
        concurrency: The `concurrency:` of the workflow, evaluated.
    """

    jobs: dict[str, list[JobRun]] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    concurrency: Any = None

    def job(self, name: str) -> JobRun:
        """Give the only run of a job."""
        (only,) = self.jobs[name]
        return only

    def __str__(self) -> str:
        lines = []
        for name, result in self.results.items():
            lines.append(f"{name}: {result}")
            for job in self.jobs.get(name, []):
                lines += [f"  {dict(job.matrix) or ''} {job.result} {job.problem}"]
                lines += [f"    {line}" for line in job.log.splitlines()]
        return "\n".join(lines)
