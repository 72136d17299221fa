"""The benchmarks still do what they say, at their smallest; what they measure is theirs to tell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

ROWS = {
    "warm": [
        *("papermill", "excursion run, cold", "excursion run, warm"),
        "the cells' code in a fork",
    ],
    "sweep": ["excursion sweep", "excursion sweep, cold", "papermill"],
    "outputs": ["papermill, one save", "excursion run, cold", "excursion run, warm", "papermill"],
}


@pytest.mark.parametrize("name", ROWS)
def test_a_benchmark_measures_everyone_and_says_what_was_aimed_at(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EXCURSIONS_WARM")
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for row in ROWS[name]:
        assert f"\n  {row}" in done.stdout
    assert "target: " in done.stdout
    assert "nan" not in done.stdout
