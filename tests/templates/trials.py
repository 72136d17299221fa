"""A template's name, seeds and parameters ─► what the tool itself made of them, once a session.

Each template has a repository of its own, in which a question is asked and its notebook runs as it
would for a user: a template's first run with its defaults starts a kernel and tells how much
processor time all of it took, the others are points of a sweep, forked from a warm process. No
process can reach another machine.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from conftest import Repository

from bot.template import built_in_templates, template_names
from runner.records import Figure, Metric, RunResult, Status, read_result

ROOT = Path(__file__).parents[2]
GUARD = ROOT / "bot" / "offline"
WITH_NOTEBOOK = sorted(
    name
    for name, folder in template_names((built_in_templates(),)).items()
    if (folder / "notebook.py.j2").exists()
)
Value = bool | int | float | str
SEEDS = (0, 1, 2)  # what a template promises holds for each
# Those that train for long are tried with one seed, but by `make trials`.
LONG = {"grokking", "induction-heads", "minimal-sae", "no-positions", "probing", "text-tree"}
if os.environ.get("EXCURSIONS_SEEDS") == "all":
    LONG = set()


def offline() -> dict[str, str]:
    """Give variables under which no Python process speaks to another machine, or is traced."""
    paths = [str(GUARD), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(path for path in paths if path)),
        # What of our code runs here others cover, and training is slow under a tracer.
        "COVERAGE_PROCESS_CONFIG": "",
        "COVERAGE_PROCESS_START": "",
    }


@dataclass(frozen=True)
class Trial:
    """One run of a template.

    Attributes:
        seed: The seed it was given.
        result: What the runner says of it.
        folder: Where `result.json`, `notebook.ipynb` and `figures/` lie.
        cpu_s: Processor time of the command and all that it started, in seconds; None of a run
            whose kernel was forked, since that is no child of the command.
    """

    seed: int
    result: RunResult
    folder: Path
    cpu_s: float | None = None

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """What it recorded."""
        return self.result.metrics

    @property
    def figures(self) -> tuple[Figure, ...]:
        """What it drew."""
        return self.result.figures

    def number(self, name: str) -> float:
        """Give a metric that is a number."""
        value = self.metrics[name]
        assert isinstance(value, int | float), f"{name} is {value!r}"
        return float(value)


class Trials:
    """Runs templates, each with the same parameters once.

    Args:
        place: An empty folder to work in.
        edit: What to change in each notebook before it runs: what stands there once, and what
            shall.
        more: Variables that the commands get beside their own.
    """

    def __init__(self, place: Path, *, edit: tuple[str, str] | None = None, **more: str) -> None:
        self._place = place
        self._edit = edit
        self._runtime = tempfile.TemporaryDirectory(prefix="trials-", dir="/tmp")  # sockets' paths
        self._environment = offline() | {
            "XDG_RUNTIME_DIR": self._runtime.name,
            "EXCURSIONS_WARM": "",
            "EXCURSIONS_TURNS": "off",
            **more,
        }
        self._repositories: dict[str, Repository] = {}
        self._done: dict[tuple[str, int, str], Trial] = {}
        self._warm = False

    def __call__(
        self,
        name: str,
        seeds: tuple[int, ...] | None = None,
        *,
        fails: bool = False,
        **given: Value,
    ) -> list[Trial]:
        """Run a template for several seeds, or remember how it went.

        Args:
            name: `demos/induction-heads`, or without its kind.
            seeds: One run for each; if not given, those for which its promises are looked at.
            fails: Whether the runs must fail, rather than succeed.
            given: Values of parameters; those that are not named have their defaults.
        """
        name = next(each for each in WITH_NOTEBOOK if name in (each, each.partition("/")[2]))
        if seeds is None:
            seeds = SEEDS[:1] if name.partition("/")[2] in LONG else SEEDS
        key = json.dumps(given, sort_keys=True)
        missing = [seed for seed in seeds if (name, seed, key) not in self._done]
        if missing and not given:  # with its defaults each is timed once
            seed = missing.pop(0)
            self._done[name, seed, key] = self._cold(name, seed, given)
        if missing:
            for trial in self._sweep(name, missing, given):
                self._done[name, trial.seed, key] = trial
        found = [self._done[name, seed, key] for seed in seeds]
        for trial in found:
            right = Status.FAILED if fails else Status.SUCCEEDED
            assert trial.result.status is right, (name, trial.seed, given, trial.result.error)
        return found

    def close(self) -> None:
        """End the process that kernels were forked from."""
        if self._warm:
            self._must(next(iter(self._repositories.values())), "warm", "stop")
        self._runtime.cleanup()

    def _repository(self, name: str) -> Repository:
        """Give a template's repository, with excursion 1."""
        if name not in self._repositories:
            top = self._place / name.replace("/", "-")
            top.mkdir(parents=True)
            repository = self._repositories[name] = Repository(top)
            settings = (("user.name", "Ada"), ("user.email", "ada@example.org"))
            repository.git("init", "-q", "-b", "main")
            for key, value in settings:
                repository.git("config", key, value)
            self._must(repository, "init")
            repository.git("add", "-A")
            repository.git("commit", "-qm", "Set up excursions")
            self._must(repository, "ask", "Does it hold?", "--template", name)
            if self._edit:
                self._change(repository, *self._edit)
        return self._repositories[name]

    def _change(self, repository: Repository, old: str, new: str) -> None:
        """Edit the excursion's notebook, as a researcher would."""
        worktree = Repository(next((repository.top / ".excursions" / "worktrees").iterdir()))
        (notebook,) = worktree.top.glob("excursions/*/*/notebook.ipynb")
        text = notebook.read_text(encoding="utf-8")
        before, after = (json.dumps(each)[1:-1] for each in (old, new))
        assert text.count(before) == 1, (notebook, old)
        notebook.write_text(text.replace(before, after), encoding="utf-8")
        worktree.git("commit", "-qam", "Change the notebook")

    def _cold(self, name: str, seed: int, given: Mapping[str, Value]) -> Trial:
        """Run once in a kernel that is started, and take the time."""
        repository = self._repository(name)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        words = [word for text in self._words({"seed": seed, **given}) for word in ("-p", text)]
        number = self._ask(repository, "run", "1", *words, EXCURSIONS_WARM="off")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return self._trial(repository, int(number.partition(".")[2]), cpu_s)

    def _sweep(self, name: str, seeds: list[int], given: Mapping[str, Value]) -> list[Trial]:
        """Run the rest in kernels that are forked."""
        repository = self._repository(name)
        if not self._warm:
            self._must(repository, "warm", "start")
            self._warm = True
        texts = [f"seed={json.dumps(seeds)}", *self._words(given)]
        words = [word for text in texts for word in ("-p", text)]
        before = self._runs(repository)
        self._ask(repository, "sweep", "1", "--jobs", "1", *words)
        return [self._trial(repository, run) for run in sorted(self._runs(repository) - before)]

    @staticmethod
    def _words(given: Mapping[str, Value]) -> list[str]:
        return [f"{key}={json.dumps(v) if v is not str(v) else v}" for key, v in given.items()]

    @staticmethod
    def _runs(repository: Repository) -> set[int]:
        refs = repository.git("for-each-ref", "--format=%(refname)", "refs/excursions/1/")
        numbers = (ref.rpartition("/")[2] for ref in refs.splitlines())
        return {int(number) for number in numbers if number.isdecimal()}

    def _trial(self, repository: Repository, run: int, cpu_s: float | None = None) -> Trial:
        """Read what a run left in the repository."""
        folder = self._place / f"{repository.top.name}-{run}"
        folder.mkdir()
        archive = subprocess.run(
            ["git", "archive", f"refs/excursions/1/{run}"],
            cwd=repository.top,
            capture_output=True,
            check=True,
        )
        subprocess.run(["tar", "-x"], cwd=folder, input=archive.stdout, check=True)
        result = read_result((folder / "result.json").read_bytes())
        return Trial(int(result.parameters.get("seed", 0)), result, folder, cpu_s)

    def _must(self, repository: Repository, *words: str) -> str:
        done = repository.excursion(*words, cwd=repository.top, **self._environment)
        assert done.status == 0, done.err
        return done.out.strip()

    def _ask(self, repository: Repository, *words: str, **more: str) -> str:
        """Give a command that may end with a run that failed."""
        done = repository.excursion(*words, cwd=repository.top, **self._environment | more)
        assert done.status in (0, 1), done.err
        return done.out.strip()
