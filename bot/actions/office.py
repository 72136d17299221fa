"""A job and its event ─► the forge, and what decisions need, in a trusted checkout."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.actions.job import Job, read_settings, workspace
from bot.budget import WEEK
from bot.commands import COMMANDS
from bot.config import Config
from bot.errors import RequestError
from bot.excursion import Kind, branch_name, folder_name
from bot.excursion_file import FILE_NAME as EXCURSION_FILE
from bot.excursion_file import NOTEBOOK
from bot.forge.github import GithubForge
from bot.forge.github_api import Api
from bot.forge.github_remote import Remote
from bot.forge.template_sources import fetched, template_cache
from bot.shell import Office
from bot.surroundings import Surroundings
from bot.template import built_in_templates
from bot.webhook import Occasion

_IN_FOLDER = ("README.md", EXCURSION_FILE, NOTEBOOK)


def open_remote(job: Job, api: Api) -> Remote:
    """Give the repository for git, through a folder of this job's own."""
    parent = job.environment.get("RUNNER_TEMP") or None
    folder = Path(tempfile.mkdtemp(prefix="excursions-git-", dir=parent))
    return Remote(job.server_url, job.repository, job.token, folder, api.patience)


def open_forge(job: Job, api: Api, occasion: Occasion, words: frozenset[str]) -> GithubForge:
    """Open the forge for an occasion whose commands are these."""
    config = read_settings(job)
    now = datetime.fromisoformat(occasion.moment).astimezone(UTC)
    since = (now - WEEK - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    spent = any(word == "status" or COMMANDS[word].executes for word in words)
    spends = config.budget.is_set and spent
    return GithubForge(
        api,
        occasion.issue,
        bot=config.github.bot,
        remote=open_remote(job, api),
        moment=occasion.moment,
        expected=_expected(config, occasion, words),
        spent_since=since if spends else "",
    )


def open_bare_forge(job: Job, api: Api, occasion: Occasion) -> GithubForge:
    """Open the forge to say something, whatever is wrong with the configuration."""
    try:
        bot = read_settings(job).github.bot
    except RequestError:
        bot = Config().github.bot
    remote = open_remote(job, api)
    return GithubForge(api, occasion.issue, bot=bot, remote=remote, moment=occasion.moment)


def open_office(
    job: Job, forge: GithubForge, moment: str, surroundings: Surroundings | None = None
) -> Office:
    """Give what decisions need; the clock stands at the moment of what they are about."""
    now = datetime.fromisoformat(moment).astimezone(UTC)
    config, top = read_settings(job), workspace(job)
    return Office(
        forge=forge,
        config=config,
        template_roots=(top / "templates", built_in_templates()),
        fetch_templates=lambda: fetched(config.templates, template_cache(top)),
        clock=lambda: now,
        surroundings=surroundings or Surroundings(page=job.page),
    )


def _expected(config: Config, occasion: Occasion, words: frozenset[str]) -> Iterable[str]:
    """Name what the decision will probably look at; wrong guesses cost one request more."""
    base = f"refs/heads/{config.default_branch}"
    yield base
    yield f"{base}^{{tree}}"
    branch = branch_name(occasion.issue, occasion.title)
    ref = f"refs/heads/{branch}"
    yield ref
    if words - {"start"}:
        for kind in Kind:
            folder = folder_name(config.root, kind, branch)
            yield from (f"{ref}:{folder}/{name}" for name in _IN_FOLDER)


def expected_of_runs(config: Config, folder: str) -> Iterable[str]:
    """Name what telling of runs will look at, given the excursion's folder."""
    yield f"refs/heads/{config.default_branch}"
    ref = f"refs/heads/{folder.rpartition('/')[2]}"
    yield ref
    yield from (f"{ref}:{folder}/{name}" for name in _IN_FOLDER)
