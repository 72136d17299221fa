"""The GitHub forge's branches: read by GraphQL, written by the git data API, with no checkout."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import quote

from bot.errors import ForgeError, RequestError
from bot.forge import github_queries as queries
from bot.forge.github_api import RefusedError
from bot.forge.github_place import GithubPlace
from bot.forge.github_reading import blob_id

NAME = "github-actions[bot]"
EMAIL = "41898282+github-actions[bot]@users.noreply.github.com"
_TRIES = 3


class GithubBranches(GithubPlace):
    """The branches of a repository on GitHub."""

    @cached_property
    def _begun(self) -> dict[str, str]:
        """Branches that their first commit will make ─► where they begin."""
        return {}

    def head(self, branch: str) -> str | None:
        """Give the commit of a branch, None if there is no such branch."""
        ref = f"refs/heads/{branch}"
        found = self._look([ref])[ref]
        return found.oid if found else None

    def branches_of(self, issue: int) -> tuple[str, ...]:
        """List the branches whose names an excursion of this issue could have."""
        listed = self._api.get(f"/git/matching-refs/heads/{issue}").data
        found = [str(each["ref"]).removeprefix("refs/heads/") for each in listed]
        return tuple(name for name in found if name.partition("-")[0] == str(issue))

    def branches_in_the_way(self, branch: str) -> tuple[str, ...]:
        """Give the branch itself, if there is one."""
        return (branch,) if self.head(branch) else ()

    def read(self, commit: str, path: str) -> bytes | None:
        """Read a file at a commit, None if it is not there."""
        return self.read_files(commit, [path])[path]

    def read_files(self, commit: str, paths: Sequence[str]) -> dict[str, bytes | None]:
        """Read files at a commit, None for those that are not there."""
        names = {path: self._expression(commit, path) for path in paths}
        found = self._look(names.values())
        return {path: self._content(found[name]) for path, name in names.items()}

    def _expression(self, commit: str, path: str) -> str:
        """Name a file so as it came along with the issue, if it did."""
        for known, found in self._objects.items():
            if found and found.oid == commit and f"{known}:{path}" in self._objects:
                return f"{known}:{path}"
        return f"{commit}:{path}"

    def folder(self, commit: str, path: str) -> dict[str, str]:
        """List a folder at a commit: each name in it with what names its content; or nothing.

        https://docs.github.com/en/rest/repos/contents#get-repository-content
        """
        found = self._api.get(f"/contents/{quote(path)}", ref=commit, allowed=(404,)).data
        listed = found if isinstance(found, list) else []
        return {str(entry["name"]): str(entry["sha"]) for entry in listed}

    def uncommitted(self, branch: str) -> tuple[str, ...]:
        """Give nothing: on GitHub all is committed."""
        return ()

    def changed_since(self, commit: str, branch: str) -> tuple[str, ...]:
        """Give nothing: nobody works in a checkout here."""
        return ()

    def working_copy(self, branch: str, path: str) -> bytes | None:
        """Give nothing: there is no checkout."""
        return None

    def patch(self, branch: str) -> bytes:
        """Give nothing: on GitHub all is committed."""
        return b""

    def merge_obstacle(self, branch: str, into: str) -> str:
        """Give nothing: the pull request shows what is in the way."""
        return ""

    def create_branch(self, branch: str, base: str) -> None:
        """Create a branch by its first commit, which follows, unless the branch is there.

        GitHub creates and links it in one request, and cannot link one that exists.
        """
        if self.head(branch) is None:
            self._begun[branch] = base

    def commit_files(
        self, branch: str, files: Mapping[str, bytes], message: str, *, keep: bool = False
    ) -> None:
        """Commit files to a branch, unless they are there already; with `keep`, in any form.

        Raises:
            ForgeError: The branch is gone or moves on, or GitHub failed.
        """
        base = self._begun.pop(branch, None)
        if base is not None:
            moment = self._known(self._issue).created  # so that it is the same commit every time
            commit = self._commit(base, self._tree(base, files), message, moment)
            self._link(branch, commit)
            self._forget(f"refs/heads/{branch}")
            return
        head = self.head(branch)
        if head is None:
            raise ForgeError(f"the branch {branch} is gone", right="Restore it and try again.")
        names = {path: f"{head}:{path}" for path in files}
        there = self._look(names.values())
        missing = {}
        for path, content in files.items():
            found = there[names[path]]
            if found is None or (not keep and found.oid != blob_id(content)):
                missing[path] = content
        if not missing:
            return
        commit = self._commit(head, self._tree(head, missing), message, self._moment)
        self._move(branch, commit)
        self._forget(f"refs/heads/{branch}")

    def open_pull_request(self, issue: int, branch: str, into: str, title: str) -> None:
        """Ask for a branch to be merged, closing the issue; the request that is open is updated.

        Raises:
            RequestError: The repository does not let its workflows open pull requests.
            ForgeError: GitHub failed.
        """
        body = f"Closes #{issue}, where the whole research log is."
        wanted = {"title": title, "body": body, "base": into}
        there = self._pull_request(branch)
        if there is not None:
            now = {"title": there["title"], "body": there["body"], "base": there["base"]["ref"]}
            if now != wanted:
                self._api.write("PATCH", f"/pulls/{there['number']}", wanted)
            return

        def opened() -> Any:
            return self._pull_request(branch)

        try:
            self._api.write("POST", "/pulls", {**wanted, "head": branch}, happened=opened)
        except RefusedError as error:
            if error.status != 403:
                raise
            raise RequestError(
                f"GitHub does not let this workflow open pull requests: {error.message}",
                right="Allow it under Settings, Actions, General, Workflow permissions; then "
                "answer again.",
            ) from error

    def _pull_request(self, branch: str) -> Any:
        """Find the open pull request from a branch; None if there is none."""
        head = f"{self._api.owner}:{branch}"
        found = self._api.get("/pulls", head=head, state="open").data
        return next((pull for pull in found if pull["head"]["ref"] == branch), None)

    def _tree(self, base: str, files: Mapping[str, bytes]) -> str:
        """Write the tree of a commit with these files put in; what GitHub has is named only."""
        known = self._remote.known_blobs
        lines: list[dict[str, str]] = []
        for path, content in files.items():
            line = {"path": path, "mode": "100644", "type": "blob"}
            oid = blob_id(content)
            if oid in known:
                lines.append({**line, "sha": oid})
                continue
            try:
                lines.append({**line, "content": content.decode("utf-8")})
            except UnicodeDecodeError:
                data = base64.b64encode(content).decode("ascii")
                blob = {"content": data, "encoding": "base64"}
                made = self._api.write("POST", "/git/blobs", blob).data
                lines.append({**line, "sha": made["sha"]})
        name = self._tree_of(base)
        found = self._look([name])[name]
        if found is None:
            raise ForgeError(f"the commit {base[:10]} is gone")
        body = {"base_tree": found.oid, "tree": lines}
        made = self._api.write("POST", "/git/trees", body).data
        return str(made["sha"])

    def _tree_of(self, commit: str) -> str:
        """Name a commit's tree so as it came along with the issue, if it did."""
        for known, found in self._objects.items():
            if found and found.oid == commit and f"{known}^{{tree}}" in self._objects:
                return f"{known}^{{tree}}"
        return f"{commit}^{{tree}}"

    def _commit(self, parent: str, tree: str, message: str, moment: str) -> str:
        who = {"name": NAME, "email": EMAIL, "date": moment}
        body = {
            "message": message,
            "tree": tree,
            "parents": [parent],
            "author": who,
            "committer": who,
        }
        made = self._api.write("POST", "/git/commits", body).data
        return str(made["sha"])

    def _link(self, branch: str, commit: str) -> None:
        """Make a branch at a commit, linked to the issue where GitHub lets us."""
        repository, issue = self._ids
        asked = {"issueId": issue, "repositoryId": repository, "name": branch, "oid": commit}
        try:
            made = self._api.mutate(queries.LINK_BRANCH, asked, lambda: self._made(branch, commit))
            link = made.get("createLinkedBranch") or made  # the latter where it had happened
            if link.get("linkedBranch") or link.get("ref"):
                return
        except RefusedError:
            pass  # the plain way says what is wrong, if it fails too
        self._create_ref(f"refs/heads/{branch}", commit)

    def _made(self, branch: str, commit: str) -> Any:
        there = self._ref(f"refs/heads/{branch}")
        return {"ref": there} if there == commit else None

    def _ref(self, ref: str) -> str | None:
        """Give the commit that a ref names now; None if there is no such ref."""
        answer = self._api.get(f"/git/ref/{ref.removeprefix('refs/')}", allowed=(404,))
        return str(answer.data["object"]["sha"]) if answer.status == 200 else None

    def _create_ref(self, ref: str, commit: str) -> bool:
        """Make a ref at a commit; whether it is this call that made it.

        Raises:
            TakenError: It is elsewhere.
        """
        for _ in range(_TRIES):
            lost: list[bool] = []

            def made(lost: list[bool] = lost) -> Any:
                lost.append(True)
                return {"ref": ref} if self._ref(ref) == commit else None

            body = {"ref": ref, "sha": commit}
            answer = self._api.write("POST", "/git/refs", body, happened=made, allowed=(422,))
            if answer.status != 422:
                return True
            there = self._ref(ref)
            if there == commit:
                return bool(lost)
            if there is not None:
                break
        raise TakenError(ref)

    def _move(self, branch: str, new: str) -> None:
        """Move a branch on, unless somebody else has."""
        path = f"/git/refs/heads/{branch}"
        try:
            self._api.write("PATCH", path, {"sha": new, "force": False})
        except RefusedError as error:
            if error.status != 422:
                raise
            if self._ref(f"refs/heads/{branch}") == new:
                return
            raise ForgeError(
                f"the branch {branch} was moved by someone else just now",
                right="Give the command again.",
            ) from error


class TakenError(ForgeError):
    """A ref that was to be made is there, and is not ours."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"{ref} is there already", right="Give the command again.")
        self.ref = ref
