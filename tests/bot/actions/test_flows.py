"""Label, run, publish, answer: the three jobs against a GitHub, and what they leave there."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import Bench, succeed
from rigs.github.server import Server


@pytest.fixture
def bench(github: Server, tmp_path: Path) -> Bench:
    made = Bench(github, tmp_path / "jobs")
    made.prepare()
    return made


def test_a_label_begins_an_excursion_with_at_most_eight_requests(bench: Bench) -> None:
    issue = bench.ask("Does it settle?")
    event = bench.label(issue, "excursion:demo")
    bench.requests()

    assert bench.triage(*event) == []

    asked = bench.requests()
    assert asked[0] == f"POST /repos/team/research/issues/{issue}/reactions"
    assert len(asked) <= 8, asked
    branch = f"{issue}-does-it-settle"
    folder = f"excursions/demos/{branch}"
    assert bench.github.world.linked[issue] == [branch]
    files = [entry.path for entry in bench.github.bare.tree(branch, deep=True)]
    assert f"{folder}/notebook.ipynb" in files
    assert "README.md" in files
    welcome = bench.entry(issue, "welcome")
    assert f"/blob/{branch}/{folder}/notebook.ipynb" in welcome
    assert "/run" in welcome
    assert "excursion run" not in welcome
    assert bench.reactions(event) == ["eyes"]
    labels = {label["name"] for label in bench.issue(issue)["labels"]}
    assert labels == {"excursion", "excursion:demo", "template:blank"}


def test_a_run_is_asked_for_with_at_most_five_requests_and_published(bench: Bench) -> None:
    issue = bench.begin()
    head = bench.github.bare.resolve(f"{issue}-does-it-settle")
    event = bench.say(issue, "Let us see.\n\n/run seed=3")
    bench.requests()

    [element] = bench.triage(*event)

    asked = bench.requests()
    assert len(asked) <= 6, asked  # the last one is the label, after the matrix was given
    assert asked[-1].endswith("/labels")
    assert element["run_id"] == f"{issue}.1"
    assert element["commit"] == head
    assert element["runs_on"] == ["ubuntu-latest"]
    assert bench.github.bare.refs()[f"refs/excursions/{issue}/1"] == head
    assert str(head)[:10] in bench.entry(issue, f"run:{issue}.1")

    bench.publish([element], bench.leave([element], succeed(40)))

    asked = bench.requests()
    assert len(asked) <= 8, asked
    entry = bench.entry(issue, f"run:{issue}.1")
    commit = bench.github.bare.refs()[f"refs/excursions/{issue}/1"]
    assert f"/raw/{commit}/figures/figure-01.png" in entry
    assert "succeeded" in entry
    assert bench.github.bare.is_ancestor(str(head), commit)
    assert bench.reactions(event) == ["eyes", "rocket"]
    assert "excursion:running" not in {label["name"] for label in bench.issue(issue)["labels"]}


def test_the_welcome_and_an_entry_read_well(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/run seed=3")
    elements = bench.triage(*event)
    print(bench.entry(issue, "welcome"))
    print(bench.entry(issue, f"run:{issue}.1"))
    bench.publish(elements, bench.leave(elements, succeed(1)))
    print(bench.entry(issue, f"run:{issue}.1"))


def test_a_sweep_is_one_entry_one_push_to_allot_and_one_to_publish(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/sweep seed=0..3")
    bench.requests()
    elements = bench.triage(*event)
    print(bench.requests())
    assert [element["run_id"] for element in elements] == [f"{issue}.{n}" for n in range(1, 5)]
    print(bench.entry(issue, f"sweep:{issue}.1"))
    bench.publish(elements, bench.leave(elements, succeed(1)))
    print(bench.requests())
    print(bench.entry(issue, f"sweep:{issue}.1"))
    print(bench.github.bare.refs())


def test_an_answer_is_a_pull_request_that_closes_the_issue(bench: Bench) -> None:
    issue = bench.begin()
    elements = bench.triage(*bench.say(issue, "/run seed=3"))
    bench.publish(elements, bench.leave(elements, succeed(2)))
    event = bench.say(issue, "/answer It does. outcome=confirmed")
    bench.requests()
    bench.triage(*event)
    print(bench.requests())
    print(bench.entry(issue, "answer"))
    branch = f"{issue}-does-it-settle"
    print([entry.path for entry in bench.github.bare.tree(branch, deep=True)])
    print(bench.github.as_person("ada", "GET", "/pulls"))


def test_a_reproduction(bench: Bench) -> None:
    issue = bench.begin()
    elements = bench.triage(*bench.say(issue, "/run seed=3"))
    bench.publish(elements, bench.leave(elements, succeed(2)))
    event = bench.say(issue, "/reproduce 1")
    bench.requests()
    elements = bench.triage(*event)
    bench.publish(elements, bench.leave(elements, succeed(2)))
    print(bench.requests())
    print(bench.entry(issue, f"run:{issue}.2"))
