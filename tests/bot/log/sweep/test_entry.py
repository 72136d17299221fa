"""A sweep's entry as a reader meets it: best point, table, failures; safe, and never too long."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

import pytest
import samples
from grids import sweep_of
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.excursion_file import ExcursionFile
from bot.log.run_entry import LONGEST
from bot.log.sweep.answer import sweep_answer
from bot.log.sweep.entry import Shown, State, sweep_entry
from bot.log.sweep.metric import compared
from bot.log.sweep.table import points_csv
from bot.log.sweep.words import point_line
from bot.scoring import Prediction
from bot.sweep import Sweep
from bot.template import Metrics
from runner.records import RunError, Status

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
FAILED = {
    "status": Status.FAILED,
    "metrics": {},
    "error": RunError(cell=3, name="ValueError", message="no such head"),
}
LOWEST = samples.DECLARED.model_copy(update={"metrics": Metrics(main="loss", goal="lowest")})
SILENT = samples.DECLARED.model_copy(update={"metrics": Metrics()})


def rendered(
    sweep: Sweep,
    state: State = State.ENDED,
    declared: ExcursionFile | None = samples.DECLARED,
    predictions: tuple[Prediction, ...] = (),
    picture: Shown | None = None,
) -> str:
    return sweep_entry(
        sweep,
        state,
        declared=declared,
        predictions=predictions,
        known_since=samples.STAMP,
        picture=picture,
    )


def accuracy(at: Mapping[str, Any]) -> dict[str, Any]:
    return {"metrics": {"accuracy": at["layer"] / 10 + at["seed"] / 100, "loss": 1.5 - at["layer"]}}


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| 1.")]


def test_a_sweep_that_succeeded_says_its_best_point_and_the_range_over_seeds() -> None:
    text = rendered(sweep_of(accuracy, layer=[0, 1, 2], seed=[1, 2, 3]))
    assert text.startswith(
        "### ✅ Sweep 1.1: all 9 points succeeded\n\nOver `layer=0..2`, `seed=1..3`"
    )
    assert "**Best `accuracy` (highest): 0.2300** at `layer=2 seed=3`, run 1.9." in text
    assert "Best mean over 3 seeds: **0.2200** at `layer=2` (0.2100 to 0.2300)." in text
    assert len(rows(text)) == 9
    assert "| **0.2300** |" in rows(text)[8]


def test_a_metric_may_be_best_where_it_is_lowest() -> None:
    text = rendered(sweep_of(accuracy, layer=[0, 1, 2], seed=[1]), declared=LOWEST)
    assert "**Best `loss` (lowest): \\-0.5000** at `layer=2`, run 1.3." in text


def test_seeds_alone_have_a_mean_and_a_range() -> None:
    text = rendered(sweep_of(accuracy, layer=[1], seed=[1, 2, 3]))
    assert "Mean over 3 seeds: **0.1200** (0.1100 to 0.1300)." in text


@pytest.mark.parametrize(
    ("declared", "metrics", "words"),
    [
        (
            SILENT,
            {"loss": 0.5},
            "No main metric is declared, so no point is best; `loss` is shown.",
        ),
        (samples.DECLARED, {"accuracy": "high"}, "No point recorded a number for `accuracy`."),
        (samples.DECLARED, {}, "No point recorded a metric."),
        (None, {"loss": 0.5}, "No main metric is declared"),
        (samples.DECLARED, {"accuracy": 0.5}, "**`accuracy` is 0.5000 at each of 2 points.**"),
    ],
)
def test_where_no_point_is_best_it_says_why(
    declared: ExcursionFile | None, metrics: dict[str, Any], words: str
) -> None:
    text = rendered(sweep_of(lambda _: {"metrics": metrics}, layer=[0, 1]), declared=declared)
    assert words in text


def test_failures_are_named_with_their_points_and_alike_ones_together() -> None:
    def outcome(at: Mapping[str, Any]) -> dict[str, Any]:
        return FAILED if at["layer"] < 2 else accuracy(at)

    text = rendered(sweep_of(outcome, layer=[0, 1, 2], seed=[1]))
    assert text.startswith("### ⚠️ Sweep 1.1: 1 of 3 points succeeded, 2 failed")
    assert (
        "> - **ValueError: no such head** in cell 3: `layer=0` (run 1.1), `layer=1` (run 1.2)"
        in text
    )
    assert "❌ failed" in rows(text)[0]
    every = rendered(sweep_of(lambda _: FAILED, layer=[0, 1]))
    assert every.startswith("### ❌ Sweep 1.1: all 2 points failed")


def test_a_sweep_under_way_says_how_far_it_is() -> None:
    sweep = sweep_of(
        lambda at: accuracy(at) if at["layer"] < 2 else None, layer=[0, 1, 2], seed=[1]
    )
    text = rendered(sweep, State.RUNNING)
    assert text.startswith("### ⏳ Sweep 1.1 is running: 2 of 3 points done")
    assert "Asked for by Ada" in text
    assert "not run yet" in rows(text)[2]


def test_one_that_was_stopped_says_how_to_go_on() -> None:
    sweep = sweep_of(
        lambda at: accuracy(at) if at["layer"] < 2 else None, layer=[0, 1, 2], seed=[1]
    )
    text = rendered(sweep, State.STOPPED)
    assert text.startswith("### ⏸️ Sweep 1.1 was stopped: 2 of 3 points done")
    assert "Given again, it runs only the 1 point that is missing" in text
    assert "excursion sweep 1 -p layer=0..2 -p seed=1" in text


def test_only_predictions_from_before_it_are_held_against_it() -> None:
    made = [
        Prediction(1, "It peaks early", "Bo", "2026-11-21T08:00:00Z", 0.6),
        Prediction(2, "I knew it", "Cy", "2026-11-21T10:00:00Z", None),
    ]
    text = rendered(sweep_of(accuracy, layer=[0, 1], seed=[1]), predictions=tuple(made))
    assert "It peaks early" in text
    assert "I knew it" not in text


def test_many_points_are_folded_away_and_what_has_no_room_is_counted() -> None:
    def outcome(at: Mapping[str, Any]) -> dict[str, Any]:
        return {"metrics": {f"m{n} {'x' * 200}": at["i"] + n / 7 for n in range(60)}}

    sweep = sweep_of(outcome, i=list(range(16)), text=[c * 5_000 for c in "abcdefghijklmnop"])
    text = rendered(sweep)
    assert len(sweep.points) == 256
    assert len(text) < LONGEST
    assert "<details><summary>All 256 points</summary>" in text
    missing = 256 - len(rows(text))
    assert (f"*{missing} more points have no room here" in text) == (missing > 0)
    assert len(list(csv.reader(io.StringIO(points_csv(sweep).decode())))) == 257


def test_every_point_failing_in_its_own_long_way_leaves_room_for_the_rest() -> None:
    def outcome(at: Mapping[str, Any]) -> dict[str, Any]:
        error = RunError(cell=1, name="ValueError", message=f"{at['i']} {'<b>@' * 3_000}")
        return {"status": Status.FAILED, "metrics": {}, "error": error, "stdout_tail": "x" * 9_999}

    text = rendered(sweep_of(outcome, i=list(range(256))))
    assert len(text) < LONGEST
    assert "more failures in the runs' own files" in text
    assert text.count("</details>") == text.count("<details>")


VALUES = st.one_of(samples.HOSTILE, st.integers(), st.floats(allow_nan=False), st.booleans())


@settings(max_examples=60)
@given(
    st.lists(samples.HOSTILE, min_size=1, max_size=4, unique=True),
    st.dictionaries(samples.HOSTILE, VALUES, max_size=4),
    samples.HOSTILE,
)
def test_no_value_metric_or_error_brings_html_or_breaks_the_table(
    values: list[str], metrics: dict[str, Any], message: str
) -> None:
    def outcome(at: Mapping[str, Any]) -> dict[str, Any]:
        if at["seed"] == 2:
            error = RunError(cell=None, name=message, message=message)
            return {"status": Status.FAILED, "metrics": {}, "error": error}
        return {"metrics": metrics}

    sweep = sweep_of(outcome, text=list(values), seed=[1, 2])
    picture = Shown("figures/sweep.png", message, message)
    for declared in (samples.DECLARED, None):
        text = rendered(sweep, declared=declared, picture=picture)
        answer = sweep_answer(sweep, declared, picture)
        tokens = MARKDOWN.parse(text)
        inner = [child for token in tokens for child in token.children or ()]
        html = {t.content.strip() for t in (*tokens, *inner) if t.type.startswith("html")}
        assert all(line.startswith(("<details><summary>", "</details>")) for line in html)
        cells = sum(token.type == "tr_open" for token in tokens)
        assert cells >= len(sweep.points) + 1
        assert "**Ran on**" in text
        shown = [c for t in MARKDOWN.parse(answer) for c in (t, *(t.children or ()))]
        assert not [token for token in shown if token.type.startswith("html")]
        for point in sweep.points:
            assert "\n" not in point_line(point, sweep, declared)


def test_the_table_for_spreadsheets_has_all_parameters_and_metrics_and_no_formulas() -> None:
    def outcome(at: Mapping[str, Any]) -> dict[str, Any] | None:
        return None if at["layer"] else {"metrics": {"=HYPERLINK(1)": -0.5, "a,b": '@x "y"'}}

    sweep = sweep_of(outcome, layer=[0, 1], text=["=1+1"])
    header, first, second = csv.reader(io.StringIO(points_csv(sweep).decode()))
    assert header == ["run", "status", "duration_s", "layer", "text", "'=HYPERLINK(1)", "a,b"]
    assert first == ["1.1", "succeeded", "52.0", "0", "'=1+1", "-0.5", '\'@x "y"']
    assert second == ["1.2", "not run", "", "1", "'=1+1", "", ""]


@pytest.mark.parametrize("value", [True, 1, 0.5])
def test_truth_and_numbers_can_be_compared(value: Any) -> None:
    metric = compared(sweep_of(lambda _: {"metrics": {"accuracy": value}}, layer=[0]), None)
    assert metric is not None
    assert metric.numbers == (float(value),)


def test_the_answer_tells_of_a_sweep_with_its_plot_and_its_best_point() -> None:
    sweep = sweep_of(accuracy, layer=[0, 1], seed=[1, 2])
    text = sweep_answer(
        sweep, samples.DECLARED, Shown("elsewhere.png", "A caption.", "A line plot")
    )
    assert "Sweep 1.1 over `layer=[0,1]`, `seed=[1,2]`: 4 of 4 points succeeded." in text
    assert "![A line plot](figures/sweep.png)\n*A caption.*" in text
    assert "at `layer=1 seed=2`, run 1.4." in text
    assert "Best mean over 2 seeds: **0.1150** at `layer=1` (0.1100 to 0.1200)." in text
