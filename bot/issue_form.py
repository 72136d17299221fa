"""The issue form: templates ─► its YAML; the body of an issue opened with it ─► what was asked for.

https://docs.github.com/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-issue-forms
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from bot.errors import RequestError
from bot.excursion import LABEL, Kind
from bot.parameters import split_assignments
from bot.template import Template

PATH = ".github/ISSUE_TEMPLATE/excursion.yml"

# Headings that GitHub writes into the body, one for each field.
QUESTION = "Question"
HYPOTHESIS = "Hypothesis"
CHANGE_OF_MIND = "What would change your mind?"
KIND = "Kind of answer"
TEMPLATE = "Template"
PARAMETERS = "Parameters"
_HEADINGS = (QUESTION, HYPOTHESIS, CHANGE_OF_MIND, KIND, TEMPLATE, PARAMETERS)

_ANY = "Whatever the template is for"  # the choice of a kind that chooses none
_USUAL = "The usual one"
_EMPTY = "_No response_"  # what GitHub writes where nothing was given
_HEADING = re.compile(r"### (.+)")
_FIRST_LINE = (
    "# Made by `excursion init --github`; change the words as you like, but not the labels.\n"
)


@dataclass(frozen=True)
class Filled:
    """What somebody put into the form."""

    question: str = ""  # more of it than the title says
    hypothesis: str = ""
    change_of_mind: str = ""
    kind: Kind | None = None
    template: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


def form_text(templates: Iterable[Template]) -> str:
    """Write the form, which offers these templates."""
    choices = [_USUAL, *(f"{each.name}: {each.manifest.summary}" for each in templates)]
    form = {
        "name": "Excursion",
        "description": "A question on its way to an answer: a branch, a notebook, results here.",
        "labels": [LABEL],
        "body": [
            _note(
                "The title is the question, in one sentence: *Does activation patching work on "
                "InceptionV1?* What you write here stays in the thread."
            ),
            _text(QUESTION, "What it takes to understand it: which model, which data, why now."),
            _text(HYPOTHESIS, "What you believe will come out, and how sure you are."),
            _text(CHANGE_OF_MIND, "Which result would tell you that you were wrong?"),
            _choice(KIND, [_ANY, *(_offered(kind) for kind in Kind)]),
            _choice(TEMPLATE, choices),
            _text(PARAMETERS, "One a line, such as steps=400. The template has defaults for all."),
        ],
    }
    text: str = yaml.safe_dump(form, sort_keys=False, allow_unicode=True, width=100)
    return _FIRST_LINE + text


def offered_templates(form: str) -> tuple[str, ...]:
    """List the templates that a form's text offers.

    Raises:
        RequestError: It is no issue form.
    """
    try:
        fields = yaml.safe_load(form)["body"]
        for each in fields:
            if each.get("id") == _identifier(TEMPLATE):
                options = each["attributes"]["options"]
                return tuple(str(option).partition(":")[0] for option in options[1:])
    except (yaml.YAMLError, LookupError, TypeError, AttributeError) as error:
        raise RequestError(
            "is not an issue form", where=PATH, right="Remove it and give the command again."
        ) from error
    return ()


def read_form(body: str) -> Filled | None:
    """Read the body of an issue that was opened with the form; None if it was not.

    Raises:
        RequestError: The parameters are not pairs of a name and a value.
    """
    found = _sections(body)
    if KIND not in found or TEMPLATE not in found:
        return None
    kinds = {_offered(kind): kind for kind in Kind}
    template = found[TEMPLATE].partition(":")[0].strip()
    lines = [line.strip() for line in found.get(PARAMETERS, "").splitlines()]
    pairs = [line for line in lines if line and not line.startswith(("#", "```"))]
    return Filled(
        question=found.get(QUESTION, ""),
        hypothesis=found.get(HYPOTHESIS, ""),
        change_of_mind=found.get(CHANGE_OF_MIND, ""),
        kind=kinds.get(found[KIND]),
        template=None if template in {"", _USUAL} else template,
        parameters=split_assignments(pairs, where=f"the form's {PARAMETERS}"),
    )


def _sections(body: str) -> dict[str, str]:
    """Cut a body at the form's headings; of one that comes twice the last counts."""
    found: dict[str, str] = {}
    heading, lines = "", list[str]()
    for line in [*body.replace("\r\n", "\n").split("\n"), f"### {_HEADINGS[0]}"]:
        match = _HEADING.fullmatch(line.rstrip())
        if match is None or match[1] not in _HEADINGS:
            lines.append(line)
            continue
        if heading:
            text = "\n".join(lines).strip()
            found[heading] = "" if text == _EMPTY else text
        heading, lines = match[1], []
    return found


def _offered(kind: Kind) -> str:
    return {
        Kind.DOCS: "Write-up: what is known, and how we know it",
        Kind.DEMOS: "Demo: a notebook that runs",
        Kind.LIBS: "Prototype: a small package that others can call",
    }[kind]


def _identifier(heading: str) -> str:
    return re.sub(r"[^a-z]+", "-", heading.lower()).strip("-")


def _note(text: str) -> dict[str, Any]:
    return {"type": "markdown", "attributes": {"value": text}}


def _text(heading: str, description: str) -> dict[str, Any]:
    attributes = {"label": heading, "description": description}
    return {"type": "textarea", "id": _identifier(heading), "attributes": attributes}


def _choice(heading: str, options: list[str]) -> dict[str, Any]:
    attributes = {"label": heading, "options": options, "default": 0}
    return {"type": "dropdown", "id": _identifier(heading), "attributes": attributes}
