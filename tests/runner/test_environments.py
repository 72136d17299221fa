"""Environments for excursions that need more than what is installed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from wheels import make_wheel, offline

from runner import environments
from runner.environments import PipError, RequirementsError, check, known, make
from runner.packages import installed, site_folders


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip looks into, and nowhere else."""
    folder = tmp_path / "wheels"
    for name, version, *needs in (
        ("tinything", "1.0"),
        ("tinything", "1.1", "einops"),
        ("needy", "1.0", "numpy>99"),
        ("numpy", "100.0"),
        ("broken", "1.0", "there-is-no-such-package"),
    ):
        make_wheel(folder, name, version, *needs)
    for variable, value in offline(folder).items():
        monkeypatch.setenv(variable, value)
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "environments"


def run(python: str, code: str) -> str:
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def files(place: Path) -> set[str]:
    found = (path.relative_to(place).as_posix() for path in place.rglob("*"))
    return {path for path in found if not path.endswith(".lock")}


@pytest.mark.parametrize(
    "line",
    [
        "-r other.txt",
        "--index-url=somewhere",
        "-e .",
        "./here",
        "einops @ file:///somewhere",
        "einops==",
        "",
        "a; import os",
    ],
)
def test_what_is_not_the_name_of_a_package_is_refused(line: str, place: Path) -> None:
    with pytest.raises(RequirementsError):
        make(["einops", line], say=print, folder=place)
    assert not place.exists()


def test_requirements_are_written_in_one_way() -> None:
    assert check(["b >= 1", "a[x]==2 ; python_version > '3'", "b>=1"]) == (
        'a[x]==2; python_version > "3"',
        "b>=1",
    )


def test_without_requirements_everything_runs_here() -> None:
    assert known(()) == sys.executable


def test_an_environment_has_its_own_packages_beside_those_that_are_here(
    wheels: Path, place: Path
) -> None:
    said: list[str] = []
    assert known(["tinything"], place) is None
    python = make(["tinything"], say=said.append, folder=place)
    assert [line.split()[0] for line in said] == ["Looking", "Installing"]
    assert run(python, "import tinything; print(tinything.version)") == "1.1"
    assert run(python, "import torch, runner.notebook, ipykernel; print(torch.__version__)")
    assert installed(site_folders(python)) == installed(site_folders()) | {"tinything": "1.1"}
    assert known(["tinything"], place) == python

    said.clear()
    assert make(["tinything"], say=said.append, folder=place) == python
    assert make(["tinything >= 1.1"], say=said.append, folder=place) == python
    assert [line.split()[0] for line in said] == ["Looking"]  # of the second; it has the same lock
    assert make(["tinything<1.1"], say=said.append, folder=place) != python


def test_what_is_here_already_needs_no_environment(wheels: Path, place: Path) -> None:
    assert make(["einops", "torch>=2"], say=print, folder=place) == sys.executable
    assert known(["einops", "torch>=2"], place) == sys.executable


def test_a_package_that_is_named_may_differ_from_the_one_that_is_here(
    wheels: Path, place: Path
) -> None:
    before = installed(site_folders())
    python = make(["needy", "numpy"], say=print, folder=place)
    assert run(python, "import numpy; print(numpy.version)") == "100.0"
    assert installed(site_folders()) == before


@pytest.mark.parametrize(
    ("requirement", "reason"),
    [
        ("needy", r"needy 1\.0 depends on numpy>99; installed here is numpy=="),
        ("broken", "there-is-no-such-package"),
        ("tinything==7", r"tinything==7"),
        ("there-is-no-such-package", "No matching distribution found"),
    ],
)
def test_what_cannot_be_resolved_is_refused_with_the_reason_and_leaves_nothing(
    wheels: Path, place: Path, requirement: str, reason: str
) -> None:
    with pytest.raises(RequirementsError, match=reason) as refused:
        make([requirement], say=print, folder=place)
    assert "excursion.toml" in refused.value.right
    assert files(place) == {"locks"}


def test_an_installation_that_fails_leaves_nothing_that_counts_as_made(
    wheels: Path, place: Path
) -> None:
    def spoil(said: str) -> None:
        if said.startswith("Installing"):
            make_wheel(wheels, "tinything", "1.1", "another")  # its hash is another one now

    with pytest.raises(PipError, match="could not install"):
        make(["tinything"], say=spoil, folder=place)
    assert not [path for path in files(place) if path.startswith("environments/")]
    assert known(["tinything"], place) is None


def test_one_that_was_killed_in_its_middle_is_made_anew(wheels: Path, place: Path) -> None:
    pip = environments._pip

    def killed(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        if "--require-hashes" in arguments:
            os.kill(os.getpid(), signal.SIGKILL)
        return pip(home, *arguments)

    child = os.fork()
    if not child:
        environments._pip = killed
        make(["tinything"], say=lambda _: None, folder=place)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    (half,) = (place / "environments").glob("*/bin/python")
    assert known(["tinything"], place) is None

    assert make(["tinything"], say=print, folder=place) == str(half)
    assert run(str(half), "import tinything; print(tinything.version)") == "1.1"


def test_a_damaged_lock_is_resolved_again(wheels: Path, place: Path) -> None:
    python = make(["tinything"], say=print, folder=place)
    (lock,) = (place / "locks").glob("*.json")
    lock.write_text("[{]")
    assert known(["tinything"], place) is None
    assert make(["tinything"], say=print, folder=place) == python


def test_two_that_need_the_same_make_it_once(wheels: Path, place: Path) -> None:
    said: list[str] = []
    with ThreadPoolExecutor(2) as both:
        found = list(
            both.map(lambda r: make(r, say=said.append, folder=place), [["tinything"]] * 2)
        )
    assert found[0] == found[1]
    assert sum(line.startswith("Installing") for line in said) == 1
