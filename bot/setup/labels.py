"""The templates there are ─► the labels that a repository needs, with colours and descriptions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.excursion import LABEL, LABEL_ANSWERED, LABEL_RUNNING, Kind, template_label
from bot.template import Template

LONGEST_NAME = 50  # GitHub's own limits
LONGEST_DESCRIPTION = 100

_ASKS, _SAYS, _CHOOSES = "5319e7", "fbca04", "c5def5"


@dataclass(frozen=True)
class Label:
    """A label as GitHub keeps it; `color` is six hexadecimal digits."""

    name: str
    color: str
    description: str


def wanted_labels(templates: Iterable[Template]) -> tuple[Label, ...]:
    """List the labels that start an excursion, choose its template and tell its state."""
    kinds = [Label(k.label, _ASKS, f"Begin an excursion that ends in a {k.form}") for k in Kind]
    chosen = {
        template_label(template.name): Label(
            template_label(template.name),
            _CHOOSES,
            _clipped(f"Excursion from this template: {template.manifest.summary}"),
        )
        for template in templates
        if len(template_label(template.name)) <= LONGEST_NAME
    }
    return (
        Label(LABEL, _ASKS, "Begin an excursion: a branch, a notebook, results in this thread"),
        *kinds,
        Label(LABEL_RUNNING, _SAYS, "A run of this excursion is executed now"),
        Label(LABEL_ANSWERED, "0e8a16", "The question has its answer"),
        *chosen.values(),
    )


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_DESCRIPTION else f"{text[: LONGEST_DESCRIPTION - 1]}…"
