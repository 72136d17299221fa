"""A word that is no command ─► the command that was probably meant, if it was meant to be one.

`/rnu layer=3` is a slip; `/usr/bin`, `/s`, `/shrug` and `/fun` are not ours to remark upon.
"""

from __future__ import annotations

from collections.abc import Iterable

_LONG = 6  # letters, from which on two slips in a word are forgiven
_SHORT = 3  # letters, up to which another letter makes another word


def meant(word: str, known: Iterable[str], *, surely: bool) -> str | None:
    """Say which known word was probably meant; None where it is no slip, or nothing is near.

    Args:
        word: What was written, of letters only.
        known: The words that there are.
        surely: Whether it was meant to be a command: the bot is addressed, or pairs follow.
    """
    word = word.lower()
    found = sorted((distance(word, each), each) for each in known if each != word)
    for slips, near in found:
        most = 2 if len(near) >= _LONG else 1
        if slips > most:
            continue
        if surely or (near[0] == word[0] and not _is_another(word, near)):
            return near
    return None


def _is_another(word: str, near: str) -> bool:
    """Say whether a short word is another word of the language rather than a slip."""
    return len(near) <= _SHORT and len(word) == len(near) and sorted(word) != sorted(near)


def distance(one: str, other: str) -> int:
    """Count the slips between two words: a letter too much, missing, wrong, or two exchanged.

    The optimal string alignment distance of Damerau and Levenshtein.
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and (a, b) == (other[j - 2], one[i - 2]):
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]
