"""Branches, commits, comparisons and files by the REST API, on the bare repository."""

from __future__ import annotations

import base64
from typing import Any

from rigs.github.bare import Commit, Entry
from rigs.github.exchange import GitHubError, Reply, Request, answer
from rigs.github.git_data import commit_document, guard
from rigs.github.world import World, listed, route


def _resolved(world: World, name: str | None) -> str:
    sha = world.bare.resolve(name or world.default_branch)
    if sha is None:
        raise GitHubError(404 if name else 409, "Not Found" if name else "Git Repository is empty.")
    return sha


def _commit(world: World, commit: Commit) -> dict[str, Any]:
    git = commit_document(world, commit)
    inner = {key: git[key] for key in ("url", "author", "committer", "message", "tree")}
    url = f"{world.api}/commits/{commit.sha}"
    parents = [{**each, "url": f"{world.api}/commits/{each['sha']}"} for each in git["parents"]]
    return {
        "sha": commit.sha,
        "node_id": git["node_id"],
        "commit": {**inner, "comment_count": 0, "verification": git["verification"]},
        "url": url,
        "html_url": git["html_url"],
        "comments_url": f"{url}/comments",
        "author": {},  # the contract's word for an address that belongs to no user
        "committer": {},
        "parents": parents,
    }


def _files(world: World, old: str | None, new: str) -> list[dict[str, Any]]:
    empty = world.bare.git("hash-object", "-t", "tree", "--stdin")
    listed = world.bare.git("diff-tree", "-r", "--no-renames", "-z", "--raw", old or empty, new)
    parts = listed.split("\0")
    statuses = {"A": "added", "M": "modified", "D": "removed", "T": "changed"}
    files = []
    for about, path in zip(parts[::2], parts[1::2], strict=False):
        sha, status = about.split()[3:5]
        place = f"{world.origin}/{world.full_name}"
        files.append(
            {
                "sha": sha,
                "filename": path,
                "status": statuses[status],
                "additions": 0,
                "deletions": 0,
                "changes": 0,
                "blob_url": f"{place}/blob/{new}/{path}",
                "raw_url": f"{place}/raw/{new}/{path}",
                "contents_url": f"{world.api}/contents/{path}?ref={new}",
            }
        )
    return files


@route("GET", "/commits")
def list_commits(world: World, request: Request) -> Reply:
    start = _resolved(world, request.query.get("sha"))
    path = request.query.get("path")
    shas = world.bare.git("rev-list", start, *(["--", path] if path else [])).split()
    return listed(world, request, [_commit(world, world.bare.commit(sha)) for sha in shas])


@route("GET", "/commits/{ref*}")
def read_commit(world: World, request: Request, ref: str) -> Reply:
    try:
        sha = _resolved(world, ref)
    except GitHubError:
        raise GitHubError(422, f"No commit found for SHA: {ref}") from None
    if request.headers.get("accept", "").endswith("sha"):
        return Reply(200, sha.encode(), {"Content-Type": "application/vnd.github.sha"})
    commit = world.bare.commit(sha)
    files = _files(world, commit.parents[0] if commit.parents else None, sha)
    return answer(200, _commit(world, commit) | {"files": files})


@route("GET", "/compare/{basehead*}")
def compare(world: World, request: Request, basehead: str) -> Reply:
    base_name, _, head_name = basehead.partition("...")
    base = _resolved(world, base_name.rpartition(":")[2])
    head = _resolved(world, head_name.rpartition(":")[2])
    common = world.bare.git("merge-base", base, head)
    ahead = world.bare.git("rev-list", "--reverse", f"{base}..{head}").split()
    behind = world.bare.git("rev-list", f"{head}..{base}").split()
    words = {(False, False): "identical", (True, False): "ahead", (False, True): "behind"}
    url = f"{world.api}/compare/{basehead}"
    page = f"{world.origin}/{world.full_name}/compare/{basehead}"
    return answer(
        200,
        {
            "url": url,
            "html_url": page,
            "permalink_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "base_commit": _commit(world, world.bare.commit(base)),
            "merge_base_commit": _commit(world, world.bare.commit(common)),
            "status": words.get((bool(ahead), bool(behind)), "diverged"),
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "commits": [_commit(world, world.bare.commit(sha)) for sha in ahead[:250]],
            "files": _files(world, common, head)[:300],
        },
    )


@route("GET", "/branches")
def list_branches(world: World, request: Request) -> Reply:
    found = world.bare.refs("refs/heads/")
    branches = [
        {
            "name": ref.removeprefix("refs/heads/"),
            "commit": {"sha": sha, "url": f"{world.api}/commits/{sha}"},
            "protected": False,
        }
        for ref, sha in found.items()
    ]
    return listed(world, request, branches)


@route("GET", "/branches/{branch*}")
def read_branch(world: World, request: Request, branch: str) -> Reply:
    sha = world.bare.refs().get(f"refs/heads/{branch}")
    if sha is None:
        raise GitHubError(404, "Branch not found")
    page = f"{world.origin}/{world.full_name}/tree/{branch}"
    return answer(
        200,
        {
            "name": branch,
            "commit": _commit(world, world.bare.commit(sha)),
            "_links": {"html": page, "self": f"{world.api}/branches/{branch}"},
            "protected": False,
            "protection": {"enabled": False},
            "protection_url": f"{world.api}/branches/{branch}/protection",
        },
    )


def _content(world: World, ref: str, entry: Entry, *, inside: bool) -> dict[str, Any]:
    kind = {"blob": "file", "tree": "dir", "commit": "submodule"}[entry.kind]
    url = f"{world.api}/contents/{entry.path}?ref={ref}"
    page = f"{world.origin}/{world.full_name}/{entry.kind}/{ref}/{entry.path}"
    git = f"{world.api}/git/{entry.kind}s/{entry.sha}"
    raw = f"{world.origin}/{world.full_name}/raw/{ref}/{entry.path}" if kind == "file" else None
    document = {
        "type": kind,
        "size": entry.size or 0,
        "name": entry.path.rpartition("/")[2],
        "path": entry.path,
        "sha": entry.sha,
        "url": url,
        "git_url": git,
        "html_url": page,
        "download_url": raw,
        "_links": {"git": git, "html": page, "self": url},
    }
    if not inside:
        data = world.bare.blob(entry.sha)
        text = base64.encodebytes(data).decode()
        document |= {"encoding": "base64", "content": text}
    return document


@route("GET", "/contents/{path*}")
def read_contents(world: World, request: Request, path: str) -> Reply:
    sha = _resolved(world, request.query.get("ref"))
    path = path.strip("/")
    found = world.bare.tree(sha, path) if path else world.bare.tree(sha)
    if not found:
        raise GitHubError(404, "Not Found")
    ref = request.query.get("ref", world.default_branch)
    if not path or found[0].kind == "tree":
        entries = world.bare.tree(sha, f"{path}/") if path else found
        return answer(200, [_content(world, ref, entry, inside=True) for entry in entries])
    if request.headers.get("accept", "").endswith(("raw", "raw+json")):
        return Reply(200, world.bare.blob(found[0].sha))
    return answer(200, _content(world, ref, found[0], inside=False))


@route("GET", "/contents")
def read_top(world: World, request: Request) -> Reply:
    return read_contents(world, request, "/")


def _change(world: World, request: Request, path: str, new: str | None) -> str:
    asked = request.json()
    branch = str(asked.get("branch") or world.default_branch)
    tip = world.bare.refs().get(f"refs/heads/{branch}")
    if tip is None:
        raise GitHubError(404, f"Branch {branch} not found")
    present = world.bare.tree(tip, path)
    if present and asked.get("sha") is None:
        raise GitHubError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if asked.get("sha") not in (None, *(entry.sha for entry in present)):
        raise GitHubError(409, f"{path} does not match {asked['sha']}")
    tree = world.bare.write_tree(tip, [("100644", new, path)])
    login = request.person().login
    own = {"name": login, "email": f"{login}@users.noreply.github.com"}
    author = asked.get("author") or own
    sha = world.bare.write_commit(
        tree, [tip], str(asked["message"]), author, asked.get("committer") or author
    )
    guard(world, request, tip, sha)
    world.bare.git("update-ref", f"refs/heads/{branch}", sha, tip)
    return sha


@route("PUT", "/contents/{path*}")
def write_contents(world: World, request: Request, path: str) -> Reply:
    data = base64.b64decode(str(request.json().get("content", "")))
    sha = _change(world, request, path, world.bare.write_blob(data))
    entry = world.bare.tree(sha, path)[0]
    content = _content(world, sha, entry, inside=True)
    commit = commit_document(world, world.bare.commit(sha))
    earlier = len(world.bare.git("rev-list", sha, "--", path).split())
    return answer(201 if earlier == 1 else 200, {"content": content, "commit": commit})


@route("DELETE", "/contents/{path*}")
def delete_contents(world: World, request: Request, path: str) -> Reply:
    sha = _change(world, request, path, None)
    commit = commit_document(world, world.bare.commit(sha))
    return answer(200, {"content": None, "commit": commit})
