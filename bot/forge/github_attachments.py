"""A picture ─► its address among GitHub's attachments, uploaded with a person's token.

GitHub documents attachments for its pages only
(https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting/attaching-files)
and not this request. `gh --attach` makes it since 2.99, and what is known of it comes from public
threads: https://github.com/cli/cli/issues/13256, https://github.com/cli/cli/issues/14495,
https://github.com/cli/cli/issues/14309, https://github.com/drogers0/gh-image/issues/48. It takes a
person's token that may push; a job's own token is answered 404. GitHub may change it at any time.

Nothing tells afterwards whether an upload of which no answer came has happened, so none is tried
twice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from bot.errors import ForgeError
from bot.forge.attached import is_attachment
from bot.forge.github_api import Patience

TOKEN = "EXCURSIONS_ATTACHMENTS_TOKEN"  # noqa: S105  # the variable's name
_PATH = "/user-attachments/assets"
_KIND = "image/png"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_OF_THE_PICTURE = frozenset((400, 413, 415, 422))  # statuses that say nothing of the next one


class NotAttachedError(ForgeError):
    """A picture could not be attached.

    Args:
        what: Why, in words for the entry.
        lasting: Whether the next picture would be refused as well.
    """

    def __init__(self, what: str, *, lasting: bool = True) -> None:
        super().__init__(what)
        self.lasting = lasting


@dataclass
class Attachments:
    """GitHub's store of attachments, for one repository.

    Attributes:
        server_url: Whose attachments they are, such as `https://github.com`.
        uploads_url: Where they are uploaded to, as `uploads_url` gives it.
        repository_id: The repository's number; who may read it may see the attachments.
        token: A person's; it is sent to `uploads_url` alone.
        patience: How long an answer may take, and the time between two uploads.
    """

    server_url: str
    uploads_url: str
    repository_id: int
    token: str = field(repr=False)
    patience: Patience = field(default_factory=Patience)
    _last: float | None = None

    def upload(self, name: str, png: bytes) -> str:
        """Upload a picture; give the address that shows it.

        Args:
            name: Of a file; ends in `.png`, since GitHub holds it against the kind.
            png: Its content.

        Raises:
            NotAttachedError: GitHub refused it, could not be reached, or answered nonsense.
        """
        self._pause()
        asked = {"name": name, "content_type": _KIND, "repository_id": str(self.repository_id)}
        headers = {
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/octet-stream",
            "User-Agent": "excursions",
        }
        try:
            answer = requests.post(
                f"{self.uploads_url}{_PATH}",
                params=asked,
                data=png,
                headers=headers,
                auth=_Token(self.token),
                timeout=self.patience.answer_s,
                allow_redirects=False,  # the token is for this place alone
            )
        except requests.Timeout as error:
            raise NotAttachedError("GitHub did not answer in time") from error
        except requests.RequestException as error:
            raise NotAttachedError(
                f"GitHub could not be reached ({type(error).__name__})"
            ) from error
        if answer.status_code != 201:
            raise _refusal(answer)
        url = _document(answer).get("url")
        if not isinstance(url, str) or not is_attachment(url, self.server_url):
            raise NotAttachedError(
                f"GitHub gave an address that is not on {self.server_url}, which is not used"
            )
        return url

    def _pause(self) -> None:
        """Keep the distance between writes that GitHub asks for."""
        now = self.patience.clock()
        early = 0.0 if self._last is None else self._last + self.patience.between_writes_s - now
        if early > 0:
            self.patience.sleep(early)
        self._last = max(now, self.patience.clock())


class _Token(AuthBase):
    """The header with the token; given so, no `.netrc` of the machine can put another there."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"token {self._token}"
        return request


def uploads_url(server_url: str, stand_in: str = "") -> str:
    """Say where a server takes attachments.

    Args:
        server_url: Such as `https://github.com`, or `https://team.ghe.com`.
        stand_in: Another place, for tests; only on this machine.

    Raises:
        NotAttachedError: It takes none that we know of.
    """
    if stand_in:
        if urlsplit(stand_in).hostname not in _LOOPBACK:
            raise NotAttachedError("a stand-in for GitHub's attachments must be on this machine")
        return stand_in.rstrip("/")
    server = urlsplit(server_url)
    host = server.hostname or ""
    if server.scheme == "https" and (host == "github.com" or host.endswith(".ghe.com")):
        return f"https://uploads.{host}"
    raise NotAttachedError(
        f"{host or 'this server'} takes no attachments from programs: GitHub Enterprise Server "
        'has no such request, so images = "refs" or "branch" is for it'
    )


def _refusal(answer: requests.Response) -> NotAttachedError:
    """Say in plain words what GitHub's status means."""
    status = answer.status_code
    meaning = {
        401: f"GitHub does not know the token in {TOKEN}: it has expired, or was revoked",
        403: f"the token in {TOKEN} may not be used for this repository, or was used too often",
        404: f"GitHub answered 404: the token in {TOKEN} must be a person's who may push here, "
        "and no job's or app's",
        429: "GitHub was asked too often",
    }
    if status in meaning:
        return NotAttachedError(meaning[status])
    said = str(_document(answer).get("message", ""))[:200]
    what = f"GitHub answered {status}{f': {said}' if said else ''}"
    return NotAttachedError(what, lasting=status not in _OF_THE_PICTURE)


def _document(answer: requests.Response) -> dict[str, Any]:
    try:
        found = json.loads(answer.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
