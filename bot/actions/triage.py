"""The first job: an event ─► acknowledged, authorised, decided; the runs it asks for as a matrix.

Only what the first request needs is imported with this module: somebody waits for the reaction.
"""

from __future__ import annotations

import http.client
import json
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.actions.job import Job
from bot.command import Asked as Given
from bot.command import Command, Start, Sweep
from bot.commands import word_of
from bot.commands.parser import parse_comment
from bot.errors import ExcursionError, RequestError
from bot.events import Actor, Commanded, Role
from bot.webhook import Occasion, read_occasion

if TYPE_CHECKING:
    from bot.effects import Reply
    from bot.forge.github import GithubForge
    from bot.forge.github_api import Api, Patience
    from bot.shell import Office

_MOST_COMMANDS = 20
_FIRST_ANSWER_S = 10.0
EYES, DONE, WRONG, OURS = "eyes", "rocket", "-1", "confused"


@dataclass(frozen=True)
class Asked:
    """What an occasion asks for.

    Attributes:
        commands: In their order.
        mistake: What is wrong with them, if anything: then none is carried out.
    """

    commands: tuple[Command, ...]
    mistake: RequestError | None = None


def triage(job: Job, patience: Patience | None = None) -> None:
    """Carry out what an event asks for, up to the runs, which go into the step's outputs.

    Raises:
        ForgeError: GitHub failed. The job may be run again; it goes on where it stopped.
    """
    occasion = read_occasion(job["GITHUB_EVENT_NAME"], job.payload())
    asked = read_asked(occasion) if occasion else Asked(())
    if occasion is None or (not asked.commands and asked.mistake is None):
        _give(job, [])
        return
    first = _acknowledge(job, occasion, patience.answer_s if patience else _FIRST_ANSWER_S)
    from bot.forge.github_api import Api, Patience

    patience = patience or Patience(between_writes_s=job.between_writes_s)
    api = Api(job.token, job.repository, job.api_url, patience)
    if first is None:
        _react(api, occasion, EYES)
    try:
        _carry_out(job, api, occasion, asked)
        if first is not True:
            _take_back(api, occasion)
    except Exception:  # a mistake of whoever gave the command is told by then
        _say_ours(api, occasion)
        raise


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


def read_asked(occasion: Occasion) -> Asked:
    """Read the commands that an occasion gives."""
    if occasion.is_label:
        return Asked((Start(),))
    try:
        found = parse_comment(occasion.text)
    except RequestError as error:
        return Asked((), error)
    if sum(isinstance(each, Sweep) for each in found) > 1 or len(found) > _MOST_COMMANDS:
        many = f"a comment holds {_MOST_COMMANDS} commands at most, and one sweep"
        return Asked((), RequestError(many, right="Use several comments."))
    return Asked(found)


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


def _carry_out(job: Job, api: Api, occasion: Occasion, asked: Asked) -> None:
    from bot.actions.commission import commission
    from bot.conversation import reply_effects
    from bot.handle import authorise

    role = role_of(api, occasion.who)
    actor = Actor(occasion.who, role)
    said: list[Reply] = []
    forge, office = _open(job, api, occasion, asked, said)
    elements: list[dict[str, Any]] = []
    later: list[Any] = []
    mistake = asked.mistake
    for index, command in enumerate(asked.commands):
        event = Commanded(actor, occasion.issue, command, Given(occasion.comment, index))
        try:
            authorise(event)
            found = commission(office(), forge(), event, before=elements)
        except RequestError as error:
            mistake = error
            break
        elements += found.elements
        later += found.later
    _give(job, elements)
    if later:
        office().apply(occasion.issue, tuple(later))
    if mistake is not None:
        sys.stderr.write(f"excursion: {mistake}\n")
    if role >= Role.READ and (said or mistake):  # those who may at least read what we say
        answers = reply_effects(occasion.issue, occasion.comment, occasion.who, said, mistake)
        office().apply(occasion.issue, answers)
    if mistake is not None:
        _react(api, occasion, WRONG)
    elif not elements and not occasion.is_label:
        _react(api, occasion, DONE)


def _open(
    job: Job, api: Api, occasion: Occasion, asked: Asked, said: list[Reply]
) -> tuple[Callable[[], GithubForge], Callable[[], Office]]:
    """Give the forge and what is worked with, both made when they are first needed."""
    from dataclasses import replace
    from functools import cache

    from bot.actions.office import open_forge, open_office

    @cache
    def office() -> Office:
        return replace(open_office(job, forge(), occasion.moment), reply=said.append)

    @cache
    def forge() -> GithubForge:
        words = frozenset(word_of(command) for command in asked.commands)
        return open_forge(job, api, occasion, words)

    return forge, office


def _give(job: Job, elements: list[dict[str, Any]]) -> None:
    from bot.actions.matrix import write_matrix

    job.output(matrix=write_matrix(elements), count=str(len(elements)))


def _take_back(api: Api, occasion: Occasion) -> None:
    """Take back that it was our fault, if an earlier delivery had to say so."""
    at = f"/issues/comments/{occasion.comment}" if occasion.comment else f"/issues/{occasion.issue}"
    for reaction in api.get(f"{at}/reactions", content=OURS).data:
        if (reaction.get("user") or {}).get("login", "").endswith("[bot]"):
            api.write("DELETE", f"{at}/reactions/{reaction['id']}", allowed=(404,))


def _say_ours(api: Api, occasion: Occasion) -> None:
    """Say that it is our fault, if that can still be said."""
    try:
        _react(api, occasion, OURS)
    except ExcursionError as error:
        sys.stderr.write(f"excursion: nor could that be said in the thread: {error}\n")
