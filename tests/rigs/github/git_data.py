"""Git objects and refs by the REST API, on the bare repository.

https://docs.github.com/rest/git
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from rigs.github.bare import Commit, Entry
from rigs.github.exchange import GitHubError, Reply, Request, answer
from rigs.github.world import World, route


def _sha(world: World, given: object, kind: str) -> str:
    if not isinstance(given, str) or not world.bare.has(given, kind):
        raise GitHubError(404 if kind != "commit" else 422, "Object does not exist")
    return given


@route("POST", "/git/blobs")
def create_blob(world: World, request: Request) -> Reply:
    asked = request.json()
    content = str(asked.get("content", ""))
    if asked.get("encoding", "utf-8") == "base64":
        try:
            data = base64.b64decode(content.replace("\n", ""), validate=True)
        except binascii.Error:
            raise GitHubError(422, "content is not valid Base64") from None
    else:
        data = content.encode()
    sha = world.bare.write_blob(data)
    return answer(201, {"sha": sha, "url": f"{world.api}/git/blobs/{sha}"})


@route("GET", "/git/blobs/{sha}")
def read_blob(world: World, request: Request, sha: str) -> Reply:
    data = world.bare.blob(_sha(world, sha, "blob"))
    return answer(
        200,
        {
            "sha": sha,
            "node_id": f"B_{sha}",
            "size": len(data),
            "url": f"{world.api}/git/blobs/{sha}",
            "content": base64.encodebytes(data).decode(),
            "encoding": "base64",
        },
    )


def _line(world: World, item: dict[str, Any]) -> tuple[str, str | None, str]:
    mode, path = str(item.get("mode", "100644")), str(item.get("path", ""))
    parts = path.split("/")
    if not path or any(part in ("", ".", "..", ".git") for part in parts):
        raise GitHubError(422, "tree.path contains a malformed path component")
    if "content" in item:
        return mode, world.bare.write_blob(str(item["content"]).encode()), path
    if item.get("sha") is None:
        return mode, None, path
    kind = {"040000": "tree", "160000": "commit"}.get(mode, "blob")
    if kind != "commit" and not world.bare.has(str(item["sha"]), kind):
        raise GitHubError(422, f"tree.sha {item['sha']} is not a valid {kind}")
    return mode, str(item["sha"]), path


def _tree(world: World, sha: str, entries: list[Entry]) -> dict[str, Any]:
    found = []
    for entry in entries:
        url = f"{world.api}/git/{entry.kind}s/{entry.sha}"
        about = {"path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha}
        size = {} if entry.size is None else {"size": entry.size}
        found.append({**about, **size, "url": url})
    url = f"{world.api}/git/trees/{sha}"
    return {"sha": sha, "url": url, "tree": found, "truncated": False}


@route("POST", "/git/trees")
def create_tree(world: World, request: Request) -> Reply:
    asked = request.json()
    base = asked.get("base_tree")
    if base is not None and not (
        world.bare.has(str(base), "tree") or world.bare.has(str(base), "commit")
    ):
        raise GitHubError(422, f"base_tree is not a valid tree oid: {base}")
    sha = world.bare.write_tree(base, [_line(world, item) for item in asked.get("tree", [])])
    return answer(201, _tree(world, sha, world.bare.tree(sha)))


@route("GET", "/git/trees/{sha*}")
def read_tree(world: World, request: Request, sha: str) -> Reply:
    found = sha if world.bare.has(sha, "tree") else world.bare.resolve(sha)
    if found is None:
        raise GitHubError(404, "Not Found")
    inside = world.bare.objects.kind(f"{found}^{{tree}}")
    tree = inside.sha if inside else found
    deep = bool(request.query.get("recursive"))
    return answer(200, _tree(world, tree, world.bare.tree(tree, deep=deep)))


def commit_document(world: World, commit: Commit) -> dict[str, Any]:
    """Give a commit as the git data API shows it."""
    people = {
        role: dict(zip(("name", "email", "date"), who, strict=True))
        for role, who in (("author", commit.author), ("committer", commit.committer))
    }
    parents = [
        {
            "sha": parent,
            "url": f"{world.api}/git/commits/{parent}",
            "html_url": f"{world.origin}/{world.full_name}/commit/{parent}",
        }
        for parent in commit.parents
    ]
    return {
        "sha": commit.sha,
        "node_id": f"C_{commit.sha}",
        "url": f"{world.api}/git/commits/{commit.sha}",
        "html_url": f"{world.origin}/{world.full_name}/commit/{commit.sha}",
        **people,
        "tree": {"sha": commit.tree, "url": f"{world.api}/git/trees/{commit.tree}"},
        "message": commit.message,
        "parents": parents,
        "verification": {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }


@route("POST", "/git/commits")
def create_commit(world: World, request: Request) -> Reply:
    asked = request.json()
    login = request.person().login
    own = {"name": login, "email": f"{login}@users.noreply.github.com"}
    author = asked.get("author") or own
    sha = world.bare.write_commit(
        _sha(world, asked.get("tree"), "tree"),
        [_sha(world, parent, "commit") for parent in asked.get("parents", [])],
        str(asked.get("message", "")),
        author,
        asked.get("committer") or author,
    )
    return answer(201, commit_document(world, world.bare.commit(sha)))


@route("GET", "/git/commits/{sha}")
def read_commit(world: World, request: Request, sha: str) -> Reply:
    if not world.bare.has(sha, "commit"):
        raise GitHubError(404, "Not Found")
    return answer(200, commit_document(world, world.bare.commit(sha)))


def ref_document(world: World, ref: str, sha: str) -> dict[str, Any]:
    """Give a ref as the git data API shows it."""
    kind = world.bare.kind(sha)
    target = {"type": kind, "sha": sha, "url": f"{world.api}/git/{kind}s/{sha}"}
    return {
        "ref": ref,
        "node_id": f"REF_{ref}",
        "url": f"{world.api}/git/{ref}",
        "object": target,
    }


@route("POST", "/git/refs")
def create_ref(world: World, request: Request) -> Reply:
    asked = request.json()
    ref, sha = str(asked.get("ref", "")), _sha(world, asked.get("sha"), "commit")
    if not ref.startswith("refs/") or ref.count("/") < 2 or ref.startswith("refs/pull/"):
        raise GitHubError(422, "Reference name must start with 'refs/' and have two slashes")
    guard(world, request, None, sha)
    if ref in world.bare.refs():
        raise GitHubError(422, "Reference already exists")
    world.bare.git("check-ref-format", ref)
    world.bare.git("update-ref", ref, sha, "0" * 40)
    return answer(201, ref_document(world, ref, sha))


@route("GET", "/git/ref/{name*}")
def read_ref(world: World, request: Request, name: str) -> Reply:
    ref = f"refs/{name}"
    sha = world.bare.refs().get(ref)
    if sha is None:
        raise GitHubError(404, "Not Found")
    return answer(200, ref_document(world, ref, sha))


@route("GET", "/git/matching-refs/{name*}")
def match_refs(world: World, request: Request, name: str) -> Reply:
    found = world.bare.refs(f"refs/{name}")
    return answer(200, [ref_document(world, ref, sha) for ref, sha in found.items()])


@route("PATCH", "/git/refs/{name*}")
def update_ref(world: World, request: Request, name: str) -> Reply:
    asked = request.json()
    ref, sha = f"refs/{name}", _sha(world, asked.get("sha"), "commit")
    old = world.bare.refs().get(ref)
    if old is None:
        raise GitHubError(422, "Reference does not exist")
    if not asked.get("force") and not world.bare.is_ancestor(old, sha):
        raise GitHubError(422, "Update is not a fast forward")
    guard(world, request, old, sha)
    world.bare.git("update-ref", ref, sha, old)
    return answer(200, ref_document(world, ref, sha))


@route("DELETE", "/git/refs/{name*}")
def delete_ref(world: World, request: Request, name: str) -> Reply:
    ref = f"refs/{name}"
    if ref not in world.bare.refs():
        raise GitHubError(422, "Reference does not exist")
    world.bare.git("update-ref", "-d", ref)
    return Reply(204)


def guard(world: World, request: Request, old: str | None, new: str) -> None:
    """Refuse a job's token that would change a workflow, as GitHub does.

    Raises:
        GitHubError: The new commit has other workflows than the old one, or the default branch.
    """
    if request.person().grants is None:
        return
    before = old or world.bare.resolve(f"refs/heads/{world.default_branch}")
    kept = world.bare.tree(before, ".github/workflows/") if before else []
    if kept != world.bare.tree(new, ".github/workflows/"):
        raise GitHubError(403, "Resource not accessible by integration")
