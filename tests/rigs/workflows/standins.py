"""GitHub's own actions, done here: checkout, the artifacts, and what sets up Python.

Each does what the original documents, as far as our workflows could notice.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rigs.workflows.machine import Machine


class ActionError(Exception):
    """What the action says when it fails."""


@dataclass(frozen=True)
class Call:
    """One use of an action.

    Attributes:
        inputs: What `with:` says.
        artifacts: The folder with the run's artifacts, each a zip file.
        say: Prints a line.
    """

    machine: Machine
    inputs: Mapping[str, str]
    artifacts: Path
    say: Callable[[str], None]

    def wants(self, name: str, default: bool) -> bool:
        """Read an input that is true or false."""
        return self.inputs.get(name, str(default).lower()).lower() == "true"


StandIn = Callable[[Call], dict[str, str]]


def checkout(call: Call) -> dict[str, str]:
    """https://github.com/actions/checkout."""
    inputs, github = call.inputs, call.machine.github
    repository = inputs.get("repository") or github["repository"]
    folder = call.machine.workspace / inputs.get("path", "")
    folder.mkdir(parents=True, exist_ok=True)
    token = inputs.get("token") or call.machine.token
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    header = f"http.{github['server_url']}/.extraheader"
    ref = inputs.get("ref") or (github["sha"] if repository == github["repository"] else "HEAD")
    depth = inputs.get("fetch-depth", "1")

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise ActionError(f"git {words[0]}: {done.stderr.strip()}")
        return done.stdout.strip()

    if call.wants("clean", True):
        for each in folder.iterdir():
            shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
    git("init", "-q", ".")
    git("remote", "add", "origin", f"{github['server_url']}/{repository}")
    git("config", "--local", "gc.auto", "0")
    git("config", "--local", header, f"AUTHORIZATION: basic {basic}")
    shallow = [] if depth == "0" else [f"--depth={depth}"]
    every = ["+refs/heads/*:refs/remotes/origin/*"] if depth == "0" else []
    git("fetch", "-q", "--no-tags", *shallow, "origin", ref, *every)
    branch = ref.removeprefix("refs/heads/")
    is_branch = bool(git("ls-remote", "origin", f"refs/heads/{branch}"))
    git("checkout", "-q", "--force", *(["-B", branch] if is_branch else []), "FETCH_HEAD")
    if not call.wants("persist-credentials", True):
        git("config", "--local", "--unset-all", header)
    return {"ref": ref, "commit": git("rev-parse", "HEAD")}


def upload_artifact(call: Call) -> dict[str, str]:
    """https://github.com/actions/upload-artifact, version 4 and later."""
    name = call.inputs.get("name", "artifact")
    if any(letter in name for letter in '":<>|*?\r\n\\/'):
        raise ActionError(f"The artifact name is not valid: {name}")
    files = _found(call)
    if not files:
        message = f"No files were found with the provided path: {call.inputs.get('path')}."
        if call.inputs.get("if-no-files-found", "warn") == "error":
            raise ActionError(message)
        call.say(f"::warning::{message}")
        return {}
    target = call.artifacts / f"{name}.zip"
    if target.exists() and not call.wants("overwrite", False):
        raise ActionError(f"Failed to CreateArtifact: an artifact named {name} already exists")
    parents = [set(file.parents) for file in files]
    root = max(set.intersection(*parents), key=lambda path: len(path.parts))
    searched = [line for line in call.inputs["path"].splitlines() if line.strip()]
    if len(searched) == 1 and (call.machine.workspace / searched[0].strip()).is_dir():
        root = (call.machine.workspace / searched[0].strip()).resolve()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.relative_to(root))
    url = f"{call.machine.github['server_url']}/artifacts/{name}"
    return {"artifact-id": str(len(list(call.artifacts.iterdir()))), "artifact-url": url}


def _found(call: Call) -> list[Path]:
    hidden = call.wants("include-hidden-files", False)
    files: set[Path] = set()
    for line in call.inputs.get("path", "").splitlines():
        pattern = line.strip()
        if not pattern:
            continue
        if pattern.startswith("!"):
            files -= set(_matching(call.machine.workspace, pattern[1:]))
        else:
            files |= set(_matching(call.machine.workspace, pattern))
    return sorted(file for file in files if hidden or not _is_hidden(call, file))


def _is_hidden(call: Call, file: Path) -> bool:
    inside = call.machine.folder
    parts = file.relative_to(inside).parts if file.is_relative_to(inside) else file.parts
    return any(part.startswith(".") for part in parts)


def _matching(workspace: Path, pattern: str) -> list[Path]:
    path = Path(pattern)
    anchor = Path(path.anchor) if path.is_absolute() else workspace
    relative = str(path.relative_to(path.anchor)) if path.is_absolute() else pattern
    matched = list(anchor.glob(relative)) if relative != "." else [anchor]
    files = []
    for each in matched:
        inside = each.rglob("*") if each.is_dir() else [each]
        files += [file for file in inside if file.is_file()]
    return files


def download_artifact(call: Call) -> dict[str, str]:
    """https://github.com/actions/download-artifact, version 4 and later."""
    folder = call.machine.workspace / call.inputs.get("path", "")
    name, pattern = call.inputs.get("name"), call.inputs.get("pattern", "*")
    if name:
        archives = [call.artifacts / f"{name}.zip"]
        if not archives[0].exists():
            raise ActionError(
                f"Unable to download artifact(s): Artifact not found for name: {name}"
            )
    else:
        archives = sorted(call.artifacts.glob(f"{pattern}.zip"))
    # A single one gets no folder of its own, even by a pattern: download-artifact.ts, v5 to v8.
    apart = not name and len(archives) != 1 and not call.wants("merge-multiple", False)
    folder.mkdir(parents=True, exist_ok=True)
    for archive in archives:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder / archive.stem if apart else folder)
    call.say(f"{len(archives)} artifacts to {folder}")
    return {"download-path": str(folder)}


def setup_python(call: Call) -> dict[str, str]:
    """https://github.com/actions/setup-python: the Python that runs the tests."""
    call.machine.path.insert(0, str(Path(sys.executable).parent))
    return {"python-version": sys.version.split()[0], "python-path": sys.executable}


# The version is not looked at: that it is pinned is for zizmor to say.
KNOWN: Mapping[str, StandIn] = {
    "actions/checkout": checkout,
    "actions/upload-artifact": upload_artifact,
    "actions/download-artifact": download_artifact,
    "actions/setup-python": setup_python,
    "astral-sh/setup-uv": setup_python,
}
