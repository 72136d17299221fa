"""What follows from `/compare`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import COMMIT, entry, notebook, request, result, thread, world

from bot.command import Compare
from bot.commands import decide
from bot.commands.compare import commits_wanted, notebooks_wanted, parse, write
from bot.commands.parser import parse_comment
from bot.commands.run import SOURCE
from bot.commands.world import World
from bot.effects import Reply
from bot.errors import RequestError
from bot.forge.protocol import StoredRun
from bot.surroundings import Surroundings
from runner.records import Figure, RunError, Status

LOSS = Figure(file="figure-01.png", sha256="1" * 64, cell=1, width=1, height=1, caption="Loss")


def stored(number: int, **changes: Any) -> StoredRun:
    """Make a run that has ended."""
    ended = result(run_id=f"1.{number}", **changes)
    return StoredRun(number, request(run_id=ended.run_id), ended)


def told(here: World, *runs: int) -> str:
    """Give the text of the reply."""
    (reply,) = decide(Compare(runs), here)
    assert isinstance(reply, Reply)
    return reply.text


def test_what_differs_stands_side_by_side_and_what_is_equal_in_one_line() -> None:
    runs = (
        stored(2, figures=(LOSS,)),
        stored(
            3,
            metrics={"loss": 0.25, "accuracy": 0.9},
            parameters={"layer": 3, "seed": 7},
            figures=(LOSS.model_copy(update={"sha256": "2" * 64}),),
        ),
    )
    assert told(world(runs=runs), 2, 3) == (
        "### ⚖️ Runs 1.2 and 1.3 compared\n\n"
        "**Best accuracy (highest): run 1.2.**\n\n"
        "| metric | run 1.2 | run 1.3 |\n| --- | ---: | ---: |\n"
        "| `accuracy` | **0.9982** | 0.9000 (−0.0982) |\n\n"
        "| parameter | run 1.2 | run 1.3 |\n| --- | --- | --- |\n| `layer` | 0 | 3 |\n\n"
        "| plot | run 1.2 | run 1.3 |\n| --- | --- | --- |\n"
        "| Loss | ![Loss](runs/2/figures/figure-01.png) | ![Loss](runs/3/figures/figure-01.png) |"
        "\n\n"
        "The same in all: code, Python, packages, hardware, commit `ab12ab12ab`, `loss` 0.2500."
    )


def test_the_code_that_changed_is_folded_away() -> None:
    runs = (stored(1), stored(2, notebook_sha256="1" * 64))
    files = {1: {SOURCE: notebook("a = 1")}, 2: {SOURCE: notebook("a = 2", "show(model)")}}
    assert notebooks_wanted(Compare((1, 2)), runs) == (2, 1)
    assert notebooks_wanted(Compare((1, 1)), runs) == ()
    text = told(world(runs=runs, run_files=files), 1, 2)
    assert "<summary>Code of run 1.2 against run 1.1: 1 changed, 1 new cells</summary>" in text
    assert "```diff\n@@ cell 0 @@\n-a = 1\n+a = 2\n@@ cell 1, new @@\n+show(model)\n```" in text


def test_other_files_that_changed_are_named() -> None:
    other = "e" * 40
    runs = (stored(1), stored(2, commit=other), stored(3, commit=other))
    folder = {"notebook.ipynb": "1", "models.py": "2", "README.md": "3", "data.csv": "4"}
    changed = folder | {"models.py": "5", "README.md": "6", "layers.py": "7"}
    assert commits_wanted(Compare((1, 2, 3)), runs) == (COMMIT, other)
    assert commits_wanted(Compare((2, 3)), runs) == ()
    text = told(world(runs=runs, folders={COMMIT: folder, other: changed}), 1, 2, 3)
    assert "Code of run 1.2 against run 1.1: notebook the same; changed beside it: " in text
    assert ": layers.py, models.py" in text
    assert "Code of run 1.3: as that of run 1.2" in text
    assert "The same in all: parameters" in text  # not the code
    same = told(world(runs=runs, folders={COMMIT: folder, other: folder}), 1, 2)
    assert "The same in all: code, parameters" in same


def test_a_run_that_failed_is_compared_and_says_why() -> None:
    error = RunError(cell=4, name="ValueError", message="no such layer")
    text = told(world(runs=(stored(1), stored(2, status=Status.FAILED, error=error))), 1, 2)
    assert "❌ Run 1.2 failed in cell 4: ValueError: no such layer." in text


def test_what_is_missing_is_said_to_be_missing() -> None:
    memory = {"status": "succeeded", "metrics": {"accuracy": 0.5, "odd": [1]}}
    here = world(
        thread=thread(entry(2, "run:1.2", memory)), runs=(stored(1), StoredRun(2, None, None))
    )
    text = told(here, 1, 2)
    assert "Run 1.2: its files are missing, so that only the metrics in its entry are" in text
    assert "| `accuracy` | **0.9982** | 0.5000 (−0.498) |" in text
    assert "What changed in the code of run 1.2 is not known" in text
    odd = world(thread=thread(entry(2, "run:1.2", {"status": [], "metrics": 3})), runs=here.runs)
    with pytest.raises(RequestError, match="cannot be compared: its files are missing"):
        decide(Compare((1, 2)), odd)


def test_on_github_pictures_come_from_the_runs_own_commits() -> None:
    runs = (stored(1, figures=(LOSS,)), stored(2, figures=()))
    kept = {"refs/excursions/1/1": COMMIT}
    here = world(runs=runs, surroundings=Surroundings(page="https://github.com/o/r", kept=kept))
    row = f"| Loss | ![Loss](https://github.com/o/r/raw/{COMMIT}/figures/figure-01.png) | *none* |"
    assert row in told(here, 1, 2)
    number = "0" * 31 + "1"
    attached = {"attached": {LOSS.sha256[:16]: number}}
    here = world(
        runs=runs, thread=thread(entry(2, "run:1.1", attached)), surroundings=here.surroundings
    )
    assert "https://github.com/user-attachments/assets/00000000-" in told(here, 1, 2)


def test_many_plots_and_differences_are_folded_and_the_reply_stays_short() -> None:
    figures = [
        LOSS.model_copy(update={"caption": f"{n} " * 200, "sha256": str(n)}) for n in range(60)
    ]
    packages = {f"package-{n}": "1" for n in range(300)}
    first = result().environment
    assert first is not None
    runs = [
        stored(
            number,
            figures=tuple(f.model_copy(update={"sha256": f"{number}"}) for f in figures),
            environment=first.model_copy(update={"packages": dict.fromkeys(packages, f"{number}")}),
            metrics={f"metric {n} " + "x" * 300: number * n for n in range(300)},
            notebook_sha256=str(number),
        )
        for number in range(1, 7)
    ]
    files = {n: {SOURCE: notebook(f"a = {n}\n" * 5_000)} for n in range(1, 7)}
    text = told(world(runs=tuple(runs), run_files=files), *range(1, 7))
    assert len(text) < 62_000
    assert "more metrics" not in text
    assert "more plots that differ</summary>" in text
    assert "more lines\n```" in text


def test_commands_are_written_as_they_are_read() -> None:
    assert parse(("2", "3", "4"), {}) == Compare((2, 3, 4))
    assert parse_comment("/compare 2 3 4") == (Compare((2, 3, 4)),)


@given(st.lists(st.integers(1, 999_999_999), min_size=2, max_size=6, unique=True))
def test_what_was_written_is_read_again(runs: list[int]) -> None:
    assert parse_comment(write(Compare(tuple(runs)))) == (Compare(tuple(runs)),)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no runs cannot be compared"),
        (("2",), "1 run cannot be compared"),
        (("2", "3", "2"), "run 2 is named twice"),
        (tuple("1234567"), "7 runs are more than can be read side by side"),
    ],
)
def test_what_names_no_runs_is_refused(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        parse(words, {})


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ((1, 9), "there is no run 1.9"),
        ((1, 2), "run 1.2 cannot be compared: it has no result yet"),
    ],
)
def test_runs_without_results_are_refused(runs: tuple[int, ...], message: str) -> None:
    here = world(runs=(stored(1), StoredRun(2, request(run_id="1.2"), None, alive=True)))
    with pytest.raises(RequestError, match=message):
        decide(Compare(runs), here)
