"""The texts of a repository's files for GitHub ─► findings: there, pinned, of today."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from bot.config import Config
from bot.doctor.finding import Finding, advice, good, missing
from bot.errors import RequestError
from bot.setup.files import WORKFLOW
from bot.setup.form import PATH as FORM
from bot.setup.form import offered_templates
from bot.setup.origin import Origin, is_commit, pinned_origin
from bot.template import Template

NEEDED = {
    "contents": "write",
    "issues": "write",
    "pull-requests": "write",
    "actions": "write",
}
_EVENTS = {"issues": {"opened", "labeled"}, "issue_comment": {"created"}}
_OWN = "$/.github/workflows/excursion.yml"  # how this project's own repository calls it
_MAKE = "excursion init --github"
SECRET = "attachments_token"  # noqa: S105  # what our workflow calls it


def workflow_findings(text: str | None, origin: Origin | None) -> tuple[Finding, ...]:
    """Look at the workflow's text.

    Args:
        text: What the file holds; None if there is none.
        origin: Where this installation came from, if that is known.
    """
    if text is None:
        return (missing("workflow", f"{WORKFLOW} is not there", _MAKE),)
    try:
        workflow = yaml.safe_load(text)
        # YAML 1.1 reads the key `on` as a truth.
        events = workflow.get("on", workflow.get(True)) or {}
        jobs = [job for job in workflow["jobs"].values() if _is_ours(str(job.get("uses", "")))]
    except (yaml.YAMLError, LookupError, TypeError, AttributeError):
        return (missing("workflow", f"{WORKFLOW} is no workflow", f"Remove it, then: {_MAKE}"),)
    if not jobs:
        what = f"no job of {WORKFLOW} calls ours"
        return (missing("workflow", what, f"Remove it, then: {_MAKE}"),)
    return (
        *_event_findings(events),
        *_permission_findings(jobs[0].get("permissions")),
        _pin_finding(text, str(jobs[0]["uses"]), origin),
    )


def picture_findings(text: str | None, config: Config) -> tuple[Finding, ...]:
    """Look at how pictures are shown; nothing is to be said of what needs nothing.

    Args:
        text: The workflow's; None if there is none.
        config: What `excursions.toml` says.
    """
    if config.github.images != "attachments":
        return ()
    right = (
        f"Make a secret of a token of somebody's who may push here, and pass it on in {WORKFLOW}: "
        f"secrets: {SECRET}: ${{{{ secrets.EXCURSIONS_ATTACHMENTS_TOKEN }}}}"
    )
    try:
        jobs = yaml.safe_load(text or "")["jobs"].values()
        given = [job.get("secrets") for job in jobs if _is_ours(str(job.get("uses", "")))]
    except (yaml.YAMLError, LookupError, TypeError, AttributeError):
        given = []
    if not any(each == "inherit" or (isinstance(each, dict) and SECRET in each) for each in given):
        what = f'images = "attachments" needs a person\'s token, and {WORKFLOW} passes none on'
        return (missing("pictures", what, right),)
    what = (
        'images = "attachments" uploads them with the token that the workflow passes on; whether '
        "it is there, and may, shows in entries only"
    )
    return (advice("pictures", what, "See that the secret is set and has not expired"),)


def form_finding(text: str | None, templates: Iterable[Template]) -> Finding:
    """Look at the issue form's text."""
    if text is None:
        right = f"{_MAKE} writes it; labels and /start work without"
        return advice("issue form", f"{FORM} is not there", right)
    try:
        offered = offered_templates(text)
    except RequestError as error:
        return missing("issue form", f"{FORM} {error.what}", error.right)
    lacking = sorted({template.name for template in templates} - offered)
    if lacking:
        what = f"it does not offer {', '.join(lacking)}"
        return advice("issue form", what, f"{_MAKE} --update")
    return good("issue form", "it offers every template")


def _is_ours(uses: str) -> bool:
    return uses == _OWN or pinned_origin(f"uses: {uses}") is not None


def _event_findings(events: object) -> tuple[Finding, ...]:
    lacking = []
    for event, kinds in _EVENTS.items():
        given = events.get(event) if isinstance(events, dict) else None
        types = given.get("types", []) if isinstance(given, dict) else []
        lacking += [f"{event}: {kind}" for kind in sorted(kinds - set(types))]
    if lacking:
        right = f"Add to `on:` in {WORKFLOW}, as `types:`"
        return (missing("workflow", f"it is not started by {', '.join(lacking)}", right),)
    return (good("workflow", "it is started by labels and comments"),)


def _permission_findings(given: object) -> tuple[Finding, ...]:
    """GitHub refuses to start a called workflow whose jobs ask for more than the caller gives."""
    permissions = given if isinstance(given, dict) else {}
    lacking = [
        f"{name}: {level}" for name, level in NEEDED.items() if permissions.get(name) != level
    ]
    if lacking and given != "write-all":
        right = f"Add them to the job's `permissions:` in {WORKFLOW}"
        return (missing("permissions", f"its job is not given {', '.join(lacking)}", right),)
    more = sorted(set(permissions) - set(NEEDED)) or (given == "write-all" and ["write-all"])
    if more:
        what = f"its job is given more than it needs: {', '.join(more)}"
        return (advice("permissions", what, f"Take them away in {WORKFLOW}"),)
    return (good("permissions", "the job is given what it needs, and no more"),)


def _pin_finding(text: str, uses: str, origin: Origin | None) -> Finding:
    pinned = pinned_origin(text)
    if pinned is None:
        return good("pin", f"it calls the workflow of its own commit ({uses})")
    if not is_commit(pinned.commit):
        right = f"{_MAKE} --update pins it to a commit"
        return missing("pin", f"{pinned.commit!r} can be moved by whoever owns it", right)
    if origin is None:
        return good("pin", f"{pinned.repository} at {pinned.commit[:12]}")
    if (pinned.repository, pinned.commit) != (origin.repository, origin.commit):
        what = f"it calls {pinned.commit[:12]}, and this is {origin.commit[:12]}"
        return advice("pin", what, f"{_MAKE} --update")
    return good("pin", f"it calls this very version, {pinned.commit[:12]}")
