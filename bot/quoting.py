r"""Any text ◄─► the same text in quotes on one line, as people and Python write it.

"say \"a\"\n"   in double ones `\"`, `\\`, `\n`, `\t` and `\u00e9` mean what they do in Python
'it''s'         in single ones everything is as it is, and two of them are one
“a b”           phones and word processors write these
"""

from __future__ import annotations

import re
import unicodedata

INSIDE_DOUBLE = r'(?:[^"\\]|\\.)*'
INSIDE_SINGLE = r"(?:[^']|'')*"
QUOTED = {
    '"': re.compile(rf'"{INSIDE_DOUBLE}"(?!\S)'),
    "'": re.compile(rf"'{INSIDE_SINGLE}'(?!\S)"),
    "“": re.compile(r"“(?:[^“”\\]|\\.)*”(?!\S)"),
    "„": re.compile(r"„(?:[^„“”\\]|\\.)*[“”](?!\S)"),
    "‘": re.compile(r"‘[^‘’]*’(?!\S)"),
}
# Possessive throughout: `'a''a'` is one text or two, and to try both for each takes for ever.
LIST = re.compile(rf"""\[(?:[^\]"']|"{INSIDE_DOUBLE}+"|'{INSIDE_SINGLE}+')*+\](?!\S)""")
MARK = "\ue000"  # for private use; the parser of comments takes it for its own
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_LETTERS = {"n": "\n", "t": "\t"}


def quote(text: str) -> str:
    """Put any text into double quotes, on one line."""
    escaped = "".join(
        f"\\{c}" if c in '"\\' else f"\\u{ord(c):04x}" if is_odd(c) else c for c in text
    )
    return f'"{escaped}"'


def bare_or_quoted(text: str) -> str:
    """Write a value as short as it can be: as it is, or in quotes where it needs them."""
    if text.startswith("["):
        bare = LIST.fullmatch(text) is not None and not is_odd(text)
    else:
        bare = bool(text) and text[0] not in QUOTED and " " not in text and not is_odd(text)
    return text if bare else quote(text)


def unquoted(text: str, *, letters: bool = True) -> str:
    r"""Take a quoted text out of its quotes.

    Args:
        text: With its quotes.
        letters: Whether `\n` and `\t` mean a line's end and a tabulator; not so in people's own
            text, where a formula may begin with them.
    """
    inside = text[1:-1]
    if text[0] in "'‘":
        return inside.replace("''", "'")

    def meant(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        if match[2] in '"\\':
            return match[2]
        return _LETTERS.get(match[2], match[0]) if letters else match[0]

    return _ESCAPE.sub(meant, inside)


def is_odd(text: str) -> bool:
    """Say whether there is a character that a line could lose, or a blank that is no space."""
    return any(
        c.isspace() or unicodedata.category(c) in {"Cc", "Cs"} or c == MARK
        for c in text
        if not " " <= c <= "~"
    )
