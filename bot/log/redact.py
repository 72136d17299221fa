"""Text that came out of a notebook ─► the same without tokens, keys and passwords.

Two ways to know one: by its form, where a provider has given its tokens one that is looked for
(https://docs.github.com/en/code-security/secret-scanning), and by its value, where a variable of
the environment holds it whose name says that it is secret; that also as base64, hexadecimal, as
written in a URL, and broken over lines.

Not found are keys without a form of their own that no variable here holds, what was turned into
anything else (spelled out, reversed, encrypted), and what a picture shows.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

_SHORTEST = 8  # characters of a value: shorter ones are words as well
_SHORTEST_BROKEN = 12
_MAYBE_CUT = 400  # characters
_WINDOW = 1 << 20  # bytes of a long text that are looked at at once
_LONGEST_CORE = 64  # bytes, of what tells a form

# Words of a variable's name that say that it is secret, and last words that say that it is not.
_SECRET = frozenset(
    {
        *("TOKEN", "TOKENS", "SECRET", "SECRETS", "PASSWORD", "PASSWD", "PASSPHRASE", "PASS"),
        *("KEY", "APIKEY", "CREDENTIAL", "CREDENTIALS", "PAT", "AUTH", "AUTHORIZATION", "PSK"),
    }
)
_HARMLESS = frozenset(
    {
        *("FILE", "PATH", "SOCK", "DIR", "HOME", "ID", "NAME", "USER", "TYPE", "URL", "HOST"),
        *("METHOD", "MODE", "PROVIDER", "BACKEND", "HEADER", "TTL", "LENGTH", "SIZE", "COUNT"),
    }
)


@dataclass(frozen=True)
class _Form:
    """What secrets of one kind look like.

    Attributes:
        name: What they are called.
        hints: One of these is in every text that holds one, in lower case.
        pattern: What is replaced; its group, if it has one, stays before it.
        core: Found in every text that holds one, as it is written. For forms whose hints are a
            few letters, which any large picture holds somewhere; the others need none.
    """

    name: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    core: re.Pattern[bytes]


def _form(name: str, hints: str, pattern: str, core: bytes = b"") -> _Form:
    return _Form(name, tuple(hints.split()), re.compile(pattern), re.compile(core))


# No letter or digit stands before; the code of a colour, which ends in `m`, may.
def _alone(prefix: str) -> str:
    return rf"{prefix}(?:(?<![A-Za-z0-9]{prefix})|(?<=[0-9;\[]m{prefix}))"


_MIXED = (
    r"(?=[A-Za-z_-]{0,60}[0-9])(?=[a-z0-9_-]{0,60}[A-Z])"  # a digit and a capital: no word is so
)
_FORMS = (
    _form(
        "private key",
        "-----begin",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?:[^-]|-(?!----)){0,20000}-----END [A-Z0-9 ]{0,40}-----"
        r"|(?:(?:\s|\\[nr])*[A-Za-z0-9+/=]{16,})*)",
    ),
    _form("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9][A-Za-z0-9_.-]{29,}"),
    _form("GitHub token", "github_pat_", r"github_pat_[A-Za-z0-9_]{22,}"),
    _form("GitLab token", "glpat- glrt- gldt-", r"gl(?:pat|rt|dt)-[A-Za-z0-9_.-]{20,}"),
    _form("Hugging Face token", "hf_", r"hf_[A-Za-z0-9]{30,}"),
    _form("Hugging Face token", "api_org_", r"api_org_[A-Za-z0-9]{30,}"),
    _form(
        *("AWS key", "akia asia", _alone("A[KS]IA") + r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
        core=rb"A[KS]IA[A-Z0-9]{16}",
    ),
    _form("API key", "sk-", _alone("sk-") + _MIXED + r"[A-Za-z0-9_-]{20,}"),
    _form("API key", "sk_live_ sk_test_ rk_live_", r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    _form(
        "Slack token",
        "xox xapp-",
        r"x(?:ox[a-z]|app)-(?:[A-Za-z0-9]{1,64}-){0,6}[A-Za-z0-9]{10,}",
        core=rb"x(?:ox[a-z]|app)-",
    ),
    _form("Slack webhook", "hooks.slack.com", r"hooks\.slack\.com/services/[A-Za-z0-9/_+-]{20,}"),
    _form(
        *("Google key", "aiza", _alone("AIza") + r"[A-Za-z0-9_-]{35}(?![A-Za-z0-9_+/-])"),
        core=rb"AIza[A-Za-z0-9_-]{35}",
    ),
    _form("Google token", "ya29.", r"ya29\.[A-Za-z0-9_-]{30,}"),
    _form("PyPI token", "pypi-", r"pypi-AgE[A-Za-z0-9_-]{40,}"),
    _form("npm token", "npm_", r"npm_[A-Za-z0-9]{36,}"),
    _form("Weights & Biases key", "wandb_v", r"wandb_v[0-9]_[A-Za-z0-9_]{30,}"),
    _form("SendGrid key", "sg.", r"SG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{40,46}"),
    _form("Azure key", "accountkey=", r"(AccountKey=)[A-Za-z0-9+/=]{40,}"),
    _form(
        "web token",
        "eyj",
        _alone("eyJ") + r"[A-Za-z0-9_-]{8,400}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{16,}",
        core=rb"\.eyJ",
    ),
    _form(
        "Authorization header",
        "authorization",
        r"((?i:Authorization)[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?:(?i:basic|bearer|token)\s+)?)"
        r"(?!(?i:basic|bearer|token)\s)(?=[^\s]{0,200}[0-9A-Z])[A-Za-z0-9._~+/=:-]{12,}",
    ),
    _form(
        "bearer token",
        "bearer",
        r"([Bb]earer[ ]+)" + _MIXED + r"[A-Za-z0-9._~+/-]{20,}=*",
    ),
    # user:password@, or one long word before the @
    _form(
        "password in a URL",
        "://",
        r"(://)(?:[^\s/:@\"'<>\[\]\\]{0,200}:[^\s/@\"'<>\\]{1,300}"
        r"|[^\s/:@\"'<>\[\]\\]{20,300})(?=@[A-Za-z0-9\[])",
    ),
    # A variable of the environment as it is printed: HF_TOKEN=…, 'WANDB_API_KEY': '…'
    _form(
        "value of a secret variable",
        "_token _key _secret _password _passwd _credentials _pat",
        r"(_(?:TOKEN|API_KEY|ACCESS_KEY|SECRET_KEY|PRIVATE_KEY|SECRET|PASSWORD|"
        r"PASSWD|CREDENTIALS|PAT|KEY)[\"']?\s{0,4}[:=]\s{0,4}[\"']?)"
        r"(?=[^\s\"',;]{0,200}[0-9])[^\s\"',;<>\[\](){}]{12,}",
    ),
)
_HINTS = [(form, [hint.encode() for hint in form.hints]) for form in _FORMS]


@dataclass(frozen=True)
class Secrets:
    """What is known to be secret, by its value; it never shows itself."""

    values: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # name, value

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Secrets:
        """Find the variables of an environment whose names say that they are secret."""
        found = [
            (name, part)
            for name, value in environment.items()
            if says_secret(name) and not _is_path(value)
            for part in dict.fromkeys([value.strip(), *map(str.strip, value.strip().split("\n"))])
            if len(part) >= _SHORTEST
        ]
        return cls(tuple(sorted(found, key=lambda pair: -len(pair[1]))))


def says_secret(name: str) -> bool:
    """Say whether a variable's name says that its value is secret."""
    words = re.split(r"[^A-Z0-9]+", name.upper())
    return bool(_SECRET & set(words)) and (
        words[-1] not in _HARMLESS or words[-3:] == ["ACCESS", "KEY", "ID"]
    )


def _is_path(value: str) -> bool:
    """Say whether a value only names a file that may hold a secret."""
    return bool(re.fullmatch(r"(?:/[\w.-]+){2,}\.[a-z]+", value))


class Redactor:
    """Takes secrets out of texts, and remembers what kinds it found.

    Args:
        secrets: What is known to be secret by its value.
    """

    def __init__(self, secrets: Secrets) -> None:
        self.found: dict[str, None] = {}  # kinds, in the order in which they were found
        self._values = [(name, value, tuple(_spellings(value))) for name, value in secrets.values]
        spellings = {spelling for _, _, each in self._values for spelling in each}
        written = {each for s in spellings for each in (s, json.dumps(s)[1:-1])}
        self._hints = {_squeeze(each.encode(errors="replace")).lower() for each in written}
        self._reach = max([_LONGEST_CORE, *map(len, self._hints)])

    def text(self, text: str) -> str:
        """Put words in the place of every secret."""
        if len(text) < _SHORTEST:
            return text
        for name, value, spellings in self._values:
            text = self._without(text, name, value, spellings)
        lower = text.lower()
        for form in _FORMS:
            if any(hint in lower for hint in form.hints):
                text = self._form(text, form)
        return text

    def may_hold(self, text: bytes) -> bool:
        """Say, fast, whether JSON may hold any secret, even one broken over lines.

        Takes little memory, however long the text: it is looked at piece by piece, with the end
        of each piece before the next.
        """
        end = b""
        for piece in _squeezed(text):
            seen = end + piece
            lower = seen.lower()
            if any(hint in lower for hint in self._hints):
                return True
            for form, hints in _HINTS:
                if any(hint in lower for hint in hints) and form.core.search(seen):
                    return True
            end = seen[-self._reach :]
        return False

    def _form(self, text: str, form: _Form) -> str:
        def replaced(match: re.Match[str]) -> str:
            self.found[f"{'an' if form.name[0] in 'A' else 'a'} {form.name}"] = None
            kept = match[1] if match.re.groups else ""
            return f"{kept}[redacted {form.name}]"

        return form.pattern.sub(replaced, text)

    def _without(self, text: str, name: str, value: str, spellings: Iterable[str]) -> str:
        """Take one value out, whichever way it is written."""
        before, words = text, f"[redacted {name}]"
        for spelling in spellings:
            text = text.replace(spelling, words)
        squeezed = "".join(value.split())
        if len(squeezed) >= _SHORTEST_BROKEN and squeezed in "".join(text.split()):
            text = _broken(squeezed).sub(words, text)
        # Of a long text the runner kept the end, or the beginning, which may cut a value in two.
        for size in range(len(value) - 1, _SHORTEST - 1, -1) if len(text) >= _MAYBE_CUT else ():
            if text.startswith(value[-size:]):
                text = words + text[size:]
            if text.endswith(value[:size]):
                text = text[:-size] + words
        if text != before:
            self.found[f"the value of {name}"] = None
        return text


def _squeeze(text: bytes) -> bytes:
    return b"".join(_squeezed(text))


def _squeezed(text: bytes) -> Iterator[bytes]:
    """Give JSON in pieces, without all that may lie between two characters of a broken secret."""
    starts = range(0, len(text), _WINDOW)
    pieces: Iterator[bytes] = (text[n : n + _WINDOW].translate(None, b" \t\r\n") for n in starts)
    for part in (b"\\n", b'","'):  # a line's end, and where printed text goes on
        pieces = _leaving_out(part, pieces)
    return pieces


def _leaving_out(part: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Leave something out of a text in pieces, as if it was whole: also what lies across two."""
    held = b""  # the end of what came, with which the part may begin
    for piece in pieces:
        *whole, last = (held + piece).split(part)
        size = next((n for n in range(len(part) - 1, 0, -1) if last.endswith(part[:n])), 0)
        held = last[len(last) - size :]
        yield b"".join(whole) + last[: len(last) - size]
    yield held


def _spellings(value: str) -> Iterable[str]:
    """Give the ways to write a value in which it is looked for."""
    raw = value.encode(errors="surrogateescape")
    found = [value, quote(value, safe=""), repr(value)[1:-1], raw.hex()]
    for shift in range(3):  # base64 of it alone, or within something longer
        encoded = base64.b64encode(bytes(shift) + raw).decode()
        first = (0, 2, 3)[shift]
        found.append(encoded[first : len(encoded) - (0, 3, 2)[(shift + len(raw)) % 3]])
    # Short pieces would be found where there is nothing.
    return dict.fromkeys(s for s in found if len(s) >= _SHORTEST)


def _broken(value: str) -> re.Pattern[str]:
    """Match a value with white space anywhere within."""
    return re.compile(r"\s*".join(map(re.escape, value)))
