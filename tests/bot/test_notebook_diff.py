"""What changed between two notebooks."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import notebook

from bot.notebook_diff import CannotCompareError, NotebookDiff, diff_notebooks

CELL = "import numpy\nx = 1\ny = 2\nprint(x)"
PLOT = "figure, axes = plt.subplots()\naxes.plot(loss)\nplt.show()"
BEFORE = ("seed = 0", CELL, PLOT, "#m We see.", "record(a=1)")


def test_a_changed_cell_is_shown_with_the_lines_around_the_change() -> None:
    after = (*BEFORE[:1], CELL.replace("2", "3"), *BEFORE[2:])
    diff = diff_notebooks(notebook(*BEFORE), notebook(*after))
    shown = "@@ cell 1 @@\n import numpy\n x = 1\n-y = 2\n+y = 3\n print(x)"
    assert "\n".join(diff.lines) == shown
    assert (diff.changed, diff.added, diff.removed, diff.texts) == (1, 0, 0, 0)


def test_new_and_removed_cells_are_shown_whole_and_text_is_counted() -> None:
    after = (*BEFORE[:2], "#m We see nothing.", "record(a=1)\nrecord(b=2)", "model.save(path)")
    diff = diff_notebooks(notebook(*BEFORE), notebook(*after))
    shown = "\n".join(diff.lines)
    assert "@@ cell 2, removed @@\n-figure, axes = plt.subplots()\n-axes" in shown
    assert "@@ cell 4, new @@\n+model.save(path)" in shown
    assert "@@ cell 3 @@\n record(a=1)\n+record(b=2)" in shown
    assert (diff.changed, diff.added, diff.removed, diff.texts) == (1, 1, 1, 1)


def test_outputs_names_counts_and_the_parameters_that_were_put_in_are_no_code() -> None:
    ran = json.loads(notebook(*BEFORE, outputs=[{"output_type": "stream"}], execution_count=3))
    injected = {"cell_type": "code", "source": "seed = 5", "outputs": []}
    ran["cells"].insert(1, injected | {"metadata": {"tags": ["injected-parameters"]}})
    for cell in ran["cells"]:
        cell["id"] = "x"
        cell["source"] = cell["source"].splitlines(keepends=True)
    assert diff_notebooks(notebook(*BEFORE), json.dumps(ran).encode()) == NotebookDiff()


SOURCES = st.lists(st.sampled_from(["a = 1", "a = 2", "b()\nc()", "#m t", "#m u", ""]), max_size=7)


@settings(max_examples=60)
@given(SOURCES, SOURCES)
def test_every_cell_is_accounted_for(before: list[str], after: list[str]) -> None:
    diff = diff_notebooks(notebook(*before), notebook(*after))
    code = [[s for s in sources if not s.startswith("#m")] for sources in (before, after)]
    assert diff.added - diff.removed == len(code[1]) - len(code[0])
    assert (diff.cells + diff.texts == 0) == (before == after)
    gone = [line[1:] for line in diff.lines if line.startswith("-")]
    come = [line[1:] for line in diff.lines if line.startswith("+")]
    lines = [sorted("\n".join(sources).split("\n")) for sources in code]
    kept = [line for line in lines[0] if line]
    for line in gone:
        kept.remove(line)
    assert sorted(kept + come) == [line for line in lines[1] if line]


@pytest.mark.parametrize(
    "broken", [b"", b"{}", b"[]", b'{"cells": [1]}', b'{"cells": [{"cell_type": "code"}]}', b"\xff"]
)
def test_what_is_no_notebook_cannot_be_compared(broken: bytes) -> None:
    with pytest.raises(CannotCompareError, match="cannot be read"):
        diff_notebooks(notebook("a"), broken)


def test_a_notebook_beyond_all_measure_is_not_looked_at() -> None:
    with pytest.raises(CannotCompareError, match="too long"):
        diff_notebooks(notebook("a"), notebook("x" * 1_000_001))


def test_without_nbdime_it_is_said_how_it_is_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nbdime", None)
    with pytest.raises(CannotCompareError, match=r"pip install 'excursions\[compare\]'"):
        diff_notebooks(notebook("a"), notebook("b"))
