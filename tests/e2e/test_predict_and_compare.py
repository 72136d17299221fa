"""Predictions that runs decide, and runs side by side, on this machine."""

from __future__ import annotations

import pytest
from conftest import Repository

RECORD = "from runner.notebook import record\n"


def test_a_prediction_is_scored_and_runs_are_compared(repository: Repository) -> None:
    repository.ask()
    repository.commit_notebook(f"{RECORD}record(share=0.5 + seed / 10)")
    said = repository.excursion("predict", "1", "It grows:", "confidence=90%", "share > 0.8")
    assert "Scored when a run records share: share > 0.8." in said.err
    repository.must("run", "1", "-p", "seed=2")
    assert "Did you mean 'share'?" in repository.excursion("predict", "1", "shar<1").err
    (repository.folder() / "help.py").write_text("# Help\n")
    repository.commit_notebook(f"{RECORD}record(share=0.6 + seed / 10)")
    repository.must("run", "1", "-p", "seed=3")

    told = repository.must("compare", "1", "1", "2")
    assert "share   0.7000   0.9000 (+0.2)" in told
    assert "-record(share=0.5 + seed / 10)\n+record(share=0.6 + seed / 10)" in told
    assert "; changed beside it: help.py" in told
    document = repository.json("compare", "1", "1", "2")
    assert document["code"]["1.2"]["other_files"] == ["help.py"]
    assert document["metrics"]["share"]["differences"][1] == pytest.approx(0.2)
    assert document["parameters"] == {"seed": ["2", "3"]}
    assert repository.excursion("compare", "1", "1", "9").status == 2
    assert repository.must("compare", "1", "1", "2", "--dry-run").startswith("reply")

    before = len(repository.json("show", "1")["posts"])
    repository.must("comment", "1", "/compare 1 2")
    posts = repository.json("show", "1")["posts"]
    assert len(posts) == before + 2
    assert "### ⚖️ Runs 1.1 and 1.2 compared" in posts[-1]["body"]

    entry = next(repository.top.glob(".excursions/1/*-prediction-1.md")).read_text()
    assert "❌ **Did not come true in run 1.1:** `share` 0.7000. But true in run 1.2" in entry
    repository.must("answer", "1", "It grows.")
    readme = (repository.folder() / "README.md").read_text()
    assert "| 90 % | ✅ **Came true in run 1.2:** `share` 0.9000 | 0.01 |" in readme
