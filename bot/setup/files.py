"""Where the workflow is and which templates there are ─► the files that a repository needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.setup.form import PATH as FORM
from bot.setup.form import form_text, offered_templates
from bot.setup.origin import Origin, is_commit, pinned_origin
from bot.template import Template

WORKFLOW = ".github/workflows/excursions.yml"

_WORKFLOW_TEXT = """\
# Excursions: label an issue, get a branch and a notebook; comment /run, get the results.
# Made by `excursion init --github`; `excursion init --github --update` moves the pin.
name: Excursions

on:
  issues:
    types: [opened, labeled]
  issue_comment: # zizmor: ignore[dangerous-triggers] no text of a comment reaches a script
    types: [created]

permissions: {{}}

jobs:
  excursion:
    name: Excursion
    uses: {uses}
    permissions: # shared out to three jobs; the one that runs notebooks can only read
      contents: write # branches, refs/excursions/*
      issues: write # entries, labels, reactions
      pull-requests: write # answers
      actions: write # /cancel
    # Only where excursions.toml says images = "attachments"; docs/github.md says what it needs.
    # secrets:
    #   attachments_token: ${{{{ secrets.EXCURSIONS_ATTACHMENTS_TOKEN }}}}
"""


@dataclass(frozen=True)
class File:
    """A file as it shall be.

    Attributes:
        path: Within the repository.
        text: What it shall hold; None to leave it as it is.
        why: What is said of it.
    """

    path: str
    text: str | None
    why: str


def workflow_text(origin: Origin) -> str:
    """Write the workflow that calls ours."""
    return _WORKFLOW_TEXT.format(uses=origin.uses)


def planned_workflow(there: str | None, origin: Origin, *, update: bool) -> File:
    """Decide what becomes of the workflow's file; only its pin is ever changed."""
    if there is None:
        return File(WORKFLOW, workflow_text(origin), "is written")
    pinned = pinned_origin(there)
    if pinned is None:
        return File(WORKFLOW, None, "is there already, and calls no workflow of ours by its commit")
    if (pinned.repository, pinned.commit) == (origin.repository, origin.commit):
        return File(WORKFLOW, None, "is there already")
    if not update:
        old = pinned.commit[:12] if is_commit(pinned.commit) else pinned.commit
        return File(
            WORKFLOW,
            None,
            f"is there already, pinned to {pinned.repository}@{old}; "
            f"--update pins it to {origin.repository}@{origin.commit[:12]}",
        )
    lines = [_repinned(line, origin) for line in there.splitlines(keepends=True)]
    return File(WORKFLOW, "".join(lines), "is pinned anew")


def planned_form(there: str | None, templates: Iterable[Template], *, update: bool) -> File:
    """Decide what becomes of the issue form's file."""
    templates = tuple(templates)
    text = form_text(templates)
    if there is None:
        return File(FORM, text, "is written")
    names = {template.name for template in templates}
    if there == text:
        return File(FORM, None, "is there already")
    offered = offered_templates(there)
    if update and offered != names:
        return File(FORM, text, "is written anew, with the templates that there are now")
    stale = "" if offered == names else "; it offers other templates than there are (--update)"
    return File(FORM, None, f"is there already{stale}")


def _repinned(line: str, origin: Origin) -> str:
    """Put another commit into the line that names ours."""
    if pinned_origin(line) is None:
        return line
    end = "\n" if line.endswith("\n") else ""
    return f"{line[: line.index('uses:')]}uses: {origin.uses}{end}"
