"""The entry of a run or a sweep ◄─► the same with its results folded, for readers to predict first.

Folding and unfolding are operations on the entry's text, so that an entry is unfolded as it was
written, whatever has become of the run's files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.thread import WELCOME, Thread

SPOILER = "spoiler"  # what the welcome remembers the switch as
FOLDED = "folded"  # what a folded entry remembers, and which command unfolded it
_OPEN = "open for its results"
_PARTS = re.compile(
    rf"(?P<heading>### [^\n]*)\n\n(?P<lead>[^\n]*)\n\n"
    rf"<details><summary>[^<\n]* · {_OPEN}</summary>\n\n(?P<inside>.*)\n\n</details>\s*",
    re.DOTALL,
)
_HEADING = "### "
_SCORED = re.compile(  # as bot.log.predictions folds it
    r"<details><summary>(?:What came of it|Said late)</summary>\n\n(.*?)\n\n</details>", re.DOTALL
)


def spoilers_fold(thread: Thread) -> bool:
    """Say whether results are posted folded in a thread from now on."""
    welcome = thread.entry(WELCOME)
    switch = ((welcome.data if welcome else None) or {}).get(SPOILER)
    return isinstance(switch, dict) and switch.get("on") is True


def is_folded(data: Mapping[str, Any] | None) -> bool:
    """Say whether an entry that remembers this is folded."""
    return (data or {}).get(FOLDED) is True


def folded_results(entry: str, heading: str, summary: str) -> str:
    """Fold an entry's results away.

    Args:
        entry: Its first paragraph is its heading; its second says what was asked for, and nothing
            of what came out.
        heading: What may stand in the heading's place: it says nothing of the outcome either.
        summary: What the fold is of, such as `Run 12.3 succeeded`.
    """
    own, _, rest = entry.partition("\n\n")
    lead, _, results = rest.partition("\n\n")
    if not results:
        return entry
    inside = results if own == heading else f"{own}\n\n{results}"
    return (
        f"{heading}\n\n{lead}\n\n<details><summary>{summary} · {_OPEN}</summary>\n\n"
        f"{inside}\n\n</details>"
    )


def unfolded_results(entry: str) -> str | None:
    """Give an entry as it was before it was folded; None where somebody has changed the fold."""
    match = _PARTS.fullmatch(entry.strip())
    if match is None:
        scored, folds = _SCORED.subn(r"\1", entry)
        return scored if folds else None
    heading, lead, inside = match["heading"], match["lead"], match["inside"]
    if inside.startswith(_HEADING):
        heading, _, inside = inside.partition("\n\n")
    return f"{heading}\n\n{lead}\n\n{inside}"
