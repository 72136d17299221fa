"""A thread whose welcome is gone ─► its excursion, found by its branch, its folder or its runs.

The welcome remembers an excursion. Where a person deleted or damaged it, the branches that are
named after the issue are looked at, and then what its runs were asked for with: a folder with an
`excursion.toml` tells the rest.
"""

from __future__ import annotations

from bot.config import Config
from bot.errors import RequestError
from bot.excursion import Excursion, Kind, folder_name
from bot.excursion_file import FILE_NAME, NOTEBOOK, read_excursion_file
from bot.forge.protocol import Forge


def recovered(issue: int, forge: Forge, config: Config) -> Excursion | None:
    """Find the excursion of an issue without its welcome; None if there is no trace of one.

    Raises:
        ForgeError: The forge failed.
    """
    for branch in sorted(forge.branches_of(issue), key=lambda name: (len(name), name)):
        head = forge.head(branch)
        places = {folder_name(config.root, kind, branch): kind for kind in Kind}
        found = _declared(issue, forge, head, places, branch) if head else None
        if found is not None:
            return found
    for run in forge.runs(issue):
        if run.request is not None and run.request.notebook.endswith(f"/{NOTEBOOK}"):
            folder = run.request.notebook.removesuffix(f"/{NOTEBOOK}")
            *_, kind, branch = ["", "", *folder.split("/")]
            if kind in {each.value for each in Kind}:
                found = _declared(issue, forge, run.request.commit, {folder: Kind(kind)}, branch)
                if found is not None:
                    return found
    return None


def _declared(
    issue: int, forge: Forge, commit: str, places: dict[str, Kind], branch: str
) -> Excursion | None:
    """Read the excursion from the first of these folders that declares one at a commit."""
    names = {folder: f"{folder}/{FILE_NAME}" for folder in places}
    texts = forge.read_files(commit, tuple(names.values()))
    for folder, kind in places.items():
        text = texts[names[folder]]
        if text is None:
            continue
        try:
            file = read_excursion_file(text, where=names[folder])
        except RequestError:  # whoever needs it will say what is wrong with it
            continue
        return Excursion(issue, file.question, kind, file.template, branch, folder)
    return None
