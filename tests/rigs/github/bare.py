"""A bare git repository on disk: what pushes reach and what the git data API reads and writes."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rigs.github.exchange import GitHubError

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

    @classmethod
    def create(cls, path: Path, branch: str = "main") -> Bare:
        """Make an empty repository that takes pushes over HTTP, hidden refs and lone SHAs too."""
        subprocess.run(["git", "init", "-q", "--bare", f"-b{branch}", str(path)], check=True)
        bare = cls(path)
        for name in ("http.receivepack", "uploadpack.allowAnySHA1InWant"):
            bare.git("config", name, "true")
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
        if not _SHA.fullmatch(sha):
            return False
        told = self.raw("cat-file", "--batch-check", given=sha.encode()).decode().split()
        return told[1] == kind

    def resolve(self, name: str) -> str | None:
        """Give the commit that a branch, a tag, a full ref or a SHA names; None for nothing."""
        for candidate in (f"refs/heads/{name}", f"refs/tags/{name}", name):
            try:
                return self.git("rev-parse", "-q", "--verify", f"{candidate}^{{commit}}")
            except GitHubError:
                continue
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
        """Read a commit."""
        fields = ("%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B")
        text = self.git("show", "-s", f"--format={'%x00'.join(fields)}", sha)
        own, tree, parents, an, ae, ai, cn, ce, ci, message = text.split("\0", 9)
        return Commit(
            own, tree, tuple(parents.split()), (an, ae, ai), (cn, ce, ci), message.rstrip("\n")
        )

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
