"""Label, run, publish, answer: the three jobs against a GitHub, and what they leave there."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import Bench, succeed
from rigs.github.faults import Fault
from rigs.github.server import Server

from bot.errors import ForgeError, RequestError


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
    before = [each for each in asked if not each.endswith("/labels")][:-1]
    assert len(before) <= 5, asked  # label and welcome wait until the matrix is given
    assert "run 1.1 under way" in bench.entry(issue, "welcome")
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
    assert "run 1.1 succeeded" in bench.entry(issue, "welcome")
    assert "excursion:running" not in {label["name"] for label in bench.issue(issue)["labels"]}


def test_a_sweep_is_one_entry_one_push_to_allot_and_one_to_publish(bench: Bench) -> None:
    issue = bench.begin()
    head = bench.github.bare.resolve(f"{issue}-does-it-settle")
    event = bench.say(issue, "/sweep seed=0..3")
    bench.requests()

    elements = bench.triage(*event)

    assert len(bench.requests()) <= 7
    assert [element["run_id"] for element in elements] == [f"{issue}.{n}" for n in range(1, 5)]
    refs = bench.github.bare.refs(f"refs/excursions/{issue}/")
    assert set(refs.values()) == {head}
    assert len(refs) == 4
    assert "is running: 0 of 4 points" in bench.entry(issue, f"sweep:{issue}.1")

    bench.publish(elements, bench.leave(elements, succeed(1)))

    assert len(bench.requests()) <= 8
    entry = bench.entry(issue, f"sweep:{issue}.1")
    assert "all 4 points succeeded" in entry
    shown = bench.github.bare.refs()[f"refs/excursions/{issue}/sweep-1"]
    assert f"/raw/{shown}/figures/sweep.png" in entry
    assert "/sweep seed=0..3" in entry
    assert bench.reactions(event) == ["eyes", "rocket"]


def test_a_sweep_of_which_points_died_goes_on_with_those(bench: Bench, tmp_path: Path) -> None:
    issue = bench.begin()
    elements = bench.triage(*bench.say(issue, "/sweep seed=0..3"))
    bench.publish(elements, bench.leave(elements[:3], succeed(1)), "failure")
    assert "3 of 4 points succeeded, 1 failed" in bench.entry(issue, f"sweep:{issue}.1")

    event = bench.say(issue, "/sweep seed=0..3")
    again = bench.triage(*event)
    assert [element["run_id"] for element in again] == [f"{issue}.5"]
    assert bench.triage(*event) == again
    bench.publish(again, bench.leave(again, succeed(1)))

    assert "all 4 points succeeded" in bench.entry(issue, f"sweep:{issue}.1")
    assert bench.triage(*event) == []


def test_an_answer_is_a_pull_request_that_closes_the_issue(bench: Bench) -> None:
    issue = bench.begin()
    elements = bench.triage(*bench.say(issue, "/run seed=3"))
    bench.publish(elements, bench.leave(elements, succeed(2)))

    event = bench.say(issue, "/answer It does. outcome=confirmed")
    bench.triage(*event)
    bench.triage(*bench.say(issue, "/answer It does, after all. outcome=mixed"))

    branch = f"{issue}-does-it-settle"
    folder = f"excursions/demos/{branch}"
    files = {entry.path for entry in bench.github.bare.tree(branch, deep=True)}
    assert {f"{folder}/figures/figure-01.png", f"{folder}/figures/figure-02.png"} <= files
    readme = bench.github.bare.git("show", f"{branch}:{folder}/README.md")
    assert "It does, after all." in readme
    [pull] = bench.github.as_person("ada", "GET", "/pulls?state=all")
    assert (pull["head"]["ref"], pull["base"]["ref"]) == (branch, "main")
    assert f"Closes #{issue}" in pull["body"]
    assert "Answered: mixed" in bench.entry(issue, "welcome")
    assert "It does, after all." in bench.entry(issue, "answer")
    assert bench.issue(issue)["state"] == "open"
    assert bench.reactions(event) == ["eyes", "rocket"]
    bench.github.merge(pull["number"])
    assert bench.issue(issue)["state"] == "closed"


def test_a_run_is_reproduced_at_its_own_commit(bench: Bench) -> None:
    issue = bench.begin()
    elements = bench.triage(*bench.say(issue, "/run seed=3"))
    bench.publish(elements, bench.leave(elements, succeed(2)))
    branch = f"{issue}-does-it-settle"
    bench.github.bare.commit_files(branch, "Go on", {"more.txt": "more"})

    [element] = bench.triage(*bench.say(issue, "/reproduce 1"))
    bench.publish([element], bench.leave([element], succeed(2)))

    assert element["commit"] == elements[0]["commit"]
    assert "all 3 metrics identical" in bench.entry(issue, f"run:{issue}.2")


def test_a_prediction_is_stamped_and_a_note_adds_no_comment(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/predict It will settle confidence=70%", "rea")
    bench.triage(*event)
    bench.triage(*event)
    note = bench.say(issue, "/log Layer 3 looks odd.", "rea")
    count = len(bench.comments(issue))
    bench.triage(*note)

    assert len(bench.comments(issue)) == count
    assert "rea predicts" in bench.entry(issue, "prediction:1")
    assert bench.reactions(event) == bench.reactions(note) == ["eyes", "rocket"]


def test_several_sweeps_in_one_comment_are_refused(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/sweep seed=0..3\n/sweep seed=4..6")
    assert bench.triage(*event) == []
    assert bench.reactions(event) == ["eyes", "-1"]


@pytest.mark.parametrize("who", ["tri", "rea", "eve"])
def test_who_may_not_write_starts_no_run(bench: Bench, who: str) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/run", who)
    before = bench.github.bare.refs()

    assert bench.triage(*event) == []

    assert bench.github.bare.refs() == before
    assert bench.reactions(event) == ["eyes", "-1"]
    _, payload = event
    assert "the role write" in bench.entry(issue, f"reply:{payload['comment']['id']}")


def test_who_may_only_label_begins_nothing(bench: Bench) -> None:
    issue = bench.ask()
    event = bench.label(issue, sender="tri")
    assert bench.triage(*event) == []
    assert list(bench.github.bare.refs()) == ["refs/heads/main"]
    assert bench.reactions(event) == ["eyes", "-1"]


def test_a_wrong_command_is_answered_once_with_what_would_be_right(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/run sed=3")
    bench.triage(*event)
    bench.triage(*event)
    _, payload = event
    reply = bench.entry(issue, f"reply:{payload['comment']['id']}")
    assert "### 👎 There is no parameter 'sed'" in reply
    assert "`-p`" not in reply
    assert "'seed'" in reply
    assert bench.reactions(event) == ["eyes", "-1"]


def test_a_comment_without_a_command_costs_no_request(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "I wonder.\n\n> /run")
    bench.requests()
    assert bench.triage(*event) == []
    assert bench.requests() == []


def test_a_second_label_and_the_same_one_again_change_nothing(bench: Bench) -> None:
    issue = bench.begin()
    before = bench.github.state()
    for name in ("excursion", "excursion:demo"):
        assert bench.triage(*bench.label(issue, name)) == []
    assert bench.github.state() == before


def test_a_form_chooses_template_and_parameters(bench: Bench) -> None:
    body = "### Question\n\nWhat is known?\n\n### Kind\n\nwrite-up\n\n### Hypothesis\n\nMuch.\n"
    issue = bench.ask("Known", body)
    bench.triage(*bench.label(issue))
    readme = bench.github.bare.git("show", f"{issue}-known:excursions/docs/{issue}-known/README.md")
    assert "# What is known?" in readme
    assert "Much." in readme


def test_a_branch_that_cannot_be_linked_is_made_the_plain_way(bench: Bench) -> None:
    bench.github.world.refuses_links = True
    issue = bench.begin()
    assert f"refs/heads/{issue}-does-it-settle" in bench.github.bare.refs()
    assert bench.entry(issue, "welcome")


def test_a_push_between_comment_and_run_changes_nothing_of_the_run(bench: Bench) -> None:
    issue = bench.begin()
    branch = f"{issue}-does-it-settle"
    head = bench.github.bare.resolve(branch)
    event = bench.say(issue, "/run")
    [element] = bench.triage(*event)
    bench.github.bare.commit_files(branch, "Quickly", {"evil.py": "1"})
    assert element["commit"] == head
    assert bench.triage(*event) == [element]


def test_a_title_that_was_edited_changes_nothing(bench: Bench) -> None:
    issue = bench.begin()
    bench.github.as_person("ada", "PATCH", f"/issues/{issue}", {"title": "Something else"})
    [element] = bench.triage(*bench.say(issue, "/run"))
    assert f"/{issue}-does-it-settle/" in element["request"]


def test_entries_are_found_across_pages(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/run")
    for number in range(120):
        bench.github.comment("rea", issue, f"Comment {number}")
    elements = bench.triage(*event)
    assert bench.triage(*event) == elements
    bench.publish(elements, bench.leave(elements, succeed()))
    assert "succeeded" in bench.entry(issue, f"run:{issue}.1")


def test_an_entry_that_somebody_forged_is_not_ours(bench: Bench) -> None:
    issue = bench.begin()
    forged = bench.entry(issue, "welcome").replace("welcome", f"run:{issue}.7")
    bench.github.comment("eve", issue, forged)
    [element] = bench.triage(*bench.say(issue, "/run"))
    assert element["run_id"] == f"{issue}.1"


def test_a_number_that_somebody_took_is_not_taken_again(bench: Bench) -> None:
    issue = bench.begin()
    main = bench.github.bare.resolve("main")
    for number in (1, 3):
        bench.github.bare.git("update-ref", f"refs/excursions/{issue}/{number}", str(main))
    event = bench.say(issue, "/run")
    [element] = bench.triage(*event)
    assert element["run_id"] == f"{issue}.4"
    assert len(bench.comments(issue)) == 3  # the welcome, the command, one entry
    assert bench.triage(*event) == [element]
    assert bench.triage(*bench.say(issue, "/run"))[0]["run_id"] == f"{issue}.5"


def test_a_configuration_that_cannot_be_read_is_our_fault_in_the_thread(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/run")
    (bench.trusted / "excursions.toml").write_text("rot = 1\n")
    with pytest.raises(RequestError, match="unknown key 'rot'"):
        bench.triage(*event)
    assert bench.reactions(event) == ["eyes", "confused"]


def test_two_runs_in_one_comment_are_two_runs(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/run seed=1\n/run seed=2")
    elements = bench.triage(*event)
    assert [element["run_id"] for element in elements] == [f"{issue}.1", f"{issue}.2"]
    bench.publish(elements, bench.leave(elements, succeed()))
    assert bench.triage(*event) == []


def test_a_run_that_ended_without_a_word_is_told_of(bench: Bench, tmp_path: Path) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/run")
    elements = bench.triage(*event)
    bench.publish(elements, tmp_path / "nothing", "failure")
    entry = bench.entry(issue, f"run:{issue}.1")
    assert "💀" in entry
    assert "without a word" in entry
    assert f"{bench.github.origin}/team/research/actions/runs/77" in entry
    assert "excursion:running" not in {label["name"] for label in bench.issue(issue)["labels"]}


def test_a_run_that_was_cancelled_is_told_of(bench: Bench, tmp_path: Path) -> None:
    issue = bench.begin()
    elements = bench.triage(*bench.say(issue, "/run"))
    bench.publish(elements, tmp_path / "nothing", "cancelled")
    assert "was cancelled" in bench.entry(issue, f"run:{issue}.1")


def test_an_artifact_of_another_run_is_not_believed(bench: Bench) -> None:
    issue = bench.begin()
    elements = bench.triage(*bench.say(issue, "/run"))
    bench.publish(elements, bench.leave(elements, succeed(1, run_id="99.1", issue=99)))
    assert "cannot be believed" in bench.entry(issue, f"run:{issue}.1")
    assert not bench.github.bare.refs("refs/excursions/99/")


def test_files_that_cannot_be_pushed_are_named_in_the_entry(bench: Bench) -> None:
    issue = bench.begin()
    elements = bench.triage(*bench.say(issue, "/run"))
    bench.github.bare.git("config", "http.receivepack", "false")
    with pytest.raises(ForgeError):
        bench.publish(elements, bench.leave(elements, succeed()))
    entry = bench.entry(issue, f"run:{issue}.1")
    assert "could not be pushed" in entry
    assert "![" not in entry
    bench.github.bare.git("config", "http.receivepack", "true")
    bench.publish(elements, bench.leave(elements, succeed()))
    assert "![" in bench.entry(issue, f"run:{issue}.1")


def test_branches_can_make_pictures_reachable(github: Server, tmp_path: Path) -> None:
    bench = Bench(github, tmp_path / "jobs", '[github]\nimages = "branch"\n')
    bench.prepare()
    issue = bench.begin()
    elements = bench.triage(*bench.say(issue, "/run"))
    for _ in range(2):
        bench.publish(elements, bench.leave(elements, succeed()))
    refs = bench.github.bare.refs()
    assert refs[f"refs/heads/excursion-runs/{issue}/1"] == refs[f"refs/excursions/{issue}/1"]


BUDGET = """\
runner = "gpu"
[runners.gpu]
gpus = 1
timeout = "30m"
runs_on = ["self-hosted", "gpu"]
[budget]
gpu_minutes_per_week = 45
runs_at_once = 2
"""


def test_the_runner_is_the_configurations_and_the_budget_is_held(
    github: Server, tmp_path: Path
) -> None:
    bench = Bench(github, tmp_path / "jobs", BUDGET)
    bench.prepare()
    issue = bench.begin()
    [element] = bench.triage(*bench.say(issue, "/run"))
    assert element["runs_on"] == ["self-hosted", "gpu"]
    assert element["minutes"] == 40

    refused = bench.say(issue, "/run seed=1")
    assert bench.triage(*refused) == []
    reply = bench.entry(issue, f"reply:{refused[1]['comment']['id']}")
    assert "30 GPU minutes asked for at most, of 45 a week 0 are spent and 30 are taken" in reply
    assert "timeout=15m" in reply

    bench.publish([element], bench.leave([element], succeed()))
    assert len(bench.triage(*bench.say(issue, "/run seed=1"))) == 1
    many = bench.say(issue, "/sweep seed=1..3 timeout=1m")
    assert bench.triage(*many) == []
    reply = bench.entry(issue, f"reply:{many[1]['comment']['id']}")
    assert "3 runs asked for, 1 going on, 2 allowed at once" in reply


@pytest.mark.parametrize(
    "text", ["/run timeout=9999999h", "/sweep seed=1..250\n" + "/run seed=3\n" * 19]
)
def test_what_no_workflow_could_do_is_refused(bench: Bench, text: str) -> None:
    issue = bench.begin()
    refused = bench.say(issue, text)
    bench.triage(*refused)
    reply = bench.entry(issue, f"reply:{refused[1]['comment']['id']}")
    assert "at most" in reply
    assert bench.reactions(refused) == ["eyes", "-1"]


def test_all_waiting_has_an_end(bench: Bench) -> None:
    issue = bench.begin()
    event = bench.say(issue, "/run")
    bench.github.fault(at=3, kind=Fault.SECONDARY, times=1_000)
    with pytest.raises(ForgeError, match="wants us to wait"):
        bench.triage(*event)


def test_a_real_notebook_goes_all_the_way(bench: Bench) -> None:
    issue = bench.begin()
    [element] = bench.triage(*bench.say(issue, "/run seed=3"))
    bench.publish([element], bench.execute(element))
    entry = bench.entry(issue, f"run:{issue}.1")
    assert "succeeded" in entry
    assert "![" in entry
    files = {e.path for e in bench.github.bare.tree(f"refs/excursions/{issue}/1", deep=True)}
    assert {"request.json", "result.json", "notebook.ipynb", "figures/figure-01.png"} <= files
