"""The body of an issue opened by the form ─► what was asked for in it, read tolerantly."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.excursion import Kind

_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_NOTHING = frozenset(("_no response_", "no response", "none", "-", ""))
_FENCE = re.compile(r"^(```|~~~).*$", re.MULTILINE)
# The form's headings, without their punctuation.
_SECTIONS = {
    "question": "question",
    "hypothesis": "hypothesis",
    "kind": "kind",
    "template": "template",
    "parameters": "parameters",
    "what would change your mind": "doubt",
}
_KINDS = {
    **{kind.value: kind for kind in Kind},
    **{kind.form: kind for kind in Kind},
    "write up": Kind.DOCS,
    "notebook": Kind.DEMOS,
}


@dataclass(frozen=True)
class Form:
    """What an issue's form says."""

    question: str = ""
    hypothesis: str = ""
    kind: Kind | None = None
    template: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_form(body: str) -> Form:
    """Read a form; of text that is none, nothing is said.

    A line among the parameters that is no `name=value` is no parameter.
    """
    said: dict[str, str] = {}
    parts = _HEADING.split(body.replace("\r\n", "\n"))
    for heading, text in zip(parts[1::2], parts[2::2], strict=False):
        name = _SECTIONS.get(re.sub(r"[^a-z ]", "", heading.lower()).strip())
        if name and name not in said:
            said[name] = "" if text.strip().lower() in _NOTHING else text.strip()
    hypothesis = said.get("hypothesis", "")
    if said.get("doubt"):
        hypothesis = f"{hypothesis}\n\nWhat would change my mind: {said['doubt']}".strip()
    return Form(
        question=" ".join(said.get("question", "").split()),
        hypothesis=hypothesis,
        kind=_kind(said.get("kind", "")),
        template=_first_word(said.get("template", "")),
        parameters=_parameters(said.get("parameters", "")),
    )


def _kind(text: str) -> Kind | None:
    """Read a kind from a choice such as `Demo (a notebook)`."""
    words = re.sub(r"[^a-z -]", " ", text.lower())
    first = words.split()[:1]
    return _KINDS.get(words.strip()) or (_KINDS.get(first[0]) if first else None)


def _first_word(text: str) -> str | None:
    words = text.replace("`", "").split()
    return words[0] if words and words[0].lower() not in {"default", "(default)"} else None


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _FENCE.sub("", text).splitlines():
        name, equals, value = line.strip().lstrip("-*").replace("`", "").partition("=")
        if equals and name.strip().isidentifier():
            found.setdefault(name.strip(), value.strip())
    return found
