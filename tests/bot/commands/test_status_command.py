"""What `/status`, `/params` and `/templates` answer."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from samples import COMMIT, DECLARED, NOW, TEMPLATE, entry, prediction, thread, unbegun, world

from bot.budget import Usage
from bot.command import Command, Params, Status, Templates
from bot.commands import decide
from bot.commands.world import World
from bot.config import Budget, Config
from bot.effects import Reply
from bot.errors import RequestError
from bot.excursion_file import FILE_NAME, write_excursion_file
from bot.surroundings import Surroundings

GITHUB = Surroundings(page="https://github.test/team/research")


def reply(command: Command, here: World) -> str:
    """Give what a command answers, which is all that follows from it."""
    [effect] = decide(command, here)
    assert isinstance(effect, Reply)
    return effect.text


def ran(number: int, status: str = "succeeded", **data: Any) -> Any:
    known = {"status": status, "commit": COMMIT, "metrics": {"loss": 0.25, "accuracy": 0.5}}
    return entry(number + 1, f"run:1.{number}", known | data)


def test_status_tells_of_the_last_runs_newest_first_with_the_metric_that_matters() -> None:
    here = world(thread=thread(*(ran(n) for n in range(1, 8))))
    rows = [line for line in reply(Status(), here).splitlines() if line.startswith("| 1.")]
    assert rows[0] == f"| 1.7 | ✅ succeeded | 0.5000 | `{COMMIT[:10]}` |"
    assert [row.split(" ")[1] for row in rows] == ["1.7", "1.6", "1.5", "1.4", "1.3"]
    assert "| run | status | `accuracy` | commit |" in reply(Status(), here)
    assert "*2 earlier.*" in reply(Status(), here)


def test_status_names_another_metric_where_the_main_one_was_not_recorded() -> None:
    here = world(thread=thread(ran(1, metrics={"loss": 0.25})))
    assert "| `loss` 0.2500 |" in reply(Status(), here)


def test_status_of_a_sweep_is_its_best_point() -> None:
    data = {"status": "succeeded", "points": 4, "succeeded": 3, "commit": COMMIT}
    best = {"best": {"metric": "accuracy", "value": 0.75}}
    here = world(thread=thread(entry(2, "sweep:1.1", data | best)))
    assert "| sweep 1.1 | ✅ succeeded, 3 of 4 points | 0.7500 |" in reply(Status(), here)


def test_status_links_branch_and_commit_on_github() -> None:
    text = reply(Status(), world(thread=thread(ran(1)), surroundings=GITHUB))
    assert f"[`1-does-it-settle`]({GITHUB.page}/tree/1-does-it-settle)" in text
    assert f"[`{COMMIT[:10]}`]({GITHUB.page}/commit/{COMMIT})" in text


def test_status_says_nothing_of_folded_results() -> None:
    text = reply(Status(), world(thread=thread(ran(1), ran(2, folded=True))))
    assert "| 1.2 | ✅ succeeded | *folded* |" in text
    assert "| 1.1 | ✅ succeeded | 0.5000 |" in text


@pytest.mark.parametrize(
    ("here", "state"),
    [
        (world(), "is open"),
        (world(thread=thread(ran(1, "running"))), "is running"),
        (world(thread=thread(state="closed")), "is closed without an answer"),
        (
            world(thread=thread(entry(2, "answer", {"outcome": "mixed"}), state="closed")),
            "is answered: mixed",
        ),
        (
            world(thread=thread(entry(2, "answer", {"outcome": "mixed"}))),
            "is answered: mixed, and not merged yet",
        ),
        (
            world(thread=thread(entry(2, "answer", {}), entry(3, "reopened:1", {}))),
            "is open",
        ),
    ],
)
def test_status_begins_with_the_state(here: World, state: str) -> None:
    assert reply(Status(), here).startswith(f"### 🧭 Excursion 1 {state}\n")


def test_status_before_the_beginning_says_how_to_begin() -> None:
    text = reply(Status(), world(thread=unbegun(), head=None))
    assert "It has not begun; `excursion start 1` begins it." in text


def test_status_says_what_is_left_of_budget_and_time_box() -> None:
    declared = DECLARED.model_copy(update={"time_box": "2 days"})
    here = world(
        files={FILE_NAME: write_excursion_file(declared).encode()},
        now=NOW + timedelta(hours=30),
        config=Config(budget=Budget(gpu_minutes_per_week=600, runs_at_once=4)),
        usage=Usage(gpu_minutes=34.4, reserved_minutes=20, running=1),
    )
    text = reply(Status(), here)
    assert "**Budget:** 546 of 600 GPU minutes are left" in text
    assert "34 were spent and 20 are taken by runs that go on" in text
    assert "**At once:** 1 of 4 runs." in text
    assert "**Time box:** 2 days, 1 day 6 h used, 18 h left." in text
    late = dataclasses.replace(here, now=NOW + timedelta(days=3))
    assert "3 days used, over by 1 day." in reply(Status(), late)


def test_a_time_box_that_is_no_duration_is_shown_as_it_is() -> None:
    declared = DECLARED.model_copy(update={"time_box": "until *Friday*"})
    here = world(files={FILE_NAME: write_excursion_file(declared).encode()})
    assert "**Time box:** until \\*Friday\\*." in reply(Status(), here)


def test_status_shows_the_last_open_predictions() -> None:
    posts = [prediction(n, f"number {n}") for n in range(1, 6)]
    text = reply(Status(), world(thread=thread(*posts)))
    assert "🔮 5 open predictions, the last 3:" in text
    assert "- **Ada** (60 %): number 5" in text
    assert "number 2" not in text


def test_predictions_of_an_answered_question_are_open_no_more() -> None:
    here = world(thread=thread(prediction(1, "so"), entry(3, "answer", {})))
    assert "🔮" not in reply(Status(), here)


def test_status_says_that_the_first_entry_is_missing() -> None:
    here = world(thread=unbegun(), found=world().excursion)
    text = reply(Status(), here)
    assert "Branch `1-does-it-settle`" in text
    assert "was deleted or damaged; `excursion start 1` makes it anew" in text


@pytest.mark.parametrize("odd", [None, 3, "x", [], {"a": None}])
def test_status_survives_odd_memories(odd: Any) -> None:
    posts = [
        entry(2, "run:1.1", {"status": odd, "commit": odd, "metrics": odd}),
        entry(3, "sweep:1.2", {"status": odd, "points": odd, "best": odd, "succeeded": odd}),
        entry(4, "run:1.3", {"metrics": {"accuracy": odd}}),
    ]
    assert "| 1.1 |" in reply(Status(), world(thread=thread(*posts)))


def test_params_are_a_table_with_types_defaults_bounds_and_descriptions() -> None:
    text = reply(Params(), world())
    assert "| `layer` | int | `0` | 0 to 11 | Layer |" in text
    assert "| `seed` | int | `7` |  |  |" in text
    assert "`excursion run 1 -p layer=0`" in text
    assert "`/run layer=0`" in reply(Params(), world(surroundings=GITHUB))


def test_params_of_an_excursion_without_any_say_so() -> None:
    declared = DECLARED.model_copy(update={"parameters": {}})
    here = world(files={FILE_NAME: write_excursion_file(declared).encode()})
    assert reply(Params(), here).startswith("### 🎛️ No parameters")


def test_params_before_the_beginning_are_refused() -> None:
    with pytest.raises(RequestError, match="has not begun"):
        decide(Params(), world(thread=unbegun()))


def test_templates_are_listed_with_kind_question_and_runtime() -> None:
    manifest = TEMPLATE.manifest.model_copy(update={"runtime": "about 35 s"})
    known = (TEMPLATE, dataclasses.replace(TEMPLATE, name="slow", manifest=manifest))
    text = reply(Templates(), world(templates=known, surroundings=GITHUB))
    assert text.startswith("### 🧩 2 templates")
    assert "| `demos/slow` | demo | What happens when …? | about 35 s |" in text
    assert "`/start blank`" in text
