"""The first job: an event ─► acknowledged, authorised, decided; the runs it asks for as a matrix.

Only what the first request needs is imported with this module: somebody waits for the reaction.
"""

from __future__ import annotations

import http.client
import json
import sys
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.actions.job import Job, read_settings
from bot.command import Start, Sweep
from bot.commands import word_of
from bot.commands.parser import NAMES, Line, read_comment
from bot.errors import ExcursionError, RequestError
from bot.events import Actor, Commanded, Role
from bot.thread import DONE, ENDS, EYES, OURS, WRONG
from bot.webhook import Occasion, read_occasion

if TYPE_CHECKING:
    from bot.effects import Reply
    from bot.forge.github import GithubForge
    from bot.forge.github_api import Api, Patience
    from bot.shell import Office

_MOST_COMMANDS = 20
_FIRST_ANSWER_S = 10.0


def triage(job: Job, patience: Patience | None = None) -> None:
    """Carry out what an event asks for, up to the runs, which go into the step's outputs.

    Raises:
        ForgeError: GitHub failed. The job may be run again; it goes on where it stopped.
    """
    occasion = read_occasion(job["GITHUB_EVENT_NAME"], job.payload())
    lines, mistake = read_asked(occasion, _names(job)) if occasion else ((), None)
    if occasion is None or (not lines and mistake is None):
        _give(job, [])
        return
    first = _acknowledge(job, occasion, patience.answer_s if patience else _FIRST_ANSWER_S)
    from bot.forge.github_api import Api, Patience

    patience = patience or Patience(between_writes_s=job.between_writes_s)
    api = Api(job.token, job.repository, job.api_url, patience)
    if first is None:
        _react(api, occasion, EYES)
    try:
        end = _carry_out(job, api, occasion, lines, mistake)
        if first is not True:
            take_back(api, occasion.issue, occasion.comment, end)
    except Exception as error:  # a mistake of whoever gave the command is told by then
        _say_ours(job, api, occasion, error)
        raise


def _names(job: Job) -> tuple[str, ...]:
    """Give the names with which the bot may be addressed."""
    try:
        return (*NAMES, read_settings(job).github.bot.removesuffix("[bot]"))
    except RequestError:  # which is told once somebody asks for something
        return NAMES


def _acknowledge(job: Job, occasion: Occasion, answer_s: float) -> bool | None:
    """React at once, before PyGithub is imported.

    A reaction may be sent as often as one likes: GitHub keeps one of a kind.

    Returns:
        Whether this is the first delivery of the occasion; None if that was not answered well.
    """
    at = f"comments/{occasion.comment}" if occasion.comment else str(occasion.issue)
    asked = urllib.request.Request(  # noqa: S310  # the address is the workflow's own
        f"{job.api_url}/repos/{job.repository}/issues/{at}/reactions",
        data=json.dumps({"content": EYES}).encode(),
        headers={
            "Authorization": f"Bearer {job.token}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
            "User-Agent": "excursions",
        },
        method="POST",
    )
    try:
        with urllib.request.urlopen(asked, timeout=answer_s) as answer:  # noqa: S310
            return {201: True, 200: False}.get(answer.status)
    except (OSError, http.client.HTTPException):  # it is sent again, with patience
        return None


def _react(api: Api, occasion: Occasion, reaction: str) -> None:
    from bot.forge.github_threads import react

    react(api, occasion.issue, occasion.comment, reaction)


def read_asked(
    occasion: Occasion, names: Iterable[str] = NAMES
) -> tuple[tuple[Line, ...], RequestError | None]:
    """Read the commands that an occasion gives; with a mistake in one, none is given."""
    if occasion.is_label:
        return (Line(Start(), ""),), None
    try:
        found = read_comment(occasion.text, names, issue=occasion.issue)
    except RequestError as error:
        return (), error
    if sum(isinstance(x.command, Sweep) for x in found) > 1 or len(found) > _MOST_COMMANDS:
        many = f"a comment holds {_MOST_COMMANDS} commands at most, and one sweep"
        return (), RequestError(many, right="Use several comments.")
    return found, None


def role_of(api: Api, login: str) -> Role:
    """Ask what a person may do in the repository; nothing, where that cannot be known.

    https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
    """
    from urllib.parse import quote

    from bot.forge.github_api import RefusedError

    path = f"/collaborators/{quote(login, safe='')}/permission"
    try:
        found = api.get(path).data
    except RefusedError as error:
        if error.status == 404:
            return Role.NONE
        raise
    # An organisation may have roles of its own; these are known by what they are built upon.
    names = (found.get("role_name"), found.get("permission"))
    known = {role.name.lower(): role for role in Role}
    return next((known[name] for name in names if name in known), Role.NONE)


def _carry_out(
    job: Job,
    api: Api,
    occasion: Occasion,
    lines: tuple[Line, ...],
    mistake: RequestError | None,
) -> str:
    """Carry out what is asked for; give the reaction that it ends in, empty while runs go on."""
    from bot.actions.commission import commission
    from bot.commands.state import state_effects
    from bot.conversation import Heard, answer_effects, carry_out

    actor = Actor(occasion.who, role_of(api, occasion.who))
    heard = Heard(occasion.issue, occasion.comment, actor, lines, mistake)
    forge, office = _open(job, api, occasion, lines)
    elements: list[dict[str, Any]] = []
    later: list[Any] = []
    state = ""

    def one(event: Commanded, reply: Callable[[Reply], None]) -> None:
        nonlocal state
        found = commission(
            replace(office, reply=reply), forge, event, before=elements, workflow=job.workflow
        )
        elements.extend(found.elements)
        later.extend(found.later)
        state = found.state or state

    carried = carry_out(
        heard,
        one,
        thread=lambda: forge.thread(occasion.issue),
        config=office.config,
        now=office.clock(),
    )
    _give(job, elements)
    if state:  # of the welcome as the commands have left it
        later += state_effects(forge.thread(occasion.issue), state)
    if carried.mistake is not None:
        sys.stderr.write(f"excursion: {carried.mistake}\n")
    thread = forge.thread(occasion.issue)
    answer = answer_effects(heard, carried, thread, office.config, office.clock())
    office.apply(occasion.issue, (*later, *answer))
    end = WRONG if carried.mistake else "" if elements or occasion.is_label else DONE
    if end:
        _react(api, occasion, end)
    return end


def _open(
    job: Job, api: Api, occasion: Occasion, lines: Iterable[Line]
) -> tuple[GithubForge, Office]:
    """Give the forge and what is worked with."""
    from bot.actions.office import open_forge, open_office

    words = frozenset(word_of(line.command) for line in lines)
    forge = open_forge(job, api, occasion, words)
    return forge, open_office(job, forge, occasion.moment)


def _give(job: Job, elements: list[dict[str, Any]]) -> None:
    from bot.actions.matrix import write_matrix

    job.output(matrix=write_matrix(elements), count=str(len(elements)))


def take_back(api: Api, issue: int, comment: int, end: str) -> None:
    """Take back how an earlier delivery ended, where this one ends differently."""
    from contextlib import suppress

    from bot.forge.github_api import GoneError

    at = f"/issues/comments/{comment}" if comment else f"/issues/{issue}"
    with suppress(GoneError):  # of a comment that was deleted there is nothing to take back
        for reaction in list(api.pages(f"{at}/reactions")):
            ours = (reaction.get("user") or {}).get("login", "").endswith("[bot]")
            if ours and reaction["content"] in ENDS and reaction["content"] != end:
                api.write("DELETE", f"{at}/reactions/{reaction['id']}", allowed=(404,))


def _say_ours(job: Job, api: Api, occasion: Occasion, error: Exception) -> None:
    """Say that it is our fault, and where the job's log is, if that can still be said."""
    from bot.actions.office import open_bare_forge
    from bot.conversation import trouble_effects
    from bot.effects import apply
    from bot.forge.template_sources import UnfetchedError

    # The repository's own configuration is something that people can do something about.
    what = str(error) if isinstance(error, RequestError | UnfetchedError) else ""
    try:
        _react(api, occasion, OURS)
        forge = open_bare_forge(job, api, occasion)
        apply(trouble_effects(occasion.issue, occasion.comment, what, job.log), forge)
    except ExcursionError as another:
        sys.stderr.write(f"excursion: nor could that be said in the thread: {another}\n")
