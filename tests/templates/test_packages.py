"""The packages that libs begin with: they install, they are typed, and strictly so."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bot.doctor.template import rendered
from bot.template import built_in_templates, read_template

# torch's types take half a minute to read; `make trials` does.
WHOLE = pytest.mark.skipif(
    os.environ.get("EXCURSIONS_SEEDS") != "all", reason="takes half a minute"
)


def scaffolded(name: str, top: Path) -> Path:
    """Write a template's first files, and give their folder."""
    template = read_template(f"libs/{name}", built_in_templates() / "libs" / name)
    for path, content in rendered(template).items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(content)
    return top


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["prototype", pytest.param("gpt2-mini", marks=WHOLE)])
def test_its_types_are_strict(name: str, tmp_path: Path) -> None:
    folder = scaffolded(name, tmp_path)
    done = python(folder, "-m", "mypy", "--strict", "src", "tests")
    assert done.returncode == 0, done.stdout


def test_it_installs_with_its_types(tmp_path: Path) -> None:
    folder, target = scaffolded("prototype", tmp_path / "package"), tmp_path / "installed"
    words = ("pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    done = python(folder, "-m", *words, "--target", str(target), ".")
    assert done.returncode == 0, done.stderr
    assert (target / "prototype_1" / "py.typed").is_file()
    used = python(target, "-c", "import prototype_1; print(prototype_1.softmax([0.0, 0.0]))")
    assert used.stdout == "[0.5, 0.5]\n"
    left = {path.name for path in folder.iterdir()}
    ignored = (folder / ".gitignore").read_text().split()
    assert {f"{name}/" for name in left & {"build", "dist"}} <= {*ignored}


@pytest.mark.parametrize("name", ["prototype", "gpt2-mini"])
def test_it_says_what_its_tests_need(name: str, tmp_path: Path) -> None:
    folder = scaffolded(name, tmp_path)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert "pip install '.[test]'" in (folder / "README.md").read_text()
    needed = {text.partition(">")[0] for text in project["optional-dependencies"]["test"]}
    assert {"mypy", "pytest"} <= needed


def test_the_comparison_sees_a_mistake(tmp_path: Path) -> None:
    folder = scaffolded("gpt2-mini", tmp_path)
    module = folder / "src" / "prototype_1" / "__init__.py"
    right = module.read_text()
    assert right.count("self.scale = math.sqrt(d_head)") == 1
    module.write_text(right.replace("self.scale = math.sqrt(d_head)", "self.scale = 1.0"))
    done = python(folder, "-m", "pytest", "-q", "-k", "logits_are_those and 0")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout
