"""The local forge's branches: each worked on in a git worktree of its own under `.excursions/`.

The user's checkout and index are left alone; only an answer's merge brings a checkout of the
default branch along, as a pull would.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.errors import ForgeError, RequestError
from bot.forge.git import NO_COMMIT
from bot.forge.git_batch import read_many
from bot.forge.local_place import LocalPlace
from bot.forge.thread_files import write_atomically

_LARGEST_PATCH = 20 * 1024 * 1024  # bytes


class LocalBranches(LocalPlace):
    """The branches of one repository on this machine."""

    def head(self, branch: str) -> str | None:
        """Give the commit of a branch, None if there is no such branch."""
        return self.git.commit_of(f"refs/heads/{branch}")

    def branches_of(self, issue: int) -> tuple[str, ...]:
        """List the branches whose names an excursion of this issue could have."""
        heads = "refs/heads/"
        found = [ref.removeprefix(heads) for ref in self.git.refs(heads)]
        return tuple(name for name in found if name.partition("-")[0] == str(issue))

    def branches_in_the_way(self, branch: str) -> tuple[str, ...]:
        """List the branches that keep one of this name from being made: itself, or any below it."""
        found = self.git.refs(f"refs/heads/{branch}")
        return tuple(ref.removeprefix("refs/heads/") for ref in found)

    def read(self, commit: str, path: str) -> bytes | None:
        """Read a file at a commit, None if it is not there."""
        return self.git.read(commit, path)

    def read_files(self, commit: str, paths: Sequence[str]) -> dict[str, bytes | None]:
        """Read files at a commit, None for those that are not there."""
        found = read_many(self.git, [f"{commit}:{path}" for path in paths])
        return dict(zip(paths, found, strict=True))

    def tree(self, commit: str) -> dict[str, str]:
        """List what a commit holds: each file's path with the name of its content."""
        return self._listed("-r", commit)

    def folder(self, commit: str, path: str) -> dict[str, str]:
        """List a folder at a commit: each name in it with what names its content; or nothing."""
        return self._listed(f"{commit}:{path}", allowed=(0, 128))

    def _listed(self, *which: str, allowed: tuple[int, ...] = (0,)) -> dict[str, str]:
        listed = self.git.run("ls-tree", "-z", "--full-tree", *which, allowed=allowed).stdout
        lines = listed.decode(errors="surrogateescape").split("\0")
        pairs = (line.partition("\t")[::2] for line in lines if line)
        return {path: about.rpartition(" ")[2] for about, path in pairs}

    def checkout(self, branch: str) -> Path | None:
        """Give the checkout in which a branch is worked on, None if there is none."""
        for known in self.git.worktrees():
            if known.branch == branch and known.path.is_dir():
                return known.path
        return None

    def worktree(self, branch: str) -> Path:
        """Give the checkout in which a branch is worked on, making it where it is missing.

        Raises:
            RequestError: Somebody checked out another branch there.
        """
        known = self.checkout(branch)
        if known is not None:
            return known
        path = self._worktree_path(branch)
        if (path / ".git").exists() and path in [each.path for each in self.git.worktrees()]:
            raise RequestError(
                "another branch is checked out in this excursion's worktree",
                where=str(path),
                right=f"git -C {path} checkout {branch}",
            )
        self._remove_half_made(path)  # git takes the lock away once the checkout is whole
        self.git.run("worktree", "prune")
        self.git.run("worktree", "add", "--quiet", str(path), branch)
        sparse = self.git.run("config", "core.sparseCheckout", cwd=path, allowed=(0, 1))
        if sparse.stdout.strip() == b"true":  # taken over from the user's own checkout
            self.git.run("sparse-checkout", "disable", cwd=path)
        return path

    def _worktree_path(self, branch: str) -> Path:
        return self.root / "worktrees" / branch

    def _remove_half_made(self, path: Path) -> None:
        """Remove a checkout whose making was killed; nobody can have worked in it yet."""
        for lock in (self.git.common_folder / "worktrees").glob("*/locked"):
            pointer = lock.parent / "gitdir"
            here = pointer.exists() and Path(pointer.read_text().strip()).parent == path
            if here and lock.read_text().strip() == "initializing":
                self.git.run(
                    "worktree", "remove", "--force", "--force", str(path), allowed=(0, 128)
                )

    def uncommitted(self, branch: str) -> tuple[str, ...]:
        """List what is changed but not committed where the branch is worked on."""
        checkout = self.checkout(branch)
        return self.git.changes(checkout, untracked=True) if checkout else ()

    def changed_since(self, commit: str, branch: str) -> tuple[str, ...]:
        """List the tracked files that differ, where the branch is worked on, from a commit."""
        checkout = self.checkout(branch)
        if checkout is None:
            return ()
        done = self.git.run("diff", "--no-renames", "--name-only", "-z", commit, cwd=checkout)
        return tuple(path for path in done.stdout.decode(errors="replace").split("\0") if path)

    def working_copy(self, branch: str, path: str) -> bytes | None:
        """Read a file as it is where the branch is worked on.

        Raises:
            RequestError: It lies outside of the repository.
        """
        checkout = self.checkout(branch)
        if checkout is None:
            return None
        file = checkout / path
        if not file.resolve().is_relative_to(checkout.resolve()):
            raise RequestError(
                "is, or lies behind, a symbolic link out of the repository",
                where=path,
                right="Put the file itself there.",
            )
        return file.read_bytes() if file.is_file() else None

    def patch(self, branch: str) -> bytes:
        """Give what is uncommitted, new files included, as a patch that git can apply.

        Raises:
            RequestError: It is too large to be kept with a run.
        """
        patch = self.git.uncommitted_patch(self.worktree(branch))
        if len(patch) > _LARGEST_PATCH:
            raise RequestError(
                f"the uncommitted changes are {len(patch) // 2**20} MiB, "
                f"{_LARGEST_PATCH // 2**20} at most are kept with a run",
                right="Commit them, or let .gitignore name what is no source.",
            )
        return patch

    def is_merged(self, branch: str, into: str) -> bool:
        """Say whether all of the branch is in the other one."""
        return self.git.is_ancestor(f"refs/heads/{branch}", f"refs/heads/{into}")

    def merge_obstacle(self, branch: str, into: str) -> str:
        """Say what would keep the branch from being merged; empty if nothing does."""
        ours, theirs = self.head(into), self.head(branch)
        if ours is None or theirs is None:
            return f"the branch {into if ours is None else branch} does not exist"
        if self.is_merged(branch, into):
            return ""
        tree = self._merged_tree(ours, theirs)
        if tree is None:
            place = self.checkout(branch) or self._worktree_path(branch)
            return (
                f"{branch} and {into} changed the same files. Merge {into} into the excursion "
                f"first: git -C {place} merge {into}"
            )
        for each in self.git.worktrees():
            obstacle = self._checkout_obstacle(each.path, ours, tree) if each.branch == into else ""
            if obstacle:
                return f"{into} is checked out in {each.path} with {obstacle}"
        return ""

    def _checkout_obstacle(self, path: Path, old: str, new: str) -> str:
        """Say what in a checkout the merge could harm, were it brought along."""
        changed = self.git.changes(path, untracked=False)
        if changed:
            shown = ", ".join(changed[:5])
            return f"uncommitted changes: {shown}. Commit or stash them first"
        done = self.git.run(
            "read-tree", "--dry-run", "-m", "-u", old, new, cwd=path, allowed=(0, 1, 128)
        )
        if done.returncode == 0:
            return ""
        if b"index.lock" in done.stderr:
            raise ForgeError(
                "git left a lock in the checkout, or is at work there",
                where=str(path),
                right=done.stderr.decode(errors="replace").strip(),
            )
        return f"a file in the way: {done.stderr.decode(errors='replace').strip()}. Move it first"

    def create_branch(self, branch: str, base: str) -> None:
        """Create a branch at a commit, unless it is there, and check it out in a worktree."""
        ref = f"refs/heads/{branch}"
        self.git.run("check-ref-format", ref)
        if self.head(branch) is None and not self.git.move_ref(
            ref, base, NO_COMMIT, "excursion: start"
        ):
            raise ForgeError(f"the branch {branch} was made by someone else just now")
        self.worktree(branch)

    def commit_files(
        self, branch: str, files: Mapping[str, bytes], message: str, *, keep: bool = False
    ) -> None:
        """Commit files to a branch, unless they are there already; with `keep`, in any form."""
        old = self.head(branch)
        if old is None:
            raise ForgeError(f"the branch {branch} is gone", right="Restore it and try again.")
        if keep:
            files = {p: content for p, content in files.items() if self.read(old, p) is None}
        tree = self.git.write_tree(old, files)
        if tree == self.git.text("rev-parse", f"{old}^{{tree}}"):
            return
        self._move_branch(branch, old, self.git.write_commit(tree, (old,), message), message)

    def open_pull_request(self, issue: int, branch: str, into: str, title: str) -> None:
        """Merge a branch into another at once, since nobody reviews here."""
        if self.is_merged(branch, into):
            return
        ours, theirs = self.head(into), self.head(branch)
        tree = self._merged_tree(ours, theirs) if ours and theirs else None
        if ours is None or theirs is None or tree is None:
            raise ForgeError(f"{branch} cannot be merged into {into}")
        message = f"Merge branch '{branch}'\n\n{title}\n\nAnswers issue {issue}.\n"
        self._move_branch(into, ours, self.git.write_commit(tree, (ours, theirs), message), title)

    def _merged_tree(self, ours: str, theirs: str) -> str | None:
        """Write the tree that holds both sides' changes; None where they collide."""
        done = self.git.run("merge-base", ours, theirs, allowed=(0, 1))
        if done.returncode != 0:
            return None
        base = done.stdout.decode().strip()
        if base == ours:
            return self.git.text("rev-parse", f"{theirs}^{{tree}}")
        return self.git.merge_trees(base, ours, theirs)

    def _move_branch(self, branch: str, old: str, new: str, why: str) -> None:
        """Move a branch and its checkouts; a crash in between is mended by the next command."""
        journal = self._journal(branch)
        came_from = json.loads(journal.read_text())["old"] if journal.exists() else old
        move = {"branch": branch, "old": came_from, "new": new}
        write_atomically(journal, json.dumps(move).encode())
        subject = why.partition("\n")[0]
        if not self.git.move_ref(f"refs/heads/{branch}", new, old, f"excursion: {subject}"):
            journal.unlink()
            raise ForgeError(
                f"the branch {branch} was moved by someone else just now",
                right="Give the command again.",
            )
        self._bring_along(branch, came_from, new)
        journal.unlink()

    def _journal(self, branch: str) -> Path:
        digest = hashlib.sha256(branch.encode()).hexdigest()[:16]
        return self.root / f".move-{digest}.json"

    def _bring_along(self, branch: str, old: str, new: str) -> None:
        """Bring the checkouts of a branch from its old commit to its new one, as a pull would."""
        for checkout in self.git.worktrees():
            if checkout.branch == branch and checkout.path.is_dir():
                self.git.run("update-index", "--refresh", cwd=checkout.path, allowed=(0, 1))
                self.git.run("read-tree", "-m", "-u", old, new, cwd=checkout.path)

    def finish_moves(self) -> None:
        """Bring checkouts along whose branch moved just before a process was killed.

        One that cannot be brought along is named, and keeps nobody from working elsewhere.
        """
        for journal in self.root.glob(".move-*.json"):
            move = json.loads(journal.read_text())
            branch, old, new = move["branch"], move["old"], move["new"]
            if self.head(branch) == new:
                try:
                    self._set_half_written_aside(branch, old, new)
                    self._bring_along(branch, old, new)
                except ForgeError as error:
                    self._warn(
                        f"A checkout of {branch} could not follow its branch to {new[:10]}: {error}"
                    )
                    continue
            journal.unlink()

    def _set_half_written_aside(self, branch: str, old: str, new: str) -> None:
        """Clear the way of files that a killed checkout wrote, whole or in part.

        There was nothing in the way before it began. What is neither the old nor the new content
        is kept under `.excursions/set-aside/`, in case somebody has written it since.
        """
        for checkout in self.git.worktrees():
            if checkout.branch != branch or not checkout.path.is_dir():
                continue
            behind = self.git.index_differs(checkout.path, new)
            for path, content in self.git.changed_paths(old, new).items():
                if path not in behind:
                    continue  # git had finished with it
                file = checkout.path / path
                before = self.git.read(old, path)
                if not file.is_file() or file.is_symlink():
                    continue
                found = file.read_bytes()
                if found == before:
                    continue
                if not content.startswith(found):
                    aside = self.root / "set-aside" / new[:10] / path
                    write_atomically(aside, found)
                file.unlink()
                if before is not None:
                    self.git.run("checkout-index", "--force", "--", path, cwd=checkout.path)
