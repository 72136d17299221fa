"""A request in its repository ─► the same request, with the digest of all that it depends on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from bot.commands.run import PATCH, SOURCE
from bot.config import FILE_NAME as CONFIG
from bot.errors import RequestError
from bot.excursion import Kind
from bot.excursion_file import FILE_NAME
from bot.forge.local import LocalForge
from runner.cache import Files, data_digest, inputs_digest, surroundings
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

    def identify(self, request: RunRequest, files: Mapping[str, bytes]) -> RunRequest:
        """Put into a request the digest of all that its outcome may depend on.

        It stays without one as long as its environment has not been made.

        Args:
            request: What is asked for.
            files: What its ref will hold: the notebook, and a patch of what is not committed.

        Raises:
            RequestError: The data that it declares are not there.
        """
        python = _python(request)
        if python is None:
            return request
        tree = self._forge.tree(request.commit)
        data = self._data(request, tree)
        found = Files(project_files(tree, request.notebook), data, files.get(PATCH, b""))
        around = surroundings(python, os.environ, request.resources.cores)
        digest = inputs_digest(request, files[SOURCE], found, around)
        return request.model_copy(
            update={"inputs_sha256": digest, "data_sha256": data_digest(data)}
        )

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
