"""The workflow rig does with small workflows what GitHub Actions documents."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from rigs import events
from rigs.github import Server
from rigs.workflows import Interruption, Language, WorkflowError, WorkflowRun, Workflows


class Bench:
    """A repository with workflows and actions, and what runs them."""

    def __init__(self, github: Server, language: Language, folder: Path) -> None:
        self.github = github
        self.top = folder / "top"
        actions = {"us/ours": self.top}
        self.rig = Workflows(github, language, folder / "runs", actions=actions)

    def write(self, path: str, text: str) -> Path:
        file = self.top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
        return file

    def maybe(self, text: str, event: str, payload: Any, **more: Any) -> WorkflowRun | None:
        file = self.write(".github/workflows/w.yml", text)
        return self.rig.run(file, event, payload, **more)

    def run(self, jobs: str, **more: Any) -> WorkflowRun:
        head = "name: W\non: {issue_comment: {types: [created]}}\npermissions: {}\njobs:\n"
        text = head + textwrap.indent(textwrap.dedent(jobs), "  ")
        payload = more.pop("payload", None) or events.commented({}, {"body": "/run"})
        run = self.maybe(text, "issue_comment", payload, **more)
        assert run is not None
        print(run)
        return run


@pytest.fixture
def bench(github: Server, workflow_language: Language, tmp_path: Path) -> Bench:
    github.bare.commit_files("main", "First", {"README.md": "# Ours\n"})
    return Bench(github, workflow_language, tmp_path)


def test_a_workflow_runs_for_its_events_only(bench: Bench) -> None:
    text = """
        on:
          issue_comment: {types: [created]}
        jobs:
          a: {runs-on: x, steps: [{run: echo hello}]}
    """
    assert bench.maybe(text, "issue_comment", events.commented({}, {}, action="edited")) is None
    assert bench.maybe(text, "issues", events.opened({})) is None
    run = bench.maybe(text, "issue_comment", events.commented({}, {}))
    assert run is not None
    assert "hello" in run.job("a").log


def test_a_mistake_is_found_by_githubs_parser(bench: Bench) -> None:
    with pytest.raises(WorkflowError, match="Unexpected value 'stepz'"):
        bench.run("a: {runs-on: x, stepz: []}")


def test_outputs_and_conditions_go_from_job_to_job(bench: Bench) -> None:
    run = bench.run("""
        a:
          runs-on: ubuntu-latest
          outputs: {matrix: "${{ steps.plan.outputs.matrix }}"}
          steps:
            - id: plan
              env: {BODY: "${{ github.event.comment.body }}"}
              run: |
                echo 'matrix={"layer": [1, 2], "seed": [7]}' >> "$GITHUB_OUTPUT"
                echo "asked for $BODY by $GITHUB_ACTOR"
        b:
          needs: a
          if: needs.a.outputs.matrix != ''
          strategy: {matrix: "${{ fromJSON(needs.a.outputs.matrix) }}"}
          runs-on: "gpu-${{ matrix.layer }}"
          steps:
            - run: echo "layer ${{ matrix.layer }} of ${{ strategy.job-total }}"
        c: {needs: b, if: github.event.issue.pull_request, runs-on: x, steps: [{run: "false"}]}
        d: {needs: c, runs-on: x, steps: [{run: "false"}]}
        e: {needs: [c, b], if: always(), runs-on: x, steps: [{run: "echo ${{ needs.c.result }}"}]}
    """)
    assert "asked for /run by ada" in run.job("a").log
    assert [job.matrix["layer"] for job in run.jobs["b"]] == [1, 2]
    assert [job.runs_on for job in run.jobs["b"]] == ["gpu-1", "gpu-2"]
    assert "layer 2 of 2" in run.jobs["b"][1].log
    words = {"a": "success", "b": "success", "c": "skipped", "d": "skipped", "e": "success"}
    assert run.results == words
    assert "skipped" in run.job("e").log


def test_a_step_after_a_failure_runs_if_it_says_so(bench: Bench) -> None:
    run = bench.run("""
        a:
          runs-on: x
          steps:
            - {id: soft, run: exit 3, continue-on-error: true}
            - {run: "echo soft was ${{ steps.soft.outcome }}, ${{ steps.soft.conclusion }}"}
            - {name: hard, run: "false"}
            - {name: not, run: echo never}
            - {name: anyway, if: failure(), run: "echo ${{ job.status }}"}
        b: {needs: a, if: "!cancelled()", runs-on: x, steps: [{run: echo ran}]}
    """)
    job = run.job("a")
    assert "soft was failure, success" in job.log
    assert [step.outcome for step in job.steps][2:] == ["failure", "skipped", "success"]
    assert run.results == {"a": "failure", "b": "success"}


def test_the_environment_is_the_documented_one(bench: Bench) -> None:
    run = bench.run("""
        a:
          runs-on: x
          permissions: {contents: read}
          env: {A: job, B: job}
          steps:
            - env: {B: step}
              run: |
                echo "$A $B"
                echo "C=${A}s" >> "$GITHUB_ENV"
                mkdir bin && printf '#!/bin/sh\\necho found' > bin/tool && chmod +x bin/tool
                echo "$PWD/bin" >> "$GITHUB_PATH"
                echo "# Summary" >> "$GITHUB_STEP_SUMMARY"
                echo "GITHUB_REPOSITORY=evil" >> "$GITHUB_ENV"
            - run: |
                echo "$C $(tool) $GITHUB_REPOSITORY"
                test "$PWD" = "$GITHUB_WORKSPACE" && test -d "$RUNNER_TEMP"
                python3 -c 'import json, os; json.load(open(os.environ["GITHUB_EVENT_PATH"]))'
                env | cut -d= -f1 | sort | tr '\\n' ' '
    """)
    job = run.job("a")
    assert job.result == "success"
    assert "job step" in job.log
    assert "jobs found team/research" in job.log
    assert job.summary == "# Summary\n"
    for name in ("GITHUB_API_URL", "GITHUB_SHA", "GITHUB_RUN_ID", "RUNNER_OS", "CI"):
        assert name in job.log
    assert "PYTEST_CURRENT_TEST" not in job.log
    assert "GITHUB_TOKEN" not in job.log


@pytest.mark.parametrize("line", ["no sign", "x<<EOF", "=value"])
def test_a_malformed_output_fails_the_step(bench: Bench, line: str) -> None:
    run = bench.run(f"""
        a: {{runs-on: x, steps: [{{run: "echo '{line}' >> $GITHUB_OUTPUT"}}]}}
    """)
    assert run.results["a"] == "failure"


def test_commands_that_are_printed_are_obeyed_unless_stopped(bench: Bench) -> None:
    run = bench.run("""
        a:
          runs-on: x
          steps:
            - run: |
                echo "::error::real"
                echo "::add-mask::hush"
                echo "hush now"
                echo "::stop-commands::t0ken"
                echo "::error::from a notebook"
                echo "::t0ken::"
                echo "::warning::again"
            - run: echo "::set-env name=X::1"
    """)
    job = run.job("a")
    texts = [each.text for each in job.annotations]
    assert texts == ["real", "again", "The `set-env` command is disabled."]
    assert "*** now" in job.log
    assert "::error::from a notebook" in job.log
    assert job.result == "failure"


def test_a_job_has_the_permissions_that_it_asks_for(bench: Bench) -> None:
    issue = bench.github.open_issue("ada", "Q")
    bench.write(
        "say/action.yml",
        """
        name: Say
        description: d
        inputs: {token: {description: whose, default: "${{ github.token }}"}}
        runs:
          using: composite
          steps:
            - shell: bash
              env: {TOKEN: "${{ inputs.token }}"}
              run: |
                curl -sf "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues/1/comments" \\
                  -H "Authorization: Bearer $TOKEN" -d '{"body": "hi"}'
        """,
    )
    run = bench.run("""
        a: {permissions: {issues: write}, runs-on: x, steps: [{uses: us/ours/say@0000000}]}
        b: {permissions: {issues: read}, runs-on: x, steps: [{uses: us/ours/say@0000000}]}
        c: {runs-on: x, steps: [{uses: us/ours/say@0000000}]}
    """)
    assert run.results == {"a": "success", "b": "failure", "c": "failure"}
    assert run.job("c").permissions["issues"] == "none"
    (comment,) = bench.github.state()["issues"][issue]["comments"]
    assert comment["author"] == "github-actions[bot]"


def test_what_is_checked_out_can_be_pushed_while_credentials_last(bench: Bench) -> None:
    run = bench.run("""
        a:
          runs-on: x
          permissions: {contents: write}
          steps:
            - uses: actions/checkout@0000000000000000000000000000000000000000
            - run: |
                git config user.name bot; git config user.email bot@example.org
                cat README.md; git checkout -q --orphan results; git commit -qm Results
                git push -q origin HEAD:refs/excursions/1/1
        b:
          runs-on: x
          permissions: {contents: write}
          steps:
            - uses: actions/checkout@0000000000000000000000000000000000000000
              with: {persist-credentials: false}
            - run: git push -q origin HEAD:refs/excursions/1/2
    """)
    assert run.results == {"a": "success", "b": "failure"}
    assert set(bench.github.bare.refs()) == {"refs/heads/main", "refs/excursions/1/1"}


def test_an_artifact_goes_from_job_to_job(bench: Bench) -> None:
    run = bench.run("""
        a:
          runs-on: x
          strategy: {matrix: {n: [1, 2]}}
          steps:
            - run: mkdir -p out/deep && echo ${{ matrix.n }} > out/deep/x && touch out/.hidden
            - uses: actions/upload-artifact@v6
              with: {name: "run-${{ matrix.n }}", path: out, if-no-files-found: error}
        b:
          needs: a
          runs-on: x
          steps:
            - uses: actions/download-artifact@v6
              with: {name: run-2, path: one}
            - uses: actions/download-artifact@v6
              with: {pattern: "run-*", path: all}
            - run: find . -type f | sort; test "$(cat one/deep/x)" = 2
            - uses: actions/download-artifact@v6
              with: {name: run-3}
    """)
    job = run.job("b")
    assert [step.outcome for step in job.steps] == ["success"] * 3 + ["failure"]
    assert "./all/run-1/deep/x\n./all/run-2/deep/x\n./one/deep/x" in job.log
    assert "Artifact not found for name: run-3" in job.log


def test_a_composite_action_runs_its_steps(bench: Bench) -> None:
    bench.write(
        "action.yml",
        """
        name: Ours
        description: d
        inputs:
          job: {description: which, required: true}
          word: {description: what, default: "by ${{ github.actor }}"}
        outputs: {said: {description: it, value: "${{ steps.say.outputs.said }}"}}
        runs:
          using: composite
          steps:
            - id: say
              shell: bash
              env: {WORD: "${{ inputs.word }}"}
              run: echo "said=$JOB $WORD $(basename "$GITHUB_ACTION_PATH")" >> "$GITHUB_OUTPUT"
            - {shell: bash, if: "inputs.job == 'fail'", run: "exit 1"}
            - {shell: bash, if: always(), run: "echo cleaned up"}
        """,
    )
    run = bench.run("""
        a:
          runs-on: x
          steps:
            - {id: one, uses: us/ours@0000000, with: {job: triage}, env: {JOB: first}}
            - {run: "echo [${{ steps.one.outputs.said }}] $JOB."}
            - {uses: us/ours@0000000, with: {job: fail}, continue-on-error: true}
            - {uses: us/ours@0000000, with: {job: fail}}
    """)
    job = run.job("a")
    assert "[first by ada top] ." in job.log
    assert [step.outcome for step in job.steps] == ["success", "success", "failure", "failure"]
    assert job.log.count("\ncleaned up") == 3
    assert job.result == "failure"


CALLED = """
    on:
      workflow_call:
        inputs:
          timeout: {type: number, default: 30}
          runner: {type: string, required: true}
        secrets: {key: {required: false}}
        outputs: {word: {value: "${{ jobs.inner.outputs.word }}"}}
    permissions: {}
    jobs:
      inner:
        runs-on: ${{ inputs.runner }}
        permissions: {issues: write}
        outputs: {word: "${{ steps.x.outputs.word }}"}
        steps:
          - {id: x, run: 'echo "word=${{ inputs.timeout }}" >> $GITHUB_OUTPUT'}
"""


def test_a_reusable_workflow_is_called_with_inputs_and_permissions(bench: Bench) -> None:
    bench.write(".github/workflows/called.yml", CALLED)
    run = bench.run("""
        out:
          uses: us/ours/.github/workflows/called.yml@0000000
          with: {runner: gpu}
          permissions: {issues: write}
        after: {needs: out, runs-on: x, steps: [{run: "echo got ${{ needs.out.outputs.word }}"}]}
        much:
          uses: ./.github/workflows/called.yml
          with: {runner: gpu}
          permissions: {contents: read}
    """)
    assert run.job("out / inner").runs_on == "gpu"
    assert run.job("out / inner").permissions["issues"] == "write"
    assert "got 30" in run.job("after").log
    assert run.results["much"] == "failure"
    assert "requesting 'issues: write'" in run.job("much / inner").problem


@pytest.mark.parametrize("lost", [False, True])
def test_a_job_that_is_interrupted_leaves_the_word_to_the_next(bench: Bench, lost: bool) -> None:
    started = bench.top / "started"
    stop = Interruption("work", "long", lost, when=started.exists)
    run = bench.run(
        f"""
        work:
          runs-on: x
          steps:
            - {{name: long, run: "touch {started}; sleep 60"}}
            - {{name: after, run: echo no}}
            - {{name: anyway, if: always(), run: echo yes}}
        publish:
          needs: work
          if: always()
          runs-on: x
          steps: [{{run: "echo work was ${{{{ needs.work.result }}}}"}}]
        other: {{needs: work, runs-on: x, steps: [{{run: "false"}}]}}
        """,
        interruptions=[stop],
    )
    word = "failure" if lost else "cancelled"
    assert run.results == {"work": word, "publish": "success", "other": "skipped"}
    assert f"work was {word}" in run.job("publish").log
    assert ("yes" in run.job("work").log) is not lost


def test_a_matrix_has_at_most_256_jobs_and_at_least_one(bench: Bench) -> None:
    def results(values: str) -> list[str]:
        payload = events.commented({}, {"body": values})
        run = bench.run(
            """
            a:
              strategy: {matrix: {n: "${{ fromJSON(github.event.comment.body) }}"}}
              runs-on: x
              steps: [{run: "true"}]
            """,
            payload=payload,
        )
        return [job.problem or job.result for job in run.jobs["a"]]

    assert results("[1, 2]") == ["success", "success"]
    assert "does not contain any values" in results("[]")[0]
    assert "at most 256" in results(json.dumps(list(range(257))))[0]


def test_a_failing_point_stops_those_after_it_unless_told_not_to(bench: Bench) -> None:
    for fast, words in (("true", ["failure", "cancelled"]), ("false", ["failure", "success"])):
        run = bench.run(f"""
            a:
              strategy: {{fail-fast: {fast}, matrix: {{n: [1, 0]}}}}
              runs-on: x
              steps: [{{run: "exit ${{{{ matrix.n }}}}"}}]
        """)
        assert [job.result for job in run.jobs["a"]] == words
        assert run.results["a"] == "failure"
