"""Where a team's other templates are kept ─► folders on this machine with their files.

Only plain files are taken out of the pinned commit; nothing of it is checked out or executed. What
was fetched once is found again without a network.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from bot.config import FILE_NAME, TemplateSource
from bot.errors import ForgeError, RequestError
from bot.forge.git import Git

_MOST_FILES = 2_000
_MOST_BYTES = 20_000_000
_PLAIN_FILES = ("100644", "100755")
_PROTOCOLS = {"GIT_ALLOW_PROTOCOL": "https:ssh:file"}  # git knows others, some of which run things


class UnfetchedError(ForgeError):
    """Templates of another repository cannot be had; the configuration may be to blame."""


def template_cache(top: Path) -> Path:
    """Give where a repository keeps what it has fetched, beside the threads."""
    return top / ".excursions" / "templates"


def fetched(sources: Iterable[TemplateSource], cache: Path) -> tuple[Path, ...]:
    """Give the folder of each source, with its kinds inside; fetch those that are not here yet.

    Args:
        sources: What the configuration names, the first to win first.
        cache: The folder in which they are kept.

    Raises:
        ForgeError: One cannot be fetched.
        RequestError: The commit has no such folder, or holds what is no plain file.
    """
    return tuple(_fetched(source, cache) for source in sources)


def _fetched(source: TemplateSource, cache: Path) -> Path:
    key = "\0".join((source.git, source.commit, source.folder))
    place = cache / hashlib.sha256(key.encode()).hexdigest()[:16]
    if place.is_dir():
        return place
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="new-") as new:
        git, files = Git(Path(new)), Path(new, "files")
        git.run("init", "--quiet", "--bare", "--template=", "repository", environment=_PROTOCOLS)
        git = Git(Path(new, "repository"))
        _fetch(git, source)
        for path, content in _contents(git, source):
            target = files / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        try:
            files.rename(place)
        except OSError:
            if not place.is_dir():  # else another command was quicker
                raise
    return place


def _fetch(git: Git, source: TemplateSource) -> None:
    """Get the commit, without what came before it."""
    words = ("fetch", "--quiet", "--depth=1", "--no-tags", "--", source.git, source.commit)
    try:
        git.run(*words, environment=_PROTOCOLS)
    except ForgeError as error:
        said = error.what.removeprefix("git fetch failed: ").partition("\n")[0]
        why = "it has no such commit" if "not our ref" in said else said.removeprefix("fatal: ")
        raise UnfetchedError(
            f"templates cannot be fetched from {source.git}: {why}",
            where=_where(source),
            right="They are needed once, then kept. Try again with a network, mend the address or "
            "the commit, or take the entry away.",
        ) from error


def _contents(git: Git, source: TemplateSource) -> Iterable[tuple[str, bytes]]:
    """Give each file below the folder, by its path in it."""
    tree = f"{source.commit}:{source.folder}"
    listed = git.run("ls-tree", "-r", "-z", "--long", tree, allowed=(0, 128))
    if listed.returncode:
        raise RequestError(
            f"the commit has no folder {source.folder!r}",
            where=_where(source),
            right='folder = "…" names the one that holds demos/, docs/ and libs/.',
        )
    entries = [each for each in listed.stdout.decode(errors="replace").split("\0") if each]
    total = 0
    for entry in entries:
        about, _, path = entry.partition("\t")
        mode, _, name, size = about.split()
        parts = PurePosixPath(path).parts
        if mode not in _PLAIN_FILES or not path.isprintable() or {"..", ".git"} & {*parts}:
            raise RequestError(
                f"{path!r} is no plain file",
                where=_where(source),
                right="Templates are text files: no links, no submodules.",
            )
        total += int(size)
        if total > _MOST_BYTES or len(entries) > _MOST_FILES:
            raise RequestError(
                f"holds more than {_MOST_FILES} files or {_MOST_BYTES // 1_000_000} MB",
                where=_where(source),
                right="Name a folder with nothing but templates.",
            )
        yield path, git.run("cat-file", "blob", name).stdout


def _where(source: TemplateSource) -> str:
    return f"{FILE_NAME}, [[templates]] {source.commit[:10]}"
