"""Executed notebook ─► what came out of it, whoever wrote it and however badly."""

from __future__ import annotations

import base64
import io
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from runner.notebook import CAPTION_MIME, METRICS_MIME
from runner.outputs import collect


def png(width: int = 4, height: int = 3) -> str:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def shows(data: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": metadata}


def notebook(*cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {"cells": [{"cell_type": "code", "source": "", "outputs": list(c)} for c in cells]}


def test_metrics_of_all_three_dialects_are_read() -> None:
    found = collect(
        notebook(
            [shows({METRICS_MIME: {"ours": 0.5, "nan": "nan"}})],
            [
                shows(
                    {
                        "application/scrapbook.scrap.json+json": {
                            "name": "scrap",
                            "data": 3,
                            "encoder": "json",
                            "version": 1,
                        }
                    },
                    scrapbook={"name": "scrap", "data": True, "display": False},
                )
            ],
            [
                shows(
                    {"application/papermill.record/text/plain": "np.float64(0.25)"},
                    scrapbook={"name": "glued", "mime_prefix": "application/papermill.record/"},
                )
            ],
        )
    )
    assert math.isnan(found.metrics.pop("nan"))  # type: ignore[arg-type]
    assert found.metrics == {"ours": 0.5, "scrap": 3, "glued": 0.25}


def test_what_is_glued_and_shown_is_read_but_for_pictures_and_tables() -> None:
    def glued(name: str, data: dict[str, Any]) -> dict[str, Any]:
        return shows(data, scrapbook={"name": name, "mime_prefix": ""})

    found = collect(
        notebook(
            [glued("number", {"text/plain": "7"}), glued("word", {"text/plain": "'grokked'"})],
            [glued("figure", {"text/plain": "<Figure>", "image/png": png()})],
            [
                glued(
                    "frame", {"text/plain": "a", "text/html": "<table><tr><td>1</td></tr></table>"}
                )
            ],
            [shows({"text/plain": "shown"}, scrapbook={"name": "x", "data": False, "display": 1})],
        )
    )
    assert found.metrics == {"number": 7, "word": "grokked"}
    assert len(found.figures) == 1
    assert len(found.tables) == 1


def test_a_metric_recorded_again_has_its_last_value() -> None:
    found = collect(notebook([shows({METRICS_MIME: {"a": 1}})], [shows({METRICS_MIME: {"a": 2}})]))
    assert found.metrics == {"a": 2}


def test_a_caption_belongs_to_the_picture_after_it_in_its_cell() -> None:
    caption = shows({CAPTION_MIME: {"caption": "One", "alt": "first"}})
    cells = [shows({"image/png": png()}), caption, shows({"image/png": png(8)})]
    found = collect(notebook(cells, [shows({"image/png": png()})]))
    assert [figure.caption for figure in found.figures] == ["", "One", ""]
    assert [(f.width, f.height) for f in found.figures] == [(4, 3), (8, 3), (4, 3)]
    assert [f.cell for f in found.figures] == [0, 0, 1]


def test_a_caption_with_no_picture_after_it_belongs_to_the_last_one() -> None:
    caption = shows({CAPTION_MIME: {"caption": "One", "alt": ""}})
    found = collect(notebook([shows({"image/png": png()}), caption]))
    assert found.figures[0].caption == "One"


def test_a_picture_without_caption_takes_the_heading_above_as_its_text() -> None:
    book = notebook([shows({"image/png": png()})])
    book["cells"].insert(0, {"cell_type": "markdown", "source": ["## The ", "loss\n", "falls"]})
    assert collect(book).figures[0].alt == "The loss"


@pytest.mark.parametrize("content", ["!!!", base64.b64encode(b"no picture").decode(), ""])
def test_a_picture_that_is_none_is_noted_and_left_out(content: str) -> None:
    found = collect(notebook([shows({"image/png": content})]))
    assert found.figures == []
    assert "cell 0" in found.notes[0]


def test_an_svg_alone_is_noted() -> None:
    found = collect(notebook([shows({"image/svg+xml": "<svg/>", "text/plain": "x"})]))
    assert "SVG" in found.notes[0]


def test_a_table_of_pandas_is_read_as_text() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"model": ["<b>one</b>", "two"], "accuracy": [0.3, 0.998]})
    found = collect(notebook([shows({"text/html": frame.to_html(), "text/plain": "x"})]))
    assert found.tables[0].columns == ("", "model", "accuracy")
    assert found.tables[0].rows == (("0", "<b>one</b>", "0.300"), ("1", "two", "0.998"))


def test_a_named_index_does_not_hide_the_columns_names() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1]}, index=pandas.Index(["x"], name="layer"))
    found = collect(notebook([shows({"text/html": frame.to_html()})]))
    assert found.tables[0].columns == ("layer", "a")
    assert found.tables[0].rows == (("x", "1"),)


def test_a_table_with_two_levels_of_index_keeps_each_value_in_its_column() -> None:
    pandas = pytest.importorskip("pandas")
    index = pandas.MultiIndex.from_tuples([("one", 0), ("one", 1), ("two", 0)])
    columns = pandas.MultiIndex.from_tuples([("loss", "train"), ("loss", "test"), ("steps", "")])
    frame = pandas.DataFrame([[1, 2, 3], [4, 5, 6], [7, 8, 9]], index=index, columns=columns)
    table = collect(notebook([shows({"text/html": frame.to_html()})])).tables[0]
    assert table.columns == ("", "", "loss train", "loss test", "steps")
    assert table.rows == (
        ("one", "0", "1", "2", "3"),
        ("one", "1", "4", "5", "6"),
        ("two", "0", "7", "8", "9"),
    )


def test_a_table_that_pandas_cut_short_says_how_long_it_is() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": range(300)})
    table = collect(notebook([shows({"text/html": frame._repr_html_()})])).tables[0]
    assert table.rows_total == 300
    assert len(table.rows) < 300


def test_a_table_whose_cells_claim_to_span_everything_is_bounded() -> None:
    cells = "<td colspan='99999' rowspan='99999'>x</td>" * 5
    html = f"<table>{f'<tr>{cells}</tr>' * 500}</table>"
    table = collect(notebook([shows({"text/html": html})])).tables[0]
    assert len(table.columns) <= 50
    assert len(table.rows) <= 200


def test_a_progress_bar_leaves_its_last_state_alone() -> None:
    text = "  0%|\r 50%|\r100%|\ndone\n"
    found = collect(notebook([{"output_type": "stream", "name": "stderr", "text": text}]))
    assert found.stdout_tail == "100%|\ndone\n"


def test_only_the_last_lines_printed_are_kept() -> None:
    lines = [f"line {i}\n" for i in range(10_000)]
    found = collect(notebook([{"output_type": "stream", "name": "stdout", "text": lines}]))
    assert found.stdout_tail.endswith("line 9999\n")
    assert len(found.stdout_tail) <= 20_000


def test_too_many_pictures_are_cut_and_the_cut_is_said() -> None:
    found = collect(notebook([shows({"image/png": png()})] * 250))
    assert len(found.figures) == 200
    assert "50 pictures more" in found.notes[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
MIMES = st.sampled_from(
    [
        METRICS_MIME,
        CAPTION_MIME,
        "image/png",
        "text/html",
        "text/plain",
        "image/svg+xml",
        "application/scrapbook.scrap.json+json",
        "application/papermill.record/text/plain",
    ]
)


@given(st.lists(st.dictionaries(MIMES, JSON, max_size=3), max_size=4), JSON)
def test_nothing_that_a_kernel_may_send_breaks_the_collection(
    datas: list[dict[str, Any]], metadata: Any
) -> None:
    outputs = [
        {"output_type": "display_data", "data": data, "metadata": {"scrapbook": metadata}}
        for data in datas
    ]
    found = collect(notebook(outputs))
    assert all(isinstance(value, bool | int | float | str) for value in found.metrics.values())
