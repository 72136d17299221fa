"""What follows from `/spoiler`, and from runs and sweeps that end after it."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from grids import sweep_of
from samples import entry, prediction, remembered, request, result, thread, unbegun, world

from bot.command import Asked, Compare, Spoiler
from bot.command import Status as AskStatus
from bot.commands import decide
from bot.commands.parser import parse_comment
from bot.commands.run import ended_entry
from bot.commands.scoring import scored_predictions
from bot.commands.sweep import entry_effects
from bot.commands.world import World
from bot.effects import Effect, Reply, UpsertEntry
from bot.errors import RequestError
from bot.forge.protocol import StoredRun
from bot.log.spoiler import is_folded, spoilers_fold, unfolded_results
from bot.log.sweep.entry import State
from bot.thread import WELCOME, Thread
from runner.records import Figure, RunResult, Status

FIGURE = Figure(
    file="figure-01.png", sha256="0" * 64, cell=1, width=8, height=6, caption="0.99821 reached"
)
RESULT = result(figures=(FIGURE,), metrics={"accuracy": 0.99821})
SECRETS = ("accuracy", "0.99", "reached", "figure-01")  # what gives the outcome away
_FOLD = re.compile(r"<details>.*</details>", re.DOTALL)


def switched(*, on: bool = True, **changes: Any) -> World:
    """Give the world in which `/spoiler` was switched so."""
    here = world(**changes)
    [welcome] = entries(decide(Spoiler(on), here))
    return dataclasses.replace(here, thread=with_entry(here.thread, welcome))


def entries(effects: tuple[Effect, ...]) -> list[UpsertEntry]:
    return [effect for effect in effects if isinstance(effect, UpsertEntry)]


def with_entry(whole: Thread, effect: UpsertEntry) -> Thread:
    there = whole.entry(effect.key)
    number = there.number if there else len(whole.comments) + 1
    new = dataclasses.replace(entry(number, effect.key, dict(effect.data)), body=effect.body)
    others = tuple(c for c in whole.comments if c.number != number)
    return dataclasses.replace(whole, comments=(*others, new))


def said(effects: tuple[Effect, ...]) -> str:
    [reply] = [effect for effect in effects if isinstance(effect, Reply)]
    return reply.text


def test_on_is_remembered_and_said_in_the_welcome() -> None:
    here = switched()
    assert spoilers_fold(here.thread)
    welcome = here.thread.entry(WELCOME)
    assert welcome is not None
    assert "🙈 **Results are posted folded,**" in welcome.body
    assert welcome.data is not None
    assert welcome.data | remembered() == welcome.data


def test_off_takes_it_back_and_leaves_the_rest_of_the_welcome() -> None:
    here = switched()
    [welcome] = entries(decide(Spoiler(on=False), here))
    assert "🙈" not in welcome.body
    assert welcome.body == "…"
    assert not spoilers_fold(with_entry(here.thread, welcome))


@pytest.mark.parametrize("status", list(Status))
def test_outside_of_its_fold_a_run_says_nothing_of_what_came_out(status: Status) -> None:
    here = switched(thread=thread(prediction(1, "it settles")))
    run = RESULT.model_copy(update={"status": status})
    effect = ended_entry(run, here)
    outside = _FOLD.sub("", effect.body)
    assert not [word for word in SECRETS if word in outside]
    name = f"Run 1.1 {status.value.replace('_', ' ')}"
    assert f"<summary>{name} · open for its results</summary>" in effect.body
    assert "`layer=0`" in outside  # by which one predicts
    assert is_folded(effect.data)


def test_a_reproduction_says_outside_only_that_it_ended() -> None:
    again = RESULT.model_copy(
        update={"run_id": "1.2", "reproduces": "1.1", "metrics": {"accuracy": 0.5}}
    )
    original = StoredRun(1, request(), RESULT)
    effect = ended_entry(again, switched(runs=(original,)))
    outside = _FOLD.sub("", effect.body)
    assert outside.startswith("### ✅ Run 1.2, repeating run 1.1, succeeded in 52 s\n")
    assert "differ" not in outside
    assert "differ" in effect.body


def test_a_sweep_is_folded_from_its_first_result_on() -> None:
    sweep = sweep_of(lambda point: {"metrics": {"accuracy": 0.99}}, layer=[0, 1])
    waiting = sweep_of(lambda point: None, layer=[0, 1])
    here = switched()
    [effect] = entries(entry_effects(sweep, State.ENDED, here))
    outside = _FOLD.sub("", effect.body)
    assert not [word for word in SECRETS if word in outside]
    assert outside.startswith("### ✅ Sweep 1.1: all 2 points succeeded\n\nOver `layer=[0,1]`")
    [effect] = entries(entry_effects(waiting, State.RUNNING, here))
    assert not is_folded(effect.data)
    assert "open for its results" not in effect.body


def test_what_was_posted_before_stays_open() -> None:
    effect = ended_entry(RESULT, world())
    assert not is_folded(effect.data)
    here = world()
    here = dataclasses.replace(here, thread=with_entry(here.thread, effect))
    assert [e.key for e in entries(decide(Spoiler(on=True), here))] == [WELCOME]


@pytest.mark.parametrize(
    "run", [RESULT, result(status=Status.FAILED), result(run_id="1.2", reproduces="1.1")]
)
def test_off_opens_folded_entries_as_if_they_had_never_been_folded(run: RunResult) -> None:
    open_world = world(runs=(StoredRun(1, request(), RESULT),))
    plain = ended_entry(run, open_world)
    here = switched(runs=open_world.runs)
    here = dataclasses.replace(here, thread=with_entry(here.thread, ended_entry(run, here)))

    effects = decide(Spoiler(on=False), here)

    opened, _ = entries(effects)
    assert opened.body == plain.body
    assert {n: v for n, v in opened.data.items() if n != "folded"} == dict(plain.data)
    assert f"so are those of run {run.run_id}, which were folded" in said(effects)


def test_a_second_delivery_says_and_does_the_same() -> None:
    here = switched()
    here = dataclasses.replace(here, thread=with_entry(here.thread, ended_entry(RESULT, here)))
    here = dataclasses.replace(here, asked=Asked(7))
    effects = decide(Spoiler(on=False), here)
    for effect in entries(effects):
        here = dataclasses.replace(here, thread=with_entry(here.thread, effect))
    again = decide(Spoiler(on=False), here)
    assert said(again) == said(effects)
    assert [e for e in entries(again) if e not in entries(effects)] == []


def test_an_entry_whose_fold_somebody_edited_stays_and_is_named() -> None:
    here = switched()
    effect = ended_entry(RESULT, here)
    edited = dataclasses.replace(effect, body=effect.body.replace("</details>", ""))
    assert unfolded_results(edited.body) is None
    here = dataclasses.replace(here, thread=with_entry(here.thread, edited))
    effects = decide(Spoiler(on=False), here)
    assert [e.key for e in entries(effects)] == [WELCOME]
    assert "Run 1.1 stays folded: somebody has edited the entry." in said(effects)


def test_what_became_of_a_prediction_is_folded_with_the_rest() -> None:
    data = {"text": "so", "author": "Ada", "stamped": "2026-11-21T08:00:00Z"}
    said_before = entry(2, "prediction:1", data | {"condition": "accuracy>0.9"})
    here = switched(thread=thread(said_before), runs=(StoredRun(1, request(), RESULT),))

    [scored] = scored_predictions(here)

    assert "0.9982" not in _FOLD.sub("", scored.body)
    assert "0.9982" in scored.body
    here = dataclasses.replace(here, thread=with_entry(here.thread, scored))
    assert "0.9982" not in said(decide(AskStatus(), here))
    effects = decide(Spoiler(on=False), here)
    opened, _ = entries(effects)
    assert "0.9982" in _FOLD.sub("", opened.body)
    assert "so are those of prediction 1, which were folded" in said(effects)


def test_a_prediction_that_was_scored_before_stays_open() -> None:
    data = {"text": "so", "author": "Ada", "stamped": "2026-11-21T08:00:00Z"}
    here = world(
        thread=thread(entry(2, "prediction:1", data | {"condition": "accuracy>0.9"})),
        runs=(StoredRun(1, request(), RESULT),),
    )
    [scored] = scored_predictions(here)
    here = dataclasses.replace(here, thread=with_entry(here.thread, scored))
    [welcome] = entries(decide(Spoiler(on=True), here))
    here = dataclasses.replace(here, thread=with_entry(here.thread, welcome))
    assert scored_predictions(here) == ()


def test_a_comparison_in_the_thread_is_folded_where_a_result_is() -> None:
    runs = tuple(StoredRun(n, request(), result(run_id=f"1.{n}")) for n in (1, 2))
    here = switched(runs=runs)
    here = dataclasses.replace(here, thread=with_entry(here.thread, ended_entry(RESULT, here)))
    assert "<details>" not in said(decide(Compare((1, 2)), here)).partition("| ")[0]
    asked = dataclasses.replace(here, asked=Asked(7))
    assert said(decide(Compare((1, 2)), asked)).startswith("<details><summary>The comparison")


@pytest.mark.parametrize("odd", [None, True, "on", 1, {"on": "yes"}, []])
def test_odd_memories_of_the_switch_are_off(odd: Any) -> None:
    here = thread(comments=(entry(1, WELCOME, remembered() | {"spoiler": odd}),))
    assert not spoilers_fold(here)
    decide(Spoiler(on=False), world(thread=here))
    decide(Spoiler(on=True), world(thread=here))


@pytest.mark.parametrize("line", ["/spoiler", "/spoiler maybe", "/spoiler on off"])
def test_it_takes_on_or_off_and_nothing_else(line: str) -> None:
    with pytest.raises(RequestError, match="Write on or off"):
        parse_comment(line)


def test_it_needs_an_excursion_that_is_open_to_fold_anything() -> None:
    with pytest.raises(RequestError, match="has not begun"):
        decide(Spoiler(on=True), world(thread=unbegun()))
    closed = world(thread=thread(state="closed"))
    with pytest.raises(RequestError, match="excursion reopen 1"):
        decide(Spoiler(on=True), closed)
    assert entries(decide(Spoiler(on=False), closed))
