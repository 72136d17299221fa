"""Runs side by side: what differs, what is the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from samples import notebook, result

from bot.agreement import Verdict
from bot.matched_figures import FigureRow, match_figures
from bot.side_by_side import Comparison, Side, side_by_side
from bot.side_by_side_document import document
from bot.template import Metrics
from runner.records import Environment, Figure, Gpu, RunResult, Status

MAIN = Metrics(main="accuracy", goal="highest", tolerance={"loss": 0.01, "accuracy": 0.001})


def side(number: int, notebook: bytes | None = None, **changes: Any) -> Side:
    made = result(run_id=f"1.{number}", **changes)
    return Side(made.run_id, made.status, made.metrics, made, notebook=notebook)


def compared(*sides: Side, metrics: Metrics = MAIN) -> Comparison:
    return side_by_side(sides, metrics)


def environment(**changes: Any) -> Environment:
    known = result().environment
    assert known is not None
    return known.model_copy(update=changes)


def figure(number: int, caption: str = "", digest: str = "") -> Figure:
    file = f"figure-{number:02}.png"
    return Figure(
        file=file, sha256=digest or str(number), cell=number, width=1, height=1, caption=caption
    )


def test_each_metric_is_held_against_the_first_run() -> None:
    sides = (
        side(1, metrics={"steps": 100, "loss": 0.25, "accuracy": 0.9, "odd": "a"}),
        side(2, metrics={"steps": 100, "loss": 0.255, "accuracy": 0.95}),
        side(3, metrics={"steps": 120, "loss": 0.5, "accuracy": 0.9505}),
    )
    rows = {row.name: row for row in compared(*sides).metrics}
    assert list(rows) == ["accuracy", "steps", "loss", "odd"]
    differences = [pair.difference for pair in rows["steps"].pairs]
    assert differences == [0, 20]
    verdicts = [pair.verdict for pair in rows["loss"].pairs]
    assert verdicts == [Verdict.WITHIN, Verdict.DIFFERENT]
    assert rows["odd"].values == ("a", None, None)
    assert rows["accuracy"].best == {1, 2}  # within the tolerance they are as good


@pytest.mark.parametrize(("goal", "best"), [("highest", {1}), ("lowest", {0})])
def test_the_goal_says_which_is_better(goal: Any, best: set[int]) -> None:
    sides = (side(1, metrics={"m": 1}), side(2, metrics={"m": 2}), side(3, metrics={"m": "nan"}))
    [row] = compared(*sides, metrics=Metrics(main="m", goal=goal)).metrics
    assert row.best == best


def test_where_all_are_as_good_or_nothing_is_declared_none_is_best() -> None:
    same = (side(1, metrics={"accuracy": 0.9}), side(2, metrics={"accuracy": 0.9005}))
    assert not compared(*same).metrics[0].best
    other = (side(1, metrics={"accuracy": 0.9}), side(2, metrics={"accuracy": 0.8}))
    assert not compared(*other, metrics=Metrics()).metrics[0].best


def test_plots_go_together_by_caption_and_the_rest_by_order() -> None:
    runs = (
        [figure(1, "Loss"), figure(2), figure(3, "Old name")],
        [figure(1), figure(4, "Loss"), figure(5, "New name"), figure(6)],
    )
    files = [tuple(f.file[7:9] if f else None for f in row.figures) for row in match_figures(runs)]
    assert files == [("01", "04"), ("02", "01"), ("03", "05"), (None, "06")]
    assert [row.caption for row in match_figures(runs)] == ["Loss", "", "", ""]


def test_of_several_with_one_caption_the_first_goes_with_the_first() -> None:
    runs = ([figure(1, "A"), figure(2, "A")], [figure(3, "A"), figure(4, "A")])
    first, second = match_figures(runs)
    assert [f.file[7:9] for f in first.figures if f] == ["01", "03"]
    assert [f.file[7:9] for f in second.figures if f] == ["02", "04"]


def test_plots_that_are_the_same_to_the_byte_are_told_apart() -> None:
    assert FigureRow("", (figure(1, digest="x"), figure(2, digest="x"))).same
    assert not FigureRow("", (figure(1, digest="x"), None)).same


def test_what_changed_in_the_code_is_told_once() -> None:
    old, new = notebook("a = 1\nb = 1"), notebook("a = 2\nb = 1")
    sides = (
        side(1, old, notebook_sha256="a"),
        side(2, new, notebook_sha256="b"),
        side(3, new, notebook_sha256="b"),
        side(4, None, notebook_sha256="c"),
    )
    second, third, fourth = compared(*sides).code
    assert second.diff is not None
    assert second.diff.lines == ("@@ cell 0 @@", "-a = 1", "+a = 2", " b = 1")
    assert third.like == "1.2"
    assert fourth.unknown == "the notebook of run 1.4 is missing"


def test_parameters_and_environments_tell_only_what_differs() -> None:
    packages = {"numpy": "2.1.0", "einops": "0.8"}
    sides = (
        side(1),
        side(2, parameters={"layer": True, "seed": 8}, seed=8, commit="c" * 40),
        side(3, environment=environment(packages=packages, gpus=(Gpu(name="A", memory_bytes=1),))),
        side(4, environment=None),
    )
    found = compared(*sides)
    assert [(row.name, row.values) for row in found.parameters] == [
        ("layer", ("0", "true", "0", "0")),
        ("seed", ("7", "8", "7", "7")),
    ]
    rows = {row.name: row.values for row in found.environment}
    assert rows == {
        "commit": ("ab12ab12ab", "cccccccccc", "ab12ab12ab", "ab12ab12ab"),
        "GPUs": ("none", "none", "A", ""),
        "package einops": ("none", "none", "0.8", ""),
    }
    assert found.same == ("code",)


def test_what_is_the_same_in_all_is_named() -> None:
    found = compared(side(1), side(2))
    assert found.same == (
        "code",
        "parameters",
        "Python",
        "packages",
        "hardware",
    )


def test_a_run_whose_files_are_missing_stands_beside_the_others() -> None:
    lost = Side("1.2", Status.FAILED, {"accuracy": 0.5}, missing="its files are missing")
    found = compared(side(1), lost)
    assert found.metrics[0].values == (0.99821, 0.5)
    assert found.same == ()
    assert found.code[0].unknown == "the notebook of run 1.1 is missing"


def test_the_document_is_json_and_says_all() -> None:
    sides = (side(1, metrics={"accuracy": 0.9}), side(2, metrics={"accuracy": 0.95}))
    told = json.loads(json.dumps(document(compared(*sides))))
    assert [run["run_id"] for run in told["runs"]] == ["1.1", "1.2"]
    assert told["metrics"]["accuracy"] == {
        "values": [0.9, 0.95],
        "differences": [None, 0.05],
        "agreement": [None, "different"],
        "best": ["1.2"],
    }


def test_failed_runs_are_compared_as_far_as_they_came() -> None:
    failed: RunResult = result(run_id="1.2", status=Status.FAILED, metrics={})
    found = compared(side(1), Side("1.2", failed.status, failed.metrics, failed))
    assert [row.values[1] for row in found.metrics] == [None, None]
    assert not found.metrics[0].best
