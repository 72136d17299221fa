"""An entry's pictures ─► their addresses among GitHub's attachments, and why some have none.

What the entry remembers is not uploaded again. A failure is told in the entry, never hidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.actions.job import Job
from bot.forge.attached import read_attached
from bot.forge.github_api import Patience
from bot.forge.github_attachments import TOKEN, Attachments, NotAttachedError, uploads_url
from bot.log.redact import Redactor, Secrets


@dataclass(frozen=True)
class Picture:
    """A picture that an entry shows."""

    file: str  # its name, which ends in .png
    sha256: str
    content: bytes = field(repr=False)


class Attaching:
    """Attaches the pictures of one job's entries, each once.

    Args:
        job: The step, which has the token.
        patience: How long an answer may take.
    """

    def __init__(self, job: Job, patience: Patience) -> None:
        self._server = job.server_url
        self._redactor = Redactor(Secrets.of(job.environment))
        self._known: dict[str, str] = {}  # SHA-256 ─► address
        self._attachments: Attachments | None = None
        self._refused = ""  # why nothing more is tried
        try:
            self._attachments = _open(job, patience)
        except NotAttachedError as error:
            self._refused = error.what

    def attach(
        self, pictures: Sequence[Picture], memory: Mapping[str, Any] | None
    ) -> tuple[dict[str, str], str]:
        """Attach the pictures of an entry.

        Args:
            pictures: All that it shows.
            memory: What the marker of the entry remembers, if it is there already.

        Returns:
            SHA-256 ─► address, of those that are attached; and what is to be said of the others,
            empty where there are none.
        """
        digests = [picture.sha256 for picture in pictures]
        self._known |= read_attached(memory, digests, self._server)
        reasons: dict[str, None] = {}
        for picture in pictures:
            if picture.sha256 not in self._known:
                reasons |= dict.fromkeys(filter(None, [self._upload(picture)]))
        found = {digest: self._known[digest] for digest in digests if digest in self._known}
        lacking = sum(digest not in found for digest in digests)
        if not lacking:
            return found, ""
        why = self._redactor.text("; ".join(reasons))
        few = f"{lacking} of {len(pictures)} pictures" if len(pictures) > 1 else "The picture"
        return found, (
            f"{few} could not be attached: {why}. Shown instead by the address of the files that "
            "were pushed, which not every reader may be able to open."
        )

    def _upload(self, picture: Picture) -> str:
        """Upload a picture; say why not, if it cannot be done."""
        if self._attachments is None or self._refused:
            return self._refused
        try:
            self._known[picture.sha256] = self._attachments.upload(picture.file, picture.content)
        except NotAttachedError as error:
            if error.lasting:
                self._refused = error.what
            return error.what
        return ""


def _open(job: Job, patience: Patience) -> Attachments:
    where = uploads_url(job.server_url, job.environment.get("EXCURSIONS_UPLOADS_URL", ""))
    token = job.environment.get(TOKEN, "").strip()
    if not token:
        raise NotAttachedError(
            f'images = "attachments" needs a person\'s token, and {TOKEN} is empty (docs/github.md)'
        )
    number = job.environment.get("GITHUB_REPOSITORY_ID", "")
    if not number.isdigit():
        raise NotAttachedError("GITHUB_REPOSITORY_ID does not say the repository's number")
    return Attachments(job.server_url, where, int(number), token, patience)
