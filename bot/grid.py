"""Axes as people write them ─► the points of a grid; ranges are exact, in decimals.

layer=0..11           every whole number from 0 to 11
scale=0..1:0.25       0, 0.25, 0.5, 0.75, 1
seed=[1, 2, 7..9]     a list, in which ranges may stand too
prompt=["a, b", "c"]  texts, quoted where they hold a comma, a quote or blanks that matter
steps=50              one value: an axis of one
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise, product

from bot.errors import RequestError
from bot.parameters import Declaration, Declarations, Sets, Value, bind, convert, written
from bot.quoting import INSIDE_DOUBLE, INSIDE_SINGLE, is_odd, quote, unquoted

MOST_POINTS = 256

_NUMBER = r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})(?::({_NUMBER}))?")
_COMMAS = re.compile(rf"{_NUMBER}(?:\s*,\s*{_NUMBER})+,?")
_LIKE_A_RANGE = re.compile(rf"({_NUMBER})(?:\s*[-–—:]\s*|\s*(?:…|\.{{3}})\s*)({_NUMBER})")
_ITEM = re.compile(rf"""\s*+(?:("{INSIDE_DOUBLE}"|'{INSIDE_SINGLE}')\s*|([^,"']*))(,|$)""")
_DIGITS = 400  # enough for every sum of two numbers as _NUMBER reads them
_RIGHT = "Write 0..11, 0..1:0.25, [1,2,3] or one value."
_RIGHT_LIST = 'Write [1,2,3]; a text that begins with [ goes into one, quoted: ["[MASK]"].'


@dataclass(frozen=True)
class _Range:
    """Numbers from the first on, in equal steps."""

    first: Decimal
    step: Decimal
    count: int

    def texts(self) -> Iterator[str]:
        with localcontext(prec=_DIGITS):
            for place in range(self.count):
                yield _plain(self.first + place * self.step)


_Items = Sequence[str | _Range]


def expand(
    declared: Declarations, given: Mapping[str, str], *, where: str, sets: Sets | None = None
) -> tuple[dict[str, Value], ...]:
    """Give the points of a grid, each with a value for every declared parameter.

    The first axis changes slowest; a point that occurs twice is given once.

    Args:
        declared: What the notebook may be given.
        given: Parameter ─► its values as a person wrote them, and `set` ─► the name of a set.
        where: What the values were given with, for messages.
        sets: The sets that there are.

    Raises:
        RequestError: A name or a value is not allowed, an axis cannot be read, or there are more
            points than `MOST_POINTS`.
    """
    rest = {name: text for name, text in given.items() if name not in declared}
    defaults = bind(declared, rest, where=where, sets=sets)
    given = {name: text for name, text in given.items() if name in declared}
    read = {name: _items(name, declared[name], text, where) for name, text in given.items()}
    counts = {name: sum(_count(item) for item in items) for name, items in read.items()}
    if any(_count(item) > MOST_POINTS for items in read.values() for item in items):
        raise _too_many(counts, where)
    axes = {name: _values(name, declared[name], items, where) for name, items in read.items()}
    counts = {name: len(values) for name, values in axes.items()}
    if math.prod(counts.values()) > MOST_POINTS:
        raise _too_many(counts, where)
    return tuple(
        defaults | dict(zip(axes, point, strict=True)) for point in product(*axes.values())
    )


def write_axis(values: Sequence[Value]) -> str:
    """Write values as an axis that `expand` reads as just these, as short as it can be."""
    if len(values) == 1 and not isinstance(values[0], str):
        return written(values[0])
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) == len(values) and not any(isinstance(value, bool) for value in values):
        return _written_range(numbers) or f"[{','.join(written(value) for value in values)}]"
    texts = [_quoted(value) if isinstance(value, str) else written(value) for value in values]
    if len(values) == 1 and texts[0] == values[0] and not texts[0].startswith("["):
        return texts[0]
    return f"[{','.join(texts)}]"


def _items(name: str, declaration: Declaration, text: str, where: str) -> _Items:
    """Part an axis into values and ranges, without expanding any."""
    stripped = text.strip()
    if not stripped.startswith("["):
        return [_item(name, declaration, text, where)]
    if not stripped.endswith("]") or len(stripped) == 1:
        raise RequestError(
            f"{name}={_short(text)} is a list that does not end",
            where=where,
            right=_RIGHT_LIST,
            culprit=f"{name}=",
        )
    inside, at = stripped[1:-1], 0
    if not inside.strip():
        raise RequestError(
            f"{name}={_short(text)} has no values",
            where=where,
            right=_RIGHT_LIST,
            culprit=f"{name}=",
        )
    items: list[str | _Range] = []
    more = True
    while more:
        match = _ITEM.match(inside, at)
        if match is None or (match[2] is not None and not match[2].strip()):
            raise RequestError(
                f"{name}={_short(text)} cannot be read after {len(items)} "
                f"value{'' if len(items) == 1 else 's'}",
                where=where,
                right='Part values by commas; put quotes around texts: ["a, b", "c"].',
                culprit=f"{name}=",
            )
        items.append(
            unquoted(match[1])
            if match[1] is not None
            else _item(name, declaration, match[2].strip(), where)
        )
        at, more = match.end(), match[3] == ","
    return items


def _item(name: str, declaration: Declaration, text: str, where: str) -> str | _Range:
    """Read one value, or a range where a number is declared."""
    if declaration.type in {"str", "bool"}:
        return text
    meant = _meant(text.strip())
    if meant:
        raise RequestError(
            f"{name}={_short(text)} is no number",
            where=where,
            right=f"Did you mean {name}={meant}?",
            culprit=f"{name}=",
        )
    if ".." not in text:
        return text
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise RequestError(
            f"{name}={_short(text)} is not a range", where=where, right=_RIGHT, culprit=f"{name}="
        )
    first, last = Decimal(match[1]), Decimal(match[2])
    if match[3] is None and not all(
        number == number.to_integral_value() for number in (first, last)
    ):
        raise RequestError(
            f"{name}={_short(text)} needs a step, since it is not between whole numbers",
            where=where,
            right=f"Write it with one, as in {match[1]}..{match[2]}:0.1.",
            culprit=f"{name}=",
        )
    step = Decimal(match[3] or 1)
    if match[3] is None or step > 0:
        step = step if last >= first else -step
    if step == 0 or (last - first) * step < 0:
        problem = "has a step of nothing" if step == 0 else "never gets to its end"
        raise RequestError(
            f"{name}={_short(text)} {problem}", where=where, right=_RIGHT, culprit=f"{name}="
        )
    count = (Fraction(last) - Fraction(first)) // Fraction(step) + 1
    return _Range(first, step, int(count))


def _meant(text: str) -> str:
    """Say which axis was probably meant by what is nearly one; empty where nothing is near."""
    if _COMMAS.fullmatch(text):
        return f"[{re.sub(r'[ ]+', '', text).rstrip(',')}]"
    match = _LIKE_A_RANGE.fullmatch(text)
    return f"{match[1]}..{match[2]}" if match else ""


def _values(name: str, declaration: Declaration, items: _Items, where: str) -> tuple[Value, ...]:
    """Convert an axis's values as they are declared, each kept once."""
    texts = (text for item in items for text in ([item] if isinstance(item, str) else item.texts()))
    return tuple(dict.fromkeys(convert(name, declaration, text, where=where) for text in texts))


def _count(item: str | _Range) -> int:
    return 1 if isinstance(item, str) else item.count


def _too_many(counts: Mapping[str, int], where: str) -> RequestError:
    total = math.prod(counts.values())
    many = {name: count for name, count in counts.items() if count > 1}
    sizes = ", ".join(f"{name} has {_spoken(count)}" for name, count in many.items())
    return RequestError(
        f"the grid has {_spoken(total)} points, {MOST_POINTS} at most",
        where=where,
        right=f"{sizes} values. Take fewer, or sweep in parts." if sizes else "",
    )


def _spoken(count: int) -> str:
    return f"{count:,}" if count < 10**15 else f"some 10^{round(math.log10(count))}"


def _plain(number: Decimal) -> str:
    """Write a number as `convert` reads it: whole ones without an exponent."""
    whole = number == number.to_integral_value()
    return f"{number.to_integral_value():f}" if whole and abs(number) < 10**18 else str(number)


def _written_range(numbers: Sequence[int | float]) -> str | None:
    """Write three or more numbers in equal steps as a range."""
    if len(numbers) < 3:
        return None
    exact = [Decimal(str(number)) for number in numbers]
    with localcontext(prec=_DIGITS):
        step = exact[1] - exact[0]
        if not step or any(b - a != step for a, b in pairwise(exact)):
            return None
    ends = f"{written(numbers[0])}..{written(numbers[-1])}"
    text = ends if abs(step) == 1 and isinstance(numbers[0], int) else f"{ends}:{_plain(abs(step))}"
    return text if _RANGE.fullmatch(text) else None


def _quoted(text: str) -> str:
    """Quote a text where it needs to be."""
    bare = text and text == text.strip() and not re.search(r"""[,"'\[\]\s]""", text)
    if bare and not is_odd(text):
        return text
    plain = '"' in text and "'" not in text and not is_odd(text)
    return f"'{text}'" if plain else quote(text)


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
