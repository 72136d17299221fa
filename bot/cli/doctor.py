"""`excursion doctor`: what is missing here and on GitHub, and what to do about it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from bot.cli.machine import machine_findings
from bot.cli.place import give, json_option
from bot.commands.roles import roles
from bot.config import FILE_NAME, Config, read_config
from bot.doctor.files import form_finding, picture_findings, workflow_findings
from bot.doctor.finding import Finding, State, good, is_well, missing, unknown
from bot.errors import ExcursionError, ForgeError, RequestError
from bot.forge.git import Git, find_repository
from bot.forge.template_sources import fetched, template_cache
from bot.log.safety import plain
from bot.setup.files import WORKFLOW
from bot.setup.form import PATH as FORM
from bot.setup.labels import wanted_labels
from bot.setup.origin import installed_origin
from bot.setup.remote import Access, find_access
from bot.template import Template, built_in_templates, read_all

_SIGNS = {State.GOOD: "✓", State.ADVICE: "·", State.UNKNOWN: "?", State.MISSING: "✗"}
_PATIENCE_S = 2.0  # a second try, not more: somebody is waiting


@click.command("doctor")
@click.option("--local", is_flag=True, help="Look at this machine and its files only.")
@json_option
def doctor_command(local: bool, as_json: bool) -> None:
    """Say what is missing, here and on GitHub, and what to do about it.

    Asks GitHub where a remote is there and GITHUB_TOKEN is set; a token of somebody who
    administers the repository sees most. Exit status: 0 nothing is missing, 1 something is,
    3 GitHub could not be asked.
    """
    git, top = find_repository(Path.cwd())
    findings, config, templates = _here(git, top)
    access = find_access(git, os.environ)
    workflow, form = _text(top / WORKFLOW), _text(top / FORM)
    status = 0
    if not local and (access.repository or workflow is not None):
        findings += workflow_findings(workflow, installed_origin(access.server))
        findings.append(form_finding(form, templates))
        findings += picture_findings(workflow, config)
        try:
            findings += _on_github(access, config, templates, workflow)
        except ForgeError as error:
            what = f"it could not be asked: {error.what}"
            findings.append(unknown("github", what, "Give the command again"))
            status = 3
    if as_json:
        give(json.dumps([asdict(each) for each in findings], indent=1, ensure_ascii=False))
    else:
        tell_findings(findings)
    sys.exit(status or (0 if is_well(findings) else 1))


def _here(git: Git, top: Path) -> tuple[list[Finding], Config, tuple[Template, ...]]:
    """Look at this machine, the configuration and the templates."""
    findings = machine_findings(git)
    config = Config()
    path = top / FILE_NAME
    try:
        if path.exists():
            config = read_config(path.read_bytes())
            roles(config)
            runners = ", ".join(config.runners)
            findings.append(good("configuration", f"{FILE_NAME} is right; runners: {runners}"))
        else:
            findings.append(missing("configuration", f"{FILE_NAME} is not there", "excursion init"))
    except RequestError as error:
        findings.append(missing("configuration", f"{error.where}: {error.what}", error.right))
    others: tuple[Path, ...] = ()
    try:
        others = fetched(config.templates, template_cache(top))
    except ExcursionError as error:
        findings.append(missing("templates", f"{error.where}: {error.what}", error.right))
    templates, wrong = read_all((top / "templates", *others, built_in_templates()))
    for problem in wrong:
        findings.append(missing("templates", f"{problem.where}: {problem.what}", problem.right))
    findings.append(good("templates", ", ".join(each.full_name for each in templates)))
    return findings, config, templates


def _on_github(
    access: Access, config: Config, templates: tuple[Template, ...], workflow: str | None
) -> list[Finding]:
    """Look at what GitHub says.

    Raises:
        ForgeError: GitHub cannot be reached, or does not know the token.
    """
    if access.missing:
        what, _, right = access.missing.partition(". ")
        return [unknown("github", what, right)]
    from bot.doctor import settings as said
    from bot.doctor.reading import read_settings
    from bot.forge.github_api import Api, Patience

    patience = Patience(at_most_s=_PATIENCE_S)
    settings = read_settings(Api(access.token, access.repository, access.api, patience))
    if isinstance(settings, said.Refused):
        right = "See that the name is right, and the token may see it"
        return [missing("github", f"there is no {access.repository} for this token", right)]
    return [
        *said.repository_findings(settings, config, workflow),
        *said.actions_findings(settings),
        said.label_finding(settings.labels, wanted_labels(templates)),
        *said.runner_findings(settings.runners, config),
    ]


def tell_findings(findings: list[Finding]) -> None:
    """Give findings, each with what is to be done, and how many things are missing."""
    for finding in findings:
        give(f"{_SIGNS[finding.state]} {finding.about}: {plain(finding.what)}")
        if finding.right:
            give(f"    {plain(finding.right)}")
    count = sum(finding.state is State.MISSING for finding in findings)
    if count:
        give(f"{count} {'thing is' if count == 1 else 'things are'} missing.")
    else:
        give("Nothing is missing.")


def _text(path: Path) -> str | None:
    return path.read_text("utf-8", errors="replace") if path.is_file() else None
