"""Several runs of an excursion ─► what differs between them, and what is the same in all.

The first run is the base: the others are held against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.agreement import MetricPair, Verdict, compare_environments, compare_metric
from bot.excursion_file import NOTEBOOK
from bot.matched_figures import FigureRow, match_figures
from bot.notebook_diff import CannotCompareError, NotebookDiff, diff_notebooks
from bot.parameters import Value, written
from bot.template import Metrics
from runner.records import Metric, RunResult, Status


@dataclass(frozen=True)
class Side:
    """One of the runs that are compared.

    Attributes:
        run_id: Which it is.
        status: How it ended; None where that is not known.
        metrics: What it recorded.
        result: All that is known of it; None where its files are missing.
        missing: What is missing of it, as plain text; empty where nothing is.
        notebook: Its notebook as it was executed, where it was asked for and found.
        files: What lay in the excursion's folder: name ─► what names its content; None where that
            was not asked for, since all is of one commit.
    """

    run_id: str
    status: Status | None
    metrics: Mapping[str, Metric]
    result: RunResult | None = None
    missing: str = ""
    notebook: bytes | None = None
    files: Mapping[str, str] | None = None


@dataclass(frozen=True)
class MetricRow:
    """A metric in all runs, each held against the base."""

    name: str
    values: tuple[Metric | None, ...]  # by run; None where it was not recorded
    pairs: tuple[MetricPair, ...]  # each but the first with the first
    best: frozenset[int] = frozenset()  # places of the best runs; none where none is better

    @property
    def verdict(self) -> Verdict:
        """The worst of all pairs."""
        return max(pair.verdict for pair in self.pairs)


@dataclass(frozen=True)
class CodeChange:
    """How a run's code differs from the base's.

    Attributes:
        run_id: Which run.
        diff: What changed; None where that cannot be said.
        unknown: Why not, as plain text.
        like: The run before it whose notebook is the very same; empty if there is none.
        others: The other files of the excursion's folder that differ.
    """

    run_id: str
    diff: NotebookDiff | None = None
    unknown: str = ""
    like: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """Something that differs: its name, and what it is in each run; "" where it is not known."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes:
        sides: The runs, the base first.
        metrics: All metrics, the main one first.
        goal: Which value of the main metric is best; empty where nobody said.
        figures: Their pictures, in the base's order.
        code: Each run but the base; empty where notebooks and all other files are the same.
        parameters: Those that differ.
        environment: What differs in what they ran on.
        same: What is the same in all, in words.
        commit: That all of them ran; empty where they differ.
    """

    sides: tuple[Side, ...]
    metrics: tuple[MetricRow, ...]
    goal: str
    figures: tuple[FigureRow, ...]
    code: tuple[CodeChange, ...]
    parameters: tuple[Row, ...]
    environment: tuple[Row, ...]
    same: tuple[str, ...]
    commit: str = ""


def side_by_side(sides: Sequence[Side], metrics: Metrics) -> Comparison:
    """Compare runs with the first of them.

    Args:
        sides: Two at least.
        metrics: What the excursion declares: the main metric, its goal, tolerances.
    """
    known = [side.result for side in sides if side.result is not None]
    parameters = _parameters(sides)
    environment = _environment(sides)
    code = _code(sides)
    same = []
    if len(known) == len(sides):
        same += [] if code else ["code"]
        same += [] if parameters else ["parameters" if known[0].parameters else "no parameters"]
        same += _same_environment(known, environment)
    return Comparison(
        sides=tuple(sides),
        metrics=_metrics(sides, metrics),
        goal=metrics.goal if metrics.main else "",
        figures=match_figures([side.result.figures if side.result else () for side in sides]),
        code=code,
        parameters=parameters,
        environment=environment,
        same=tuple(same),
        commit=_commit(known) if len(known) == len(sides) else "",
    )


def _metrics(sides: Sequence[Side], declared: Metrics) -> tuple[MetricRow, ...]:
    recorded = dict.fromkeys(name for side in sides for name in side.metrics)
    first = [name for name in (declared.main, *declared.headline) if name in recorded]
    rows = []
    for name in dict.fromkeys([*first, *recorded]):
        values = tuple(side.metrics.get(name) for side in sides)
        tolerance = declared.tolerance.get(name)
        pairs = tuple(compare_metric(name, values[0], other, tolerance) for other in values[1:])
        best = _best(values, declared, tolerance) if name == declared.main else frozenset()
        rows.append(MetricRow(name, values, pairs, best))
    return tuple(rows)


def _best(
    values: Sequence[Metric | None], declared: Metrics, tolerance: float | None
) -> frozenset[int]:
    """Find the runs with the best value of the main metric; none where all are as good."""
    numbers = {
        place: value
        for place, value in enumerate(values)
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    if len(numbers) < 2:
        return frozenset()
    choose: Callable[..., int | float] = max if declared.goal == "highest" else min
    best = choose(numbers.values())
    same = {Verdict.IDENTICAL, Verdict.WITHIN}
    as_good = {
        place
        for place, value in numbers.items()
        if compare_metric("", best, value, tolerance).verdict in same
    }
    return frozenset(as_good) if len(as_good) < len(numbers) else frozenset()


def _code(sides: Sequence[Side]) -> tuple[CodeChange, ...]:
    """Say how the code of each run differs from the base's; nothing where none does."""
    others = [_other_files(sides[0], side) for side in sides]
    digests = [side.result.notebook_sha256 if side.result else "" for side in sides]
    if len(set(digests)) == 1 and digests[0] and not any(others):
        return ()
    codes = list(zip(digests, others, strict=True))
    changes = []
    for place, side in enumerate(sides[1:], start=1):
        change = CodeChange(side.run_id, others=others[place])
        earlier = codes.index(codes[place]) if digests[place] else place
        if earlier < place:
            change = replace(change, diff=NotebookDiff(), like=sides[earlier].run_id)
        elif digests[place] and digests[place] == digests[0]:
            change = replace(change, diff=NotebookDiff())
        else:
            change = _compared(change, sides[0], side)
        changes.append(change)
    return tuple(changes)


def _compared(change: CodeChange, base: Side, side: Side) -> CodeChange:
    """Add what changed in the notebook, or why that is not known."""
    if base.notebook is None or side.notebook is None:
        lost = base if base.notebook is None else side
        return replace(change, unknown=f"the notebook of run {lost.run_id} is missing")
    try:
        return replace(change, diff=diff_notebooks(base.notebook, side.notebook))
    except CannotCompareError as error:
        return replace(change, unknown=str(error))


def _other_files(base: Side, side: Side) -> tuple[str, ...]:
    """Name the files beside the notebook that differ, but for what only tells of the work."""
    if base.files is None or side.files is None:
        return ()
    names = (base.files.keys() | side.files.keys()) - {NOTEBOOK, "README.md"}
    return tuple(sorted(n for n in names if base.files.get(n) != side.files.get(n)))


def _parameters(sides: Sequence[Side]) -> tuple[Row, ...]:
    """List the parameters that differ."""
    given: list[Mapping[str, Value] | None] = [
        side.result.parameters if side.result else None for side in sides
    ]
    names = dict.fromkeys(name for each in given if each is not None for name in each)
    rows = []
    for name in names:
        known = {_kind(each.get(name)) for each in given if each is not None}
        if len(known) > 1:
            rows.append(Row(name, tuple(_written(each, name) for each in given)))
    return tuple(rows)


def _kind(value: Value | None) -> tuple[bool, Value | None]:
    """Tell a truth value from 0 and 1."""
    return isinstance(value, bool), value


def _written(given: Mapping[str, Value] | None, name: str) -> str:
    if given is None:
        return ""
    return written(given[name]) if name in given else "none"


def _environment(sides: Sequence[Side]) -> tuple[Row, ...]:
    """List what differs in what the runs ran on: commit, seed, Python, hardware, packages."""
    results = [side.result for side in sides]
    rows = {
        "commit": [result.commit[:10] if result else "" for result in results],
        "uncommitted changes": [_yes(result.dirty) if result else "" for result in results],
        "seed": [_seed(result) if result else "" for result in results],
        "engine": [result.engine if result else "" for result in results],
    }
    given = {name for result in results if result for name in result.parameters} & {"seed"}
    known = [(n, r.environment) for n, r in enumerate(results) if r and r.environment]
    if known:
        first, base = known[0]
        for place, environment in known[1:]:
            for name, one, other in compare_environments(base, environment):
                row = rows.setdefault(name, ["?"] * len(sides))
                row[first], row[place] = one, other
        _fill(rows, [place for place, _ in known], first)
    return tuple(
        Row(name, tuple(values))
        for name, values in rows.items()
        if len({value for value in values if value}) > 1 and name not in given
    )


def _fill(rows: Mapping[str, list[str]], known: Sequence[int], first: int) -> None:
    """Say of environments that do not differ from the base that they are like it."""
    for values in rows.values():
        for place, value in enumerate(values):
            if value == "?":
                values[place] = values[first] if place in known else ""


def _same_environment(results: Sequence[RunResult], differing: Sequence[Row]) -> list[str]:
    """Name what is the same in what all runs ran on."""
    names = {row.name for row in differing}
    same: list[str] = []
    if "seed" not in names and "seed" not in results[0].parameters and results[0].seed is not None:
        same.append(f"seed {results[0].seed}")
    if any(result.environment is None for result in results):
        return same
    hardware = {"platform", "CUDA", "driver", "processor", "cores", "GPUs"}
    same += [] if "Python" in names else ["Python"]
    packages = any(name == "torch" or name.startswith("package ") for name in names)
    same += [] if packages else ["packages"]
    return same if hardware & names else [*same, "hardware"]


def _commit(results: Sequence[RunResult]) -> str:
    commits = {result.commit for result in results}
    return commits.pop() if len(commits) == 1 else ""


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _seed(result: RunResult) -> str:
    return str(result.seed) if result.seed is not None else "none"
