"""Git over HTTP, and the pages that show a file, on the bare repository.

`git http-backend` does the work. Tokens come as github.com takes them: HTTP Basic, any name.
"""

from __future__ import annotations

import os
import subprocess
from urllib.parse import unquote

from rigs.github.exchange import GitHubError, Reply, Request
from rigs.github.people import Need
from rigs.github.world import World

_PUSHES = Need(("contents",), "write", "write")
_FETCHES = Need(("contents",), "read", "read")


def serve(world: World, request: Request) -> Reply:
    """Answer a request below `/O/R.git` or `/O/R` that git made."""
    service = "git-receive-pack"
    pushes = request.path.endswith(service) or request.query.get("service") == service
    if request.who is None and (pushes or world.private):
        return Reply(401, b"", {"WWW-Authenticate": 'Basic realm="GitHub"'})
    if request.who is not None and not request.who.may(_PUSHES if pushes else _FETCHES):
        where = f"{world.full_name}.git denied to {request.who.login}"
        return Reply(403, f"remote: Permission to {where}.\n".encode())
    inside = request.path.removeprefix(f"/{world.full_name}").removeprefix(".git")
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(world.bare.path),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": inside,
        "QUERY_STRING": request.raw_query,
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_USER": request.who.login if request.who else "anonymous",
    }
    if request.who is not None and request.who.grants is not None:
        environment["PUSHED_BY_JOB"] = "1"
    done = subprocess.run(
        ["git", "http-backend"],
        input=request.body,
        env=environment,
        capture_output=True,
        check=True,
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
    status = int(headers.pop("Status", "200").split()[0])
    return Reply(status, body, headers)


def is_git(world: World, request: Request) -> bool:
    """Tell whether git itself asks."""
    names = ("/info/refs", "/git-upload-pack", "/git-receive-pack")
    return request.path.endswith(names) and request.path.startswith(f"/{world.full_name}")


def show_file(world: World, request: Request) -> Reply:
    """Answer `/O/R/raw/<ref>/<path>` and `/O/R/blob/<ref>/<path>?raw=true`.

    Any commit that a ref reaches is served, hidden refs too; in a private repository only to those
    who may read it.
    """
    if world.private and (request.who is None or not request.who.may(_FETCHES)):
        raise GitHubError(404, "Not Found")
    rest = unquote(request.path).removeprefix(f"/{world.full_name}/")
    page, _, place = rest.partition("/")
    ref, _, path = place.partition("/")
    if page == "blob" and request.query.get("raw") != "true":
        raise GitHubError(501, "the rig shows no pages")
    sha = world.bare.resolve(ref)
    if sha is None or not world.bare.git("for-each-ref", f"--contains={sha}"):
        raise GitHubError(404, "Not Found")
    found = world.bare.tree(sha, path)
    if not found or found[0].kind != "blob":
        raise GitHubError(404, "Not Found")
    data = world.bare.blob(found[0].sha)
    kind = "image/png" if path.endswith(".png") else "application/octet-stream"
    return Reply(200, data, {"Content-Type": kind})
