"""The floors of the house: who may import whom, and what must not be loaded at start."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Each floor may import from its own and from those below, never from above.
FLOORS = (
    ("bot.cli", "bot.actions"),
    ("bot.conversation",),
    ("bot.handle",),
    ("bot.sweeping",),
    ("bot.reading",),
    ("bot.shell", "bot.preparation"),
    ("bot.commands",),
    ("bot.doctor",),
    ("bot.setup",),
    ("bot.scaffold", "bot.catalogue", "bot.log", "bot.effects", "bot.site"),
    (
        "bot.agreement",
        "bot.condition",
        "bot.notebook_diff",
        "bot.matched_figures",
        "bot.side_by_side",
        "bot.side_by_side_document",
        "bot.scoring",
        "bot.excursion",
        "bot.excursion_file",
        "bot.executed",
        "bot.config",
        "bot.events",
        "bot.webhook",
        "bot.moments",
        "bot.issue_form",
        "bot.budget",
        "bot.recovery",
        "bot.surroundings",
        "bot.command",
        "bot.forge",
        "bot.template",
        "bot.parameters",
        "bot.grid",
        "bot.sweep",
        "bot.strict_toml",
        "bot.durations",
        "bot.sizes",
        "bot.thread",
        "bot.errors",
        "bot.quoting",
        "runner.records",
    ),
)
SAFETY = "bot.log.safety"  # knows nothing of ours, so that whoever shows text may use it


def modules() -> list[Path]:
    return [*ROOT.glob("bot/**/*.py"), *ROOT.glob("runner/**/*.py")]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.partition(".")[0] in ("bot", "runner", "torch")}


def floor(module: str) -> int | None:
    for number, prefixes in enumerate(FLOORS):
        if any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes):
            return number
    return None


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_go_down_never_back(path: Path) -> None:
    here = floor(name_of(path))
    for imported in imports(path):
        there = floor(imported)
        if here is not None and there is not None and not imported.startswith(SAFETY):
            assert there >= here, f"{name_of(path)} imports {imported} from above"


@pytest.mark.parametrize("path", list(ROOT.glob("runner/**/*.py")), ids=name_of)
def test_the_runner_knows_nothing_of_the_bot(path: Path) -> None:
    assert not [name for name in imports(path) if name.startswith("bot")]


@pytest.mark.parametrize("path", list(ROOT.glob("bot/**/*.py")), ids=name_of)
def test_only_the_records_cross_the_border_below_the_top_floor(path: Path) -> None:
    if not name_of(path).startswith(("bot.cli", "bot.actions")):
        crossing = {name for name in imports(path) if name.startswith("runner")}
        assert all(name.startswith(("runner.records", "runner.imports")) for name in crossing)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_nothing_outside_of_a_notebook_imports_torch(path: Path) -> None:
    assert "torch" not in imports(path)


@pytest.mark.parametrize("words", [["--help"], ["list"], ["templates"], ["run", "--help"]])
def test_a_start_loads_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "excursions.toml").touch()
    program = (
        "import sys\n"
        "from bot.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "finally:\n"
        "    heavy = {'torch', 'transformer_lens', 'papermill', 'nbconvert', 'nbformat',\n"
        "             'pandas', 'matplotlib', 'IPython', 'jupytext', 'github'}\n"
        "    print('LOADED', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "LOADED []"
