"""For each command's word, any such command that somebody could write: a new one needs its own."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from bot.command import (
    Answer,
    Block,
    Cancel,
    Close,
    Command,
    Compare,
    Eval,
    Help,
    Log,
    Params,
    Predict,
    Reopen,
    Reproduce,
    Retry,
    Run,
    Split,
    Spoiler,
    Start,
    Status,
    Sweep,
    Templates,
)
from bot.commands import COMMANDS
from bot.excursion import Outcome

TEXT = st.text() | st.lists(
    st.sampled_from([*"abc =\"'[],\\/-`<&\n\t\r ", "confidence=70%", "run=", "“", "\ue000", "\\n"])
).map("".join)
NUMBER = st.integers(1, 10**6 - 1)
_LIMIT = st.none() | st.sampled_from(["90s", "1.5h"]) | TEXT
_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in ("timeout", "cell_timeout", "jobs", "runner", "after")
)
PAIRS = st.dictionaries(_NAMES, TEXT, max_size=4)
_FLAG = st.booleans()

_LINES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp", "Co")))
    | st.sampled_from(["```", "~~~~", "/run", "    indented", "", "# %% x", "<!--"])
)
_BLOCK = st.builds(
    Block, _LINES.map("\n".join), st.sampled_from(["", "python", "py", "math", "julia"])
)

WRITTEN: Mapping[str, st.SearchStrategy[Command]] = {
    "start": st.builds(Start, st.none() | TEXT, PAIRS),
    "run": st.builds(Run, PAIRS, _LIMIT, st.just(False), _FLAG, _LIMIT, _LIMIT),
    "sweep": st.builds(Sweep, PAIRS, st.none() | NUMBER, _LIMIT, _FLAG, _FLAG, _LIMIT, _LIMIT),
    "eval": st.builds(Eval, st.none() | _BLOCK, _LIMIT, _LIMIT, _LIMIT, _FLAG),
    "reproduce": st.builds(Reproduce, NUMBER, _LIMIT, _LIMIT, _LIMIT),
    "cancel": st.builds(Cancel, st.none() | NUMBER),
    "retry": st.builds(Retry, st.none() | NUMBER, _FLAG, _LIMIT, _LIMIT, _LIMIT),
    "compare": st.builds(Compare, st.lists(NUMBER, min_size=2, max_size=6, unique=True).map(tuple)),
    "predict": st.builds(
        Predict, TEXT, st.none() | st.integers(0, 10_000).map(lambda n: round(n / 10_000, 6))
    ),
    "log": st.builds(Log, TEXT),
    "answer": st.builds(Answer, TEXT, st.none() | st.sampled_from(Outcome), st.none() | NUMBER),
    "close": st.builds(Close, TEXT),
    "reopen": st.just(Reopen()),
    # Of several words without blanks nobody knows whether each is a question.
    "split": st.builds(
        Split, st.lists(TEXT.map("x {}y".format), min_size=1).map(tuple) | st.tuples(TEXT)
    ),
    "spoiler": st.builds(Spoiler, _FLAG),
    "status": st.just(Status()),
    "params": st.just(Params()),
    "templates": st.just(Templates()),
    "help": st.builds(Help, st.none() | st.sampled_from(sorted(COMMANDS))),
}
