"""/eval, /cancel, /retry and runner= on GitHub: what they ask of it, and what they leave there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bench import Bench, succeed
from rigs.github.server import Server

from bot.forge.marker import write_marker
from runner.records import RunError, RunRequest, Status, read_request

EVAL = "/eval after=parameters\n```python\nseed + 1\n```"
RUNNERS = """\
default_branch = "main"
[runners.local]
[runners.a100]
runs_on = ["self-hosted", "a100"]
timeout = "2h"
gpus = 1
"""
FAILED: dict[str, Any] = {
    "status": Status.FAILED,
    "error": RunError(cell=1, name="ValueError", message="no"),
}


@pytest.fixture
def bench(github: Server, tmp_path: Path) -> Bench:
    made = Bench(github, tmp_path / "jobs", RUNNERS)
    made.prepare()
    return made


def reply(bench: Bench, event: tuple[str, dict[str, object]]) -> str:
    comment = event[1]["comment"]
    assert isinstance(comment, dict)
    return bench.entry(1, f"reply:{comment['id']}")


# -- /eval ---------------------------------------------------------------------------------------


def test_an_eval_goes_the_way_of_a_run_and_its_entry_shows_code_and_value(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, EVAL)
    [element] = bench.triage(*event)
    request = read_request(element["request"])
    assert (request.code, request.after) == ("seed + 1", "parameters")
    assert "Eval 1.1 is running" in bench.entry(issue, "run:1.1")

    artifacts = bench.execute(element)
    bench.publish([element], artifacts)

    entry = bench.entry(issue, "run:1.1")
    assert "### ✅ Eval 1.1 took" in entry
    assert "```python\nseed + 1\n```" in entry
    assert "**Value**\n\n```\n1\n```" in entry
    assert "predicted" not in entry
    assert bench.reactions(event) == ["eyes", "rocket"]
    assert bench.triage(*event) == []  # delivered again


def test_an_eval_on_its_own_needs_no_notebook_so_that_write_ups_have_them_too(
    bench: Bench,
) -> None:
    issue = bench.begin(label="excursion:write-up")
    [element] = bench.triage(*bench.say(issue, "/eval\n```\nprint('seen')\n```"))
    bench.publish([element], bench.execute(element))
    assert "**Printed**\n\n```\nseen\n```" in bench.entry(issue, "run:1.1")
    refused = bench.say(issue, "/run")
    assert bench.triage(*refused) == []
    assert "write-up: it has no notebook to run" in reply(bench, refused)


def test_an_artifact_that_claims_other_code_is_not_believed(bench: Bench) -> None:
    issue = bench.begin()
    [element] = bench.triage(*bench.say(issue, EVAL))
    bench.publish([element], bench.leave([element], succeed(0, code="innocent()", value="0")))
    entry = bench.entry(issue, "run:1.1")
    assert "is of another run: it says code" in entry
    assert "innocent" in entry.partition("it says code")[2]
    assert "**Value**" not in entry


def test_a_formula_is_logged_as_one_and_nothing_is_executed(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/eval\n```latex\n\\[ e^{i\\pi} = -1 \\]\n```")
    assert bench.triage(*event) == []
    assert bench.triage(*event) == []
    [entry] = [body for body in bench.comments(issue) if '"key": "formula:' in body]
    assert "```math\n e^{i\\pi} = -1 \n```" in entry
    assert bench.reactions(event) == ["eyes", "rocket"]


def test_an_answer_rests_on_no_eval_and_no_comparison_or_reproduction_takes_one(
    bench: Bench,
) -> None:
    issue = bench.begin()
    for text in ("/run", EVAL):
        [element] = bench.triage(*bench.say(issue, text))
        bench.publish([element], bench.leave([element], succeed(0)))
    for text, why in (
        ("/reproduce 2", "1.2 is an eval, and only runs are reproduced"),
        ("/compare 1 2", "1.2 is an eval, and only runs are compared"),
        ("/answer Yes. run=2", "1.2 is an eval, on which no answer rests"),
    ):
        event = bench.say(issue, text)
        assert bench.triage(*event) == []
        assert why in reply(bench, event)
    bench.triage(*bench.say(issue, "/answer Yes. outcome=confirmed"))
    assert "run 1.1" in bench.entry(issue, "answer")


# -- runner= -------------------------------------------------------------------------------------


def test_a_runner_that_is_not_configured_is_refused_and_one_that_is_decides_the_machine(
    bench: Bench,
) -> None:
    issue = bench.begin()
    refused = bench.say(issue, "/run runner=a10")
    assert bench.triage(*refused) == []
    assert "no runner 'a10'" in reply(bench, refused)
    assert "a100" in reply(bench, refused)

    event = bench.say(issue, "/run runner=a100")
    [element] = bench.triage(*event)
    assert element["runs_on"] == ["self-hosted", "a100"]
    assert read_request(element["request"]).timeout_s == 7_200
    [again] = bench.triage(*event)  # delivered again, it goes to the same machine
    assert again["runs_on"] == element["runs_on"]
    assert read_request(again["request"]) == read_request(element["request"])
    bench.publish([element], bench.leave([element], succeed()))
    [here] = bench.triage(*bench.say(issue, "/reproduce 1 runner=local"))
    assert here["runs_on"] == ["ubuntu-latest"]
    swept = bench.triage(*bench.say(issue, "/sweep seed=1..2 runner=a100"))
    assert [each["runs_on"] for each in swept] == [["self-hosted", "a100"]] * 2


# -- /cancel -------------------------------------------------------------------------------------


def test_cancel_cancels_the_workflow_that_executes_and_publish_tells(
    bench: Bench, tmp_path: Path
) -> None:
    issue = bench.begin()
    [element] = bench.triage(*bench.say(issue, "/run"))
    bench.workflow = 78  # of the comment that cancels
    event = bench.say(issue, "/cancel")
    assert bench.triage(*event) == []
    assert bench.github.world.workflow_runs[77] == "cancelled"
    assert "Cancelling run 1.1" in reply(bench, event)
    assert bench.reactions(event) == ["eyes", "rocket"]
    assert bench.triage(*event) == []  # delivered again
    assert sum("Cancelling run 1.1" in body for body in bench.comments(issue)) == 1

    bench.workflow = 77
    bench.publish([element], tmp_path / "nothing", executed="cancelled")
    assert "was cancelled" in bench.entry(issue, "run:1.1")
    later = bench.say(issue, "/cancel 1")
    bench.triage(*later)
    assert "Run 1.1 was cancelled already" in reply(bench, later)


def test_cancel_of_what_does_not_go_on_says_so(bench: Bench) -> None:
    issue = bench.begin()
    nothing, unknown = bench.say(issue, "/cancel"), bench.say(issue, "/cancel 7")
    bench.triage(*nothing)
    bench.triage(*unknown)
    assert "Nothing of excursion 1 is being executed." in reply(bench, nothing)
    assert "no run 1.7" in reply(bench, unknown)
    assert bench.reactions(unknown) == ["eyes", "-1"]
    [element] = bench.triage(*bench.say(issue, "/run"))
    bench.github.world.workflow_runs[77] = "completed"
    event = bench.say(issue, "/cancel")
    bench.triage(*event)
    assert "workflow of 1.1 has ended, or is about to" in reply(bench, event)
    bench.publish([element], bench.leave([element], succeed()))
    ended = bench.say(issue, "/cancel 1")
    bench.triage(*ended)
    assert "Run 1.1 has ended already" in reply(bench, ended)


def test_several_that_go_on_are_named_and_a_point_alone_cannot_be_cancelled(bench: Bench) -> None:
    issue = bench.begin()
    bench.triage(*bench.say(issue, "/run\n\n/run seed=4"))
    bench.workflow = 78
    bench.triage(*bench.say(issue, "/sweep seed=1..3"))
    bench.workflow = 79
    event = bench.say(issue, "/cancel")
    bench.triage(*event)
    assert "go on: run 1.1, run 1.2, sweep 1.3" in reply(bench, event)
    point = bench.say(issue, "/cancel 4")
    bench.triage(*point)
    assert "can only cancel as a whole" in reply(bench, point)
    assert "/cancel 3" in reply(bench, point)
    assert set(bench.github.world.workflow_runs.values()) == {"in_progress"}
    whole = bench.say(issue, "/cancel 3")
    bench.triage(*whole)
    assert bench.github.world.workflow_runs == {77: "in_progress", 78: "cancelled"}
    first = bench.say(issue, "/cancel 1")
    bench.triage(*first)
    assert "what the same comment asked for: run 1.2" in reply(bench, first)


def test_cancel_takes_no_workflow_from_what_a_person_wrote(bench: Bench) -> None:
    issue = bench.begin()
    bench.github.world.workflow_runs[5] = "in_progress"  # another team's
    memory = {"status": "running", "started": "2026-01-01T00:00:00Z", "workflows": [5]}
    bench.github.comment("wes", issue, "Run 9\n\n" + write_marker("run:1.9", memory))
    event = bench.say(issue, "/cancel 9")
    bench.triage(*event)
    assert "no run 1.9" in reply(bench, event)
    assert bench.github.world.workflow_runs[5] == "in_progress"


# -- /retry --------------------------------------------------------------------------------------


def test_retry_asks_for_the_same_at_the_same_commit(bench: Bench) -> None:
    issue = bench.begin()
    [first] = bench.triage(*bench.say(issue, "/run seed=3 timeout=7m runner=a100"))
    bench.publish([first], bench.leave([first], succeed(0, **FAILED)))
    bench.github.bare.commit_files(f"{issue}-does-it-settle", "Later", {"later.txt": "x"})

    [again] = bench.triage(*bench.say(issue, "/retry"))

    request = read_request(again["request"])
    assert (again["run_id"], request.retries) == ("1.2", "1.1")
    assert (again["commit"], again["runs_on"]) == (first["commit"], first["runs_on"])
    assert (request.parameters["seed"], request.timeout_s) == (3, 420)
    assert "tries run 1.1 again" in bench.entry(issue, "run:1.2")
    bench.publish([again], bench.leave([again], succeed(0)))
    assert "Retry of run 1.1." in bench.entry(issue, "run:1.2")
    for text, why in (
        ("/retry", "run of excursion 1 has failed or was stopped"),
        ("/retry 2", "1.2 succeeded"),
    ):
        event = bench.say(issue, text)
        assert bench.triage(*event) == []
        assert why in reply(bench, event)
        assert "/reproduce 2" in reply(bench, event)
    [head] = bench.triage(*bench.say(issue, "/retry 1 at=head"))
    assert head["commit"] == bench.github.bare.resolve(f"{issue}-does-it-settle")


def test_retry_of_a_sweep_asks_for_its_failed_points(bench: Bench) -> None:
    issue = bench.begin()
    elements = bench.triage(*bench.say(issue, "/sweep seed=1..3"))

    def leave(request: RunRequest, folder: Path) -> None:
        ends = {} if request.parameters["seed"] == 1 else FAILED
        succeed(0, **ends)(request, folder)

    bench.publish(elements, bench.leave(elements, leave))
    assert "1 of 3" in bench.entry(issue, "sweep:1.1")

    again = bench.triage(*bench.say(issue, "/retry"))
    asked = [read_request(element["request"]) for element in again]
    assert [request.parameters["seed"] for request in asked] == [2, 3]
    assert {request.sweep for request in asked} == {"1.1"}
    bench.publish(again, bench.leave(again, succeed(0)))
    assert "all 3 points succeeded" in bench.entry(issue, "sweep:1.1")
