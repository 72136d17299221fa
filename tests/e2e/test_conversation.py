"""One whole excursion as a play: forty comments by four people, from the label to the answer.

It is played on the local forge and on the emulated GitHub, and leaves the same thread on both: the
one in `conversation.md`. What is made alike before they are compared is just this:

- links, of which the words are left (`[notebook](…)`), and pictures, of which their titles are;
- the way commands are written: `excursion run 1 -p seed=3` at home, `/run seed=3` on GitHub.

The clock is the script's, and executions are the same recorded outcomes. What only GitHub has,
deliveries that come twice, machines that die half-way, a pull request that somebody merges, leaves
no trace, or it would be seen here.

    REWRITE=1 python -m pytest tests/e2e/test_conversation.py      # writes conversation.md anew
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
    Labels("max"),
    Says("wes", "/start"),
    # -- slips
    Says("wes", "/halp"),
    Says("rea", "/predict It settles at one half: share_of_heads>0.51 confidence=80%"),
    Says("tri", "/predict share_of_heads<0.5 confidence=140%"),
    Says("tri", "/predict share_of_heads<0.5 confidence=60%"),
    Says("rea", "/run seed=3"),
    Says(
        "wes",
        "> /run seed=1\n\nLet us wait with that. Later we can do\n\n```\n/run seed=2\n```\n\nor "
        "`/run seed=4`.",
    ),
    Says("wes", "/run sed=3"),
    Edits("wes", "/run sed=3", "/run seed=3 (edited)"),
    Says("wes", "/run seed=three"),
    # -- the first run
    Says(
        "wes",
        "Here we go.\n\n/log The first run has the seed that everybody takes.\n/run seed=3",
        meanwhile=(
            Says("rea", "While we wait:\n\n/status"),
            Says("tri", "/log It takes its **time**."),
            Says("max", "/close"),
        ),
        dies=3,
    ),
    Again("Here we go."),
    Says("max", "@excursions cancel"),
    Says("wes", "/run seed=13"),
    Says("tri", "/log Seed 13 is unlucky."),
    Says("wes", "/retry"),
    Says("wes", "/params"),
    Says("rea", "/compare 1 9"),
    # -- a sweep
    Says("wes", "/sweep seed=0..x"),
    Says("wes", "/sweep seed=0..4", dies=2),
    Says("rea", "/compare 1 5"),
    Again("/compare 1 5"),
    Says("wes", "Just to be sure:\n\n/eval\n```python\nsum([0, 1, 1, 0]) / 4\n```"),
    Says("rea", "/predict The control is the same everywhere. confidence=95%"),
    Deletes("max", "/predict The control"),
    # -- results that readers cannot see yet
    Says("max", "/spoiler on"),
    Says("wes", "/run seed=21 timeout=5m"),
    Says("tri", "/predict share_of_heads>0.7"),
    Says("max", "/spoiler off"),
    Again("/spoiler off"),
    Says("wes", "/reproduce 1"),
    Says("wes", "/reproduce 99"),
    # -- parts, and a change of mind
    Says("max", '/split "Does a biased coin settle?" "Do two coins settle?"'),
    Says("rea", "<!-- /answer It does. -->\nThanks, all of you!"),
    Says("max", "/close Nobody has time."),
    Says("wes", "/run seed=8"),
    Says("rea", "/reopen"),
    Says("max", "/reopen\n/log We have time again."),
    # -- the answer
    Says("wes", "/answer It does, to within 0.05. outcome=confrimed"),
    Says(
        "wes",
        "/answer It settles at one half, to within 0.05. outcome=confirmed",
        merges=True,
        dies=2,
    ),
    Again("/answer It settles"),
    Says("rea", "/status"),
)


def check(stage: Stage) -> None:
    """Play the script, and hold what was seen at each step and the whole thread."""
    played = play(stage, TITLE, BODY, SCRIPT)
    differ = [f"{name}\n  {seen}" for name, wanted, seen in played.seen if wanted != seen]
    if os.environ.get("REWRITE"):
        THREAD.write_text(played.thread)
    if os.environ.get("DUMP"):
        out = Path(os.environ["DUMP"], type(stage).__name__)
        out.with_suffix(".md").write_text(played.thread)
        out.with_suffix(".seen").write_text("\n".join(f"{n}\n  {s}" for n, _, s in played.seen))
        import pickle

        out.with_suffix(".pickle").write_bytes(pickle.dumps([s for _, _, s in played.seen]))
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
