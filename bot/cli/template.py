"""`excursion template check`: whether a template holds what it declares."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.place import give, json_option, say
from bot.errors import ForgeError, RequestError
from bot.log.safety import plain

if TYPE_CHECKING:
    from bot.doctor.finding import Finding
    from bot.template import Template
    from runner.records import RunResult

_PREFIX = "excursion: "  # of what is wrong
OFFLINE = Path(__file__).parents[1] / "offline"
_NOBODY = {
    "GIT_AUTHOR_NAME": "Check",
    "GIT_AUTHOR_EMAIL": "check@example.org",
    "GIT_COMMITTER_NAME": "Check",
    "GIT_COMMITTER_EMAIL": "check@example.org",
}


@click.group("template")
def template_command() -> None:
    """What one does with a template of one's own."""


@template_command.command("check")
@click.argument("template", metavar="PATH|NAME")
@click.option("-p", "parameters", multiple=True, metavar="NAME=VALUE", help="Run it with this.")
@click.option("--no-run", is_flag=True, help="Only read and render it, which takes a moment.")
@json_option
def check_command(template: str, parameters: tuple[str, ...], no_run: bool, as_json: bool) -> None:
    """Check a template: its manifest, what it makes of a question, what its notebook does.

    Renders it for a plain question and for hostile ones, then runs it with its defaults in a
    throw-away repository from which no other machine can be reached. It must record what it
    declares, and say below each picture what it shows. Exit status: 0 all is well, 1 something is
    wrong with it, 2 there is no such template, 3 it could not be run here.
    """
    from bot.doctor.finding import is_well, missing
    from bot.doctor.template import manifest_findings, rendering_findings, result_findings
    from bot.template import read_template

    full_name, folder = _find(template)
    findings: list[Finding] = []
    try:
        found = read_template(full_name, folder)
    except RequestError as error:
        right = error.right or "Mend the file."
        findings.append(missing("manifest", f"{error.where}: {error.what}", right))
    else:
        findings += [*manifest_findings(found), *rendering_findings(found)]
        if is_well(findings) and not no_run and "notebook.py.j2" in found.files:
            try:
                result = _run(found, folder, parameters)
                if result.error:
                    say(_of_cells(plain(result.error.traceback)))
                findings += result_findings(found, result)
            except RequestError as error:
                findings.append(missing("run", f"refused: {error.what}", error.right))
    if as_json:
        give(json.dumps([asdict(each) for each in findings], indent=1, ensure_ascii=False))
    else:
        from bot.cli.doctor import tell_findings

        tell_findings(findings)
    sys.exit(0 if is_well(findings) else 1)


def _find(template: str) -> tuple[str, Path]:
    """Find a template by its folder, or by its name."""
    from bot.cli.templates import roots
    from bot.excursion import Kind
    from bot.template import MANIFEST, find_template, template_names

    folder = Path(template).resolve()
    if (folder / MANIFEST).is_file():
        kinds = [kind.value for kind in Kind]
        if folder.parent.name not in kinds:
            raise RequestError(
                f"lies in a folder {folder.parent.name!r}, which is no kind",
                where=template,
                right=f"A template lies in templates/<kind>/<name>/; kinds: {', '.join(kinds)}.",
            )
        full_name = f"{folder.parent.name}/{folder.name}"
        if full_name not in template_names((folder.parents[1],)):
            raise RequestError(
                f"{folder.name!r} is no name for a template",
                where=template,
                right="Call the folder lower-case words joined by '-', such as my-probe.",
            )
        return full_name, folder
    if folder.is_dir():
        raise RequestError(f"has no {MANIFEST}", where=template, right="Name a template's folder.")
    known = roots()
    full_name = find_template(template, None, known).full_name
    return full_name, template_names(known)[full_name]


def _run(template: Template, folder: Path, parameters: tuple[str, ...]) -> RunResult:
    """Run a template in a repository of its own, without a network, and read what came out."""
    from runner.records import read_result

    with tempfile.TemporaryDirectory(prefix="excursions-check-") as place:
        top = Path(place).resolve()
        ours = top / "templates" / template.full_name
        shutil.copytree(folder, ours, ignore=shutil.ignore_patterns("__pycache__"))
        if (folder.parents[1] / "shared").is_dir():
            shutil.copytree(folder.parents[1] / "shared", top / "templates" / "shared")
        author = ("-c", "user.name=Check", "-c", "user.email=check@example.org")
        _git(top, "init", "--quiet", "--template=", ".")
        _git(top, "symbolic-ref", "HEAD", "refs/heads/main")
        _excursion(top, "init")
        _git(top, "add", "--all")
        _git(top, *author, "commit", "--quiet", "--message", "Set up")
        _excursion(top, "ask", "Does it hold?", "--template", template.full_name)
        _excursion(top, "run", "1", *(word for pair in parameters for word in ("-p", pair)))
        return read_result(_git(top, "show", "refs/excursions/1/1:result.json"))


def _excursion(top: Path, *words: str) -> None:
    """Give a command of ours there; a run that fails is what is to be found out.

    Raises:
        RequestError: The command was refused.
        ForgeError: Something else failed than a run.
    """
    paths = [str(OFFLINE), str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "EXCURSIONS_WARM": "off",  # nothing is left behind
        **_NOBODY,
    }
    lines = []
    with subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        cwd=top,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        for line in process.stderr or ():
            lines.append(line.rstrip())
            refused = any(line.startswith(_PREFIX) for line in lines)  # is told by a finding
            if words[0] == "run" and not refused and not line.startswith("The thread: "):
                say(line.rstrip())
    within = re.compile(rf"{re.escape(str(top))}\S*\w")  # gone by the time this is read
    lines = [within.sub("the template's folder", line) for line in lines]
    wrong = next((n for n, line in enumerate(lines) if line.startswith(_PREFIX)), 0)
    what, *right = [line.removeprefix(_PREFIX).strip() for line in lines[wrong:]] or ["no word"]
    if process.returncode == 2:
        raise RequestError(what, right=" ".join(right))
    if process.returncode not in (0, 1):
        raise ForgeError(f"`excursion {words[0]}` failed: {what}", right="\n  ".join(right))


def _of_cells(traceback: str) -> str:
    """Leave of a traceback what stands in the notebook: its own lines, and the error."""
    first, *frames = traceback.strip().split("\n\n")
    last = frames.pop() if frames else ""
    return "\n\n".join([first, *(each for each in frames if each.startswith("Cell In")), last])


def _git(top: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=top, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ForgeError(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout
