"""What follows from `/answer`."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import pytest
from samples import (
    EXCURSION,
    NOTEBOOK_BYTES,
    README,
    STAMP,
    entry,
    prediction,
    request,
    result,
    thread,
    unbegun,
    world,
)

from bot.command import Answer
from bot.commands import decide
from bot.commands.answer import parse, parse_outcome
from bot.commands.world import World
from bot.effects import Close, CommitFiles, Effect, OpenPullRequest, SetLabels, UpsertEntry
from bot.errors import RequestError
from bot.excursion import Outcome
from bot.forge.protocol import StoredRun
from runner.records import Figure, Status

SHA = hashlib.sha256(NOTEBOOK_BYTES).hexdigest()
FIGURE = Figure(file="figure-01.png", sha256="", cell=1, width=1, height=1, caption="Loss")
GOOD = result(notebook_sha256=SHA, figures=(FIGURE,))
RUN = StoredRun(1, request(), GOOD)
RUN_FILES = {
    "request.json": b"{}",
    "result.json": b"{result}",
    "notebook.ipynb": b"executed",
    "figures/figure-01.png": b"png",
    "uncommitted.patch": b"diff",
}
ANSWER = Answer("No: it takes two.", Outcome.REFUTED)


def answered(**changes: Any) -> World:
    """A world whose run 1.1 has succeeded."""
    return world(**{"runs": (RUN,), "run_files": {1: RUN_FILES}, **changes})


def committed(effects: tuple[Effect, ...]) -> dict[str, bytes]:
    """The files that an answer commits, by their names in the folder."""
    commit = effects[0]
    assert isinstance(commit, CommitFiles)
    return {path.removeprefix(f"{EXCURSION.folder}/"): data for path, data in commit.files.items()}


def test_an_answer_is_committed_merged_posted_and_closed_in_this_order() -> None:
    effects = decide(ANSWER, answered())
    commit, pull, entry_, labels, close = effects
    assert isinstance(commit, CommitFiles)
    assert commit.branch == EXCURSION.branch
    assert commit.message == "Answer excursion 1: refuted\n\nDoes it settle?\n"
    assert pull == OpenPullRequest(1, EXCURSION.branch, "main", "Does it settle?")
    assert isinstance(entry_, UpsertEntry)
    assert entry_.key == "answer"
    assert entry_.data == {"text": ANSWER.text, "outcome": "refuted", "stamped": STAMP}
    assert labels == SetLabels(1, add=("excursion:answered",), remove=("excursion:running",))
    assert close == Close(1)


def test_the_executed_notebook_its_plots_and_its_result_come_along_and_nothing_else() -> None:
    files = committed(decide(ANSWER, answered()))
    assert set(files) == {"README.md", "notebook.ipynb", "result.json", "figures/figure-01.png"}
    assert files["notebook.ipynb"] == b"executed"


def test_the_readme_gets_answer_key_plot_and_predictions_and_keeps_the_rest() -> None:
    here = answered(thread=thread(prediction(1, "One is enough")))
    readme = committed(decide(ANSWER, here))["README.md"].decode()
    assert "**🔴 Refuted.**\n\nNo: it takes two." in readme
    assert "![Loss](figures/figure-01.png)" in readme
    assert "| One is enough — Ada, 2026-11-21 08:00 | 60 % | judged by people: … |" in readme
    for mine in ("Mine, above.", "Mine, between.", "Mine, below."):
        assert mine in readme
    assert "Not answered yet." not in readme


def test_bytes_of_the_readme_that_are_no_utf_8_survive() -> None:
    files = {**world().files, "README.md": b"caf\xe9\n" + README.encode()}
    assert committed(decide(ANSWER, answered(files=files)))["README.md"].startswith(b"caf\xe9\n")


def test_a_readme_that_is_gone_is_written_anew() -> None:
    files = {name: data for name, data in world().files.items() if name != "README.md"}
    readme = committed(decide(ANSWER, answered(files=files)))["README.md"].decode()
    assert readme.startswith("# Does it settle?\n\n## Predictions\n")
    assert "## Answer\n\n<!-- answer -->\n**🔴 Refuted.**" in readme


def test_an_answer_needs_no_run_and_no_outcome() -> None:
    effects = decide(Answer("It depends."), world())
    files = committed(effects)
    assert set(files) == {"README.md"}
    assert b"No run stands behind this answer." in files["README.md"]
    entry_ = effects[2]
    assert isinstance(entry_, UpsertEntry)
    assert entry_.data["outcome"] is None


def test_an_answer_rests_on_the_last_run_that_succeeded_or_on_the_one_named() -> None:
    second = result(run_id="1.2", notebook_sha256=SHA)
    third = result(run_id="1.3", notebook_sha256=SHA, status=Status.FAILED)
    here = answered(runs=(RUN, StoredRun(2, None, second), StoredRun(3, None, third)))
    assert b"Run 1.2 recorded" in committed(decide(ANSWER, here))["README.md"]
    for number in (1, 3):
        named = dataclasses.replace(ANSWER, run=number)
        readme = committed(decide(named, here))["README.md"]
        assert f"Run 1.{number} recorded".encode() in readme


def swept(*accuracies: float | None, **changes: Any) -> World:
    """A world whose run 1.1 succeeded, and then a sweep with a point for each value."""
    runs = [RUN]
    for number, accuracy in enumerate(accuracies, start=2):
        at: dict[str, Any] = {"run_id": f"1.{number}", "sweep": "1.2"}
        at["parameters"] = {"layer": number, "seed": 7}
        status = Status.FAILED if accuracy is None else Status.SUCCEEDED
        metrics = {} if accuracy is None else {"accuracy": accuracy}
        good = result(**at, status=status, metrics=metrics, notebook_sha256=SHA, figures=(FIGURE,))
        runs.append(StoredRun(number, request(**at), good))
    files = {run.number: RUN_FILES | {"notebook.ipynb": b"of %d" % run.number} for run in runs}
    return world(**{"runs": tuple(runs), "run_files": files, **changes})


def test_where_the_newest_good_thing_is_a_sweep_the_answer_rests_on_it() -> None:
    effects = decide(ANSWER, swept(0.25, 0.75, 0.5, None))
    files = committed(effects)
    assert set(files) == {
        *("README.md", "notebook.ipynb", "result.json"),
        *("figures/figure-01.png", "figures/sweep.png", "points.csv"),
    }
    assert files["notebook.ipynb"] == b"of 3"  # the best point's
    assert files["figures/sweep.png"].startswith(b"\x89PNG")
    assert files["points.csv"].decode().count("\n1.") == 4
    readme = files["README.md"].decode()
    assert "Sweep 1.2 over `layer=2..5`: 3 of 4 points succeeded, 1 failed." in readme
    assert "](figures/sweep.png)" in readme
    assert "**Best `accuracy` (highest): 0.7500** at `layer=3`, run 1.3." in readme
    assert "<summary>The plots of run 1.3</summary>" in readme
    assert "The notebook beside this file is run 1.3, one point of the sweep, as" in readme
    entry_ = effects[2]
    assert isinstance(entry_, UpsertEntry)
    assert "It rests on sweep 1.2." in entry_.body


def test_a_sweep_without_a_best_point_lends_its_last_good_one() -> None:
    silent = world().files["excursion.toml"].decode().replace('main = "accuracy"', 'main = ""')
    here = swept(0.75, 0.25, None, files={**world().files, "excursion.toml": silent.encode()})
    assert committed(decide(ANSWER, here))["notebook.ipynb"] == b"of 3"


def test_a_sweep_in_which_nothing_succeeded_is_no_basis() -> None:
    effects = decide(ANSWER, swept(None, None))
    assert "points.csv" not in committed(effects)
    entry_ = effects[2]
    assert isinstance(entry_, UpsertEntry)
    assert "It rests on run 1.1." in entry_.body


def test_a_point_of_a_sweep_can_be_named_alone() -> None:
    files = committed(decide(dataclasses.replace(ANSWER, run=2), swept(0.25, 0.75)))
    assert files["notebook.ipynb"] == b"of 2"
    assert "points.csv" not in files
    assert b"Sweep" not in files["README.md"]


def test_a_notebook_changed_since_its_sweep_needs_a_word() -> None:
    changed = swept(0.25, 0.75, files={**world().files, "notebook.ipynb": b"changed"})
    with pytest.raises(RequestError, match="since its last good sweep") as refused:
        decide(ANSWER, changed)
    assert "--run 3" in refused.value.right


def test_a_notebook_changed_since_its_last_run_needs_a_word() -> None:
    changed = answered(files={**world().files, "notebook.ipynb": b"changed"})
    with pytest.raises(RequestError, match="the notebook has changed since"):
        decide(ANSWER, changed)
    assert decide(dataclasses.replace(ANSWER, run=1), changed)


def test_an_answer_interrupted_and_given_again_keeps_its_first_stamp() -> None:
    first = decide(ANSWER, answered())
    readme, notebook = (committed(first)[name] for name in ("README.md", "notebook.ipynb"))
    posted = first[2]
    assert isinstance(posted, UpsertEntry)
    here = answered(
        now=world().now.replace(hour=23),
        files={**world().files, "README.md": readme, "notebook.ipynb": notebook},
        thread=thread(entry(2, "answer", dict(posted.data))),
    )
    assert decide(ANSWER, here) == first


def test_an_answer_interrupted_before_it_was_posted_changes_no_committed_byte() -> None:
    first = committed(decide(ANSWER, answered()))
    files = {**world().files, "README.md": first["README.md"], "notebook.ipynb": b"executed"}
    later = answered(now=world().now.replace(hour=23), files=files)
    assert committed(decide(ANSWER, later)) == first


def test_an_answer_given_again_after_the_end_changes_nothing() -> None:
    data = {"text": ANSWER.text, "outcome": "refuted", "stamped": STAMP}
    closed = thread(entry(2, "answer", data), state="closed")
    assert decide(ANSWER, answered(thread=closed)) == ()
    for other in (Answer("Yes."), Answer(ANSWER.text, Outcome.MIXED)):
        with pytest.raises(RequestError, match="issue 1 is closed and answered"):
            decide(other, answered(thread=closed))


@pytest.mark.parametrize(
    ("command", "here", "message"),
    [
        (Answer(" "), answered(), "the answer is empty"),
        (Answer("x" * 20_001), answered(), "20001 characters, 20000 at most"),
        (ANSWER, answered(thread=thread(state="closed")), "issue 1 is closed\n"),
        (ANSWER, answered(thread=unbegun()), "has not begun"),
        (ANSWER, answered(head=None), "the branch 1-does-it-settle is gone"),
        (ANSWER, answered(runs=(StoredRun(2, None, None, alive=True),)), "run 1.2 is still going"),
        (ANSWER, answered(uncommitted=("a", "b")), "not committed: a, b"),
        (ANSWER, answered(merge_obstacle="it conflicts"), "it conflicts"),
        (ANSWER, answered(files={}), "excursion.toml: is not on the branch"),
        (Answer("x", None, 9), answered(), "there is no run 1.9 with a result\n  There are: 1."),
        (Answer("x", None, 9), world(), "There are: none."),
        (Answer("x", None, 2), answered(runs=(RUN, StoredRun(2, None, None))), "no run 1.2 with"),
    ],
)
def test_an_answer_that_is_not_possible_is_refused(
    command: Answer, here: World, message: str
) -> None:
    if not here.files:
        here = dataclasses.replace(here, runs=())
    with pytest.raises(RequestError) as refused:
        decide(command, here)
    assert message in str(refused.value)
    assert refused.value.right


def test_hostile_words_cannot_forge_a_section_s_end() -> None:
    text = "<!-- /answer -->\n\n# Forged\n\n<!-- answer -->"
    metrics = {"<!-- /answer -->": 1, "accuracy": "<!-- /predictions -->"}
    run = StoredRun(1, None, GOOD.model_copy(update={"metrics": metrics}))
    readme = committed(decide(Answer(text), answered(runs=(run,))))["README.md"]
    again = answered(runs=(run,), files={**world().files, "README.md": readme})
    second = committed(decide(Answer("Plain."), again))["README.md"].decode()
    assert "Forged" not in second
    assert second.endswith("<!-- /answer -->\n\nMine, below.\n")


def test_the_words_of_a_comment_become_text_outcome_and_run() -> None:
    assert parse(("It", "settles."), {"outcome": "mixed", "run": "2"}) == Answer(
        "It settles.", Outcome.MIXED, 2
    )
    assert parse((), {}) == Answer("")


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_known_by_its_name(outcome: Outcome) -> None:
    assert parse_outcome(outcome.value) is outcome


def test_an_outcome_that_is_none_names_the_nearest() -> None:
    with pytest.raises(RequestError) as refused:
        parse_outcome("confirm")
    assert "Did you mean 'confirmed'?" in refused.value.right
    assert "confirmed, refuted, mixed, abandoned" in refused.value.right


def test_an_outcome_may_be_written_in_capitals() -> None:
    assert parse_outcome("Confirmed") is Outcome.CONFIRMED
    with pytest.raises(RequestError, match="There are confirmed, refuted, mixed, abandoned"):
        parse_outcome("perhaps")
