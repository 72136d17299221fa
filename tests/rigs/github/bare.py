"""A bare git repository on disk: what pushes reach and what the git data API reads and writes."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rigs.github.exchange import GitHubError
from rigs.github.objects import Objects

# A push with the token of a job must leave workflows as they are.
_NO_WORKFLOWS = """\
#!/bin/sh
test -n "$PUSHED_BY_JOB" || exit 0
while read old new ref; do
  case $new in *[!0]*) ;; *) continue ;; esac
  case $old in *[!0]*) ;; *) old=$(git rev-parse -q --verify HEAD) || continue ;; esac
  git diff --quiet "$old" "$new" -- .github/workflows && continue
  echo "refusing to allow a GitHub App to create or update workflow"
  exit 1
done
"""
_SHA = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Entry:
    """A line of a tree; `path` may be deep."""

    path: str
    mode: str
    kind: str
    sha: str
    size: int | None


@dataclass(frozen=True)
class Commit:
    """A commit; `author` and `committer` are (name, e-mail, ISO time)."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: tuple[str, str, str]
    committer: tuple[str, str, str]
    message: str


@dataclass(frozen=True)
class Bare:
    """The repository, through git itself."""

    path: Path
    objects: Objects

    @classmethod
    def create(cls, path: Path, branch: str = "main") -> Bare:
        """Make an empty repository that takes pushes over HTTP, hidden refs and lone SHAs too."""
        subprocess.run(["git", "init", "-q", "--bare", f"-b{branch}", str(path)], check=True)
        bare = cls(path, Objects(path))
        with (path / "config").open("a", encoding="utf-8") as file:
            file.write("[http]\n\treceivepack\n[uploadpack]\n\tallowAnySHA1InWant\n")
        hook = path / "hooks" / "pre-receive"
        hook.write_text(_NO_WORKFLOWS)
        hook.chmod(0o755)
        return bare

    def git(
        self, *words: str, given: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> str:
        """Give git a command; its output without the last newline.

        Raises:
            GitHubError: git refused; 422 with its words.
        """
        return self.raw(*words, given=given, environment=environment).decode().rstrip("\n")

    def raw(
        self, *words: str, given: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> bytes:
        """Give git a command; its output, byte for byte."""
        done = subprocess.run(
            ["git", f"--git-dir={self.path}", *words],
            input=given,
            capture_output=True,
            env={**os.environ, **(environment or {})},
            check=False,
        )
        if done.returncode:
            raise GitHubError(422, done.stderr.decode().strip() or f"git {words[0]} failed")
        return done.stdout

    def has(self, sha: str, kind: str) -> bool:
        """Tell whether there is an object of this kind with this full SHA."""
        return _SHA.fullmatch(sha) is not None and self.kind(sha) == kind

    def kind(self, name: str) -> str | None:
        """Tell what kind of object a name means; None if none."""
        found = self.objects.kind(name)
        return found.kind if found else None

    def blob(self, sha: str) -> bytes:
        """Read a blob.

        Raises:
            GitHubError: There is none of this SHA.
        """
        found = self.objects.read(sha)
        if found is None or found.kind != "blob":
            raise GitHubError(404, "Not Found")
        return found.content

    def resolve(self, name: str) -> str | None:
        """Give the commit that a branch, a tag, a full ref or a SHA names; None for nothing."""
        for candidate in (f"refs/heads/{name}", f"refs/tags/{name}", name):
            found = self.objects.kind(f"{candidate}^{{commit}}")
            if found:
                return found.sha
        return None

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """Give every ref whose name starts so, hidden ones too, with its object."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        found = dict(line.split(" ", 1) for line in lines)
        return {name: sha for name, sha in found.items() if name.startswith(prefix)}

    def tree(self, treeish: str, path: str = "", *, deep: bool = False) -> list[Entry]:
        """List a tree, or what is at a path of it."""
        words = ["-r", "-t"] if deep else []
        listed = self.raw("ls-tree", "-z", "--long", *words, treeish, *([path] if path else []))
        entries = []
        for line in filter(None, listed.split(b"\0")):
            about, _, name = line.partition(b"\t")
            mode, kind, sha, size = about.decode().split()
            amount = int(size) if size != "-" else None
            entries.append(Entry(name.decode(), mode, kind, sha, amount))
        return entries

    def commit(self, sha: str) -> Commit:
        """Read a commit.

        Raises:
            GitHubError: There is none of this SHA.
        """
        found = self.objects.read(sha)
        if found is None or found.kind != "commit":
            raise GitHubError(404, "Not Found")
        head, _, message = found.content.decode().partition("\n\n")
        fields = [line.partition(" ")[::2] for line in head.split("\n")]
        (tree,) = (value for name, value in fields if name == "tree")
        (author,) = (_signature(value) for name, value in fields if name == "author")
        (committer,) = (_signature(value) for name, value in fields if name == "committer")
        parents = tuple(value for name, value in fields if name == "parent")
        return Commit(sha, tree, parents, author, committer, message.rstrip("\n"))

    def write_blob(self, content: bytes) -> str:
        """Write a blob; its SHA."""
        return self.git("hash-object", "-w", "--stdin", given=content)

    def write_tree(self, base: str | None, lines: list[tuple[str, str | None, str]]) -> str:
        """Write a tree: a base, and (mode, object or None to remove, path) laid over it."""
        with tempfile.TemporaryDirectory() as temporary:
            index = {"GIT_INDEX_FILE": str(Path(temporary, "index"))}
            if base:
                self.git("read-tree", base, environment=index)
            for mode, sha, path in lines:
                if mode == "040000" and sha:
                    self.git("read-tree", f"--prefix={path}/", sha, environment=index)
            info = b"".join(
                f"{mode if sha else 0} {sha or '0' * 40}\t{path}\0".encode()
                for mode, sha, path in lines
                if mode != "040000" or not sha
            )
            self.git("update-index", "-z", "--index-info", given=info, environment=index)
            return self.git("write-tree", environment=index)

    def write_commit(
        self,
        tree: str,
        parents: list[str],
        message: str,
        author: Mapping[str, str],
        committer: Mapping[str, str],
    ) -> str:
        """Write a commit; people have `name`, `email` and perhaps `date`."""
        environment = {}
        for role, who in (("AUTHOR", author), ("COMMITTER", committer)):
            for key in ("name", "email", "date"):
                if who.get(key):
                    environment[f"GIT_{role}_{key.upper()}"] = who[key]
        words = [word for parent in parents for word in ("-p", parent)]
        return self.git(
            "commit-tree", tree, *words, given=message.encode(), environment=environment
        )

    def is_ancestor(self, earlier: str, later: str) -> bool:
        """Tell whether one commit is part of another's history."""
        return self.git("rev-list", "--count", f"{later}..{earlier}") == "0"

    def commit_files(self, branch: str, message: str, files: Mapping[str, str | bytes]) -> str:
        """Commit files to a branch, which may be new; the commit's SHA. For setting a scene."""
        tip = self.resolve(f"refs/heads/{branch}")
        lines: list[tuple[str, str | None, str]] = []
        for path, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            lines.append(("100644", self.write_blob(data), path))
        tree = self.write_tree(tip, lines)
        ada = {"name": "Ada", "email": "ada@example.org"}
        sha = self.write_commit(tree, [tip] if tip else [], message, ada, ada)
        self.git("update-ref", f"refs/heads/{branch}", sha)
        return sha


def _signature(value: str) -> tuple[str, str, str]:
    """Read `Ada <ada@example.org> 1800000000 +0100`."""
    name, _, rest = value.partition(" <")
    email, _, when = rest.partition("> ")
    moment = datetime.fromtimestamp(int(when.split()[0]), UTC)
    return name, email, moment.strftime("%Y-%m-%dT%H:%M:%SZ")
