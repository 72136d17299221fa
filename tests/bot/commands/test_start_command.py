"""What follows from a question: issue, branch, folder and welcome, or a refusal."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from samples import EXCURSION, NOW, TEMPLATE, remembered, thread, unbegun, world

from bot.command import Start
from bot.commands import decide
from bot.commands.parser import parse_comment
from bot.commands.start import asked_kind, asked_template, decide_ask
from bot.commands.world import World
from bot.config import Config, Runner
from bot.effects import CommitFiles, CreateBranch, Effect, OpenIssue, SetLabels, UpsertEntry
from bot.errors import RequestError
from bot.events import Actor, Asked, Role
from bot.excursion import Kind, read_excursion
from bot.excursion_file import FILE_NAME, NOTEBOOK, read_excursion_file
from bot.forge.marker import read_marker, write_marker
from bot.thread import Thread

ADA = Actor("Ada", Role.WRITE)
LABELS = ("excursion", "excursion:demo", "template:blank")


def ask(
    title: str = EXCURSION.question,
    threads: tuple[Thread, ...] = (),
    taken: frozenset[str] = frozenset(),
    base: str | None = "ba5e",
    config: Config | None = None,
    **asked: Any,
) -> tuple[int, tuple[Effect, ...]]:
    return decide_ask(
        Asked(ADA, title, **asked),
        threads=threads,
        next_issue=len(threads) + 1,
        taken_branches=taken,
        base=base,
        template=TEMPLATE,
        config=config or Config(),
    )


def opened(effects: tuple[Effect, ...]) -> Thread:
    """The thread as it is when only its opening happened."""
    opening = effects[0]
    assert isinstance(opening, OpenIssue)
    return Thread(
        opening.issue, opening.title, opening.body, "open", opening.labels, opening.author, ""
    )


def test_a_question_opens_an_issue_with_branch_folder_and_welcome_in_this_order() -> None:
    number, (opening, branch, commit, labels, welcome) = ask(hypothesis=" I think so. ")
    assert number == 1
    assert isinstance(opening, OpenIssue)
    assert (opening.issue, opening.title, opening.author) == (1, "Does it settle?", "Ada")
    assert opening.labels == LABELS
    assert opening.body.startswith("I think so.\n\n<!--")
    assert branch == CreateBranch("1-does-it-settle", "ba5e")
    assert isinstance(commit, CommitFiles)
    assert commit.branch == "1-does-it-settle"
    assert set(commit.files) == {
        f"{EXCURSION.folder}/{name}" for name in (FILE_NAME, NOTEBOOK, "README.md", ".gitignore")
    }
    assert commit.message == "Begin excursion 1\n\nDoes it settle?\n"
    assert labels == SetLabels(1, LABELS)
    assert isinstance(welcome, UpsertEntry)
    assert (welcome.issue, welcome.key, welcome.data) == (1, "welcome", remembered())
    assert "What will the plot look like?" in welcome.body


def test_parameters_given_become_the_excursion_s_defaults() -> None:
    _, effects = ask(parameters={"layer": "5"})
    commit = effects[2]
    assert isinstance(commit, CommitFiles)
    declared = read_excursion_file(commit.files[f"{EXCURSION.folder}/{FILE_NAME}"], where="")
    assert {name: d.default for name, d in declared.parameters.items()} == {"layer": 5, "seed": 7}
    assert b"layer = 5" in commit.files[f"{EXCURSION.folder}/{NOTEBOOK}"]


def test_the_configured_root_and_runner_are_used() -> None:
    _, effects = ask(config=Config(root="src", runner="gpu", runners={"gpu": Runner()}))
    commit, welcome = effects[2], effects[4]
    assert isinstance(commit, CommitFiles)
    assert isinstance(welcome, UpsertEntry)
    assert all(path.startswith("src/demos/1-does-it-settle/") for path in commit.files)
    assert welcome.data["folder"] == "src/demos/1-does-it-settle"
    assert b'runner = "gpu"' in commit.files[f"src/demos/1-does-it-settle/{FILE_NAME}"]


def test_what_was_asked_is_remembered_in_the_issue() -> None:
    _, effects = ask(hypothesis="H", parameters={"layer": "5"})
    assert read_marker(opened(effects).body) == (
        "asked",
        {"template": "demos/blank", "hypothesis": "H", "parameters": {"layer": "5"}},
    )


def test_a_question_given_again_goes_on_where_it_stopped() -> None:
    _, first = ask(hypothesis="H", parameters={"layer": "5"})
    again = ask(
        threads=(opened(first),),
        taken=frozenset({"1-does-it-settle"}),
        hypothesis="H",
        parameters={"layer": "5"},
    )
    assert again == (1, first[1:])


def test_a_question_that_has_begun_changes_nothing() -> None:
    _, first = ask()
    begun = dataclasses.replace(opened(first), comments=thread().comments)
    assert ask(threads=(begun,)) == (1, ())


def test_the_same_question_otherwise_asked_is_refused() -> None:
    _, first = ask(hypothesis="H")
    with pytest.raises(RequestError, match="issue 1 asks this already, with another"):
        ask(threads=(opened(first),), hypothesis="another")


def test_a_question_that_was_closed_may_be_asked_anew() -> None:
    _, first = ask()
    closed = dataclasses.replace(opened(first), state="closed")
    number, effects = ask(threads=(closed,))
    assert number == 2
    assert isinstance(effects[0], OpenIssue)
    assert effects[1] == CreateBranch("2-does-it-settle", "ba5e")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"title": ""}, "the question is empty"),
        ({"title": "🎉"}, "the question has no words"),
        ({"title": "x" * 300}, "300 characters"),
        ({"title": "a\x1bb"}, "control character"),
        ({"parameters": {"layr": "1"}}, "Did you mean 'layer'?"),
        ({"parameters": {"layer": "12"}}, "a whole number from 0 to 11"),
        ({"taken": frozenset({"1-does-it-settle"})}, "there is a branch 1-does-it-settle already"),
        ({"base": None}, "the branch main has no commit yet"),
    ],
)
def test_a_question_that_is_not_possible_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError) as refused:
        ask(**asked)
    assert message in str(refused.value)
    assert refused.value.right


@pytest.mark.parametrize(
    "title", ['{{ 7*7 }} $(id) "quotes" <b> 日本語', '""" + x + """', "日本語?"]
)
def test_a_hostile_question_is_only_a_question(title: str) -> None:
    _, effects = ask(title, hypothesis=write_marker("asked", {"template": "forged"}))
    welcome = effects[-1]
    assert isinstance(welcome, UpsertEntry)
    assert welcome.data["question"] == title
    assert asked_template(opened(effects)) == "demos/blank"


# /start


def test_start_begins_what_was_only_asked() -> None:
    _, first = ask(hypothesis="H", parameters={"layer": "5"})
    here = world(thread=opened(first), head=None, files={}, base="ba5e")
    assert decide(Start(), here) == first[1:]


def test_start_s_own_parameters_go_before_those_that_were_asked() -> None:
    _, first = ask(parameters={"layer": "5", "seed": "1"})
    effects = decide(Start(None, {"layer": "6"}), world(thread=opened(first)))
    commit = effects[1]
    assert isinstance(commit, CommitFiles)
    notebook = commit.files[f"{EXCURSION.folder}/{NOTEBOOK}"]
    assert b"layer = 6" in notebook
    assert b"seed = 1" in notebook


def test_start_without_a_template_to_read_changes_nothing() -> None:
    assert decide(Start(), world(template=None)) == ()


@pytest.mark.parametrize("template", [None, "blank", "demos/blank"])
def test_start_again_changes_nothing(template: str | None) -> None:
    assert decide(Start(template), world()) == ()


@pytest.mark.parametrize(
    ("command", "here", "message"),
    [
        (Start(), world(thread=unbegun(state="closed")), "issue 1 is closed"),
        (Start("other"), world(), "was begun with the template demos/blank"),
        (Start(None, {"layr": "1"}), world(thread=unbegun()), "Did you mean 'layer'?"),
        (Start(), world(thread=unbegun(), base=None), "the branch main has no commit yet"),
    ],
)
def test_a_start_that_is_not_possible_is_refused(command: Start, here: World, message: str) -> None:
    with pytest.raises(RequestError) as refused:
        decide(command, here)
    assert message in str(refused.value)


# Reading an issue that somebody else wrote


@pytest.mark.parametrize(
    "data",
    [
        {"template": 5, "hypothesis": None, "parameters": [1]},
        {"template": ["x"], "hypothesis": {}, "parameters": "layer"},
        {"parameters": {"layer": 5, "seed": None}},
        {},
    ],
)
def test_an_issue_that_remembers_nonsense_is_read_as_one_that_remembers_nothing(
    data: dict[str, Any],
) -> None:
    issue = unbegun(body=write_marker("asked", data), labels=("excursion",))
    assert asked_template(issue) is None
    effects = decide(Start(), world(thread=issue))
    assert [type(effect) for effect in effects] == [
        CreateBranch,
        CommitFiles,
        SetLabels,
        UpsertEntry,
    ]


def test_labels_choose_template_and_kind() -> None:
    issue = unbegun(labels=("bug", "template:no-positions", "excursion:write-up"))
    assert asked_template(issue) == "no-positions"
    assert asked_kind(issue) is Kind.DOCS
    assert asked_template(unbegun(labels=())) is None
    assert asked_kind(unbegun(labels=("excursion",))) is None


@pytest.mark.parametrize(
    "change",
    [{"kind": "poems"}, {"branch": None}, {"folder": 3}, {"question": ["x"]}],
)
def test_a_damaged_welcome_is_no_excursion(change: dict[str, Any]) -> None:
    whole = thread()
    assert read_excursion(whole) == EXCURSION
    welcome = dataclasses.replace(whole.comments[0], data=remembered() | change)
    assert read_excursion(dataclasses.replace(whole, comments=(welcome,))) is None


def test_a_later_title_changes_nothing_that_was_decided() -> None:
    assert read_excursion(thread(title="Another question")) == EXCURSION
    assert world(now=NOW).begun() == EXCURSION


def test_what_has_begun_keeps_its_parameters() -> None:
    begun = world(template=TEMPLATE)
    assert decide(Start(), begun) == ()
    assert decide(Start(parameters={"layer": "0", "seed": "7"}), begun) == ()  # given again
    with pytest.raises(RequestError, match="excursion 1 has begun, with other") as refused:
        decide(Start(parameters={"layer": "3"}), begun)
    assert "excursion run 1 -p layer=3" in refused.value.right
    with pytest.raises(RequestError, match="no parameter 'lyer'"):
        decide(Start(parameters={"lyer": "3"}), begun)


def test_a_template_may_be_given_as_on_the_command_line() -> None:
    assert parse_comment("/start template=blank seed=3") == (Start("blank", {"seed": "3"}),)
    assert parse_comment("/start blank template=x") == (Start("blank", {"template": "x"}),)
