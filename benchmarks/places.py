"""A folder ─► what commands are measured in: a repository, or a plain folder for papermill's."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.notebooks import write_notebook
from benchmarks.side_by_side import Command, must
from runner.records import WARM_MODULES

HERE = Path(sys.executable).parent
EXCURSION, PAPERMILL = str(HERE / "excursion"), str(HERE / "papermill")


@dataclass(frozen=True)
class Repository:
    """A repository with one excursion, number 1.

    Attributes:
        top: Its folder.
        warm: Whether its kernels are forked.
    """

    top: Path
    warm: bool
    _seeds: Iterator[int] = field(default_factory=itertools.count)

    @property
    def source(self) -> Path:
        """The excursion's notebook."""
        (folder,) = self.top.glob(".excursions/worktrees/*/excursions/demos/*")
        return folder / "notebook.ipynb"

    def run(self) -> Command:
        """Give the command that runs the notebook, each time with another seed."""
        return Command(
            lambda: [EXCURSION, "run", "1", "-p", f"seed={next(self._seeds)}"],
            self.top,
            self.notebook,
            {} if self.warm else {"EXCURSIONS_WARM": "off"},
        )

    def sweep(self, points: int, jobs: int) -> Command:
        """Give the command that runs the notebook at several seeds, each time at others.

        Its product is the executed notebook of the last point, once all were looked at.
        """

        def words() -> list[str]:
            first, *_, last = [next(self._seeds) for _ in range(points)]
            grid = f"seed={first}..{last}"
            return [EXCURSION, "sweep", "1", "-p", grid, "--jobs", str(jobs)]

        environment = {} if self.warm else {"EXCURSIONS_WARM": "off"}
        return Command(words, self.top, lambda: self._points(points)[-1], environment)

    def last_run(self) -> Path:
        """Find the folder of the latest run."""
        runs = self.top.glob(".excursions/1/runs/*")
        return max(runs, key=lambda run: int(run.name))

    def notebook(self) -> Path:
        """Find the executed notebook of the latest run.

        Raises:
            RuntimeError: Its kernel was not started in the way that is to be measured.
        """
        return self._points(1)[0]

    def _points(self, many: int) -> list[Path]:
        """Find the executed notebooks of the latest runs, once all are what is to be measured."""
        last = int(self.last_run().name)
        runs = [self.top / f".excursions/1/runs/{last - n}" for n in reversed(range(many))]
        for run in runs:
            result = json.loads((run / "result.json").read_text("utf-8"))
            if result["status"] != "succeeded":
                raise RuntimeError(f"{run} {result['status']}")
            if result["cache_hit"] or result["kernel"] != ("warm" if self.warm else "cold"):
                kernel = "an earlier one" if result["cache_hit"] else result["kernel"]
                raise RuntimeError(f"the kernel of {run} was {kernel}")
        return [run / "notebook.ipynb" for run in runs]

    def cells_s(self) -> float:
        """Give the seconds that the cells of the latest run took."""
        return sum(cell["duration_s"] or 0.0 for cell in self._result()["cells"])

    def _result(self) -> Any:
        return json.loads((self.last_run() / "result.json").read_text("utf-8"))


def repository(
    top: Path,
    cells: Sequence[str] | None,
    *,
    warm: bool,
    preload: Sequence[str] = WARM_MODULES,
) -> Repository:
    """Make a repository whose excursion has these cells, None for those of the blank template.

    If it is a warm one, its zygote is ready.
    """
    top.mkdir()
    must(["git", "init", "-q", "-b", "main"], top)
    must(["git", "config", "user.name", "A"], top)
    must(["git", "config", "user.email", "a@example.org"], top)
    runner = f"[runners.local]\nwarm = {str(warm).lower()}\n"
    zygote = f"[warm]\npreload = {json.dumps(list(preload))}\n"
    (top / "excursions.toml").write_text(runner + zygote, encoding="utf-8")
    must(["git", "add", "-A"], top)
    must(["git", "commit", "-qm", "Set up excursions"], top)
    must([EXCURSION, "ask", "Fast?"], top)
    ours = Repository(top, warm)
    if cells is not None:
        write_notebook(ours.source, cells)
        must(["git", "commit", "-qam", "A notebook"], ours.source.parent)
    if warm:
        must([EXCURSION, "warm", "start"], top)
    return ours


@dataclass(frozen=True)
class PapermillFolder:
    """A folder with a notebook for papermill's own command."""

    top: Path

    @property
    def source(self) -> Path:
        """The notebook."""
        return self.top / "notebook.ipynb"

    def output(self, seed: int = 0) -> Path:
        """Name the executed notebook."""
        return self.top / f"out-{seed}.ipynb"

    def run(self, *words: str, program: Sequence[str] = (PAPERMILL,), seed: int = 0) -> Command:
        """Give papermill's command with further words."""
        output = self.output(seed)
        line = [*program, str(self.source), str(output), "-p", "seed", str(seed), *words]
        return Command(lambda: line, self.top, lambda: output)

    def cells_s(self) -> float:
        """Give the seconds that the cells of the latest run took."""
        cells = json.loads(self.output().read_text("utf-8"))["cells"]
        return sum(cell["metadata"]["papermill"]["duration"] or 0.0 for cell in cells)


def papermill_folder(top: Path, notebook: Sequence[str] | Path) -> PapermillFolder:
    """Make a folder with a notebook of these cells, or with a copy of a notebook."""
    top.mkdir()
    folder = PapermillFolder(top)
    if isinstance(notebook, Path):
        folder.source.write_bytes(notebook.read_bytes())
    else:
        write_notebook(folder.source, notebook)
    return folder
