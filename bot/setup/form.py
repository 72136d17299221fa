"""The templates there are ─► the issue form's YAML, which `bot.issue_form` reads when filled in.

https://docs.github.com/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-issue-forms
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from bot.errors import RequestError
from bot.excursion import LABEL, Kind
from bot.template import Template, built_in_templates, read_template, template_names

PATH = ".github/ISSUE_TEMPLATE/excursion.yml"

_FIRST_LINE = "# Made by `excursion init --github`. Headings and first words of choices are read.\n"
_USUAL = "default"
_KINDS = {
    Kind.DOCS: "what is known, and how we know it",
    Kind.DEMOS: "a notebook that runs",
    Kind.LIBS: "a small package that others can call",
}


def form_text(templates: Iterable[Template]) -> str:
    """Write the form, which offers these templates."""
    kinds = [f"{kind.form} ({words})" for kind, words in _KINDS.items()]
    names = [f"{each.name} ({each.manifest.summary.rstrip('.')})" for each in templates]
    form = {
        "name": "Excursion",
        "description": "A question on its way to an answer: a branch, a notebook, results here.",
        "labels": [LABEL],
        "body": [
            _note(
                "Whoever may write to this repository has a branch and a notebook a moment after "
                "opening the issue. Of others' questions somebody who may starts the excursion."
            ),
            _line("Question", "In one sentence: Does activation patching work on InceptionV1?"),
            _text("Hypothesis", "What you believe will come out, and how sure you are."),
            _text("What would change your mind?", "Which result would show that you were wrong?"),
            _choice("Kind", [f"{_USUAL} (that of the template)", *kinds]),
            _choice("Template", [f"{_USUAL} (that of the kind)", *names]),
            _text("Parameters", "One a line, such as steps=400. The template has a value for all."),
        ],
    }
    text: str = yaml.safe_dump(form, sort_keys=False, allow_unicode=True, width=100)
    return _FIRST_LINE + text


def offered_templates(form: str) -> frozenset[str]:
    """List the templates that a form's text offers.

    Raises:
        RequestError: It is no issue form.
    """
    try:
        fields = yaml.safe_load(form)["body"]
        choices = [each["attributes"] for each in fields if each.get("id") == "template"]
        first_words = {str(o).split()[0] for each in choices for o in each["options"]}
    except (yaml.YAMLError, LookupError, TypeError, AttributeError) as error:
        raise RequestError(
            "is not an issue form", where=PATH, right="Mend it, or remove it and give this again."
        ) from error
    return frozenset(first_words - {_USUAL})


def _note(text: str) -> dict[str, Any]:
    return {"type": "markdown", "attributes": {"value": text}}


def _line(heading: str, description: str) -> dict[str, Any]:
    attributes = {"label": heading, "description": description}
    needed = {"required": True}
    name = _identifier(heading)
    return {"type": "input", "id": name, "attributes": attributes, "validations": needed}


def _text(heading: str, description: str) -> dict[str, Any]:
    attributes = {"label": heading, "description": description}
    return {"type": "textarea", "id": _identifier(heading), "attributes": attributes}


def _choice(heading: str, options: list[str]) -> dict[str, Any]:
    attributes = {"label": heading, "options": options, "default": 0}
    return {"type": "dropdown", "id": _identifier(heading), "attributes": attributes}


def _identifier(heading: str) -> str:
    return re.sub(r"[^a-z]+", "-", heading.lower()).strip("-")


def write(path: Path) -> None:
    """Write the form that offers the templates of this installation, in their order."""
    names = template_names((built_in_templates(),))
    templates = [read_template(name, folder) for name, folder in names.items()]
    path.write_text(form_text(templates), encoding="utf-8")


if __name__ == "__main__":
    write(Path(PATH))
