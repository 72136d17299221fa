"""What can go wrong with a request, each as GitHub or the network does it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rigs.github.exchange import GitHubError, Reply, answer, refusal


class Fault(StrEnum):
    """What happens to a request.

    With those that say so the server does as it was asked first: the client cannot know.
    """

    BAD_GATEWAY_AFTER = "502 after acting"
    RESET_AFTER = "connection reset after acting"
    RESET_BEFORE = "connection reset before acting"
    TIMEOUT_AFTER = "no answer after acting"
    TIMEOUT_BEFORE = "no answer, nothing done"
    SECONDARY = "403 secondary rate limit"
    SECONDARY_RETRY_AFTER = "403 secondary rate limit, Retry-After"
    TOO_MANY = "429"
    TOO_MANY_RETRY_AFTER = "429, Retry-After"
    NOT_FOUND = "404"
    CONFLICT = "409"
    UNPROCESSABLE = "422"

    @property
    def acts(self) -> bool:
        """Whether the server does as it was asked."""
        return self.value.endswith("after acting")

    @property
    def resets(self) -> bool:
        """Whether the connection breaks."""
        return self.value.startswith("connection reset")

    @property
    def hangs(self) -> bool:
        """Whether there is never an answer."""
        return self.value.startswith("no answer")


@dataclass(frozen=True)
class Planned:
    """A fault that waits for its request.

    Attributes:
        at: The number of the request, from 1.
        times: How many requests in a row.
        retry_after: Seconds that `Retry-After` says.
        path: Where only requests to it count.
    """

    kind: Fault
    at: int
    times: int
    retry_after: int
    path: str = ""


# https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
_SLOWLY = {
    "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you "
    "try again.",
    "documentation_url": "https://docs.github.com/free-pro-team@latest/rest/overview/"
    "rate-limits-for-the-rest-api#about-secondary-rate-limits",
}
_SAID = {
    Fault.NOT_FOUND: GitHubError(404, "Not Found"),
    Fault.CONFLICT: GitHubError(409, "Conflict"),
    Fault.UNPROCESSABLE: GitHubError(422, "Validation Failed"),
}


def reply(planned: Planned) -> Reply:
    """Make the reply that a client gets; only for faults with a reply."""
    kind = planned.kind
    if kind in _SAID:
        return refusal(_SAID[kind])
    if kind is Fault.BAD_GATEWAY_AFTER:
        return Reply(502, b"<html><h1>502 Bad Gateway</h1></html>", {"Content-Type": "text/html"})
    status = 429 if kind in (Fault.TOO_MANY, Fault.TOO_MANY_RETRY_AFTER) else 403
    wants = kind in (Fault.SECONDARY_RETRY_AFTER, Fault.TOO_MANY_RETRY_AFTER)
    headers = {"Retry-After": str(planned.retry_after)} if wants else {}
    return answer(status, _SLOWLY, **headers)
