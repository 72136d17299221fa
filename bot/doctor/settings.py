"""What GitHub says of a repository's settings ─► findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.config import Config
from bot.doctor.finding import Finding, advice, good, missing, unknown
from bot.setup.files import WORKFLOW
from bot.setup.labels import Label

_ASK_ADMIN = "Ask somebody who administers the repository to run this, with their token"
# https://docs.github.com/actions/reference/runners/github-hosted-runners
_HOSTED = ("ubuntu-", "windows-", "macos-")
_SELF_HOSTED = "self-hosted"


@dataclass(frozen=True)
class Refused:
    """What GitHub would not say to this token."""

    status: int


Said = Any | Refused


@dataclass(frozen=True)
class Settings:
    """GitHub's own documents, or that it refused them.

    Attributes:
        repository: `GET /repos/O/R`.
        actions: `GET …/actions/permissions`.
        chosen: `GET …/actions/permissions/selected-actions`; None where all are allowed.
        workflow: `GET …/actions/permissions/workflow`.
        workflows: `GET …/actions/workflows`.
        runners: `GET …/actions/runners`.
        branch: `GET …/branches/<default>`.
        labels: The names of all labels.
        committed: The workflow's file on the default branch; None if it is not there.
    """

    repository: dict[str, Any]
    actions: Said
    chosen: Said | None
    workflow: Said
    workflows: Said
    runners: Said
    branch: Said
    labels: tuple[str, ...]
    committed: str | None = field(repr=False)


def repository_findings(settings: Settings, config: Config, local: str | None) -> list[Finding]:
    """Look at the repository itself.

    Args:
        settings: What GitHub says.
        config: What `excursions.toml` says.
        local: The workflow's text in the checkout, if it is there.
    """
    about = settings.repository
    found = []
    if about.get("archived"):
        found.append(missing("repository", "it is archived", "Unarchive it on GitHub"))
    if not about.get("has_issues", True):
        right = "Settings → General → Features → Issues"
        found.append(missing("repository", "it has no issues", right))
    default = str(about["default_branch"])
    if default != config.default_branch:
        what = f"GitHub says {default}, excursions.toml says {config.default_branch}"
        right = f'Write default_branch = "{default}" into excursions.toml'
        found.append(missing("default branch", what, right))
    else:
        found.append(good("default branch", default))
    if settings.committed is None and local is not None:
        what = f"{WORKFLOW} is not on {default}, from where GitHub takes it"
        found.append(missing("default branch", what, "Commit and push it"))
    elif settings.committed != local:
        what = f"{WORKFLOW} on {default} is another than the one here"
        found.append(advice("default branch", what, "Push it, or pull"))
    return [*found, _branch_finding(settings.branch, default), _visibility_finding(about, config)]


def actions_findings(settings: Settings) -> list[Finding]:
    """Look at what GitHub Actions may do."""
    if isinstance(settings.actions, Refused):
        found = [unknown("actions", "this token may not see the settings of Actions", _ASK_ADMIN)]
    elif not settings.actions.get("enabled"):
        right = "Settings → Actions → General → Actions permissions"
        found = [missing("actions", "GitHub Actions is off", right)]
    else:
        found = [_allowed_finding(settings.actions, settings.chosen)]
    return [*found, _state_finding(settings.workflows), _pull_finding(settings.workflow)]


def label_finding(there: Iterable[str], wanted: Iterable[Label]) -> Finding:
    """Look at which labels there are."""
    known = {name.casefold() for name in there}
    lacking = [label.name for label in wanted if label.name.casefold() not in known]
    if lacking:
        what = f"{len(lacking)} are not there: {', '.join(lacking)}"
        return missing("labels", what, "excursion init --github makes them")
    return good("labels", "all are there")


def runner_findings(runners: Said, config: Config) -> list[Finding]:
    """Look for machines with the labels that `excursions.toml` names."""
    found = []
    for name, runner in config.runners.items():
        labels = {label.casefold() for label in runner.runs_on}
        words = f"{name} runs on {', '.join(runner.runs_on)}"
        if _SELF_HOSTED not in labels and any(label.startswith(_HOSTED) for label in labels):
            found.append(good("runners", f"{words}: GitHub's own machines"))
            continue
        if isinstance(runners, Refused):
            what = f"{words}, which this token may not look for"
            found.append(unknown("runners", what, _ASK_ADMIN))
            continue
        having = [each for each in runners["runners"] if labels <= _labels(each)]
        online = [each for each in having if each["status"] == "online"]
        if online:
            busy = sum(bool(each["busy"]) for each in online)
            found.append(good("runners", f"{words}: {len(online)} online, {busy} busy"))
        elif having:
            right = f"Start {', '.join(str(each['name']) for each in having)}"
            found.append(missing("runners", f"{words}: none of {len(having)} is online", right))
        else:
            # An organisation's runners are not on the repository's list.
            right = "Add one at Settings → Actions → Runners, unless your organisation has one"
            found.append(advice("runners", f"{words}: the repository has none of its own", right))
    return found


def _labels(runner: Mapping[str, Any]) -> set[str]:
    return {str(label["name"]).casefold() for label in runner["labels"]}


def _allowed_finding(actions: Mapping[str, Any], chosen: Said | None) -> Finding:
    allowed = actions.get("allowed_actions", "all")
    if allowed == "all":
        return good("actions", "GitHub Actions is on")
    if allowed == "local_only":
        return missing(
            "actions",
            "only actions of this organisation are allowed; ours uses four of GitHub's own",
            "Settings → Actions → General: allow actions created by GitHub, and our repository",
        )
    if chosen is None or isinstance(chosen, Refused):
        return unknown("actions", "only chosen actions are allowed, and which is not known")
    if not chosen.get("github_owned_allowed"):
        right = "Settings → Actions → General: allow actions created by GitHub"
        return missing("actions", "actions made by GitHub are not allowed", right)
    patterns = ", ".join(chosen.get("patterns_allowed", [])) or "none"
    right = "See that the repository that the workflow calls is among them"
    return advice("actions", f"only chosen repositories are allowed: {patterns}", right)


def _state_finding(workflows: Said) -> Finding:
    if isinstance(workflows, Refused):
        return unknown("actions", "this token may not see workflows", "Give it Actions: read")
    ours = [each for each in workflows["workflows"] if each["path"] == WORKFLOW]
    if not ours:
        return advice("actions", "GitHub does not know the workflow yet", "Push it")
    if ours[0]["state"] != "active":
        what = f"the workflow is {str(ours[0]['state']).replace('_', ' ')}"
        return missing("actions", what, "Enable it on the repository's Actions page")
    return good("actions", "the workflow is active")


def _pull_finding(workflow: Said) -> Finding:
    where = "Settings → Actions → General → Workflow permissions"
    if isinstance(workflow, Refused):
        what = "whether Actions may make pull requests is not known: answers need it"
        return unknown("pull requests", what, f"{_ASK_ADMIN}; it is at {where}")
    if not workflow.get("can_approve_pull_request_reviews"):
        right = f"{where}: Allow GitHub Actions to create and approve pull requests"
        return missing(
            "pull requests", "Actions may make none, and answers are pull requests", right
        )
    if workflow.get("default_workflow_permissions") == "write":
        what = "other workflows may write whatever they do not say"
        return advice(
            "pull requests", what, f"{where}: Read repository contents; ours says its own"
        )
    return good("pull requests", "Actions may make them")


def _branch_finding(branch: Said, default: str) -> Finding:
    if isinstance(branch, Refused):
        return unknown("default branch", f"{default} could not be looked at")
    if not branch.get("protected"):
        right = f"Protect {default}, so that answers are merged by people only (SECURITY.md)"
        return advice("default branch", f"{default} is not protected", right)
    return good("default branch", f"{default} is protected")


def _visibility_finding(about: Mapping[str, Any], config: Config) -> Finding:
    own = any(_SELF_HOSTED in runner.runs_on for runner in config.runners.values())
    if not about.get("private") and own:
        what = "it is public, and runs on machines of your own"
        right = "Use ephemeral machines, or a private repository (SECURITY.md)"
        return advice("repository", what, right)
    return good("repository", "private" if about.get("private") else "public")
