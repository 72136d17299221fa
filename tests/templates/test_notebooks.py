"""The templates' notebooks: here through the tool, and elsewhere without it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from conftest import Repository

from templates.quick import QUICK
from templates.trials import offline


def _elsewhere() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.fixture(scope="module")
def python_without_us(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with every package of this environment but this project itself."""
    place = tmp_path_factory.mktemp("elsewhere")
    venv.create(place, with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    # A path file is followed one step only, so the one that leads to our source is not.
    (place / "lib" / version / "site-packages" / "borrowed.pth").write_text(
        sysconfig.get_path("purelib") + "\n"
    )
    python = place / "bin" / "python"
    program = "import papermill, torch; import runner"
    done = subprocess.run(
        [python, "-c", program], cwd=place, capture_output=True, check=False, env=_elsewhere()
    )
    assert b"No module named 'runner'" in done.stderr
    return python


@pytest.mark.parametrize(  # what notebooks share makes the difference, and each is in one of these
    "name",
    [
        "demos/activation-patching",
        "demos/blank",
        "demos/grokking",
        "demos/induction-heads",
        "libs/gpt2-mini",
        "libs/prototype",
    ],
)
def test_it_runs_where_we_are_not_installed(
    repository: Repository, python_without_us: Path, tmp_path: Path, name: str
) -> None:
    repository.ask("Does it run?", "--template", name)
    words = ["-m", "papermill", "notebook.ipynb", str(tmp_path / "out.ipynb")]
    for key, value in QUICK[name].items():
        words += ["-p", key, str(value)]
    done = subprocess.run(
        [str(python_without_us), *words],
        cwd=repository.folder(),
        capture_output=True,
        text=True,
        check=False,
        env=_elsewhere(),
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_trial_reaches_no_other_machine(repository: Repository) -> None:
    repository.ask("Does it run?")
    repository.commit_notebook("import socket; socket.create_connection(('192.0.2.1', 80), 1)")
    done = repository.excursion("run", "1", cwd=repository.top, **offline())
    assert done.status == 1
    assert "NoNetworkError" in done.err


def test_a_team_keeps_templates_of_its_own(repository: Repository) -> None:
    ours = repository.top / "templates" / "demos" / "our-probe"
    ours.mkdir(parents=True)
    (ours / "template.toml").write_text('question = "Q?"\nsummary = "Ours."\n')
    (ours / "README.md.j2").write_text("{% include 'shared/head.md.j2' %}\n")
    (ours / "notebook.py.j2").write_text("# %%\nprint(1)\n")
    assert "demos/our-probe" in [row["name"] for row in repository.json("templates")]
    repository.ask("Does ours run?", "--template", "our-probe")
    repository.must("run", "1")
