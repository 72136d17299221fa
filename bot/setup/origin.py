"""How this project was installed ─► the repository and the commit that a workflow is pinned to."""

from __future__ import annotations

import importlib.metadata
import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bot.errors import RequestError
from bot.forge.git import Git
from bot.setup.remote import read_remote

WORKFLOW = ".github/workflows/excursion.yml"
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_WRITTEN = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]+)")
_USES = re.compile(
    r"uses:\s*[\"']?(?P<repository>[\w.-]+/[\w.-]+)/\.github/workflows/excursion\.yml"
    r"@(?P<commit>[^\s\"'#]+)"
)


@dataclass(frozen=True)
class Origin:
    """Where the reusable workflow is, for `uses:`."""

    repository: str  # owner/name
    commit: str  # in full
    version: str = ""

    @property
    def uses(self) -> str:
        """Write it as a job names it, with the version as a comment."""
        comment = f" # v{self.version}" if self.version else ""
        return f"{self.repository}/{WORKFLOW}@{self.commit}{comment}"


def read_origin(text: str) -> Origin:
    """Read `OWNER/NAME@COMMIT` as a person writes it.

    Raises:
        RequestError: It names no repository, or no full commit.
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None or not _COMMIT.fullmatch(match["commit"]):
        raise RequestError(
            f"{text!r} names no commit of a repository",
            where="--from",
            right="Write OWNER/NAME@COMMIT, with all 40 digits of the commit: tags can be moved.",
        )
    return Origin(match["repository"], match["commit"])


def pinned_origin(workflow: str) -> Origin | None:
    """Find what a workflow's text calls; None if it calls no workflow of ours elsewhere."""
    match = _USES.search(workflow)
    return Origin(match["repository"], match["commit"]) if match else None


def is_commit(ref: str) -> bool:
    """Say whether a ref is a full commit, which nobody can move."""
    return _COMMIT.fullmatch(ref) is not None


def installed_origin(server: str) -> Origin | None:
    """Find where the running installation came from; None if that is on no such server.

    pip remembers the address of what was not taken from an index (PEP 610): a repository with the
    very commit, or a folder, which may be a clone.
    """
    try:
        distribution = importlib.metadata.distribution("excursions")
        url = json.loads(distribution.read_text("direct_url.json") or "{}")
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return _origin_of_clone(Path(__file__).parents[2], "", server)
    commit = url.get("vcs_info", {}).get("commit_id", "")
    repository = read_remote(url.get("url", ""), server)
    if repository and _COMMIT.fullmatch(commit):
        return Origin(repository, commit, distribution.version)
    if url.get("url", "").startswith("file:"):
        folder = Path(unquote(urlsplit(url["url"]).path))
        return _origin_of_clone(folder, distribution.version, server)
    return None


def _origin_of_clone(folder: Path, version: str, server: str) -> Origin | None:
    if not (folder / ".git").exists():
        return None
    git = Git(folder)
    remote = git.run("config", "--get", "remote.origin.url", allowed=(0, 1, 128))
    repository = read_remote(remote.stdout.decode(errors="replace").strip(), server)
    commit = git.commit_of("HEAD")
    return Origin(repository, commit, version) if repository and commit else None
