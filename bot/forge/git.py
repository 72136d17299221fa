"""Plain git, started as a process: arguments ─► output, or a ForgeError that says what failed.

Plain git rather than GitPython: we need worktrees, compare-and-swap of refs, trees built without
an index of the user's, and exactly the behaviour of the git that the user has.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bot.errors import ForgeError, RequestError
from bot.forge import git_objects
from bot.forge.git_objects import BrokenReaderError, Found, Objects

NO_COMMIT = ""  # as the old value of a ref: it must not exist, whatever the object format
_FACTS = 4  # that git tells of any repository
_FALLBACK_NAME = "Excursions"
_FALLBACK_EMAIL = "excursions@localhost"


@dataclass(frozen=True)
class Worktree:
    """A checkout of the repository."""

    path: Path
    head: str
    branch: str  # empty when detached


class Git:
    """A repository on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._objects = Objects(root)
        self._names: dict[str, str] = {}

    def run(
        self,
        *arguments: str,
        cwd: Path | None = None,
        stdin: bytes | None = None,
        environment: Mapping[str, str] | None = None,
        allowed: tuple[int, ...] = (0,),
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git and give what it said.

        Raises:
            ForgeError: It ended with a status that is not in `allowed`.
        """
        try:
            done = subprocess.run(
                ["git", *arguments],
                cwd=cwd or self.root,
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                env=git_objects.environment() | dict(environment or {}),
                check=False,
            )
        except FileNotFoundError as error:
            raise _not_installed() from error
        if done.returncode not in allowed:
            said = (done.stderr or done.stdout).decode(errors="replace").strip()
            raise ForgeError(
                f"git {arguments[0]} failed: {said or f'status {done.returncode}'}",
                where=str(cwd or self.root),
                right=advice(said),
            )
        return done

    def text(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run git and give its output as text, without the last newline."""
        return self.run(*arguments, cwd=cwd).stdout.decode(errors="surrogateescape").rstrip("\n")

    @cached_property
    def common_folder(self) -> Path:
        """The folder that all checkouts share, where git keeps what it knows."""
        return Path(self.text("rev-parse", "--path-format=absolute", "--git-common-dir"))

    def look_up(self, names: Sequence[str]) -> list[Found | None]:
        """Read objects by names such as `refs/excursions/1/2:result.json`; None if not there.

        Raises:
            ForgeError: Git cannot read here.
        """
        try:
            return self._objects.look_up(names)
        except FileNotFoundError as error:
            raise _not_installed() from error
        except BrokenReaderError as error:
            self.run("cat-file", "--batch", stdin="".join(f"{name}\n" for name in names).encode())
            raise ForgeError("git cat-file failed", where=str(self.root)) from error

    def commit_of(self, ref: str) -> str | None:
        """Resolve a ref to a commit, None if there is no such ref."""
        [found] = self.look_up([f"{ref}^{{commit}}"])
        return found.id if found else None

    def read(self, commit: str, path: str) -> bytes | None:
        """Read a file at a commit, None if it is not there."""
        [found] = self.look_up([f"{commit}:{path}"])
        return found.content if found and found.kind == "blob" else None

    def refs(self, prefix: str) -> dict[str, str]:
        """List the refs below a prefix with the commits that they name."""
        out = self.text("for-each-ref", "--format=%(refname) %(objectname)", prefix)
        return dict(line.split(" ", 1) for line in out.splitlines())

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Say whether one commit is another's ancestor, or the same."""
        done = self.run("merge-base", "--is-ancestor", older, newer, allowed=(0, 1))
        return done.returncode == 0

    def write_tree(self, base: str | None, files: Mapping[str, bytes]) -> str:
        """Write the tree of a commit with these files put in, touching no index of the user's."""
        with self._scratch_index() as environment:
            if base is not None:
                self.run("read-tree", base, environment=environment)
            blobs = self._write_blobs(tuple(files.values()))
            lines = [f"100644 {b}\t{path}\0" for path, b in zip(files, blobs, strict=True)]
            self.run(
                "update-index",
                "-z",
                "--index-info",
                stdin="".join(lines).encode(),
                environment=environment,
            )
            return self.run("write-tree", environment=environment).stdout.decode().strip()

    def _write_blobs(self, contents: tuple[bytes, ...]) -> list[str]:
        """Write contents as they are, in one process, and give their names."""
        parts = [
            b"blob\nmark :%d\ndata %d\n%s\nget-mark :%d\n" % (mark, len(content), content, mark)
            for mark, content in enumerate(contents, start=1)
        ]
        done = self.run("fast-import", "--quiet", "--done", stdin=b"".join([*parts, b"done\n"]))
        return done.stdout.decode().split()

    def merge_trees(self, base: str, ours: str, theirs: str) -> str | None:
        """Merge two commits' trees; None where their changes collide.

        A git older than 2.38 merges file by file, so that two changes of one file collide.
        """
        done = self.run("merge-tree", "--write-tree", ours, theirs, allowed=(0, 1, 128, 129))
        if done.returncode == 0:
            return done.stdout.decode().strip()
        if done.returncode == 1:
            return None
        with self._scratch_index() as environment:
            self.run(
                "read-tree", "-i", "-m", "--aggressive", base, ours, theirs, environment=environment
            )
            done = self.run("write-tree", environment=environment, allowed=(0, 128))
            return done.stdout.decode().strip() if done.returncode == 0 else None

    def write_commit(self, tree: str, parents: tuple[str, ...], message: str) -> str:
        """Write a commit, by the user's own name where git knows one."""
        arguments = ["commit-tree", tree]
        for parent in parents:
            arguments += ["-p", parent]
        done = self.run(*arguments, stdin=message.encode(), environment=self._identity())
        return done.stdout.decode().strip()

    def move_ref(self, ref: str, new: str, old: str, why: str) -> bool:
        """Move a ref from `old` (`NO_COMMIT`: create it); False if it stood elsewhere."""
        done = self.run(
            "update-ref", "--create-reflog", "-m", why, ref, new, old, allowed=(0, 1, 128)
        )
        if done.returncode == 0:
            return True
        if self.commit_of(ref) != (None if old == NO_COMMIT else old):
            return False
        said = done.stderr.decode(errors="replace").strip()
        raise ForgeError(f"could not write {ref}: {said}", right=advice(said))

    def worktrees(self) -> tuple[Worktree, ...]:
        """List the repository's checkouts, the main one first."""
        found = []
        for block in self.text("worktree", "list", "--porcelain").split("\n\n"):
            fields = dict(line.partition(" ")[::2] for line in block.splitlines())
            if "worktree" in fields and "bare" not in fields:
                branch = fields.get("branch", "").removeprefix("refs/heads/")
                found.append(Worktree(Path(fields["worktree"]), fields.get("HEAD", ""), branch))
        return tuple(found)

    def changes(self, worktree: Path, *paths: str, untracked: bool) -> tuple[str, ...]:
        """List the paths of a checkout that differ from its commit."""
        mode = "--untracked-files=all" if untracked else "--untracked-files=no"
        done = self.run(
            "status", "--porcelain", "-z", "--no-renames", mode, "--", *paths, cwd=worktree
        )
        return tuple(line[3:] for line in done.stdout.decode(errors="replace").split("\0") if line)

    def uncommitted_patch(self, worktree: Path) -> bytes:
        """Give a checkout's changes, new files included, leaving its own index alone."""
        with self._scratch_index() as environment:
            self.run("read-tree", "HEAD", cwd=worktree, environment=environment)
            self.run("add", "--all", cwd=worktree, environment=environment)
            done = self.run(
                *("diff", "--cached", "--binary", "--no-color", "--no-ext-diff", "--no-textconv"),
                *("--src-prefix=a/", "--dst-prefix=b/", "HEAD"),
                cwd=worktree,
                environment=environment,
            )
            return done.stdout

    def index_differs(self, worktree: Path, commit: str) -> frozenset[str]:
        """List the files whose entry in a checkout's index is not what a commit holds."""
        done = self.run("diff-index", "--cached", "--name-only", "-z", commit, cwd=worktree)
        return frozenset(done.stdout.decode(errors="surrogateescape").split("\0"))

    def changed_paths(self, old: str, new: str) -> dict[str, bytes]:
        """List the files that a commit adds or changes over another, with their new content."""
        done = self.run("diff", "--no-renames", "--diff-filter=AMT", "--name-only", "-z", old, new)
        paths = [path for path in done.stdout.decode(errors="surrogateescape").split("\0") if path]
        return {path: content for path in paths if (content := self.read(new, path)) is not None}

    def user_name(self) -> str:
        """Give the name under which the user commits, or the account's name."""
        done = self.run("config", "user.name", allowed=(0, 1))
        name = done.stdout.decode(errors="replace").strip()
        return name or os.environ.get("USER") or "you"

    def identities(self) -> tuple[str, str]:
        """Give author and committer as a commit made now would name them, with the moment."""
        now = f"{int(time.time())} {time.strftime('%z')}"
        return self._named("AUTHOR", now), self._named("COMMITTER", now)

    def _named(self, role: str, now: str) -> str:
        if role not in self._names:
            done = self.run("var", f"GIT_{role}_IDENT", allowed=(0, 1, 128))
            if done.returncode != 0:
                done = self.run("var", f"GIT_{role}_IDENT", environment=_fallback(role))
            said = done.stdout.decode().strip()
            if os.environ.get(f"GIT_{role}_DATE"):  # the moment is not ours to say
                return said
            self._names[role] = said.rsplit(" ", 2)[0]
        return f"{self._names[role]} {now}"

    def _identity(self) -> dict[str, str]:
        """Name an author and committer where the user has not told git who they are."""
        identity: dict[str, str] = {}
        for role in ("AUTHOR", "COMMITTER"):
            known = self.run("var", f"GIT_{role}_IDENT", allowed=(0, 1, 128)).returncode == 0
            identity |= {} if known else _fallback(role)
        return identity

    @contextmanager
    def _scratch_index(self) -> Iterator[dict[str, str]]:
        """Give an index of our own for a moment."""
        with tempfile.TemporaryDirectory(prefix="excursions-index-") as folder:
            yield {"GIT_INDEX_FILE": str(Path(folder) / "index")}


def find_repository(start: Path) -> tuple[Git, Path]:
    """Find the repository around a folder, and the top of its main checkout.

    Raises:
        RequestError: There is none, or it has no checkout.
    """
    probe = Git(start)
    done = probe.run(
        "rev-parse",
        "--is-bare-repository",
        "--path-format=absolute",
        "--git-dir",
        "--git-common-dir",
        "--is-inside-work-tree",
        "--show-toplevel",  # fails outside of one, after the rest is said
        allowed=(0, 128),
    )
    lines = done.stdout.decode(errors="surrogateescape").splitlines()
    if len(lines) < _FACTS:
        said = done.stderr.decode(errors="replace").strip()
        if "dubious ownership" in said:
            raise RequestError("git does not trust this repository", where=str(start), right=said)
        raise RequestError(
            "this is not a git repository",
            where=str(start),
            right="Go into one, or make one: git init && git commit --allow-empty -m First",
        )
    bare, own, common, inside, *top_level = lines
    if bare == "true":
        raise RequestError(
            "this repository is bare: it has no checkout to work beside",
            where=str(start),
            right="Clone it and work in the clone.",
        )
    if own == common:
        top = Path(top_level[0]) if inside == "true" and top_level else Path(common).parent
    else:
        top = probe.worktrees()[0].path
    return Git(top), top


def _not_installed() -> ForgeError:
    return ForgeError("git is not installed", right="Install git and try again.")


def _fallback(role: str) -> dict[str, str]:
    return {f"GIT_{role}_NAME": _FALLBACK_NAME, f"GIT_{role}_EMAIL": _FALLBACK_EMAIL}


def advice(said: str) -> str:
    """Say what to do about git's commonest complaints."""
    if "No space left" in said or "Disk quota" in said:
        return "The disk is full. Free some space and give the command again; nothing is lost."
    if "index.lock" in said or "unable to lock" in said.lower() or ".lock': File exists" in said:
        return (
            "Another git command is at work, or was killed; wait, or remove the lock file it names."
        )
    if "Permission denied" in said or "Read-only file system" in said:
        return "Make the repository writable and give the command again."
    return "Mend that and give the command again; nothing is lost."
