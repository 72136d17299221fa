"""The benchmarks still do what they say, at their smallest; what they measure is theirs to tell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.places import Repository

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


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kernel": "cold"}, "runs/2 was cold"),
        ({"cache_hit": True}, "runs/2 was an earlier one"),
        ({"status": "failed"}, "runs/2 failed"),
    ],
)
def test_a_point_that_is_not_what_is_to_be_measured_ends_the_benchmark(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    good = {"status": "succeeded", "kernel": "warm", "cache_hit": False}
    for run, result in ((1, good), (2, good | changes), (3, good)):
        folder = tmp_path / ".excursions" / "1" / "runs" / str(run)
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps(result))
    look = Repository(tmp_path, warm=True).sweep(3, 2).makes
    assert look is not None
    with pytest.raises(RuntimeError, match=words):
        look()
    assert Repository(tmp_path, warm=True).notebook().parent.name == "3"
