"""Each tool that audits workflows finds what it is there for, and leaves a good one alone."""

from __future__ import annotations

from pathlib import Path

from rigs.workflows import Language, audit

GOOD = """\
name: Good
on:
  issues: {types: [labeled]}
permissions: {}
concurrency:
  group: good-${{ github.event.issue.number }}
  cancel-in-progress: false
jobs:
  greet:
    name: Greet
    runs-on: ubuntu-latest
    steps:
      - name: Say it
        env:
          TITLE: ${{ github.event.issue.title }}
        run: echo "$TITLE"
"""
BAD = """\
name: Bad
on: issues
jobs:
  greet:
    runs-on: ubuntu-latest
    colour: blue
    steps:
      - run: echo ${{ github.event.issue.title }} ${{ steps.nobody.outputs.x }}
"""


def test_a_bad_workflow_is_found_by_each(workflow_language: Language, tmp_path: Path) -> None:
    workflow = tmp_path / ".github" / "workflows" / "bad.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(BAD)
    action = tmp_path / "action.yml"
    action.write_text("name: x\nruns: {using: composite, stepz: []}\n")
    found = audit.findings(workflow_language, [workflow, action])
    assert any("template-injection" in line for line in found)
    for tool in ("zizmor", "actionlint", "schema", "GitHub's parser"):
        assert any(line.startswith(f"{tool}: ") for line in found), found
    assert any(line.startswith("schema: ") and "action.yml" in line for line in found)


def test_a_good_workflow_is_left_alone(workflow_language: Language, tmp_path: Path) -> None:
    workflow = tmp_path / ".github" / "workflows" / "good.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(GOOD)
    assert audit.findings(workflow_language, [workflow]) == []
