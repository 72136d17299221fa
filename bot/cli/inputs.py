"""A request in its repository ─► the same request, with the digest of all that it depends on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from bot.commands.run import PATCH, SOURCE
from bot.config import FILE_NAME as CONFIG
from bot.errors import RequestError
from bot.excursion import Kind
from bot.excursion_file import FILE_NAME
from bot.forge.local import LocalForge
from bot.preparation import Asked
from runner.block import composed
from runner.cache import Files, Surroundings, data_digest, inputs_digest, surroundings
from runner.data import DataError, data_digests, data_files
from runner.digests import Digests
from runner.records import RunRequest
from runner.sizes import spoken_size

_LARGE = 500_000_000  # bytes; reading so many takes long enough to be told of


class Inputs:
    """Finds what runs in a repository depend on."""

    def __init__(self, forge: LocalForge, tell: Callable[[str], None]) -> None:
        self._forge = forge
        self._tell = tell
        self._digests = Digests()

    def identify(self, asked: Sequence[Asked], threads: Mapping[str, str]) -> list[RunRequest]:
        """Put into requests the digest of all that the outcome of each may depend on.

        One stays without a digest as long as its environment has not been made.

        Args:
            asked: The requests, each with what its ref will hold: the notebook, and a patch of
                what is not committed. What several have in common is looked at once.
            threads: Variables that their kernels are given beside ours.

        Raises:
            RequestError: The data that one declares are not there.
        """
        seen: dict[tuple[object, ...], tuple[Files, Surroundings] | None] = {}
        found = []
        for request, files in asked:
            common = (
                *(request.commit, request.notebook, request.data, request.requirements),
                *(request.resources.cores, files.get(PATCH, b"")),
            )
            if common not in seen:
                seen[common] = self._look(request, files.get(PATCH, b""), threads)
            looked = seen[common]
            found.append(_identified(request, files[SOURCE], *looked) if looked else request)
        return found

    def _look(
        self, request: RunRequest, patch: bytes, threads: Mapping[str, str]
    ) -> tuple[Files, Surroundings] | None:
        """Look at what a run may read and what it will run in; None before that is made."""
        python = _python(request)
        if python is None:
            return None
        tree = self._forge.tree(request.commit)
        files = Files(project_files(tree, request.notebook), self._data(request, tree), patch)
        return files, surroundings(python, os.environ | dict(threads), request.resources.cores)

    def read_data(self, request: RunRequest) -> None:
        """Read the data files that a request declares, so that their digests are remembered.

        Raises:
            RequestError: They are not there.
        """
        if request.data:
            self._data(request, self._forge.tree(request.commit))

    def data_folder(self, request: RunRequest) -> Path:
        """Find the folder with the data files that git does not keep.

        That is the notebook's folder in the excursion's own checkout, or in the main one once the
        excursion's is gone.
        """
        folder = Path(request.notebook).parent
        return (self._forge.checkout(folder.name) or self._forge.top) / folder

    def untracked_data(self, request: RunRequest) -> list[str]:
        """List the data files that git does not keep, by their paths in that folder."""
        folder = self.data_folder(request)
        tracked = _within(self._forge.tree(request.commit), request.notebook)
        found = data_files(request.data, folder, inside=self._inside(folder))
        return [name for name in found if name not in tracked]

    def _data(self, request: RunRequest, tree: Mapping[str, str]) -> dict[str, str]:
        if not request.data:
            return {}
        folder = self.data_folder(request)
        try:
            return data_digests(
                request.data,
                folder,
                inside=self._inside(folder),
                tracked=_within(tree, request.notebook),
                digest=self._digest,
            )
        except DataError as error:
            raise RequestError(
                f"data: {error}",
                where=f"{Path(request.notebook).parent}/{FILE_NAME}",
                right=f"Its patterns are looked for in {folder}.",
            ) from error

    def _inside(self, folder: Path) -> tuple[Path, ...]:
        """Name the checkouts that data may lie in."""
        return (self._forge.top, folder)

    def _digest(self, file: Path) -> str:
        size = file.stat().st_size
        if size >= _LARGE and not self._digests.remembers(file):
            self._tell(f"Reading {file.name} ({spoken_size(size)}), once.")
        return self._digests.of(file)


def _identified(
    request: RunRequest, source: bytes, files: Files, around: Surroundings
) -> RunRequest:
    digests = {
        "inputs_sha256": inputs_digest(request, composed(request, source), files, around),
        "data_sha256": data_digest(files.data),
    }
    return request.model_copy(update=digests)


def _python(request: RunRequest) -> str | None:
    """Name the interpreter of a run's kernel, if it has been made."""
    if not request.requirements:
        return sys.executable
    from runner import environments  # here, since few excursions need one

    try:
        return environments.known(request.requirements)
    except environments.RequirementsError:
        return None  # told of when it is to be made


def project_files(tree: Mapping[str, str], notebook: str) -> dict[str, str]:
    """Keep of a commit's files those that a notebook may import or read.

    Not among them are Markdown, other excursions, what configures us, and the notebook itself,
    whose code counts apart from its Markdown.
    """
    own = PurePosixPath(notebook).parent
    root = own.parent.parent
    others = tuple(f"{root / kind.value}/" for kind in Kind)
    return {
        path: blob
        for path, blob in tree.items()
        if not path.lower().endswith(".md")
        and not path.startswith(".github/")
        and path not in {CONFIG, notebook, f"{own}/{FILE_NAME}"}
        and (path.startswith(f"{own}/") or not path.startswith(others))
    }


def _within(tree: Mapping[str, str], notebook: str) -> dict[str, str]:
    """Keep of a commit's files those in a notebook's folder, by their paths there."""
    folder = f"{PurePosixPath(notebook).parent}/"
    return {
        path.removeprefix(folder): blob for path, blob in tree.items() if path.startswith(folder)
    }
