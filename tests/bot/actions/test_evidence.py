"""What people see of runs on GitHub: comparisons, and predictions that runs decide."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import Bench, succeed
from rigs.github.server import Server

BRANCH = "{}-does-it-settle"


@pytest.fixture
def bench(github: Server, tmp_path: Path) -> Bench:
    made = Bench(github, tmp_path / "jobs")
    made.prepare()
    return made


def ran(bench: Bench, issue: int, command: str, pictures: int = 1) -> None:
    """Have runs asked for, executed and published."""
    elements = bench.triage(*bench.say(issue, command))
    bench.publish(elements, bench.leave(elements, succeed(pictures)))


def reply(bench: Bench, issue: int) -> str:
    """Give the one reply of the thread."""
    [found] = [body for body in bench.comments(issue) if '"key": "reply:' in body]
    return found


def change_notebook(bench: Bench, issue: int, old: str, new: str) -> None:
    """Commit a changed notebook, and a file beside it, as a person does."""
    branch = BRANCH.format(issue)
    path = f"excursions/demos/{branch}/notebook.ipynb"
    notebook = bench.github.bare.git("show", f"{branch}:{path}")
    assert old in notebook
    files = {path: notebook.replace(old, new), path.replace("notebook.ipynb", "help.py"): "# Help"}
    bench.github.bare.commit_files(branch, "Change", files)


def test_a_comparison_is_one_reply_with_both_runs_pictures_and_few_requests(bench: Bench) -> None:
    issue = bench.begin()
    ran(bench, issue, "/run seed=3", pictures=2)
    ran(bench, issue, "/run seed=5", pictures=1)
    event = bench.say(issue, "Which?\n\n/compare 1 2", who="ada")
    bench.requests()

    assert bench.triage(*event) == []

    asked = bench.requests()
    assert len(asked) <= 7, asked
    told = reply(bench, issue)
    assert "### ⚖️ Runs 1.1 and 1.2 compared" in told
    assert "| `accuracy` | 0.3000 | 0.5000 (+0.2) |" in told
    assert "| `seed` | 3 | 5 |" in told
    refs = bench.github.bare.refs()
    first = refs[f"refs/excursions/{issue}/1"]
    assert f"/raw/{first}/figures/figure-02.png) | *none* |" in told
    assert "The same in all: code" in told
    assert "`loss` 0.2500, 1 plot to the byte." in told
    assert bench.reactions(event) == ["eyes", "rocket"]
    bench.triage(*event)
    assert reply(bench, issue) == told


def test_what_changed_in_the_code_between_two_runs_is_read_in_few_requests(bench: Bench) -> None:
    issue = bench.begin()
    ran(bench, issue, "/run seed=3")
    change_notebook(bench, issue, "size=1000)\\nshare", "size=999)\\nshare")
    ran(bench, issue, "/run seed=3")
    event = bench.say(issue, "/compare 1 2")
    bench.requests()

    bench.triage(*event)

    asked = bench.requests()
    assert len(asked) <= 10, asked  # two of them list the folder at either commit
    told = reply(bench, issue)
    summary = told.partition("<summary>Code of run 1.2 against run 1.1:")[2].partition("</s")[0]
    assert "1 changed cell" in summary
    assert "; changed beside it: help.py" in summary
    assert "```diff\n@@ cell " in told
    assert (
        "+heads = rng.integers(0, 2, size=999)" in told.partition("```diff")[2].partition("```")[0]
    )
    assert "| commit |" in told


def test_a_comparison_that_is_not_possible_is_answered_and_changes_nothing(bench: Bench) -> None:
    issue = bench.begin()
    ran(bench, issue, "/run seed=3")
    event = bench.say(issue, "/compare 1 7")
    bench.triage(*event)
    assert "There is no run 1.7" in reply(bench, issue)
    assert bench.reactions(event) == ["eyes", "-1"]


def test_a_prediction_is_decided_by_runs_and_scored_by_the_answer(bench: Bench) -> None:
    issue = bench.begin()
    bench.triage(*bench.say(issue, "/predict It settles: accuracy > 0.4 confidence=80%", who="ada"))
    bench.triage(*bench.say(issue, "/predict It will look nice confidence=60%"))
    assert "`accuracy > 0.4`" in bench.entry(issue, "prediction:1")

    ran(bench, issue, "/run seed=3")

    assert "❌ did not come true: `accuracy` 0.3000 |" in bench.entry(issue, f"run:{issue}.1")
    told = bench.entry(issue, "prediction:1")
    assert "❌ **Did not come true in run 1.1:** `accuracy` 0.3000." in told

    event = bench.say(issue, "/run seed=5")
    elements = bench.triage(*event)
    artifacts = bench.leave(elements, succeed(1))
    bench.publish(elements, artifacts)
    bench.publish(elements, artifacts)

    told = bench.entry(issue, "prediction:1")
    assert "❌ **Did not come true in run 1.1:** `accuracy` 0.3000. But true in run 1.2" in told
    bench.triage(*bench.say(issue, "/answer It does. outcome=confirmed"))
    branch = BRANCH.format(issue)
    readme = bench.github.bare.git("show", f"{branch}:excursions/demos/{branch}/README.md")
    assert "| 80 % | ✅ **Came true in run 1.2:** `accuracy` 0.5000 | 0.04 |" in readme
    assert "| 60 % | judged by people: … |  |" in readme
    assert "Brier scores (0 is perfect): ada 0.04." in bench.entry(issue, "answer")


def test_the_points_of_a_sweep_decide_together(bench: Bench) -> None:
    issue = bench.begin()
    bench.triage(*bench.say(issue, "/predict accuracy>=10%"))

    ran(bench, issue, "/sweep seed=0..3")

    told = bench.entry(issue, "prediction:1")
    assert "🟡 **True at 3 of 4 points** of sweep 1.1." in told
    assert "🟡 true at 3 of 4 points |" in bench.entry(issue, f"sweep:{issue}.1")


def test_an_entry_that_somebody_edited_or_deleted_is_mended_or_missed(bench: Bench) -> None:
    issue = bench.begin()
    bench.triage(*bench.say(issue, "/predict accuracy>0.4"))
    bench.triage(*bench.say(issue, "/predict accuracy>0.2"))
    listed = bench.github.world.every(f"/issues/{issue}/comments")
    number = {
        key: c["id"] for c in listed for key in ("1", "2") if f"prediction:{key}" in c["body"]
    }
    marker = bench.entry(issue, "prediction:2").rpartition("\n")[2]
    edited = {"body": f"I won.\n\n{marker}"}
    bench.github.as_person("ada", "PATCH", f"/issues/comments/{number['2']}", edited)
    bench.github.as_person("ada", "DELETE", f"/issues/comments/{number['1']}")

    ran(bench, issue, "/run seed=3")
    bench.triage(*bench.say(issue, "/answer It does."))

    told = bench.entry(issue, "prediction:2")
    assert "I won" not in told
    assert "✅ **Came true in run 1.1:** `accuracy` 0.3000." in told
    branch = BRANCH.format(issue)
    readme = bench.github.bare.git("show", f"{branch}:excursions/demos/{branch}/README.md")
    assert "*Missing, since their entries were deleted: 1.*" in readme
