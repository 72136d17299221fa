"""Many objects or refs of a repository at once ─► one git process each, however many there are.

Only a large file has a process of its own, which reads it where it lies on the disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import ForgeError
from bot.forge.git import NO_COMMIT, Git, advice

_SCRATCH = "refs/excursions-scratch"  # fast-import wants a ref for its commits; it is dropped
LARGE = 1 << 20  # bytes; so much is not copied without need
_SHA1_DIGITS = 40


@dataclass(frozen=True)
class NewCommit:
    """A commit to be written: these files and no others, on top of its parent.

    Attributes:
        parent: The commit before it.
        files: Path ─► content.
        message: Why.
        kept: A folder of the parent's that stays ─► its tree.
        on_disk: Path ─► where the same content lies on the disk.
    """

    parent: str
    files: Mapping[str, bytes]
    message: str
    kept: Mapping[str, str] = field(default_factory=dict)
    on_disk: Mapping[str, Path] = field(default_factory=dict)


def read_many(git: Git, names: Sequence[str]) -> list[bytes | None]:
    """Read the contents of objects by their names, None for those that are not there."""
    return [found.content if found else None for found in git.look_up(names)]


def object_ids(git: Git, names: Sequence[str]) -> list[str | None]:
    """Resolve objects by their names, None for those that are not there."""
    return [found.id if found else None for found in git.look_up(names)]


def tree_files(git: Git, commit: str) -> dict[str, bytes]:
    """Read all files of a small tree, by their paths."""
    listed = git.run("ls-tree", "-r", "-z", commit).stdout
    blobs = {}
    for line in listed.decode(errors="surrogateescape").split("\0"):
        about, _, path = line.partition("\t")
        if path:
            blobs[path] = about.split(" ")[2]
    contents = read_many(git, tuple(blobs.values()))
    return {p: content for p, content in zip(blobs, contents, strict=True) if content is not None}


def write_commits(git: Git, commits: Sequence[NewCommit], identity: str | None = None) -> list[str]:
    """Write commits that no ref names yet, and give their names.

    Args:
        git: The repository.
        commits: What to write.
        identity: Author and committer with the moment, as git writes them; the user's if None.
    """
    if not commits:
        return []
    author, committer = (identity, identity) if identity else git.identities()
    parts: list[bytes] = []
    for mark, commit in enumerate(commits, start=1):
        message = commit.message.encode()
        parts += [
            f"commit {_SCRATCH}\nmark :{mark}\nauthor {author}\ncommitter {committer}\n".encode(),
            *_data(message),
            f"from {commit.parent}\ndeleteall\n".encode(),
        ]
        for path, tree in commit.kept.items():
            parts.append(f"M 040000 {tree} {_quoted(path)}\n".encode())
        for path, content in commit.files.items():
            if len(content) < LARGE:
                parts += [f"M 100644 inline {_quoted(path)}\n".encode(), *_data(content)]
                continue
            blob = _write_large(git, content, commit.on_disk.get(path), commit.parent)
            parts.append(f"M 100644 {blob} {_quoted(path)}\n".encode())
        parts.append(f"get-mark :{mark}\n".encode())
    nothing = "0" * len(commits[0].parent)
    parts.append(f"reset {_SCRATCH}\nfrom {nothing}\n\ndone\n".encode())
    done = git.run("fast-import", "--quiet", "--done", "--date-format=raw", stdin=b"".join(parts))
    return done.stdout.decode().split()


def move_refs(git: Git, moves: Iterable[tuple[str, str, str]], why: str) -> bool:
    """Move refs, given as (ref, new, old), all or none; False if one stood elsewhere.

    An old value of `NO_COMMIT` creates the ref.
    """
    known = tuple(moves)
    lines = ["start\0"]
    for ref, new, old in known:
        lines.append(
            f"create {ref}\0{new}\0" if old == NO_COMMIT else f"update {ref}\0{new}\0{old}\0"
        )
    lines += ["prepare\0", "commit\0"]
    done = git.run(
        *("update-ref", "--stdin", "-z", "--create-reflog", "-m", why),
        stdin="".join(lines).encode(),
        allowed=(0, 1, 128),
    )
    if done.returncode == 0:
        return True
    stand = object_ids(git, [f"{ref}^{{commit}}" for ref, _, _ in known])
    expected = [None if old == NO_COMMIT else old for _, _, old in known]
    if stand != expected:
        return False
    said = done.stderr.decode(errors="replace").strip()
    raise ForgeError(f"could not write refs: {said}", right=advice(said))


def _write_large(git: Git, content: bytes, file: Path | None, commit: str) -> str:
    """Write a content as an object of the kind that a commit is, and give its name.

    Read by git from the file if there is one, but never something else that came there meanwhile.
    """
    if file is not None:
        name = hashlib.new("sha1" if len(commit) == _SHA1_DIGITS else "sha256")
        name.update(b"blob %d\0" % len(content))
        name.update(content)
        done = git.run("hash-object", "-w", "--no-filters", "--", str(file), allowed=(0, 128))
        if done.stdout.decode().strip() == name.hexdigest():
            return name.hexdigest()
    return git.run("hash-object", "-w", "--stdin", stdin=content).stdout.decode().strip()


def _data(content: bytes) -> tuple[bytes, ...]:
    return b"data %d\n" % len(content), content, b"\n"


def _quoted(path: str) -> str:
    """Write a path as fast-import reads it, whatever characters are in it."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
