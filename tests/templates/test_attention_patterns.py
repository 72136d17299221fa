"""Attention patterns mislead in the toy model: what is looked at most is hardly needed."""

from __future__ import annotations

import json
from pathlib import Path

import pretrained

from templates.trials import Trials

NAME = "demos/attention-patterns"


def test_one_word_is_needed_and_another_is_looked_at(trial: Trials) -> None:
    for run in trial(NAME):
        # All of the answer can be lost, and a little more where it turns round; below a half the
        # notebook does not call it found. 0.75 to 0.96 hung on the giver's name.
        assert 0.55 < run.number("lost_without_needed") < 1.3
        # 0.12 to 0.31 hung on the decoy, and half as much would refute it.
        assert run.number("lost_without_decoy") < run.number("lost_without_needed") / 2
        # The decoy is no straw man: it is looked at more than evenly, which would be 1/14.
        assert run.number("attention_to_decoy") > 1 / 14
        assert run.number("share_answered") >= 0.95


def test_the_untrained_twin_looks_about_evenly(trial: Trials) -> None:
    for run in trial(NAME):
        # 0.42 to 0.45 against 0.19, where weights of this size are random.
        assert run.number("spread_of_untrained") < 0.28
        assert run.number("spread_of_heads") > run.number("spread_of_untrained") + 0.1


def test_the_interactive_view_needs_no_network(trial: Trials) -> None:
    (run,) = trial(NAME, (0,))
    notebook = json.loads((run.folder / "notebook.ipynb").read_text())
    shown = [
        "".join(output["data"]["text/html"])
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if "text/html" in output.get("data", {})
    ]
    views = [html for html in shown if len(html) > 1_000_000]  # it brings its own code
    assert len(views) == 1
    assert "cdn.jsdelivr.net" not in views[0]
    assert "unpkg.com" not in views[0]


def test_it_draws_a_pretrained_model(trial: Trials, tmp_path: Path) -> None:
    folder = pretrained.save_tiny_gpt2(tmp_path / "tiny")
    (run,) = trial(NAME, (0,), model=str(folder), interactive=False)
    assert run.number("share_answered") < 0.9  # its weights are random
