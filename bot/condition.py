"""Text ─► the condition on a metric in it, such as `accuracy > 0.9`; a value ─► whether it holds.

A condition is `metric operator value`, the other way round (`0.9 < accuracy`), or lies between two
bounds (`0.3 < loss < 0.5`). It may stand anywhere in a text, with or without blanks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from bot.errors import RequestError
from runner.records import Metric

_TRUTHS = {"true": True, "false": False, "yes": True, "no": False}
_SAME = {"≤": "<=", "≥": ">=", "≠": "!=", "=<": "<=", "=>": ">="}  # ways to write an operator
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_OPERATOR = r"<=|>=|==|!=|=<|=>|<|>|≤|≥|≠"
_NUMBER = r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{1,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?(?: ?%)?"
_END = r"(?![\w%]|\.[0-9])"
_METRIC = r"(?<![\w./@-])[^\W\d](?:[\w./@-]{0,98}[\w@])?"
_GAP = r"[ \t]{0,9}"
_CONDITION = re.compile(
    rf"(?:(?<![\w.])(?P<low>{_NUMBER}){_GAP}(?P<first>{_OPERATOR}){_GAP}|(?<![<>=]))"
    rf"(?P<metric>{_METRIC}){_GAP}(?P<second>{_OPERATOR}){_GAP}"
    rf"(?P<value>{_NUMBER}|true|false|yes|no){_END}"
    rf"|(?<![\w.])(?P<left>{_NUMBER}){_GAP}(?P<only>{_OPERATOR}){_GAP}(?P<right>{_METRIC})(?![\w/@])"
)
_ENDS_WORD = re.compile(r"[.,;:!?]?(?:\s|$)")


@dataclass(frozen=True)
class Bound:
    """What a value is held against."""

    operator: str  # as in Python: <, <=, >, >=, ==, !=
    text: str  # as it was written: 0.9, 90%, true

    @property
    def value(self) -> Decimal | bool:
        """The number or the truth value; 90% is 0.9."""
        if self.text in _TRUTHS:
            return _TRUTHS[self.text]
        if self.text.endswith("%"):
            return Decimal(self.text[:-1].strip()) / 100
        return Decimal(self.text)

    def holds(self, value: Decimal) -> bool:
        """Say whether a number is as it should be; what is not a number never is."""
        other = self.value
        if isinstance(other, bool) or value.is_nan():
            return False
        return {
            "<": value < other,
            "<=": value <= other,
            ">": value > other,
            ">=": value >= other,
            "==": value == other,
            "!=": value != other,
        }[self.operator]


@dataclass(frozen=True)
class Condition:
    """What a metric shall be."""

    metric: str
    bounds: tuple[Bound, ...]  # one, or the lower and the upper

    def holds(self, value: Metric) -> bool | None:
        """Say whether a recorded value is so; None where the two cannot be held against each other.

        A truth value is held against a truth value only, a number against a number; text that is
        no number decides nothing.
        """
        wanted = self.bounds[0]
        if isinstance(value, bool) or isinstance(wanted.value, bool):
            if not (isinstance(value, bool) and isinstance(wanted.value, bool)):
                return None
            return (value == wanted.value) == (wanted.operator == "==")
        number = _number(value)
        return None if number is None else all(bound.holds(number) for bound in self.bounds)

    def __str__(self) -> str:
        """Write it as `find_condition` reads it: `accuracy > 0.9`, `0.3 < loss < 0.5`."""
        if len(self.bounds) == 1:
            return f"{self.metric} {self.bounds[0].operator} {self.bounds[0].text}"
        low, high = self.bounds
        return f"{low.text} {_MIRRORED[low.operator]} {self.metric} {high.operator} {high.text}"


def find_condition(text: str) -> Condition | None:
    """Find the one condition in a text, None where there is none.

    Raises:
        RequestError: There are several, or it is one that nothing could meet.
    """
    found = list(_CONDITION.finditer(text))
    if not found:
        return None
    if len(found) > 1:
        raise RequestError(
            f"a prediction has one condition, this has {len(found)}: "
            + ", ".join(match[0] for match in found[:5]),
            right="Predict each for itself; a metric between two bounds is 0.3<loss<0.5.",
            culprit=found[1][0],
        )
    return _read(found[0])


def around_condition(text: str) -> tuple[str, str, str] | None:
    """Part a text into what comes before its condition, the condition as written, and the rest.

    None where there is no condition, or where it is no word of its own.
    """
    match = _CONDITION.search(text)
    if match is None:
        return None
    before, after = text[: match.start()], text[match.end() :]
    apart = not before or before[-1].isspace()
    return (before, match[0], after) if apart and _ENDS_WORD.match(after) else None


def has_condition(text: str) -> bool:
    """Say whether there is anything like a condition in a text."""
    return _CONDITION.search(text) is not None


def read_condition(text: object) -> Condition | None:
    """Read a condition back that was written, None where it is none (any more)."""
    if not isinstance(text, str):
        return None
    try:
        return find_condition(text)
    except RequestError:
        return None


def _read(match: re.Match[str]) -> Condition:
    if match["right"]:
        operator = _MIRRORED[_plain(match["only"])]
        return Condition(match["right"], (Bound(operator, _text(match["left"])),))
    operator = _plain(match["second"])
    bound = Bound(operator, _text(match["value"]))
    if isinstance(bound.value, bool) and (operator not in ("==", "!=") or match["low"]):
        raise _refused(match[0], "a truth value is or is not", "Write settled==true.")
    if not match["low"]:
        return Condition(match["metric"], (bound,))
    other = Bound(_MIRRORED[_plain(match["first"])], _text(match["low"]))
    low, high = (other, bound) if other.operator.startswith(">") else (bound, other)
    if not (low.operator.startswith(">") and high.operator.startswith("<")):
        raise _refused(match[0], "both signs must point the same way", "Write 0.3<loss<0.5.")
    touch = (low.operator, high.operator) == (">=", "<=")
    touch = (low.operator, high.operator) == (">=", "<=")
    if low.value > high.value or (low.value == high.value and not touch):
        raise _refused(match[0], "nothing lies between these bounds", "Write 0.3<loss<0.5.")
    return Condition(match["metric"], (low, high))


def _refused(text: str, why: str, right: str) -> RequestError:
    return RequestError(f"{text!r} cannot be met: {why}", right=right, culprit=text)


def _plain(operator: str) -> str:
    return _SAME.get(operator, operator)


def _text(value: str) -> str:
    return value.replace(" ", "").removeprefix("+")


def _number(value: Metric) -> Decimal | None:
    """Give a number as it is written, so that 0.9 is 0.9; None for text that is none."""
    if isinstance(value, str):
        word = value.lower().removeprefix("-")  # what is not finite travels as a word
        return Decimal(value) if word in {"nan", "inf", "infinity"} else None
    return Decimal(value if isinstance(value, int) else str(value))
