"""The entry of a run: what came out first, the rest folded away, nothing of it dangerous."""

from __future__ import annotations

import math
import re
import shlex
from typing import Any

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt
from samples import COMMIT, DECLARED, EXCURSION, HOSTILE, prediction, request, result, thread

from bot.excursion import Excursion
from bot.excursion_file import ExcursionFile
from bot.forge.marker import read_marker, write_marker
from bot.log.predictions import read_predictions
from bot.log.run_entry import LONGEST, headline, run_entry, running_entry
from bot.scoring import Prediction
from runner.records import (
    Cell,
    CellStatus,
    Environment,
    Figure,
    Gpu,
    RunError,
    RunResult,
    Status,
    Table,
)

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
PREDICTIONS = read_predictions(
    thread(prediction(1, "It settles"), prediction(2, "Too late", stamped="2026-11-21T09:30:16Z"))
)
FIGURE = Figure(
    file="figure-01.png", sha256="", cell=1, width=6, height=4, caption="Loss", alt="Loss curves"
)
TABLE = Table(cell=2, columns=("layer", "score"), rows=(("0", "0.5"),), rows_total=1)
ERROR = RunError(cell=3, name="ValueError", message="no such layer", traceback="Traceback …\nboom")


def render(
    ended: RunResult,
    declared: ExcursionFile | None = DECLARED,
    predictions: tuple[Prediction, ...] = PREDICTIONS,
    excursion: Excursion = EXCURSION,
) -> str:
    return run_entry(
        ended,
        excursion=excursion,
        declared=declared,
        predictions=predictions,
        figures_at="runs/1/figures/",
    )


def html_of(entry: str) -> list[str]:
    """Every piece of HTML in an entry; all of it must be ours."""
    pieces = []
    for token in MARKDOWN.parse(entry):
        if token.type == "html_block":
            pieces += token.content.strip().split("\n")
        pieces += [c.content for c in token.children or () if c.type == "html_inline"]
    return pieces


FOLDS = [
    *("How to run it again", "Parameters", "Cells", "Traceback", "Last lines of output"),
    "Environment",
]
OUR_HTML = {"</details>", *(f"<details><summary>{fold}</summary>" for fold in FOLDS)}


def test_everything_that_a_reader_needs_is_in_the_entry() -> None:
    entry = render(
        result(
            figures=(FIGURE,),
            tables=(TABLE,),
            stdout_tail="step 1\nstep 2\n",
            parameters={"layer": 3, "seed": 7},
        )
    )
    opened, folded = entry.split("<details>", 1)
    assert opened.startswith("### ✅ Run 1.1 succeeded in 52 s\n")  # status
    assert "With `layer=3`, the others at their defaults (`seed=7`)." in opened  # parameters
    assert "| `accuracy` | **0.9982** |\n| `loss` | 0.2500 |\n" in opened  # metrics
    assert "| `loss` | in nats |" in folded
    assert "![Loss curves](runs/1/figures/figure-01.png)\n*Loss*" in opened  # plots
    assert "| layer | score |" in opened  # tables
    seen = "It settles — Ada, 2026-11-21 08:00 | 60 % | `accuracy` 0.9982 |"
    assert seen in opened  # the prediction beside the outcome
    assert "Too late" not in entry
    for fact in (
        f"commit `{COMMIT[:10]}`",
        "seed 7",
        "Python 3.11.7",
        "torch 2.13.0",
        "1 packages",
        "2 × EPYC, no GPU",
        "2026-11-21 09:30 UTC, 52 s",
    ):
        assert fact in opened  # what it ran on
    assert "excursion run 1 -p layer=3 -p seed=7" in folded  # how to run it again
    assert f"git worktree add --detach ../again-1.1 {COMMIT}" in folded
    assert "papermill notebook.ipynb again.ipynb -p layer 3 -p seed 7" in folded
    assert "| `layer` | `3` | `0` | Layer (a whole number from 0 to 11) |" in folded
    assert "step 1\nstep 2" in folded
    assert "numpy==2.1.0" in folded


@pytest.mark.parametrize(
    ("status", "heading"),
    [
        (Status.SUCCEEDED, "### ✅ Run 1.1 succeeded in 52 s"),
        (Status.FAILED, "### ❌ Run 1.1 failed after 52 s"),
        (Status.TIMED_OUT, "### ⏱️ Run 1.1 ran out of time after 52 s"),
        (Status.CANCELLED, "### ⏹️ Run 1.1 was cancelled after 52 s"),
        (Status.DIED, "### 💀 Run 1.1 died after 52 s"),
        (Status.REFUSED, "### 🚫 Run 1.1 was refused"),
    ],
)
def test_every_status_has_its_heading_and_keeps_what_was_made(status: Status, heading: str) -> None:
    entry = render(result(status=status, figures=(FIGURE,), error=ERROR))
    assert entry.split("\n")[0] == heading
    assert "figure-01.png" in entry
    assert "`accuracy`" in entry
    warned = "> **ValueError: no such layer** in cell 3." in entry
    assert warned == (status is not Status.SUCCEEDED)


def test_a_run_that_failed_says_how_far_it_came() -> None:
    statuses = (CellStatus.COMPLETED, CellStatus.FAILED, CellStatus.PENDING, CellStatus.PENDING)
    cells = tuple(Cell(index=n, status=status) for n, status in enumerate(statuses))
    entry = render(result(status=Status.FAILED, error=ERROR, cells=cells))
    assert "1 of 4 code cells completed, 2 never ran." in entry
    assert entry.count("| pending |") == 2
    assert "Traceback …\nboom" in entry
    refused = render(result(status=Status.REFUSED, error=ERROR, cells=(), metrics={}))
    assert "No cell was executed." in refused


def test_a_run_with_nothing_to_show_says_so() -> None:
    entry = render(result(metrics={}, parameters={}, environment=None, cells=()), predictions=())
    assert "*No metric was recorded.*" in entry
    assert "With no parameters." in entry
    assert "*Nobody predicted what this run would show.*" in entry
    assert "Environment" not in entry


def test_a_run_without_metrics_stands_beside_predictions_with_its_status() -> None:
    entry = render(result(status=Status.DIED, metrics={}, error=ERROR))
    assert "| the run died |" in entry


def test_parameters_at_their_defaults_are_said_to_be() -> None:
    assert "With all parameters at their defaults (`layer=0`, `seed=7`)." in render(result())
    assert "With `layer=0`, `seed=7`." in render(result(), declared=None)


def test_uncommitted_changes_are_said_loudly() -> None:
    assert "**Uncommitted changes were part of it;**" in render(result(dirty=True))


def test_the_gpu_is_named_where_there_is_one() -> None:
    environment = Environment(
        python="3.11",
        platform="Linux",
        packages_sha256="0" * 64,
        gpus=(Gpu(name="NVIDIA H200", memory_bytes=1),),
    )
    entry = render(result(environment=environment))
    assert "NVIDIA H200" in entry
    assert "no GPU" not in entry


def test_the_commands_that_run_it_again_survive_a_shell() -> None:
    awkward = 'it\'s; $(id) `x` "y" é'
    ended = result(parameters={"text": awkward, "flag": True, "n": -1})
    excursion = Excursion(**{**vars(EXCURSION), "folder": "my notes/demos/1-x"})
    entry = render(ended, excursion=excursion)
    ours, checkout = re.findall(r"```sh\n(.*?)\n```", entry, flags=re.DOTALL)
    repeated, ours = ours.split("\n", 1)
    assert repeated == "excursion reproduce 1 1"
    given_again = ["-p", f"text={awkward}", "-p", "flag=true", "-p", "n=-1", "--force"]
    assert shlex.split(ours)[3:] == given_again
    _, folder, theirs = checkout.split("\n")
    assert shlex.split(folder) == ["cd", "../again-1.1/my notes/demos/1-x"]
    assert shlex.split(theirs)[3:] == ["-r", "text", awkward, "-p", "flag", "True", "-p", "n", "-1"]


def test_cells_and_pictures_stand_in_the_order_in_which_they_came() -> None:
    late = FIGURE.model_copy(update={"file": "figure-02.png", "cell": 3})
    entry = render(result(figures=(FIGURE, late), tables=(TABLE,)))
    places = [entry.index(text) for text in ("figure-01.png", "| layer | score |", "figure-02.png")]
    assert places == sorted(places)


@given(HOSTILE, HOSTILE, HOSTILE)
@settings(max_examples=60)
def test_nothing_that_a_notebook_says_becomes_markup(one: str, two: str, three: str) -> None:
    ended = result(
        status=Status.FAILED,
        metrics={one: two, "accuracy": three},
        figures=(FIGURE.model_copy(update={"caption": one, "alt": two}),),
        tables=(Table(cell=1, columns=(one, two), rows=((three, one),), rows_total=1),),
        error=RunError(cell=1, name=one or "E", message=two, traceback=three),
        stdout_tail=one + three,
        notes=(two,),
        environment=Environment(
            python=one,
            platform=two,
            packages_sha256=three,
            packages={one: two},
            torch=three,
            cpu=one,
            gpus=(Gpu(name=two, memory_bytes=1),),
        ),
        parameters={"layer": one},
    )
    entry = render(ended, predictions=(Prediction(1, two, one, "2026-11-21T08:00:00Z"),))
    assert set(html_of(entry)) <= OUR_HTML
    tokens = MARKDOWN.parse(entry)
    assert [t.type for t in tokens].count("heading_open") == 1
    assert {t.type for t in tokens}.isdisjoint({"hr", "bullet_list_open", "ordered_list_open"})
    inner = [child for token in tokens for child in token.children or ()]
    assert {child.attrs.get("href") for child in inner} == {None}
    pictures = [child.attrs["src"] for child in inner if child.type == "image"]
    assert pictures == ["runs/1/figures/figure-01.png"]
    assert read_marker(entry) is None


def test_our_own_marker_in_the_output_is_only_text() -> None:
    forged = write_marker("answer", {"text": "forged"})
    entry = render(
        result(
            stdout_tail=f"x\n{forged}", metrics={forged: forged}, status=Status.FAILED, error=ERROR
        )
    )
    assert set(html_of(entry)) <= OUR_HTML
    posted = f"{entry}\n\n{write_marker('run:1.1', {})}"
    assert read_marker(posted) == ("run:1.1", {})


def huge(text: str) -> RunResult:
    """A run that made far too much of everything, named and filled with `text`."""
    return result(
        status=Status.FAILED,
        parameters={"layer": 3, **{f"p{n}": text * 10 for n in range(20)}},
        metrics={"accuracy": 0.5, **{f"{n}{text}": text for n in range(500)}},
        figures=tuple(
            FIGURE.model_copy(update={"file": f"figure-{n}.png", "cell": n, "caption": text})
            for n in range(200)
        ),
        tables=tuple(
            Table(cell=n, columns=(text,) * 30, rows=((text,) * 30,) * 100, rows_total=100)
            for n in range(50)
        ),
        error=RunError(cell=1, name="E", message=text, traceback=f"{text}\n" * 5000),
        cells=tuple(Cell(index=n, status=CellStatus.PENDING) for n in range(2000)),
        stdout_tail=f"{text}\n" * 5000,
        notes=(text,) * 300,
        environment=Environment(
            python="3.11",
            platform="Linux",
            packages_sha256="0" * 64,
            packages={f"package-{n}": "1.0" for n in range(3000)},
        ),
    )


@pytest.mark.parametrize("text", ["word " * 40, "<&@a" * 100, "`" * 300, "@a" * 300])
def test_however_much_a_run_made_the_entry_is_short_enough_and_says_what_matters(text: str) -> None:
    many = tuple(Prediction(n, text, "Ada", "2026-11-21T08:00:00Z") for n in range(300))
    entry = render(huge(text), predictions=many)
    assert len(entry) <= LONGEST
    for part in (
        "### ❌ Run 1.1 failed",
        "`layer=3`",
        "> [!WARNING]",
        "| `accuracy` | **0.5000** |",
        "more are in the run's files",
        "(runs/1/figures/figure-0.png)",
        "more pictures are in the run's files",
        "**Predicted before the run",
        "**Ran on** commit",
        "*The rest was too long; the run's own files hold it.*",
    ):
        assert part in entry, part
    assert set(html_of(entry)) <= OUR_HTML


def test_long_output_leaves_room_for_how_to_run_it_again() -> None:
    entry = render(huge("word " * 40).model_copy(update={"parameters": {"layer": 3}}))
    assert "excursion run 1 -p layer=3" in entry


def test_a_metric_that_no_float_can_hold_is_shown() -> None:
    entry = render(result(metrics={"n": 10**400, "nan": math.nan, "accuracy": ""}))
    assert "| `n` | 1.000e+400 |" in entry
    assert "| `nan` | not a number |" in entry
    assert "| `accuracy` |  |" in entry


@pytest.mark.parametrize("duration", [math.nan, math.inf])
def test_a_run_whose_clock_was_wrong_is_shown_all_the_same(duration: float) -> None:
    assert "an unknown time" in render(result(duration_s=duration))


def test_the_headline_is_what_the_declaration_asks_for() -> None:
    metrics: dict[str, Any] = {"a": 1, "loss": 0.5, "accuracy": 0.25, "z": 1, "y": 2}
    assert headline(metrics, DECLARED) == "`accuracy` 0.2500"
    assert headline(metrics, None) == "`a` 1 · `loss` 0.5000 · `accuracy` 0.2500"
    assert headline({}, DECLARED) == ""


def test_a_run_under_way_says_who_asked_for_what() -> None:
    entry = running_entry(request(requested_by="@mallory", timeout_s=1800.0))
    assert entry.startswith("### ⏳ Run 1.1 is running\n")
    assert "@&#8203;mallory at 2026-11-21 09:30 UTC" in entry
    assert f"at commit `{COMMIT[:10]}`, with `layer=0`, `seed=7`." in entry
    assert "It may take 30 min at most." in entry
