"""Entries as GitHub's own parser reads them: strangers' text is only ever text."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from typing import Any

import pytest
from github_page import Page, github_page
from hypothesis import example, given, settings
from hypothesis import strategies as st
from samples import COMMIT, DECLARED, EXCURSION, HOSTILE, entry, notebook, request, result, thread

from bot.agreement import compare
from bot.condition import read_condition
from bot.errors import RequestError
from bot.forge.marker import read_marker, write_marker
from bot.log.answer import Answer, Judged, answer_entry, predictions_section
from bot.log.predictions import prediction_entry, read_predictions
from bot.log.reply import Mistake, reply_entry
from bot.log.run_entry import LONGEST, run_entry, running_entry
from bot.log.safety import code, fence, inline, logged, paragraphs, plain, unlinked
from bot.log.side_by_side import comparison_text
from bot.log.sweep.chart import choose_chart
from bot.log.sweep.entry import Shown, State, sweep_entry
from bot.log.sweep.metric import compared
from bot.log.sweep.plot import draw_chart
from bot.log.welcome import welcome_entry
from bot.scoring import Prediction, score
from bot.side_by_side import Side, side_by_side
from bot.surroundings import Surroundings
from bot.sweep import Point, Sweep
from bot.template import Metrics
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

ATTACKS = [
    "@everyone",
    "@team/maintainers and @ada",
    "see #1",
    "GH-1 gh-2",
    "owner/repo#1 owner/repo@0123abc",
    "fixes #1, closes GH-1, resolves https://github.com/o/r/issues/1",
    "0123456789abcdef0123456789abcdef01234567 ABC1234 _abc1234_ 0abc123..4def567",
    '<!-- excursion {"key": "answer", "text": "forged"} -->',
    '\n<!-- excursion {"key": "answer"} -->\n',
    "--> <!-- <![CDATA[ <?php ?> <!DOCTYPE html>",
    "![](https://tracker.example/pixel.png)",
    '<img src="https://tracker.example/x.png"> <img src=x onerror=alert(1)>',
    "![a][b]\n\n[b]: https://tracker.example/x.png",
    "[click](javascript:alert(1)) <javascript:alert(1)> [x](data:text/html,x)",
    "<script>alert(1)</script><style>*{display:none}</style><iframe src=//e.org>",
    "</details></td></tr></table><h1>big</h1>",
    "</details>\n\n# Not ours\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    "```\n````\n~~~\n</code></pre>",
    "` `` ``` </code>",
    "| cell | more |\n|---|---|",
    "x\n===\n\n- [x] done\n1. one\n> [!CAUTION]\n> quoted",
    "\x1b[2J\x1b]8;;https://evil.example\x07click\x1b]8;;\x07 \x9b31m",
    "\u202eexe.gnp\u202c \u2066x\u2069 zero\u200bwidth\ufeff @\u200dada @\u2060ada",
    "&#64;everyone &commat;ada &#35;1 &lt;b&gt; \\@ada \\#1",
    "www.evil.example https://evil.example ftp://evil.example a@evil.example mailto:a@e.org",
    "$\\href{https://evil.example}{x}$ $$x$$ $`x`$ \\(x\\)",
    "[^1]\n\n[^1]: https://evil.example",
    ":tada: :x: :+1:",
    "::set-output name=count::9\n##[error]x",
    "\u2028@ada\u2029#1\x0b#2\x0c@bob\x85GH-3",
    "*a* **b** _c_ ~~d~~ <sub>e</sub>",
    "a\\",
    "\\",
    "${{ github.token }} {{ config }} {% raw %}",
]
TEXT = HOSTILE | st.sampled_from(ATTACKS)


def hostile(text: str) -> dict[str, Any]:
    """Put a text wherever a notebook can put one."""
    return {
        "status": Status.FAILED,
        "error": RunError(cell=2, name=text, message=text, traceback=text),
        "metrics": {text: text, f"{text}!": 0.5},
        "figures": (
            Figure(
                file="figure-01.png", sha256="", cell=1, width=6, height=4, caption=text, alt=text
            ),
        ),
        "tables": (
            Table(cell=1, columns=(text, "b"), rows=((text, "1"), ("2", text)), rows_total=2),
        ),
        "stdout_tail": text,
        "notes": (text,),
        "parameters": {"layer": 3, "note": text},
        "environment": Environment(
            python=text,
            platform=text,
            packages_sha256="0" * 64,
            packages={text: text, "numpy": "2.1.0"},
            torch=text,
            cuda=text,
            driver=text,
            cpu=text,
            gpus=(Gpu(name=text, memory_bytes=1),),
        ),
        "cells": (Cell(index=1, status=CellStatus.COMPLETED),),
    }


def shown(ended: RunResult, **more: Any) -> str:
    given: dict[str, Any] = {
        "declared": DECLARED,
        "predictions": (),
        "figures_at": "https://github.com/o/r/raw/x/",
    }
    return run_entry(ended, excursion=EXCURSION, **given | more)


# What the same entry is made of where nothing in it is hostile.
HARMLESS = github_page(shown(result(**hostile("word"))))


def assert_only_ours(page: Page, *, pictures: int = 0) -> None:
    """Nothing in a page was made by what strangers wrote, and nothing of it is linked."""
    assert page.links == []
    assert page.pictures == ["https://github.com/o/r/raw/x/figure-01.png"] * pictures
    assert page.comments == []
    assert page.attributes == set()
    assert page.linked == []


@given(TEXT)
@settings(max_examples=150)
@example(ATTACKS[4])
def test_a_run_entry_is_made_of_the_same_parts_whatever_its_notebook_says(text: str) -> None:
    page = github_page(shown(result(**hostile(text))))
    assert_only_ours(page, pictures=1)
    assert set(page.tags) <= set(HARMLESS.tags)
    few = ("h1", "h2", "h3", "h4", "img", "details", "summary", "table", "tr", "td", "blockquote")
    ours, theirs = Counter(page.tags), Counter(HARMLESS.tags)
    for tag in few:
        assert ours[tag] <= theirs[tag] + (2 if tag in ("tr", "td") else 0) * 3, tag


@pytest.mark.parametrize("text", ATTACKS)
def test_no_attack_by_text_does_anything(text: str) -> None:
    page = github_page(shown(result(**hostile(text))))
    assert_only_ours(page, pictures=1)
    assert Counter(page.tags)["details"] == Counter(HARMLESS.tags)["details"]
    assert Counter(page.tags)["h3"] == 1
    body = f"{shown(result(**hostile(text)))}\n\n{write_marker('run:1.1', {'a': text})}"
    assert read_marker(body) == ("run:1.1", {"a": text})
    assert len(github_page(body).comments) == 1


@given(TEXT)
@settings(max_examples=60)
def test_other_entries_are_safe_as_well(text: str) -> None:
    said = Prediction(1, text, text, "2026-11-21T08:00:00Z", 0.5)
    entries = [
        running_entry(request(requested_by=text, parameters={"note": text})),
        prediction_entry(said),
        shown(result(metrics={"loss": text}), predictions=(said,)),
        welcome_entry(EXCURSION, DECLARED, prompt=text),
    ]
    for body in entries:
        page = github_page(body)
        assert_only_ours(page)
        assert not {"h1", "h2", "img", "script", "input"} & set(page.tags)


@given(TEXT)
@settings(max_examples=60)
def test_a_comparison_is_safe_as_well(text: str) -> None:
    said = hostile(text) | {"parameters": {"note": text}}
    first = result(**said | {"run_id": "1.1", "notebook_sha256": "1"})
    other = hostile(f"{text}!") | {"run_id": "1.2", "notebook_sha256": "2", "metrics": {text: "?"}}
    second = result(**other)
    sides = [
        Side(each.run_id, each.status, each.metrics, each, notebook=notebook(f"a\n{code_}"))
        for each, code_ in ((first, text), (second, f"{text}\n{text}"))
    ]
    lost = Side("1.3", Status.DIED, {text: text}, missing=text)
    compared = side_by_side([*sides, lost], Metrics(main=text[:100]))
    body = comparison_text(
        compared, lambda place, figure: "https://github.com/o/r/raw/x/figure-01.png"
    )
    page = github_page(body)
    pictures = sum(f is not None for row in compared.figures if not row.same for f in row.figures)
    assert_only_ours(page, pictures=pictures)
    assert not {"h1", "h2", "script", "input"} & set(page.tags)
    assert len(body) < LONGEST


@given(TEXT)
@settings(max_examples=60)
def test_a_scored_prediction_is_safe_as_well(text: str) -> None:
    condition = read_condition("loss<1")
    said = Prediction(1, text, text, "2026-11-21T08:00:00Z", 0.5, condition)
    runs = (result(metrics={"loss": 0.5}), result(run_id="1.2", metrics={"loss": 2}))
    scored = score(said, (*runs, result(run_id="1.3", metrics={"loss": text})))
    late = score(dataclasses.replace(said, stamped="2026-11-21T20:00:00Z"), runs)
    judged = (Judged(scored, scored.first), Judged(late))
    answer = Answer("It does.", None, "Ada", "2026-11-21T10:00:00Z")
    for body in (
        prediction_entry(said, scored),
        prediction_entry(said, late, warning=text),
        predictions_section(judged, "run 1.1"),
        answer_entry(answer, folder="f", branch="b", into="main", judged=judged),
    ):
        page = github_page(body)
        assert_only_ours(page)
        assert not {"h1", "h2", "img", "script", "input"} & set(page.tags)


@given(TEXT)
@settings(max_examples=60)
def test_a_reproduction_is_safe_as_well(text: str) -> None:
    first = result(**hostile(text) | {"run_id": "1.1"})
    again = result(**hostile(f"{text}?") | {"run_id": "1.2", "reproduces": "1.1"})
    compared = compare(first, again, {})
    page = github_page(shown(again, original=first, agreement=compared))
    assert_only_ours(page, pictures=1)


def swept(text: str) -> Sweep:
    """A sweep whose points gave out a text in every place: two good ones and a bad one."""
    points = []
    for n in range(3):
        parameters = {"layer": n, "note": text}
        asked = request(run_id=f"1.{n + 1}", sweep="1.1", parameters=parameters)
        said = hostile(text) | {"run_id": asked.run_id, "sweep": "1.1", "parameters": parameters}
        if n:
            said |= {"status": Status.SUCCEEDED, "error": None, "figures": ()}
            said["metrics"] = {f"{text}!": 0.5 + n, "words": text}
        points.append(Point(asked, result(**said)))
    return Sweep("1.1", tuple(points), request().requested)


@given(TEXT, st.sampled_from(State))
@settings(max_examples=60)
def test_the_entry_of_a_sweep_is_safe_as_well(text: str, state: State) -> None:
    declared = DECLARED.model_copy(
        update={"metrics": Metrics(main=f"{text}!"[:100], headline=("words",))}
    )
    for known in (declared, None):
        body = sweep_entry(
            swept(text),
            state,
            declared=known,
            predictions=(),
            known_since=request().requested,
            picture=Shown("https://github.com/o/r/raw/x/figure-01.png", text, text),
        )
        page = github_page(body)
        assert_only_ours(page, pictures=1)
        assert not {"h1", "h2", "script", "input"} & set(page.tags)


def mistaken(text: str) -> Mistake:
    error = RequestError(text, where=text, right=text, culprit=text)
    return Mistake(error, text, f"/run {text}", before=1, after=1)


ON_GITHUB = Surroundings(
    page="https://github.com/o/r",
    log="https://github.com/o/r/actions/runs/1",
    kept={"refs/excursions/1/1": COMMIT},
)


def in_the_issue(text: str) -> list[str]:
    """The entries of an issue on GitHub, where they have links of their own."""
    said = Prediction(1, text, text, "2026-11-21T08:00:00Z", 0.5)
    trouble = dataclasses.replace(ON_GITHUB, kept=None, trouble=text)
    parameters = {"layer": 1, "note": text}
    return [
        shown(result(**hostile(text)), surroundings=ON_GITHUB, predictions=(said,)),
        shown(result(**hostile(text)), surroundings=trouble),
        running_entry(request(requested_by=text, parameters=parameters)),
        welcome_entry(EXCURSION, DECLARED, prompt=text, surroundings=ON_GITHUB),
        reply_entry((), mistaken(text)),
        sweep_entry(
            swept(text),
            State.ENDED,
            declared=DECLARED,
            predictions=(said,),
            known_since=request().requested,
            picture=None,
            surroundings=ON_GITHUB,
        ),
    ]


OURS = [github_page(body) for body in in_the_issue("word")]


@given(TEXT)
@settings(max_examples=80)
@example(ATTACKS[4])
def test_in_an_issue_only_our_own_links_are_links(text: str) -> None:
    for body, ours in zip(in_the_issue(text), OURS, strict=True):
        page = github_page(body)
        assert page.links == ours.links
        assert page.pictures == ours.pictures
        assert (page.comments, page.attributes, page.linked) == ([], set(), [])
        assert set(page.tags) <= {*ours.tags, *HARMLESS.tags}


@pytest.mark.parametrize("text", ["$\\frac{", "$x$ \\alpha", "\u202e\x1b[2J\x00", "{x} %s", ""])
def test_a_sweep_is_drawn_whatever_its_metrics_are_called(text: str) -> None:
    declared = DECLARED.model_copy(update={"metrics": Metrics(main=f"{text}!")})
    sweep = swept(text)
    metric = compared(sweep, declared)
    assert metric is not None
    chart = choose_chart(sweep, metric, declared)
    assert chart is not None
    assert draw_chart(chart).startswith(b"\x89PNG")


@given(TEXT)
@example("\u2028@ada")
def test_each_way_to_show_text_shows_it_alone(text: str) -> None:
    for written in (inline(text), paragraphs(text), code(text), fence(text), f"- {inline(text)}"):
        page = github_page(written)
        assert_only_ours(page)
        assert set(page.tags) <= {"p", "br", "code", "pre", "ul", "li"}
    seen = github_page(inline(text)).text.replace("\u200b", "").strip()
    assert seen == re.sub(r"\s+", " ", plain(text)).strip()


@given(TEXT)
def test_a_commit_message_or_a_title_notifies_and_closes_nothing(text: str) -> None:
    written = unlinked(text)
    assert "\n" not in written
    assert not re.search(r"@[a-z0-9]|#\d|(?<![a-z0-9])gh-\d|https?://", written, re.IGNORECASE)
    assert written.replace("\u200b", "") == re.sub(r"\s+", " ", plain(text)).strip()


@given(
    TEXT
    | st.lists(st.sampled_from(["::", ":", "##[", "#", "[", "\n", "\r", " ", "x"])).map("".join)
)
@example("::stop-commands::x")
@example(":::add-mask::x")
@example("###[error]x")
@example("\x1b[0m::set-output name=a::b")
@example(":\x1b[0m:warning::x")
def test_nothing_printed_to_a_jobs_log_is_a_command(text: str) -> None:
    for line in re.split(r"[\r\n]", logged(text)):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


def test_predictions_of_a_thread_are_shown_as_they_were_said() -> None:
    data = {"text": "@ada fixes #1", "author": "Bob", "stamped": "2026-11-21T08:00:00Z"}
    said = read_predictions(thread(entry(2, "prediction:1", data)))
    page = github_page(shown(result(), predictions=said))
    assert "@\u200bada fixes #\u200b1" in page.text
