"""Whatever somebody made of our entries' markers: nothing breaks, what is missing is said."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import samples
from commands import WRITTEN
from hypothesis import example, given, settings
from hypothesis import strategies as st
from samples import entry, thread

from bot import commands
from bot.actions.commission import _remembered
from bot.budget import read_usage
from bot.command import Help
from bot.commands import SPECS
from bot.commands.parser import Line
from bot.commands.request import next_number
from bot.commands.spec import Spec
from bot.commands.state import state_effects
from bot.config import Config
from bot.conversation import Carried, Heard, answer_effects, check_rate
from bot.errors import ExcursionError, RequestError
from bot.events import Actor, Role
from bot.excursion import read_excursion
from bot.forge import thread_files
from bot.forge.attached import read_attached
from bot.forge.github_reading import read_comment
from bot.forge.marker import read_marker, write_marker
from bot.forge.protocol import StoredRun
from bot.log.predictions import prediction_entry, predictions_table, read_predictions
from bot.log.thread_text import thread_markdown
from bot.thread import BOT, Comment, Thread

KEYS = (
    *("welcome", "answer", "log", "spoiler", "run:1.1", "run:1.2", "run:", "run:1.²", "run:x.y"),
    *("sweep:1.1", "sweep:", "sweep:9", "prediction:1", "prediction:²", "prediction:", "reply:40"),
    *("reply:41", "trouble:40", "eval:40.0", "compare:1", "note:1", "close:1", ":", "nobody's"),
)
NAMES = (
    *("question", "kind", "template", "branch", "folder", "text", "author", "stamped", "outcome"),
    *("confidence", "status", "commit", "started", "points", "succeeded", "failed", "last", "best"),
    *("metrics", "asked", "request", "axes", "left", "gpu_minutes", "gpu_s", "published", "at"),
    *("attached", "stranger", "enough", "mistake", "reproduces", "answered_from", "agreement"),
    *("metric", "value", "lines", "log", "on", "state", "run", "runs", "number", "condition"),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**30, -1, 0, 2**63, float("nan"), float("inf"), -0.0, 1e400]),
    st.sampled_from(
        ["", "²", "running", "demos", "1.1", "succeeded", "../../etc", "\ud800", "9" * 99]
    ),
    st.sampled_from([samples.STAMP, "2026-11-21", "never", "confirmed", "a" * 5000]),
    samples.HOSTILE,
)
JSON = st.recursive(
    LEAVES,
    lambda some: (
        st.lists(some, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), some, max_size=3)
    ),
    max_leaves=6,
)
DATA = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=8)
REAL: dict[str, dict[str, Any]] = {
    "welcome": samples.remembered(),
    "prediction:1": {"text": "x", "author": "Ada", "stamped": samples.STAMP, "confidence": 0.5},
    "answer": {"text": "x", "outcome": "mixed", "stamped": samples.STAMP},
    "run:1.1": {"status": "running", "commit": samples.COMMIT, "started": samples.STAMP},
    "sweep:1.1": {"status": "running", "points": 3, "last": 3, "axes": {"seed": [1, 2, 3]}},
    "reply:41": {"stranger": "rea", "at": samples.STAMP},
}
ODD = st.one_of(
    st.sampled_from(KEYS).map(lambda key: (key, {"text": "x", "last": 10**30})),
    st.tuples(st.sampled_from(KEYS), DATA),
    st.tuples(st.sampled_from(sorted(REAL)), DATA).map(lambda x: (x[0], {**REAL[x[0]], **x[1]})),
    st.sampled_from(sorted(REAL)).map(lambda key: (key, REAL[key])),
)
ENTRIES = st.lists(ODD, max_size=5).map(
    lambda found: tuple(entry(n + 50, key, data) for n, (key, data) in enumerate(found))
)


@st.composite
def threads(draw: st.DrawFn) -> Thread:
    """Give a thread in which somebody changed entries, perhaps the welcome among them."""
    whole = thread(*draw(ENTRIES), state=draw(st.sampled_from(["open", "closed"])))
    return whole if draw(st.booleans()) else dataclasses.replace(whole, comments=draw(ENTRIES))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.word)
@settings(max_examples=30)
@given(st.data())
def test_every_command_is_decided_or_refused(spec: Spec, data: st.DataObject) -> None:
    world = samples.world(
        thread=data.draw(threads()),
        runs=data.draw(st.sampled_from([(), (StoredRun(1, samples.request(), samples.result()),)])),
    )
    with contextlib.suppress(RequestError):
        commands.decide(data.draw(WRITTEN[spec.word]), world)


@given(threads(), st.sampled_from(list(Role)))
@example(thread(entry(9, "reply:41", {"stranger": True, "at": 3})), Role.READ)
def test_every_comment_is_answered(found: Thread, role: Role) -> None:
    heard = Heard(1, 40, Actor("rea", role), (Line(Help(), "/help"),))
    for mistake in (None, RequestError("no")):
        answer_effects(heard, Carried((), mistake, 0), found, Config(), samples.NOW)
    with contextlib.suppress(RequestError):
        check_rate(heard, found, Config(), samples.NOW)


@given(threads())
@example(thread(*(entry(n, key, {"text": "x", "last": 10**30}) for n, key in enumerate(KEYS, 9))))
def test_every_reader_reads_or_says_that_it_cannot(found: Thread) -> None:
    read_excursion(found)
    assert 1 <= next_number(samples.world(thread=found)) < 10**10
    for prediction in read_predictions(found):
        prediction_entry(prediction)
    predictions_table(read_predictions(found), "", "")
    state_effects(found, "well")
    thread_markdown(found)
    read_usage([c.data or {} for c in found.comments], samples.STAMP, asked="40.0")
    for comment in found.comments:
        read_attached(comment.data, ["ab" * 32], "https://github.com")
        with contextlib.suppress(ExcursionError):
            _remembered(comment)


# What could be written at all.
WRITABLE = JSON.filter(lambda value: "\\ud800" not in json.dumps(value))


@given(st.sampled_from(KEYS), st.dictionaries(st.sampled_from(NAMES), WRITABLE, max_size=4))
def test_what_a_marker_remembers_is_read_back(key: str, data: dict[str, Any]) -> None:
    again = read_marker(f"text\n\n{write_marker(key, data)}")
    assert again is not None
    assert json.dumps(again[1], sort_keys=True) == json.dumps(data, sort_keys=True)
    assert again[0] == key


@given(samples.HOSTILE | st.text(), st.sampled_from(["", "{}", '{"key": 3}', '{"key": "run:1.1"}']))
@example("<!-- excursion {" + "[" * 100_000, "")
@example('<!-- excursion {"key": "run:1.1", "last": ' + "9" * 5000 + "} -->", "")
def test_any_last_line_is_a_marker_or_is_none(text: str, marker: str) -> None:
    body = f"{text}\n<!-- excursion {marker} -->" if marker else text
    found = read_marker(body)
    assert found is None or isinstance(found[0], str)
    node = {
        "body": body,
        "author": {"login": "b", "__typename": "Bot"},
        "viewerDidAuthor": True,
        "createdAt": "",
        "updatedAt": "",
        "fullDatabaseId": "7",
    }
    assert read_comment(node, "b[bot]").is_entry is (found is not None and bool(found[0]))


@settings(max_examples=30)
@given(body=st.text(st.characters(exclude_categories=["Cs"])), kept=st.booleans())
def test_an_entrys_file_that_was_edited_is_read_as_what_is_left_of_it(
    tmp_path_factory: pytest.TempPathFactory, body: str, kept: bool
) -> None:
    root = tmp_path_factory.mktemp("threads")
    whole = thread()
    thread_files.create_issue(root, dataclasses.replace(whole, comments=()))
    thread_files.create_comment(
        root, 1, author=BOT, now=samples.STAMP, body="Ours.", key="run:1.1", data={"a": 1}
    )
    [path] = Path(root, "1").glob("0001-*.md")
    front, _, text = path.read_text().partition("\n---\n")
    edited = text.replace("Ours.", body) if kept else body
    path.write_text(f"{front}\n---\n{edited}", encoding="utf-8")
    read = thread_files.read_thread(root, 1)
    assert read is not None
    [comment] = read.comments
    assert isinstance(comment, Comment)
    assert comment.is_entry is bool(comment.key)
