"""What a notebook imports."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner import notebook


def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the functions would show to a front end."""
    data: list[dict[str, Any]] = []
    monkeypatch.setattr(notebook, "_display", lambda each, fallback: data.append(each))
    return data


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        (0.998, 0.998),
        (3, 3),
        (True, True),
        ("grokked", "grokked"),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.array([2.5]), 2.5),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (np.float64("nan"), "nan"),
    ],
)
def test_a_metric_is_recorded_as_json_can_hold_it(
    monkeypatch: pytest.MonkeyPatch, value: Any, recorded: Any
) -> None:
    data = shown(monkeypatch)
    notebook.record(metric=value)
    assert data[0][notebook.METRICS_MIME] == {"metric": recorded}
    assert type(data[0][notebook.METRICS_MIME]["metric"]) is type(recorded)


@pytest.mark.parametrize("value", [None, [1, 2], {"a": 1}, np.array([1, 2]), object(), 1j])
def test_what_is_no_single_value_is_refused_by_name(value: Any) -> None:
    with pytest.raises(TypeError, match="metric"):
        notebook.record(metric=value)


def test_a_tensor_of_one_element_is_its_value_and_of_several_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Tensor:
        def __init__(self, *values: float) -> None:
            self.values = values

        def item(self) -> float:
            if len(self.values) != 1:
                raise RuntimeError("a Tensor with 2 elements cannot be converted to Scalar")
            return self.values[0]

    data = shown(monkeypatch)
    notebook.record(loss=Tensor(0.25))
    assert data[0][notebook.METRICS_MIME] == {"loss": 0.25}
    with pytest.raises(TypeError, match="loss"):
        notebook.record(loss=Tensor(1.0, 2.0))


def test_a_caption_describes_itself_when_there_is_no_other_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = shown(monkeypatch)
    notebook.caption("A line")
    assert data[0][notebook.CAPTION_MIME] == {"caption": "A line", "alt": "A line"}


@given(st.floats())
def test_no_float_is_too_strange(value: float) -> None:
    plain = notebook._plain("metric", value)
    assert plain == value or isinstance(plain, str)


def test_outside_of_a_notebook_it_prints() -> None:
    program = "from runner.notebook import record, caption; record(a=1); caption('b')"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "a = 1\nb\n"


def test_checkpoints_lie_where_the_run_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(notebook.CHECKPOINTS, str(tmp_path / "runs" / "own"))
    folder = notebook.checkpoint_dir()
    assert folder == tmp_path / "runs" / "own"
    assert folder.is_dir()
    assert notebook.checkpoint_dir() == folder


def test_outside_of_a_run_checkpoints_stay_out_of_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(notebook.CHECKPOINTS, raising=False)
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    folder = notebook.checkpoint_dir()
    (folder / "step.txt").write_text("3")
    assert folder.is_relative_to(tmp_path / "outputs")
    status = ["git", "status", "--porcelain", "--untracked-files=all", "outputs"]
    assert subprocess.run(status, cwd=tmp_path, capture_output=True, check=True).stdout == b""
    assert sorted(path.name for path in folder.iterdir()) == ["step.txt"]
