"""The store of attachments: what `gh --attach` uploads to, which GitHub describes nowhere.

Made after https://github.com/cli/cli/issues/14495 and https://github.com/cli/cli/issues/14309, and
strict where they are silent. A real one gives a UUID by chance; this gives the same for the same
content, so that two worlds can be compared.
"""

from __future__ import annotations

import hashlib
import uuid

from rigs.github.exchange import GitHubError, Reply, Request, answer
from rigs.github.people import Need
from rigs.github.world import World

PATH = "/user-attachments/assets"
_KINDS = {"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif"}
_BYTES = "application/octet-stream"
_MAY = Need(("contents",), "write", "write")


def upload(world: World, request: Request) -> Reply:
    """Keep a file, and say where it lies.

    Raises:
        GitHubError: It is not asked as `gh` does, or by somebody who may not.
    """
    who, asked = request.who, request.query
    if world.store_moved_to:
        return Reply(307, b"", {"Location": world.store_moved_to})
    if request.method != "POST" or request.headers.get("content-type") != _BYTES:
        raise GitHubError(400, "Invalid request")
    if who is None:
        raise GitHubError(401, "Requires authentication")
    known = str(world.ask("GET", f"/repos/{world.full_name}", None).json()["id"])
    # Whatever it may: the token of a job, or of any other installation of an app, is not taken.
    if who.grants is not None or not who.may(_MAY) or asked.get("repository_id") != known:
        raise GitHubError(404, "Not Found")
    ending = _KINDS.get(asked.get("content_type", ""))
    if ending is None or not asked.get("name", "").endswith(ending) or not request.body:
        raise GitHubError(422, "Validation Failed: name does not agree with content_type")
    world.attachments.append(request.body)
    number = uuid.UUID(hashlib.sha256(request.body).hexdigest()[:32])
    where = world.attached_at or f"{world.origin}{PATH}"
    return answer(201, {"url": f"{where}/{number}"})
