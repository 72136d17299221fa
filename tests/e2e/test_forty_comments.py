"""One whole excursion as a play: forty comments by four people, from the label to the answer.

It is played on the local forge and on the emulated GitHub, and must leave the same thread on both:
that of `conversation.md`. Only this is made alike before they are compared:

- links: their words stay, a paragraph of nothing but links goes, commits that they lead to are
  numbered, and a pull request that brings the answer is a branch that is merged;
- the way commands are written: `excursion run 1 -p seed=3` at home, `/run seed=3` on GitHub.

The clock is the script's, executions are recorded outcomes, and this GitHub has no sub-issues, as
home has none. What there is on GitHub alone, comments that are delivered again and machines that
die half-way, leaves no trace, or the threads would differ.

    REWRITE=1 python -m pytest tests/e2e/test_forty_comments.py     # writes conversation.md anew
"""

from __future__ import annotations

import os
from pathlib import Path

from bench import CONFIG, Bench
from conftest import Repository
from conversations import (
    Again,
    AtHome,
    Deletes,
    Edits,
    Labels,
    OnGitHub,
    Says,
    Stage,
    Step,
    comments_of,
    play,
    recorded,
)
from rigs.github.server import Server

THREAD = Path(__file__).parent / "conversation.md"
PEOPLE = {"max": "maintain", "wes": "write", "tri": "triage", "rea": "read"}

TITLE = "Does a fair coin settle?"
BODY = "We flip it a thousand times and look at the share of heads."

SCRIPT: tuple[Step, ...] = (
    Says("rea", "Nice question! What would change your mind?"),
    Labels(
        "max",
        (
            "+ 🧭 Excursion 1 has begun",
            "+ label excursion",
            "+ label excursion:demo",
            "+ label template:blank",
        ),
    ),
    Says("wes", "/start", ("🚀",)),
    # -- slips
    Says("wes", "/halp", ("👎", "+ 👎 There is no command 'halp'")),
    Says(
        "rea",
        "/predict It settles at one half: share_of_heads>0.51 confidence=80%",
        ("🚀", "+ 🔮 rea predicts, 80 % sure"),
    ),
    Says(
        "tri",
        "/predict share_of_heads<0.5 confidence=140%",
        ("👎", "+ 👎 '140%' is not a confidence"),
    ),
    Says(
        "tri", "/predict share_of_heads<0.5 confidence=60%", ("🚀", "+ 🔮 tri predicts, 60 % sure")
    ),
    Says("rea", "/run seed=3", ("👎", "+ 👎 rea may not run here")),
    Says(
        "wes",
        "> /run seed=1\n\nLet us wait with that. Later we can do\n\n```\n/run seed=2\n```\n\n"
        "or `/run seed=4`.",
    ),
    Says("wes", "/run sed=3", ("👎", "+ 👎 There is no parameter 'sed'")),
    Edits("wes", "/run sed=3", "/run seed=3 (edited)"),
    Says("wes", "/run seed=three", ("👎", "+ 👎 seed='three' is not a whole number from 0 to …")),
    # -- the first run, and what people do meanwhile
    Says(
        "wes",
        "Here we go.\n\n/log The first run has the seed that everybody takes.\n/run seed=3",
        (
            "👀",
            "+ ⏳ Run 1.1 is running",
            "now: ⏳ run 1.1 under way.",
            "+ label excursion:running",
        ),
        meanwhile=(
            Says("rea", "While we wait:\n\n/status", ("🚀", "+ 🧭 Excursion 1 is running")),
            Says("tri", "/log It takes its **time**.", ("🚀", "~ 🧭 Excursion 1 has begun")),
            Says("max", "/close", ("👎", "+ 👎 Run 1.1 is still going")),
        ),
        ends=(
            "🚀",
            "~ 🔮 rea predicts, 80 % sure",
            "~ 🔮 tri predicts, 60 % sure",
            "~ ✅ Run 1.1 succeeded in 1.5 s",
            "now: ✅ run 1.1 succeeded.",
            "- label excursion:running",
        ),
        dies=3,
    ),
    Again("Here we go."),
    Says("max", "@excursions cancel", ("🚀", "+ Nothing of excursion 1 is being executed.")),
    # -- one that fails
    Says(
        "wes",
        "/run seed=13",
        (
            "🚀",
            "+ ❌ Run 1.2 failed after 1.5 s",
            "now: ❌ run 1.2 failed.",
        ),
    ),
    Says("tri", "/log Seed 13 is unlucky.", ("🚀", "~ 🧭 Excursion 1 has begun")),
    Says(
        "wes",
        "/retry",
        (
            "🚀",
            "~ 🔮 rea predicts, 80 % sure",
            "~ 🔮 tri predicts, 60 % sure",
            "+ ✅ Run 1.3 succeeded in 1.5 s",
            "now: ✅ run 1.3 succeeded.",
        ),
    ),
    Says("wes", "/params", ("🚀", "+ 🎛️ 2 parameters")),
    Says("rea", "/compare 1 9", ("👎", "+ 👎 There is no run 1.9")),
    # -- a sweep, and what it shows
    Says("wes", "/sweep seed=0..x", ("👎", "+ 👎 seed='0..x' is not a range")),
    Says(
        "wes",
        "/sweep seed=0..4",
        (
            "🚀",
            "~ 🔮 rea predicts, 80 % sure",
            "~ 🔮 tri predicts, 60 % sure",
            "+ ✅ Sweep 1.4: all 5 points succeeded",
            "now: ✅ sweep 1.4: 5 of 5 points succeeded.",
        ),
        dies=2,
    ),
    Says("rea", "/compare 1 5", ("🚀", "+ ⚖️ Runs 1.1 and 1.5 compared")),
    Again("/compare 1 5"),
    Says(
        "wes",
        "Just to be sure:\n\n/eval\n```python\nsum([0, 1, 1, 0]) / 4\n```",
        (
            "🚀",
            "+ ✅ Eval 1.9 took 1.5 s",
            "now: ✅ eval 1.9 succeeded.",
        ),
    ),
    Says(
        "rea",
        "/predict The control is the same everywhere. confidence=95%",
        ("🚀", "+ 🔮 rea predicts, 95 % sure"),
    ),
    Deletes("max", "/predict The control"),
    # -- results that readers cannot see yet
    Says(
        "max",
        "/spoiler on",
        ("🚀", "~ 🧭 Excursion 1 has begun", "+ 🙈 Results of runs and sweeps are posted folded …"),
    ),
    Says(
        "wes",
        "/run seed=21 timeout=5m",
        (
            "🚀",
            "~ 🔮 rea predicts, 80 % sure",
            "~ 🔮 tri predicts, 60 % sure",
            "+ ✅ Run 1.10 succeeded in 1.5 s",
            "now: ✅ run 1.10 succeeded.",
        ),
    ),
    Says("tri", "/predict share_of_heads>0.7", ("🚀", "+ 🔮 tri predicts")),
    Says(
        "max",
        "/spoiler off",
        (
            "🚀",
            "~ 🧭 Excursion 1 has begun",
            "~ 🔮 rea predicts, 80 % sure",
            "~ 🔮 tri predicts, 60 % sure",
            "~ ✅ Run 1.10 succeeded in 1.5 s",
            "~ 🔮 tri predicts",
            "+ 🙉 Results are posted open from now on, and so are …",
        ),
    ),
    Again("/spoiler off"),
    # -- again
    Says(
        "wes",
        "/reproduce 1",
        (
            "🚀",
            "~ 🔮 rea predicts, 80 % sure",
            "~ 🔮 tri predicts, 60 % sure",
            "+ ✅ Run 1.11 reproduces run 1.1: all 2 metrics …",
            "now: ✅ run 1.11 succeeded.",
        ),
    ),
    Says("wes", "/reproduce 99", ("👎", "+ 👎 There is no run 1.99 with a result")),
    # -- parts, and a change of mind
    Says(
        "max",
        '/split "Does a biased coin settle?" "Do two coins settle?"',
        ("🚀", "+ 🌿 Split into 2 questions"),
    ),
    Says("rea", "<!-- /answer It does. -->\nThanks, all of you!"),
    Says(
        "max",
        "/close Nobody has time.",
        (
            "🚀",
            "+ ⚫ Closed without an answer",
            "now: ⚫ Closed without an answer; see below.",
            "issue: closed",
        ),
    ),
    Says("wes", "/run seed=8", ("👎", "+ 👎 Issue 1 is closed")),
    Says("rea", "/reopen", ("👎", "+ 👎 rea may not reopen here")),
    Says(
        "max",
        "/reopen\n/log We have time again.",
        (
            "🚀",
            "+ 🔁 Opened again",
            "now: 🔁 Opened again; see below.",
            "issue: open",
        ),
    ),
    # -- the answer
    Says(
        "wes",
        "/answer It does, to within 0.05. outcome=confrimed",
        ("👎", "+ 👎 'confrimed' is not an outcome"),
    ),
    Says(
        "wes",
        "/answer It settles at one half, to within 0.05. outcome=confirmed",
        (
            "🚀",
            "+ 🟢 Answered: confirmed",
            "now: 🟢 Answered: confirmed; see below.",
            "issue: closed",
            "+ label excursion:answered",
        ),
        merges=True,
        dies=2,
    ),
    Again("/answer It settles"),
    Says("rea", "/status", ("🚀", "+ 🧭 Excursion 1 is answered: confirmed")),
)


def check(stage: Stage) -> None:
    """Play the script, and hold what was seen at each step and the whole thread."""
    played = play(stage, TITLE, BODY, SCRIPT)
    differ = [f"{name}\n  {seen}" for name, wanted, seen in played.seen if wanted != seen]
    if os.environ.get("REWRITE"):
        THREAD.write_text(played.thread)
    assert not differ, "\n".join(differ)
    assert played.thread == THREAD.read_text()


def test_it_is_of_forty_comments_by_four_people() -> None:
    said = comments_of(SCRIPT)
    assert len(said) == 40
    assert {each.who for each in said} == set(PEOPLE)


def test_on_the_local_forge(repository: Repository) -> None:
    check(AtHome(repository.top, PEOPLE, recorded))


def test_on_github(github: Server, tmp_path: Path) -> None:
    bench = Bench(github, tmp_path / "jobs", CONFIG)
    bench.prepare()
    github.world.refuses_sub_issues = True  # at home there are none either
    check(OnGitHub(bench, recorded))
