"""Heatmaps as a reader meets them: colours, numbers in cells, values beside them."""

from __future__ import annotations

import io
import math
from itertools import product

import pytest
import samples
from matplotlib.figure import Figure
from PIL import Image

from bot.log.sweep.chart import Chart, choose_chart
from bot.log.sweep.heatmap import draw_heatmaps
from bot.log.sweep.metric import compared
from bot.log.sweep.plot import draw_chart
from bot.parameters import Value
from bot.sweep import Point, Sweep

RED, WHITE, BLUE = (103, 0, 31), (246, 247, 247), (5, 48, 97)
DARKEST, LIGHTEST = (68, 1, 84), (253, 231, 37)  # of the scale for values on one side of zero


def chart_of(metric: list[float], **axes: list[Value]) -> Chart:
    """The chart of a sweep over these axes, the last of which changes fastest."""
    points = []
    for number, (values, value) in enumerate(
        zip(product(*axes.values()), metric, strict=True), start=1
    ):
        parameters = dict(zip(axes, values, strict=True))
        run = {"run_id": f"1.{number}", "parameters": parameters}
        result = samples.result(**run, metrics={"effect": value})
        points.append(Point(samples.request(**run, sweep="1.1"), result))
    sweep = Sweep("1.1", tuple(points), samples.STAMP)
    chart = choose_chart(sweep, compared(sweep, None), None)  # type: ignore[arg-type]
    assert chart is not None
    return chart


def colours(chart: Chart) -> set[tuple[int, int, int]]:
    with Image.open(io.BytesIO(draw_chart(chart))) as image:
        found = image.convert("RGB").getcolors(maxcolors=2**24)
    assert found is not None
    return {colour for count, colour in found if count > 1_000}  # type: ignore[misc]


def drawn(chart: Chart) -> Figure:
    figure = Figure()
    draw_heatmaps(figure, chart)
    return figure


def test_values_on_both_sides_of_zero_get_colours_around_white() -> None:
    signed = chart_of([-1.0, 0.0, 0.5, 0.9], layer=[0, 1], head=[0, 1])
    assert {RED, WHITE} <= colours(signed)


def test_the_scale_around_zero_is_as_long_on_both_sides() -> None:
    signed = chart_of([-0.5, 0.0, 0.5, 1.0], layer=[0, 1], head=[0, 1])
    assert BLUE in colours(signed)
    assert RED not in colours(signed)


@pytest.mark.parametrize("lowest", [0.0, -0.05, 0.3])
def test_values_on_one_side_of_zero_get_colours_from_dark_to_light(lowest: float) -> None:
    chart = chart_of([lowest, 0.5, 0.7, 1.0], layer=[0, 1], head=[0, 1])
    assert {DARKEST, LIGHTEST} <= colours(chart)


def test_no_cell_says_minus_zero() -> None:
    figure = drawn(chart_of([-0.001, 0.5, -0.7, 1.0], layer=[0, 1], head=[0, 1]))
    written = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert sorted(written) == ["-0.7", "0.0", "0.5", "1.0"]


def test_the_lowest_panel_of_each_column_names_its_values() -> None:
    panels = chart_of(
        [math.sin(number) for number in range(27)],
        layer=[0, 1, 2],
        head=[0, 1, 2],
        act=["relu", "gelu", "solu"],
    )
    four = chart_of(
        [math.sin(number) for number in range(7 * 7 * 3)],
        layer=list(range(7)),
        head=list(range(7)),
        act=["relu", "gelu", "solu"],
    )
    for chart, named in ((panels, [True, True, True]), (four, [False, True, True])):
        figure = drawn(chart)
        figure.draw_without_rendering()
        grid = figure.axes[: len(named)]
        assert [bool(ax.get_xlabel()) for ax in grid] == named
        assert [ax.xaxis.get_tick_params()["labelbottom"] for ax in grid] == named


def test_of_many_values_every_second_or_fifth_or_tenth_is_named() -> None:
    wide = chart_of([float(n) for n in range(200)], layer=list(range(100)), head=[0, 1])
    ticks = [text.get_text() for text in drawn(wide).axes[0].get_xticklabels()]
    assert ticks == [str(layer) for layer in range(0, 100, 10)]
