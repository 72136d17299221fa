"""Which chart shows a sweep: chosen by how many parameters vary, and of what type they are."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pytest
from grids import sweep_of
from PIL import Image

from bot.log.sweep.chart import Chart, Kind, choose_chart
from bot.log.sweep.metric import compared
from bot.log.sweep.plot import draw_chart
from bot.sweep import Sweep
from runner.records import Status

SEEDS = [1, 2, 3]
NAMES = ["relu", "gelu", "solu"]


def some_number(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"metrics": {"effect": 0.1 * sum(map(len, map(str, parameters.values())))}}


def chart_of(sweep: Sweep) -> Chart | None:
    metric = compared(sweep, None)
    return choose_chart(sweep, metric, None) if metric else None


@pytest.mark.parametrize(
    ("axes", "kind", "shown"),
    [
        ({"layer": [0, 1, 2]}, Kind.LINE, ["layer"]),
        ({"layer": [0, 1, 2], "seed": SEEDS}, Kind.LINE, ["layer"]),
        ({"seed": SEEDS, "layer": [0, 1, 2]}, Kind.LINE, ["layer"]),
        ({"scale": [0.1, 1.0, 10.0]}, Kind.LINE, ["scale"]),
        ({"act": NAMES}, Kind.DOTS, ["act"]),
        ({"act": NAMES, "seed": SEEDS}, Kind.DOTS, ["act"]),
        ({"flag": [True, False]}, Kind.DOTS, ["flag"]),
        ({"seed": SEEDS}, Kind.STRIP, ["seed"]),
        ({"layer": [0, 1, 2], "head": [0, 1]}, Kind.HEATMAP, ["layer", "head"]),
        ({"layer": [0, 1], "act": NAMES}, Kind.HEATMAP, ["act", "layer"]),
        ({"layer": [0, 1, 2], "head": [0, 1], "seed": SEEDS}, Kind.HEATMAP, ["layer", "head"]),
        ({"layer": [0, 1, 2], "head": [0, 1], "act": NAMES}, Kind.PANELS, ["layer", "act", "head"]),
        ({"a": [0, 1, 2], "b": [0, 1], "c": [0, 1], "d": [0, 1]}, Kind.HEATMAP, ["a", "b"]),
        ({"a": list(range(7)), "b": list(range(7)), "c": list(range(7))}, Kind.HEATMAP, ["a", "b"]),
    ],
)
def test_the_parameters_that_vary_choose_the_chart(
    axes: dict[str, list[Any]], kind: Kind, shown: list[str]
) -> None:
    chart = chart_of(sweep_of(some_number, **axes))
    assert chart is not None
    assert chart.kind is kind
    assert [axis.name for axis in chart.axes] == shown
    assert set(chart.averaged) == set(axes) - set(shown)
    with Image.open(io.BytesIO(draw_chart(chart))) as image:
        assert image.format == "PNG"
        assert max(image.size) < 3_000


@pytest.mark.parametrize(
    "metrics",
    [{}, {"effect": "high"}, {"effect": float("nan")}, {"effect": float("inf")}],
)
def test_without_any_number_there_is_no_chart(metrics: dict[str, Any]) -> None:
    assert chart_of(sweep_of(lambda _: {"metrics": metrics}, layer=[0, 1])) is None


def test_where_nothing_varies_there_is_no_chart() -> None:
    assert chart_of(sweep_of(some_number, layer=[3])) is None


def test_a_place_knows_its_values_over_seeds_and_what_is_missing() -> None:
    def outcome(at: Mapping[str, Any]) -> dict[str, Any] | None:
        if at["layer"] == 1:
            return {"status": Status.FAILED, "metrics": {}} if at["seed"] == 1 else None
        return {"metrics": {"effect": float(at["seed"])}}

    chart = chart_of(sweep_of(outcome, layer=[0, 1], seed=SEEDS))
    assert chart is not None
    assert chart.cells[0,].values == (1.0, 2.0, 3.0)
    assert chart.means == {(0,): 2.0}
    assert (chart.cells[1,].failed, chart.cells[1,].waiting) == (1, 2)
    assert chart.over == "3 seeds"
    assert "band: lowest to highest" in chart.subtitle
    assert draw_chart(chart)


def test_numbers_stand_in_ascending_order_and_names_as_they_were_given() -> None:
    chart = chart_of(sweep_of(some_number, act=NAMES, layer=[5, 0, 11]))
    assert chart is not None
    assert {axis.name: list(axis.values) for axis in chart.axes} == {
        "act": NAMES,
        "layer": [0, 5, 11],
    }


@pytest.mark.parametrize(
    ("values", "geometric"),
    [
        ([16, 32, 64, 128], True),
        ([1e-4, 1e-3, 1e-2], True),
        ([0, 1, 2], False),
        ([1, 2, 3, 4], False),
        ([0.0, 0.25, 0.5], False),
    ],
)
def test_values_that_grow_by_a_factor_get_a_logarithmic_axis(
    values: list[float], geometric: bool
) -> None:
    chart = chart_of(sweep_of(some_number, x=values))
    assert chart is not None
    assert chart.axes[0].is_geometric is geometric


@pytest.mark.parametrize("value", ["$x^2$ & <b>", "\\frac{1}{2}", "日本", "a\nb", "x" * 9_000, ""])
def test_names_are_drawn_as_text_whatever_they_hold(value: str) -> None:
    sweep = sweep_of(
        lambda at: {"metrics": {value or "m": float(len(at["act"]))}}, act=[value, "b"]
    )
    chart = chart_of(sweep)
    assert chart is not None
    with Image.open(io.BytesIO(draw_chart(chart))) as image:
        assert max(image.size) < 3_000


@pytest.mark.parametrize("far", [1e99, -1e99, 1e-300, 0.0])
def test_numbers_far_apart_can_be_drawn(far: float) -> None:
    for axes in ({"x": [1, 2, 3]}, {"x": [1, 2, 3], "y": [0, 1]}, {"x": [1e-300, 1.0, 1e90]}):
        sweep = sweep_of(lambda at: {"metrics": {"m": far if at["x"] == 1 else 1.0}}, **axes)
        chart = chart_of(sweep)
        assert chart is not None
        assert draw_chart(chart)


def test_the_same_sweep_gives_the_same_bytes() -> None:
    first, second = (chart_of(sweep_of(some_number, layer=[0, 1], seed=SEEDS)) for _ in range(2))
    assert first is not None
    assert second is not None
    assert draw_chart(first) == draw_chart(second)
