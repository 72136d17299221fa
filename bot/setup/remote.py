"""A repository's remotes and the environment ─► its name on GitHub, and what to ask GitHub with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bot.forge.git import Git

TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
_USUAL_SERVER = "https://github.com"
_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_LIKE_SCP = re.compile(r"(?:[^/@]+@)?(?P<host>[^/:@]+):(?P<path>[^/].*)")


@dataclass(frozen=True)
class Access:
    """What is known of the repository on GitHub, and of the right to ask about it.

    Attributes:
        repository: Its name, `owner/name`; empty if no remote is on the server.
        token: What to ask with; empty if the environment has none.
        server: Address of the pages.
        api: Address of the REST API.
    """

    repository: str
    token: str = field(repr=False)
    server: str
    api: str

    @property
    def missing(self) -> str:
        """Say what is missing to ask GitHub, and what to do; empty if nothing is."""
        if not self.repository:
            return (
                f"No remote of this repository is on {self.server}. "
                f"Make the repository there, then: git remote add origin {self.server}/OWNER/NAME"
            )
        if not self.token:
            return (
                f"There is no token to ask {self.server} with. "
                "Set GITHUB_TOKEN, for example to what `gh auth token` prints"
            )
        return ""


def find_access(git: Git, environment: Mapping[str, str]) -> Access:
    """Look for the repository's name and a token.

    The token is meant for one server, so only a remote on that server counts: the one that
    GITHUB_SERVER_URL names, as in GitHub's own jobs, or else github.com.
    """
    server = environment.get("GITHUB_SERVER_URL", "").rstrip("/") or _USUAL_SERVER
    usual_api = "https://api.github.com" if server == _USUAL_SERVER else f"{server}/api/v3"
    api = environment.get("GITHUB_API_URL", "").rstrip("/") or usual_api
    token = next((environment[name] for name in TOKENS if environment.get(name)), "")
    found = [read_remote(url, server) for url in _remotes(git)]
    repository = next(filter(None, found), "")
    return Access(repository, token, server, api)


def read_remote(url: str, server: str) -> str:
    """Read `owner/name` from the address of a remote; empty if it is not on the server."""
    url = url.removeprefix("git+")
    wanted = urlsplit(server).netloc.lower()
    if "://" in url:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2].lower()
        host = host.partition(":")[0] if parts.scheme == "ssh" else host
        path = parts.path
        wanted = wanted.partition(":")[0] if parts.scheme == "ssh" else wanted
    elif match := _LIKE_SCP.fullmatch(url):
        host, path, wanted = match["host"].lower(), match["path"], wanted.partition(":")[0]
    else:
        return ""
    name = path.strip("/").removesuffix(".git")
    return name if host == wanted and _NAME.fullmatch(name) else ""


def _remotes(git: Git) -> list[str]:
    """List the addresses of all remotes, `origin` first."""
    done = git.run("config", "--get-regexp", r"^remote\..*\.url$", allowed=(0, 1))
    lines = done.stdout.decode(errors="replace").splitlines()
    pairs = [line.partition(" ")[::2] for line in lines]
    pairs.sort(key=lambda pair: pair[0] != "remote.origin.url")
    return [url for _, url in pairs]
