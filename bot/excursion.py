"""A question on its way to an answer: its kind, and the names of its branch, folder and labels."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from bot.errors import RequestError
from bot.thread import WELCOME, Thread

LONGEST_TITLE = 256  # GitHub's own limit for an issue's title
LONGEST_SLUG = 60
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Kind(StrEnum):
    """The form that an answer takes, which is also the name of its folder."""

    DOCS = "docs"
    DEMOS = "demos"
    LIBS = "libs"

    @property
    def label(self) -> str:
        """The label that asks for this kind."""
        return f"excursion:{self.form}"

    @property
    def form(self) -> str:
        """What people call an answer of this kind."""
        return {"docs": "write-up", "demos": "demo", "libs": "prototype"}[self.value]


class Outcome(StrEnum):
    """What became of the question."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    MIXED = "mixed"
    ABANDONED = "abandoned"


LABEL = "excursion"
LABEL_RUNNING = "excursion:running"
LABEL_ANSWERED = "excursion:answered"


def template_label(template: str) -> str:
    """Name the label that chooses a template."""
    return f"template:{template}"


_IN_FOLDER = re.compile(rf"/(?:{'|'.join(Kind)})/(?P<issue>[1-9]\d{{0,8}})(?:-[^/]*)?/[^/]+$")


@dataclass(frozen=True)
class Excursion:
    """An excursion as its thread remembers it; decided once, then read back."""

    issue: int
    question: str
    kind: Kind
    template: str  # "<kind>/<name>"
    branch: str
    folder: str  # "<root>/<kind>/<branch>"

    @property
    def template_name(self) -> str:
        """The template's name within its kind."""
        return self.template.partition("/")[2]


def slug(title: str) -> str:
    """Make a title fit for a ref: ASCII by NFKD, lower case, words joined by `-`, cut at a word.

    At most 60 bytes; empty when the title has no letter or digit that ASCII knows.
    """
    ascii_text = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    text = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")
    if len(text) <= LONGEST_SLUG:
        return text
    whole_words = text[: LONGEST_SLUG + 1].rpartition("-")[0]
    return whole_words or text[:LONGEST_SLUG]


def branch_name(issue: int, title: str) -> str:
    """Name an excursion's branch: `12-how-do-you-load-inceptionv1`, or `12` if no word is left."""
    words = slug(title)
    return f"{issue}-{words}" if words else str(issue)


def folder_name(root: str, kind: Kind, branch: str) -> str:
    """Name an excursion's folder: `excursions/demos/12-how-do-you-load-inceptionv1`."""
    return f"{root}/{kind.value}/{branch}"


def issue_of_file(path: str) -> int | None:
    """Read the issue's number from the path of a file that lies in an excursion's folder."""
    found = _IN_FOLDER.search(path)
    return int(found["issue"]) if found else None


def check_title(title: str) -> str:
    """Hold a question against what a title may be, and trim it.

    Raises:
        RequestError: It is empty, too long, has no word in any script, or hides control characters.
    """
    text = title.strip(" ")
    if not text:
        raise RequestError(
            "the question is empty",
            where="title",
            right='Ask something, such as "Does activation patching work on InceptionV1?".',
        )
    for position, character in enumerate(title, start=1):
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} | (
            {"Cf"} if character in _BIDI_CONTROLS else set()
        ):
            raise RequestError(
                f"character {position} of the question is a control character "
                f"(U+{ord(character):04X})",
                where="title",
                right="Write the question on one line of plain text.",
            )
    if len(text) > LONGEST_TITLE:
        raise RequestError(
            f"the question has {len(text)} characters, {LONGEST_TITLE} at most are allowed",
            where="title",
            right="Put the question in one sentence and the rest into --hypothesis or a comment.",
        )
    if not any(unicodedata.category(character)[0] in "LN" for character in text):
        raise RequestError(
            "the question has no words",
            where="title",
            right="Write at least one letter or digit, in any script.",
        )
    return text


def read_excursion(thread: Thread) -> Excursion | None:
    """Read what the welcome entry remembers; None if there is none, or it was damaged."""
    entry = thread.entry(WELCOME)
    data = (entry.data if entry else None) or {}
    names = ("question", "kind", "template", "branch", "folder")
    if not all(isinstance(data.get(name), str) for name in names):
        return None
    if data["kind"] not in {kind.value for kind in Kind}:
        return None
    return Excursion(
        issue=thread.number,
        question=data["question"],
        kind=Kind(data["kind"]),
        template=data["template"],
        branch=data["branch"],
        folder=data["folder"],
    )
