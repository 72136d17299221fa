"""A job's steps ─► executed in bash on its machine, with what each came to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rigs.workflows import command_files
from rigs.workflows.language import Language, Status, WorkflowError, text_of
from rigs.workflows.machine import Machine
from rigs.workflows.output import Output
from rigs.workflows.records import Interruption, StepRun
from rigs.workflows.shell import SHELLS, End, execute
from rigs.workflows.standins import ActionError, Call, StandIn

_FILES = ("OUTPUT", "ENV", "PATH", "STEP_SUMMARY", "STATE")
_LIMIT_S = 600.0


class LostError(Exception):
    """The machine died."""


@dataclass
class Steps:
    """The steps of one job, as they are executed.

    Attributes:
        contexts: Those that do not change from step to step.
        actions: The folders of the repositories whose actions can be used, by name.
        stand_ins: What is done for an action of somebody else's.
        artifacts: The folder with the run's artifacts.
        defaults: What `defaults.run` says.
        repository: The folder that `$/` means: of the repository that the workflow's file is in.
        status: What has become of the job so far.
        summary: What was written to GITHUB_STEP_SUMMARY.
    """

    language: Language
    machine: Machine
    contexts: Mapping[str, Any]
    actions: Mapping[str, Path]
    stand_ins: Mapping[str, StandIn]
    artifacts: Path
    defaults: Mapping[str, str]
    interruptions: Sequence[Interruption] = ()
    output: Output = field(default_factory=Output)
    repository: Path = Path()
    status: str = "success"
    summary: str = ""
    runs: list[StepRun] = field(default_factory=list)
    _count: int = 0

    def run(self, steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Execute the steps of the job, in order; the `steps` context afterwards.

        Raises:
            LostError: The machine died.
        """
        return self._sequence(steps, {}, self.runs, {})

    def _sequence(
        self,
        steps: Sequence[Mapping[str, Any]],
        more: Mapping[str, Any],
        runs: list[StepRun],
        action: Mapping[str, str],
    ) -> dict[str, Any]:
        known: dict[str, Any] = {}
        for step in steps:
            contexts = {**self.contexts, **more, "steps": known}
            record = self._one(step, contexts, action)
            runs.append(record)
            if step.get("id"):
                known[step["id"]] = {
                    "outputs": record.outputs,
                    "outcome": record.outcome,
                    "conclusion": record.conclusion,
                }
            if record.conclusion == "failure" and self.status == "success":
                self.status = "failure"
        return known

    def _one(
        self,
        step: Mapping[str, Any],
        contexts: dict[str, Any],
        action: Mapping[str, str],
    ) -> StepRun:
        name = self._name(step, contexts)
        record = StepRun(name)
        stop = next(
            (each for each in self.interruptions if each.step in (name, step.get("id"))), None
        )
        if stop is not None and stop.when is None:
            self._meet(stop)
        status = Status(
            self.status == "success", self.status == "failure", self.status == "cancelled"
        )
        contexts["env"] = dict(self.machine.environment)
        contexts["job"] = {"status": self.status}
        self.output.begin(name)
        try:
            if not self.language.holds(step.get("if"), contexts, status):
                if stop is not None and stop.when is None:
                    record.outcome = record.conclusion = "cancelled"
                return record
            given = self.language.evaluate(step.get("env") or {}, contexts)
            variables = {key: text_of(value) for key, value in given.items()}
            contexts["env"] |= variables
            if "uses" in step:
                self._use(step, contexts, variables, record)
            else:
                self._run(step, contexts, variables, action, record, stop)
        except (WorkflowError, ActionError, command_files.CommandFileError) as error:
            self.output.say(f"Error: {error}")
            record.outcome = "failure"
        record.conclusion = record.outcome
        if record.outcome == "failure":
            forgiven = self.language.evaluate(step.get("continue-on-error", False), contexts)
            if text_of(forgiven) == "true":
                record.conclusion = "success"
        return record

    def _name(self, step: Mapping[str, Any], contexts: Mapping[str, Any]) -> str:
        if "name" in step:
            shown = {**contexts, "env": self.machine.environment, "job": {"status": self.status}}
            return text_of(self.language.evaluate(step["name"], shown))
        if "uses" in step:
            return str(step["uses"])
        run = step["run"]
        return str(run["${{"] if isinstance(run, dict) else run).splitlines()[0]

    def _meet(self, stop: Interruption) -> None:
        if stop.lost:
            raise LostError
        self.status = "cancelled"

    # -- run: --------------------------------------------------------------------------------

    def _run(
        self,
        step: Mapping[str, Any],
        contexts: Mapping[str, Any],
        variables: Mapping[str, str],
        action: Mapping[str, str],
        record: StepRun,
        stop: Interruption | None,
    ) -> None:
        evaluate = self.language.evaluate
        script = text_of(evaluate(step["run"], contexts))
        shell = text_of(evaluate(step.get("shell", self.defaults.get("shell", "")), contexts))
        if shell not in SHELLS:
            raise WorkflowError(f"the rig has no shell {shell!r}")
        where = step.get("working-directory", self.defaults.get("working-directory", ""))
        cwd = self.machine.workspace / text_of(evaluate(where, contexts))
        limit = float(evaluate(step.get("timeout-minutes", 0), contexts) or 0) * 60
        self._count += 1
        with self._files(self._count) as files:
            path = self.machine.temporary / f"step-{self._count}"
            path.write_text(script, "utf-8")
            documented = {f"GITHUB_{name}": str(file) for name, file in files.items()}
            documented |= {"GITHUB_ACTION": str(step.get("id") or f"__run_{self._count}"), **action}
            printed = self.machine.temporary / "printed"
            words, environment = [*SHELLS[shell], str(path)], self.machine.variables
            end = execute(
                words, cwd, environment(variables, documented), printed, limit or _LIMIT_S, stop
            )
            self.output.take(printed.read_text("utf-8", errors="replace"))
            if end is End.LOST:
                raise LostError
            if end is End.LATE:
                self.output.say("Error: the step took longer than its time limit")
            if end is End.CANCELLED:
                self.status = "cancelled"
            record.outputs = dict(self.output.outputs)
            record.outcome = "failure" if self.output.failed else end.outcome
            self.summary += files["STEP_SUMMARY"].read_text("utf-8")
            record.outputs |= command_files.read_pairs(files["OUTPUT"])
            self.machine.environment |= command_files.read_environment(files["ENV"])
            self.machine.path[:0] = command_files.read_paths(files["PATH"])

    @contextmanager
    def _files(self, number: int) -> Iterator[dict[str, Path]]:
        files = {name: self.machine.temporary / f"_{name.lower()}_{number}" for name in _FILES}
        for file in files.values():
            file.touch()
        yield files

    # -- uses: -------------------------------------------------------------------------------

    def _use(
        self,
        step: Mapping[str, Any],
        contexts: Mapping[str, Any],
        variables: Mapping[str, str],
        record: StepRun,
    ) -> None:
        given = self.language.evaluate(step.get("with") or {}, contexts)
        inputs = {name.lower(): text_of(value) for name, value in given.items()}
        uses = str(step["uses"])
        place, _, _ = uses.partition("@")
        if place in self.stand_ins:
            call = Call(self.machine, inputs, self.artifacts, lambda line: self.output.take(line))
            record.outputs = self.stand_ins[place](call)
            record.outcome = "success"
            return
        folder = self._action_folder(uses)
        file = next(
            (folder / n for n in ("action.yml", "action.yaml") if (folder / n).is_file()), None
        )
        if file is None:
            raise WorkflowError(f"Can't find 'action.yml' under '{folder}' for {uses}")
        action = self.language.parse("action", str(file), file.read_text("utf-8"))
        if action["runs"]["using"] != "composite":
            raise WorkflowError(f"the rig runs composite actions only, not {uses}")
        self._composite(action, folder, inputs, contexts, variables, record)

    def _action_folder(self, uses: str) -> Path:
        if uses.startswith("./"):
            return self.machine.workspace / uses
        if uses.startswith("$/") and uses.strip("$/"):  # GitHub's runner refuses a bare `$/`
            return self.repository / uses[2:]
        place, at, _ = uses.partition("@")
        owner, _, rest = place.partition("/")
        name, _, inside = rest.partition("/")
        if not at or f"{owner}/{name}" not in self.actions:
            raise WorkflowError(f"the rig has no action {uses}")
        return self.actions[f"{owner}/{name}"] / inside

    def _composite(
        self,
        action: Mapping[str, Any],
        folder: Path,
        inputs: Mapping[str, str],
        contexts: Mapping[str, Any],
        variables: Mapping[str, str],
        record: StepRun,
    ) -> None:
        github = {**contexts["github"], "action_path": str(folder), "action_status": self.status}
        own: dict[str, Any] = {**contexts, "github": github, "inputs": {}}
        for name, about in (action.get("inputs") or {}).items():
            default = self.language.evaluate((about or {}).get("default", ""), own)
            own["inputs"][name] = inputs.get(name.lower(), text_of(default))
        before, kept = self.status, dict(self.machine.environment)
        self.machine.environment |= variables
        runs: list[StepRun] = []
        documented = {"GITHUB_ACTION_PATH": str(folder)}
        steps = self._sequence(action["runs"]["steps"], own, runs, documented)
        added = {k: v for k, v in self.machine.environment.items() if variables.get(k) != v}
        self.machine.environment = {**kept, **added}
        failed = any(run.conclusion == "failure" for run in runs)
        cancelled = any(run.outcome == "cancelled" for run in runs)
        record.outcome = "cancelled" if cancelled else "failure" if failed else "success"
        if self.status == "failure":
            self.status = before  # whether the failure counts is for the using step to say
        own["steps"] = steps
        for name, about in (action.get("outputs") or {}).items():
            record.outputs[name] = text_of(self.language.evaluate(about["value"], own))
