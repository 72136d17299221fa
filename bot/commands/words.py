"""What follows a command's word ◄─► its words and `name=value` pairs, with quotes if need be.

Most commands know what words they take: `/run force layer=3 prompt="a b" seed=[1, 2, 3]`. Others
take a text, `/log loss=3 is "bad"`, in which only the pairs that the command knows are pairs.

Reading looks at each character a bounded number of times, and fails only for commands that take
no text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bot.errors import RequestError, did_you_mean, nearest
from bot.quoting import LIST, QUOTED, bare_or_quoted, is_odd, quote, unquoted

Words = tuple[str, ...]

_NAME = re.compile(r"(?:[-–—]{1,2}(?=[A-Za-z]))?([A-Za-z_][A-Za-z0-9_-]*)=")
_BARE = re.compile(r"\S*")
_BLANKS = re.compile(r"\s*")
_FLAG = re.compile(r"(?:--|[–—])([A-Za-z][A-Za-z-]*)")
_PARAMETER = frozenset(("-p", "--param", "--parameter"))  # as on the command line
_COLON = re.compile(r"([A-Za-z_][A-Za-z0-9_]*):(\S*)")
_EQUALS = re.compile(r"=(?!=)")
_LONG_NAME = 5  # from which on a name in a text that is nearly an option's is taken for a slip


@dataclass(frozen=True)
class Token:
    """A word or a pair, and where it stands.

    Attributes:
        text: As it was written.
        value: What it says, without quotes.
        name: Of a pair; empty for a word.
        quoted: Whether the value was in quotes.
    """

    text: str
    value: str
    name: str = ""
    quoted: bool = False


def tokens(text: str, *, free: bool = False) -> Iterator[Token]:
    """Part text into words and pairs.

    Args:
        text: What follows a command's word.
        free: Whether it is people's own text, in which no list or quote needs to end.

    Raises:
        RequestError: A quote or a list does not end, and the text is not free.
    """
    at = _end(_BLANKS, text, 0)
    while at < len(text):
        named = _NAME.match(text, at)
        begins = named.end() if named else at
        end, quoted = _value(text, begins, free=free)
        value = text[begins:end]
        if quoted and not (free and named is None):
            value = unquoted(value)
        name = named[1].replace("-", "_") if named else ""
        yield Token(text[at:end], value, name, quoted)
        at = _end(_BLANKS, text, end)


def split_words(
    text: str, options: tuple[str, ...] | None, *, free: bool = False
) -> tuple[Words, dict[str, str]]:
    """Part what follows a command's word into words and `name=value` pairs.

    Args:
        text: What follows the word.
        options: The pairs that the command knows; None for any.
        free: Whether the words are a text: then a pair of any other name is a part of it, and so
            are quotes, but for those around the whole.

    Raises:
        RequestError: A pair is given twice or not known, or a quote does not end.
    """
    found = list(tokens(text, free=free))
    if not free:
        _check_colons(found)
    _check_blanks(found, options if free else None, free=free)
    pairs = any(token.name for token in found)
    words: list[Token] = []
    named: dict[str, str] = {}
    for token in found:
        if token.name and options is not None and token.name not in options:
            if not free or _nearly(token.name, options):
                raise _unknown_option(token, options)
            words.append(token)
        elif not token.name:
            words += [token] if free else _forgiven(token, pairs=pairs)
        elif token.name in named:
            raise RequestError(
                f"{token.name!r} is given twice", right="Give it once.", culprit=token.text
            )
        else:
            named[token.name] = token.value
    if free and len(words) == 1 and words[0].quoted:
        return (unquoted(words[0].text, letters=False),), named
    return tuple(token.text if free else token.value for token in words), named


def no_words(word: str, words: Words) -> None:
    """Refuse words behind a command that has none.

    Raises:
        RequestError: There is one.
    """
    if words:
        raise RequestError(
            f"{word} does not know the word {words[0]!r}",
            right=f"Write /{word} alone.",
            culprit=words[0],
        )


def write_line(word: str, *parts: str) -> str:
    """Write a command's line from parts that were written by the functions below."""
    return " ".join([f"/{word}", *(part for part in parts if part)])


def write_word(text: str) -> str:
    """Write one word of a command."""
    like_another = _NAME.match(text) or text.startswith(("-", "–", "—", "["))
    return quote(text) if like_another or {"=", ":"} & set(text) else bare_or_quoted(text)


def write_pair(name: str, value: str) -> str:
    """Write a pair."""
    return f"{name}={bare_or_quoted(value)}"


def write_pairs(named: Mapping[str, str | None]) -> str:
    """Write pairs, but for those without a value."""
    return " ".join(write_pair(n, value) for n, value in named.items() if value is not None)


def write_text(text: str, options: tuple[str, ...]) -> str:
    """Write a text, in quotes if something in it would be read as something else."""
    if not text:
        return ""
    try:
        plain = not is_odd(text) and split_words(text, options, free=True)
    except RequestError:
        plain = False
    return text if plain and plain == (tuple(text.split(" ")), {}) else quote(text)


def _value(text: str, at: int, *, free: bool) -> tuple[int, bool]:
    """Find where a word or a value ends, and whether it is in quotes."""
    first = text[at : at + 1]
    bare = _end(_BARE, text, at)
    if first == "[" and not free:
        match = LIST.match(text, at)
        if match is None:
            raise RequestError(
                "a list does not end",
                right='Write it as [1, 2, 3]; put quotes around texts: ["a, b", "c"].',
                culprit=text[at:],
            )
        return match.end(), False
    if first not in QUOTED or (free and first != '"' and text[at - 1 : at] != "="):
        return bare, False
    match = QUOTED[first].match(text, at)
    if match is not None:
        return match.end(), True
    if free:
        return bare, False
    raise RequestError(
        "a quote does not end, or something follows it at once",
        right=r"""Write name="a b" or name='a b'; a quote within is \" or ''.""",
        culprit=text[at:],
    )


def _check_blanks(found: list[Token], options: tuple[str, ...] | None, *, free: bool) -> None:
    """Refuse blanks around `=`, in a text only where they part an option from its value."""
    for n, token in enumerate(found):
        following = found[n + 1].text if n + 1 < len(found) else ""
        if token.name and not token.value and not token.quoted and following:
            name, value = token.name, following
        elif not token.name and not token.quoted and _EQUALS.match(following):
            name = token.text
            more = found[n + 2].text if following == "=" and n + 2 < len(found) else ""
            value = following[1:] + more
        else:
            continue
        if free and name.lower() not in (options or ()):
            continue
        raise RequestError(
            f"there is a blank beside the = of {name}",
            right=f"Write it without: {name}={value or '…'}",
            culprit=token.text if token.name else following,
        )


def _check_colons(found: list[Token]) -> None:
    """Refuse `layer:3` and `layer: 3`: a pair has an equals sign."""
    for n, token in enumerate(found):
        match = _COLON.fullmatch(token.text)
        if match:
            value = match[2] or (found[n + 1].text if n + 1 < len(found) else "…")
            right = f"Write it with an equals sign: {match[1]}={value}"
            raise RequestError(f"{token.text!r} is no pair", right=right, culprit=token.text)


def _forgiven(token: Token, *, pairs: bool) -> list[Token]:
    """Read `--force` as `force`, and `-p layer=3` as `layer=3`: that is what was meant.

    Args:
        token: A word.
        pairs: Whether there are any in its line.
    """
    flag = _FLAG.fullmatch(token.text)
    if pairs and token.text in _PARAMETER:
        return []
    return [replace(token, value=flag[1])] if flag else [token]


def _nearly(name: str, options: tuple[str, ...]) -> bool:
    """Say whether a name in a text is nearly that of an option."""
    near = nearest(name.lower(), [option for option in options if len(option) >= _LONG_NAME])
    return near is not None and near[0] == name[0].lower() and abs(len(near) - len(name)) <= 1


def _unknown_option(token: Token, options: tuple[str, ...]) -> RequestError:
    right = did_you_mean(token.name.lower(), options, noun="options")
    return RequestError(f"there is no option {token.name!r}", right=right, culprit=token.name)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
