"""`excursion init --github`: what a repository on GitHub lacks ─► its files and labels.

Everything is looked at first, GitHub too: either all of it can be made, or nothing is.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from bot.cli.place import give, say
from bot.config import FILE_NAME, read_config
from bot.errors import RequestError
from bot.forge.git import Git
from bot.forge.template_sources import fetched, template_cache
from bot.forge.thread_files import write_atomically
from bot.setup.files import WORKFLOW, File, planned_form, planned_workflow
from bot.setup.form import PATH as FORM
from bot.setup.labels import Label, wanted_labels
from bot.setup.origin import Origin, installed_origin, read_origin
from bot.setup.remote import Access, find_access
from bot.template import Template, built_in_templates, read_template, template_names


class Apply(Protocol):
    """Makes what was planned, or says what it would be."""

    def __call__(self, *, dry_run: bool) -> None:
        """Do it; with `dry_run` only say it."""


def prepare(git: Git, top: Path, origin: str | None, *, update: bool, no_labels: bool) -> Apply:
    """Look at everything that is needed, and plan.

    Args:
        git: The repository.
        top: Its checkout.
        origin: Where the reusable workflow is, as the user says; else where we come from.
        update: Whether the workflow is pinned anew, and the form made anew.
        no_labels: Whether labels are left to the user.

    Raises:
        RequestError: Something is missing; what it is and what to do is said.
        ForgeError: GitHub cannot be reached.
    """
    access = find_access(git, os.environ)
    source = read_origin(origin) if origin else _found_origin(access)
    templates = all_templates(top)
    files = (
        planned_workflow(_text(top / WORKFLOW), source, update=update),
        planned_form(_text(top / FORM), templates, update=update),
    )
    wanted = wanted_labels(templates)
    if not no_labels and access.missing:
        raise RequestError(
            "the labels cannot be made on GitHub, so nothing was done",
            right=f"{access.missing}; or give --no-labels and make them yourself.",
        )
    labels = () if no_labels else _missing_labels(access, wanted)

    def apply(*, dry_run: bool) -> None:
        _make_labels(access, wanted, labels, no_labels=no_labels, dry_run=dry_run)
        for file in files:
            _write(top, file, dry_run=dry_run)

    return apply


def all_templates(top: Path) -> tuple[Template, ...]:
    """Read this repository's templates and our own."""
    path = top / FILE_NAME
    sources = read_config(path.read_bytes()).templates if path.is_file() else ()
    others = fetched(sources, template_cache(top))
    names = template_names((top / "templates", *others, built_in_templates()))
    return tuple(read_template(name, folder) for name, folder in names.items())


def _found_origin(access: Access) -> Origin:
    found = installed_origin(access.server)
    if found is None:
        raise RequestError(
            f"this installation does not know where on {access.server} it came from, "
            "so a workflow cannot be pinned to it",
            right="Say it: --from OWNER/NAME@COMMIT. Or install from there: "
            f"pip install 'excursions @ git+{access.server}/OWNER/NAME@COMMIT'",
        )
    return found


def _missing_labels(access: Access, wanted: tuple[Label, ...]) -> tuple[Label, ...]:
    from bot.forge.github_api import Api
    from bot.setup.making import missing_labels

    return missing_labels(Api(access.token, access.repository, access.api), wanted)


def _make_labels(
    access: Access,
    wanted: tuple[Label, ...],
    missing: tuple[Label, ...],
    *,
    no_labels: bool,
    dry_run: bool,
) -> None:
    from bot.forge.github_api import Api
    from bot.setup.making import by_hand, make_label

    if no_labels:
        say("Make the labels yourself:")
        (give if dry_run else say)(by_hand(access.repository, wanted))
        return
    if dry_run:
        for label in missing:
            give(f"create label  {label.name}")
        return
    api = Api(access.token, access.repository, access.api)
    for label in missing:
        make_label(api, label)
    made = f"{len(missing)} labels are made" if missing else "the labels are there already"
    say(f"On {access.repository} {made}.")


def _write(top: Path, file: File, *, dry_run: bool) -> None:
    if dry_run:
        give(f"leave as it is  {file.path}" if file.text is None else f"write file  {file.path}")
        return
    if file.text is not None:
        write_atomically(top / file.path, file.text.encode())
    say(f"{file.path} {file.why}.")


def _text(path: Path) -> str | None:
    """Read a file; None if there is none.

    Raises:
        RequestError: It is no text.
    """
    try:
        return path.read_text("utf-8") if path.is_file() else None
    except UnicodeDecodeError as error:
        raise RequestError("is not UTF-8 text", where=str(path)) from error
