"""What most tests stand on: a real git repository set up for excursions, and the real command."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from rigs import node, slurm, warm
from rigs.commands import Commands
from rigs.github import Server
from rigs.workflows import Language

if TYPE_CHECKING:
    from templates.trials import Trials

# Machines are shared: how long an example takes says nothing here.
settings.register_profile("excursions", deadline=None)
settings.load_profile("excursions")

BLANK_SCRIPT = "templates/demos/blank/notebook.py.j2"


@dataclass(frozen=True)
class Done:
    """What a command line came to."""

    status: int
    out: str
    err: str


@cache
def commands() -> Commands:
    """What carries out commands, for as long as this process lives."""
    found = Commands()
    atexit.register(found.close)
    return found


@dataclass(frozen=True)
class Repository:
    """A repository in which commands are given as a user would give them."""

    top: Path

    def git(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.top, capture_output=True, text=True, check=check
        )
        return done.stdout.strip()

    def excursion(self, *words: str, cwd: Path | None = None, **environment: str) -> Done:
        done = commands().run(words, cwd=cwd or self.top, environment=os.environ | environment)
        return Done(done.returncode, done.stdout, done.stderr)

    def must(self, *words: str) -> str:
        done = self.excursion(*words)
        assert done.status == 0, done.err
        return done.out.strip()

    def json(self, *words: str) -> Any:
        return json.loads(self.must(*words, "--json"))

    def ask(self, question: str = "Does it settle?", *words: str) -> int:
        return int(self.must("ask", question, *words))

    def folder(self, issue: int = 1) -> Path:
        """The excursion's folder in the worktree of its branch."""
        row = next(row for row in self.json("list") if row["issue"] == issue)
        return Path(self.top, ".excursions", "worktrees", row["branch"], row["folder"])

    def commit_notebook(self, *cells: str, issue: int = 1, parameters: str = "seed = 0") -> None:
        """Put these cells into the excursion's notebook and commit it on its branch."""
        folder = self.folder(issue)
        write_notebook(folder / "notebook.ipynb", parameters, *cells)
        for words in (("add", "-A"), ("commit", "-qm", "Change the notebook")):
            subprocess.run(["git", *words], cwd=folder, check=True)

    def state(self) -> dict[str, str]:
        """Every ref, and every file that is not git's own, for before-and-after comparisons."""
        files = {
            str(path.relative_to(self.top)): path.read_bytes().hex()
            for path in sorted(self.top.rglob("*"))
            if path.is_file() and ".git" not in path.relative_to(self.top).parts
        }
        return files | {"refs": self.git("for-each-ref"), "index": self.git("status", "--short")}


def write_notebook(path: Path, parameters: str, *cells: str) -> None:
    """Write a notebook whose first cell is tagged `parameters`."""
    import nbformat.v4 as v4

    first = v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})  # type: ignore[no-untyped-call]
    rest = [v4.new_code_cell(cell) for cell in cells]  # type: ignore[no-untyped-call]
    notebook = v4.new_notebook(cells=[first, *rest])  # type: ignore[no-untyped-call]
    path.write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture(autouse=True)
def no_zygote(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start every kernel cold, but where a test is about warm ones."""
    monkeypatch.setenv("EXCURSIONS_WARM", "off")


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test wait for another's runs, but where a test is about just that."""
    monkeypatch.setenv("EXCURSIONS_TURNS", "off")


@pytest.fixture(autouse=True)
def a_git_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's own git settings out of the tests."""
    settings = tmp_path / "gitconfig"
    settings.write_text(
        "[user]\nname = Ada\nemail = ada@example.org\n[init]\ndefaultBranch = main\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def empty_repository(tmp_path: Path) -> Repository:
    """A git repository with one commit, not set up for excursions."""
    top = tmp_path / "repository"
    top.mkdir()
    repository = Repository(top)
    repository.git("init", "-q")
    (top / "README.md").write_text("# Ours\n")
    repository.git("add", "-A")
    repository.git("commit", "-qm", "First")
    return repository


@pytest.fixture
def repository(empty_repository: Repository) -> Repository:
    """A git repository set up for excursions, its configuration committed."""
    empty_repository.must("init")
    empty_repository.git("add", "-A")
    empty_repository.git("commit", "-qm", "Set up excursions")
    return empty_repository


@pytest.fixture(scope="session")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    """Run a template by the tool itself, or remember how it went: `trial(name, seeds, **given)`."""
    from templates.trials import Trials

    trials = Trials(tmp_path_factory.mktemp("trials"))
    yield trials
    trials.close()


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what tries one template on one worker, since each remembers its own trials."""
    for item in items:
        if "trial" in getattr(item, "fixturenames", ()):
            given = getattr(item, "callspec", None)
            name = given.params.get("name", "") if given else ""
            stem = item.path.stem.removeprefix("test_").replace("_", "-")  # test_induction_heads.py
            item.add_marker(pytest.mark.xdist_group(name.rpartition("/")[2] or stem))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make sure that groups are kept together: else templates are tried again and again."""
    if not session.config.getoption("loadgroup", default=False):
        return
    for item in session.items:
        if item.get_closest_marker("xdist_group") and "@" not in item.nodeid.rpartition("]")[2]:
            raise pytest.UsageError("this pytest-xdist cannot group the tests of this pytest")


Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def wait_until() -> Wait:
    """Wait for something that another process does, at most a minute."""
    import time

    def wait(happened: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not happened():
            assert time.monotonic() < end, "waited a minute in vain"
            time.sleep(0.02)

    return wait


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[slurm.Cluster]:
    """A real Slurm of one node; tests that need it are one xdist group."""
    why_not = slurm.why_not()
    if why_not:
        pytest.skip(f"no Slurm here: {why_not}")
    with slurm.cluster(tmp_path_factory.mktemp("slurm")) as found:
        yield found


@pytest.fixture(scope="session")
def runtime_of_the_light_one() -> Iterator[str]:
    with warm.zygote(warm.LIGHT):
        yield os.environ["XDG_RUNTIME_DIR"]


@pytest.fixture
def light(runtime_of_the_light_one: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have runs fork from the shared zygote, which is ready."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime_of_the_light_one)
    for name in ("EXCURSIONS_WARM", "CI"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def own_zygotes() -> Iterator[None]:
    """Have a place for zygotes that no other test uses."""
    with warm.zygotes_of_ones_own():
        yield


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Gives real file systems of so many megabytes."""
    places: list[Path] = []

    def mount(size: int) -> Path:
        place = tmp_path / f"disk{len(places)}"
        place.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", str(place)]
        if subprocess.run(words, capture_output=True, check=False).returncode != 0:
            pytest.skip("mounting a small file system needs root")
        places.append(place)
        return place

    yield mount
    for place in places:
        subprocess.run(["umount", "-l", str(place)], check=True)


@dataclass(frozen=True)
class Here:
    """The processes that come of a test, wherever they went: all were begun with one variable."""

    folder: str  # for sockets, and the mark

    def processes(self) -> dict[int, str]:
        """Give the pid and the command line of each that is alive."""
        found = {}
        for place in Path("/proc").iterdir():
            if not place.name.isdigit():
                continue
            try:
                ours = f"={self.folder}\0".encode() in (place / "environ").read_bytes()
                words = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if ours and words:
                found[int(place.name)] = words
        return found


@pytest.fixture
def none_left(monkeypatch: pytest.MonkeyPatch, wait_until: Wait) -> Iterator[Here]:
    """Fail a test that leaves a process behind, zygotes but for those that can still be told."""
    from runner.warm import client

    folder = tempfile.mkdtemp(prefix="left-")  # not below tmp_path: sockets' paths are short
    monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
    here = Here(folder)
    yield here
    list(client.ask_all("stop"))
    wait_until(lambda: not here.processes())
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def node_packages() -> Path:
    """Node's packages, for tests whose counterparts are written for Node."""
    why_not = node.why_not()
    if why_not and os.environ.get("EXCURSIONS_RIGS") == "required":
        pytest.fail(f"what stands in for GitHub is required: {why_not}")
    if why_not:
        pytest.skip(f"nothing stands in for GitHub here: {why_not}")
    return node.packages()


@pytest.fixture(scope="session")
def github_server(node_packages: Path) -> Iterator[Server]:
    """The GitHub of rigs/github, which each test that wants it finds renewed."""
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def workflow_language(node_packages: Path) -> Iterator[Language]:
    """GitHub's own workflow parser and evaluator of expressions."""
    language = Language()
    yield language
    language.close()


@pytest.fixture
def github(github_server: Server, tmp_path: Path) -> Iterator[Server]:
    """GitHub with an empty repository; what was asked of it must keep to GitHub's contract."""
    folder = tmp_path / "github"
    folder.mkdir()
    github_server.renew(folder)
    yield github_server
    breaches = github_server.breaches()
    assert not breaches, "\n".join(breaches)
