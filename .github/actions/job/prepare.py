"""The job's name ─► `excursion action <job>`, from the runner's own or a private installation.

Runs before anything is installed, with the runner's Python: the standard library only. It becomes
the command in the end, so that a cancelled job's signals reach it.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[3]
JOBS = ("triage", "execute", "publish")
EXTRAS = {"triage": ("compare",), "execute": ("notebooks",)}  # job ─► of pyproject.toml
WEB_PAGES = ("gitpython", "jupyter-server", "tornado")  # that nbdime would like for its own
TOKENS = ("GITHUB_TOKEN", "EXCURSIONS_ATTACHMENTS_TOKEN")
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14", "python3.15")


def main() -> None:
    """Find or make an installation of this very version, and become its command."""
    job = os.environ["EXCURSION_JOB"]
    if job not in JOBS:
        stop(f"there is no job {job!r}; known are {', '.join(JOBS)}")
    if sys.version_info < (3, 11):  # noqa: UP036  # the runner's Python may be any
        newer = next(filter(None, map(shutil.which, PYTHONS)), None)
        if newer is None:
            stop("this runner has no Python 3.11 or newer; install one, or use setup-python")
        os.execv(newer, [newer, __file__])  # noqa: S606  # that very file, no shell
    command = installed() or install(job)
    os.execv(command, [command, "action", job])  # noqa: S606  # no shell


def installed() -> str | None:
    """Give the runner's own `excursion` if it is of this version."""
    command = shutil.which("excursion")
    if command is None:
        return None
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    theirs = done.stdout.split()[-1] if done.returncode == 0 and done.stdout.split() else "unknown"
    if theirs == version():
        return command
    print(f"The runner's own excursion is {theirs}, this is {version()}: installing that.")
    return None


def install(job: str) -> str:
    """Install this project into a private environment; give its command.

    Publish gets the bot alone, and triage what compares notebooks, without the web pages that come
    with it. Execute gets what notebooks need too, and takes torch from the runner where it is
    there: it fits the machine's GPU, and is several gigabytes.
    """
    home = Path(os.environ["RUNNER_TEMP"], "excursions-environment")
    notebooks = job == "execute"
    has_torch = notebooks and importlib.util.find_spec("torch") is not None
    venv.create(home, clear=True, symlinks=True, system_site_packages=has_torch)
    if has_torch and sys.prefix != sys.base_prefix:
        see_packages_of_this_environment(home)
    without = {"torch"} if has_torch else set(WEB_PAGES) if job == "triage" else set()
    wanted, pins = requirements(EXTRAS.get(job, ()), without=without)
    lists = {"wanted": wanted, "pins": pins, "without": sorted(without)}
    for title, lines in lists.items():
        (home / f"{title}.txt").write_text("\n".join(lines), "utf-8")
    uv = fetch_uv(home)
    into = (
        uv,
        "pip",
        "install",
        "--quiet",
        "--no-config",
        "--system-certs",
        "--python",
        str(home / "bin/python"),
    )
    files = {title: str(home / f"{title}.txt") for title in lists}
    choice = ("--constraints", files["pins"], "--excludes", files["without"])
    run(*into, "--requirements", files["wanted"], *choice)
    run(*into, "--no-deps", "--no-build-isolation", str(SOURCE))
    return str(home / "bin" / "excursion")


def fetch_uv(home: Path) -> str:
    """Fetch uv, which installs in seconds what takes pip a minute; give its command."""
    folder = home / "uv"
    pip = (sys.executable, "-P", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    pins = str(SOURCE / "constraints.txt")
    run(*pip, "--no-input", "--target", str(folder), "--constraint", pins, "uv")
    return str(folder / "bin" / "uv")


def see_packages_of_this_environment(home: Path) -> None:
    """Let an environment made inside another see that one's packages, not only the system's."""
    names = {"base": str(home), "platbase": str(home)}
    for key in ("purelib", "platlib"):
        folder = Path(sysconfig.get_path(key, "venv", names))
        (folder / f"runner-{key}.pth").write_text(sysconfig.get_path(key), "utf-8")


def requirements(extras: tuple[str, ...], *, without: set[str]) -> tuple[list[str], list[str]]:
    """List what the project needs, and the exact version of everything it may come with."""
    import tomllib  # not in the Pythons that `main` turns away

    project = tomllib.loads((SOURCE / "pyproject.toml").read_text("utf-8"))
    wanted = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    for extra in extras:
        wanted += project["project"]["optional-dependencies"][extra]
    pins = (SOURCE / "constraints.txt").read_text("utf-8").splitlines()
    return (
        [line for line in wanted if name(line) not in without],
        [line for line in pins if name(line) not in without],
    )


def name(requirement: str) -> str:
    """Give the name of the package that a requirement is about."""
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower()


def version() -> str:
    """Give this project's version."""
    import tomllib

    project = tomllib.loads((SOURCE / "pyproject.toml").read_text("utf-8"))
    return str(project["project"]["version"])


def run(*command: str) -> None:
    """Run a command that installs something; what it says is shown."""
    # Packages are made with code of their authors', which no token is for.
    without = {name: value for name, value in os.environ.items() if name not in TOKENS}
    if subprocess.run(command, env=without, check=False).returncode != 0:
        stop("the environment could not be made: the words above say why")


def stop(why: str) -> None:
    """Say why the job cannot go on, as GitHub shows it, and end it."""
    print(f"::error title=Excursions::{why}", flush=True)
    sys.exit(3)


if __name__ == "__main__":
    main()
