"""Many files of a repository on GitHub at once: fetched and pushed by git, through a bare folder.

The token goes to git in the environment, never in an argument or an address, where others on the
machine, and logs, would see it.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from bot.errors import ForgeError
from bot.forge.git import NO_COMMIT, Git
from bot.forge.git_batch import NewCommit, object_ids, tree_files, write_commits
from bot.forge.github_api import Patience

_TRIES = 4
_FIRST_PAUSE_S = 2.0
_SLOWER = 4  # than other requests, git's may be
_IDENTITY = "github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>"


@dataclass
class Remote:
    """A repository on GitHub as git speaks to it."""

    server_url: str
    repository: str  # owner/name
    token: str = field(repr=False)
    folder: Path  # ours alone; made when it is needed
    patience: Patience = field(default_factory=Patience)
    known_blobs: set[str] = field(default_factory=set)  # that GitHub has, and so have we
    pushes: int = 0

    @property
    def url(self) -> str:
        """Where git finds it."""
        return f"{self.server_url}/{self.repository}.git"

    @cached_property
    def git(self) -> Git:
        """The bare folder, made where it is missing."""
        git = Git(self.folder)
        if not (self.folder / "HEAD").exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            git.run("init", "--quiet", "--bare", ".")
        return git

    def refs(self, prefix: str) -> dict[str, str]:
        """List the refs on GitHub below a prefix that ends in `/`, with their commits."""
        out = self._speak("ls-remote", self.url, f"{prefix}*").decode()
        return {ref: sha for sha, _, ref in (line.partition("\t") for line in out.splitlines())}

    def fetch(self, names: Iterable[str], *, contents: bool) -> None:
        """Fetch refs or commits, without their history.

        Args:
            names: Full names of refs, which are kept under the same names; or commits.
            contents: Whether their files are wanted; otherwise git may leave them out.
        """
        wanted = [f"+{name}:{name}" if name.startswith("refs/") else name for name in names]
        few = [] if contents else ["--filter=blob:none"]
        if wanted:
            self._speak("fetch", "--quiet", "--no-tags", "--depth=1", *few, self.url, *wanted)

    def files(self, commit: str) -> dict[str, bytes]:
        """Read all files of a commit that was fetched with them."""
        found = tree_files(self.git, commit)
        listed = self.git.text("ls-tree", "-r", commit)
        self.known_blobs |= {line.split()[2] for line in listed.splitlines()}
        return found

    def has(self, names: Sequence[str]) -> list[str | None]:
        """Resolve objects that are here; None for those that are not."""
        return object_ids(self.git, list(names))

    def commit(self, commits: Sequence[NewCommit], moment: str) -> list[str]:
        """Write commits, which are the same whenever they are written again.

        Args:
            commits: Their parents are here.
            moment: When they are said to be made; ISO 8601, UTC.
        """
        seconds = int(datetime.fromisoformat(moment).timestamp())
        return write_commits(self.git, commits, f"{_IDENTITY} {seconds} +0000")

    def push(self, moves: Mapping[str, tuple[str, str]]) -> bool:
        """Move refs on GitHub, given as ref ─► (new, old), all or none, in one push.

        An old value of `NO_COMMIT` creates the ref. What stands there already is done.

        Returns:
            False if a ref stood elsewhere.

        Raises:
            ForgeError: GitHub cannot be reached, or does not let us.
        """
        if not moves:
            return True
        leases = [f"--force-with-lease={ref}:{old}" for ref, (_, old) in moves.items()]
        specs = [f"{new}:{ref}" for ref, (new, _) in moves.items()]
        trouble = ForgeError("nothing was pushed")
        for attempt in range(_TRIES):
            if attempt:
                self.patience.sleep(_FIRST_PAUSE_S * 2 ** (attempt - 1))
            try:
                self.pushes += 1
                self._once("push", "--quiet", "--atomic", *leases, self.url, *specs)
            except ForgeError as error:
                trouble = error
            else:
                return True
            stand = self._stand(moves)
            if all(stand.get(ref) == new for ref, (new, _) in moves.items()):
                return True
            if any(stand.get(ref, NO_COMMIT) != old for ref, (_, old) in moves.items()):
                return False
        raise trouble

    def _stand(self, refs: Iterable[str]) -> dict[str, str]:
        """Say where refs stand on GitHub now."""
        found: dict[str, str] = {}
        for prefix in sorted({f"{ref.rpartition('/')[0]}/" for ref in refs}):
            found |= self.refs(prefix)
        return found

    def _speak(self, *arguments: str) -> bytes:
        """Ask something that may be asked again."""
        for attempt in range(_TRIES - 1):
            try:
                return self._once(*arguments)
            except ForgeError:
                self.patience.sleep(_FIRST_PAUSE_S * 2**attempt)
        return self._once(*arguments)

    def _once(self, *arguments: str) -> bytes:
        secret = base64.b64encode(f"x-access-token:{self.token}".encode()).decode("ascii")
        environment = {
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": f"http.{self.server_url}/.extraheader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {secret}",
            "GIT_CONFIG_KEY_1": "credential.helper",
            "GIT_CONFIG_VALUE_1": "",
            # Not a byte for so long means that there will be no answer.
            "GIT_HTTP_LOW_SPEED_LIMIT": "1",
            "GIT_HTTP_LOW_SPEED_TIME": str(math.ceil(_SLOWER * self.patience.answer_s)),
        }
        return self.git.run(*arguments, environment=environment).stdout
