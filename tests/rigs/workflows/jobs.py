"""A parsed workflow ─► its jobs executed in order, and what each came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rigs.workflows import inputs, matrix, permissions
from rigs.workflows.language import Status, WorkflowError, text_of
from rigs.workflows.output import Output
from rigs.workflows.records import Interruption, JobRun, WorkflowRun
from rigs.workflows.rig import Rig
from rigs.workflows.steps import LostError, Steps

_OUTPUT_LIMIT = 1 << 20  # bytes of a job's outputs


@dataclass(frozen=True)
class Called:
    """How a workflow is run: for an event, or called by a job of another one."""

    prefix: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    cap: Mapping[str, str] | None = None


@dataclass
class Execution:
    """One run of a workflow, with those that it calls."""

    rig: Rig
    artifacts: Path
    github: dict[str, Any]
    variables: dict[str, str]
    interruptions: Sequence[Interruption]
    record: WorkflowRun = field(default_factory=WorkflowRun)

    def workflow(self, parsed: Mapping[str, Any], file: Path, called: Called) -> None:
        """Run every job, those that a job needs before it."""
        jobs: dict[str, Mapping[str, Any]] = dict(parsed["jobs"])
        done: dict[str, Mapping[str, Any]] = {}  # the `needs` context of all
        while len(done) < len(jobs):
            name = next(
                name for name in jobs if name not in done and set(_needs(jobs[name])) <= set(done)
            )
            done[name] = self._job(name, jobs, done, parsed, file, called)

    def _job(
        self,
        name: str,
        jobs: Mapping[str, Mapping[str, Any]],
        done: Mapping[str, Mapping[str, Any]],
        parsed: Mapping[str, Any],
        file: Path,
        called: Called,
    ) -> dict[str, Any]:
        job, full = jobs[name], called.prefix + name
        contexts: dict[str, Any] = {
            "github": self.github,
            "vars": self.variables,
            "inputs": called.inputs,
            "needs": {each: done[each] for each in _needs(job)},
        }
        runs = self.record.jobs.setdefault(full, [])
        try:
            if not self.rig.language.holds(job.get("if"), contexts, _status(name, jobs, done)):
                return self._finish(full, "skipped", {})
            cap = permissions.capped(
                job.get("permissions", parsed.get("permissions")), called.cap, full
            )
            contexts["secrets"] = dict(called.secrets)
            if "uses" in job:
                return self._call(full, job, contexts, file, cap)
            strategy = job.get("strategy") or {}
            if "${{" in strategy:  # as a whole
                strategy = self.rig.language.evaluate(strategy, contexts)
            points: list[dict[str, Any]] = [{}]
            if "matrix" in strategy:
                points = matrix.points(self.rig.language.evaluate(strategy["matrix"], contexts))
        except WorkflowError as error:
            runs.append(JobRun(full, "failure", problem=str(error)))
            return self._finish(full, "failure", {})
        fails_fast = self.rig.language.evaluate(strategy.get("fail-fast", True), contexts)
        outputs: dict[str, str] = {}
        for index, point in enumerate(points):
            stopped = fails_fast and any(run.result == "failure" for run in runs)
            if stopped:
                runs.append(JobRun(full, "cancelled", point))
                continue
            shape = {"fail-fast": fails_fast, "job-index": index, "job-total": len(points)}
            here = {**contexts, "matrix": point, "strategy": {**shape, "max-parallel": len(points)}}
            runs.append(self._execute(full, job, parsed, here, cap, file))
            outputs |= {key: value for key, value in runs[-1].outputs.items() if value}
        results = {run.result for run in runs}
        worst = next(each for each in ("failure", "cancelled", "success") if each in results)
        return self._finish(full, worst, outputs)

    def _finish(self, full: str, result: str, outputs: Mapping[str, str]) -> dict[str, Any]:
        self.record.results[full] = result
        self.record.outputs[full] = dict(outputs)
        return {"result": result, "outputs": dict(outputs)}

    def _execute(
        self,
        full: str,
        job: Mapping[str, Any],
        parsed: Mapping[str, Any],
        contexts: Mapping[str, Any],
        cap: Mapping[str, str],
        file: Path,
    ) -> JobRun:
        evaluate = self.rig.language.evaluate
        for missing in ("container", "services"):
            if missing in job:
                raise WorkflowError(f"the rig has no {missing}")
        allowed = {scope.replace("-", "_"): level for scope, level in cap.items()}
        token = self.rig.github.job_token(**allowed)
        job_id = full.rpartition(" / ")[2]
        machine = self.rig.new_machine({**self.github, "job": job_id}, token)
        secrets = {**contexts["secrets"], "GITHUB_TOKEN": token}
        known = {
            **contexts,
            "github": machine.github,
            "secrets": secrets,
            "runner": machine.runner_context(),
            "env": machine.environment,
            "job": {"status": "success"},
        }
        record = JobRun(full, "success", contexts["matrix"], permissions=dict(cap))
        record.runs_on = evaluate(job.get("runs-on"), known)
        record.concurrency = evaluate(job.get("concurrency"), known)
        for level in (parsed, job):
            for key, value in evaluate(level.get("env") or {}, known).items():
                machine.environment[key] = text_of(value)
        defaults = {
            **evaluate((parsed.get("defaults") or {}).get("run") or {}, known),
            **evaluate((job.get("defaults") or {}).get("run") or {}, known),
        }
        steps = Steps(
            self.rig.language,
            machine,
            known,
            self.rig.actions,
            self.rig.stand_ins,
            self.artifacts,
            defaults,
            [each for each in self.interruptions if each.job == full],
            Output(masks={text for text in secrets.values() if text}),
            repository=file.parents[2],
        )
        try:
            after = steps.run(job["steps"])
            known |= {"steps": after, "env": machine.environment}
            asked = evaluate(job.get("outputs") or {}, known)
            record.outputs = self._outputs(asked, steps.output)
            record.result = steps.status
        except LostError:
            record.result, record.problem = "failure", "The runner has lost communication"
        except WorkflowError as error:
            record.result, record.problem = "failure", str(error)
        record.steps, record.summary = steps.runs, steps.summary
        record.log, record.annotations = "\n".join(steps.output.log), steps.output.annotations
        return record

    def _outputs(self, asked: Mapping[str, Any], output: Output) -> dict[str, str]:
        found = {name: text_of(value) for name, value in asked.items()}
        if sum(len(value.encode("utf-16-le")) for value in found.values()) > _OUTPUT_LIMIT:
            raise WorkflowError("The job's outputs are larger than 1 MB")
        # An output that contains a secret is not handed on.
        return {
            name: "" if any(mask in value for mask in output.masks) else value
            for name, value in found.items()
        }

    def _call(
        self,
        full: str,
        job: Mapping[str, Any],
        contexts: Mapping[str, Any],
        file: Path,
        cap: Mapping[str, str],
    ) -> dict[str, Any]:
        """Run a reusable workflow as a job."""
        evaluate = self.rig.language.evaluate
        path = self._called_file(str(job["uses"]), file)
        parsed = self.rig.language.parse("workflow", str(path), path.read_text("utf-8"))
        on = parsed["on"]
        if "workflow_call" not in on:
            raise WorkflowError(f"{job['uses']} has no `on: workflow_call`")
        about = (on["workflow_call"] if isinstance(on, Mapping) else None) or {}
        given = evaluate(job.get("with") or {}, contexts)
        own = inputs.called_with(about.get("inputs") or {}, given, contexts, self.rig.language)
        if job.get("secrets") == "inherit":
            secrets = dict(contexts["secrets"])
        else:
            secrets = {
                k: text_of(v) for k, v in evaluate(job.get("secrets") or {}, contexts).items()
            }
        self.workflow(parsed, path, Called(f"{full} / ", own, secrets, cap))
        inner = {
            name.removeprefix(f"{full} / "): {
                "result": result,
                "outputs": self.record.outputs[name],
            }
            for name, result in self.record.results.items()
            if name.startswith(f"{full} / ")
        }
        outputs = {
            name: text_of(evaluate(each["value"], {**contexts, "jobs": inner, "inputs": own}))
            for name, each in (about.get("outputs") or {}).items()
        }
        results = {each["result"] for each in inner.values()}
        order = ("failure", "cancelled", "success", "skipped")
        return self._finish(full, next(each for each in order if each in results), outputs)

    def _called_file(self, uses: str, caller: Path) -> Path:
        if uses.startswith(("./", "$/")):
            return caller.parents[2] / uses[2:]
        place, _, _ = uses.partition("@")
        owner, name, inside = place.split("/", 2)
        if f"{owner}/{name}" not in self.rig.actions:
            raise WorkflowError(f"the rig has no workflow {uses}")
        return self.rig.actions[f"{owner}/{name}"] / inside


def _needs(job: Mapping[str, Any]) -> list[str]:
    needs = job.get("needs") or []
    return [needs] if isinstance(needs, str) else list(needs)


def _status(
    name: str, jobs: Mapping[str, Mapping[str, Any]], done: Mapping[str, Mapping[str, Any]]
) -> Status:
    """Give what the status functions answer in a job's `if:`: about all that it depends on."""
    before: set[str] = set()
    queue = _needs(jobs[name])
    while queue:
        each = queue.pop()
        if each not in before:
            before.add(each)
            queue += _needs(jobs[each])
    results = {done[each]["result"] for each in before}
    return Status(results <= {"success"}, "failure" in results, "cancelled" in results)
