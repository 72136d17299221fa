"""Templates ─► the table that lists them, or for a terminal paragraphs of its width."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from bot.log.safety import code, inline, plain
from bot.log.sweep.words import count
from bot.log.tables import table
from bot.surroundings import LOCAL, Surroundings
from bot.template import Template

_ASK = 'excursion ask "…?" --template blank'


def templates_text(templates: Sequence[Template], surroundings: Surroundings = LOCAL) -> str:
    """Render which templates there are, what each asks, takes, measures and draws."""
    rows = [
        [
            code(each.full_name),
            each.kind.form,
            inline(each.manifest.question),
            inline(each.manifest.runtime),
            code(each.manifest.metrics.main) if each.manifest.metrics.main else "",
            inline(each.manifest.picture),
        ]
        for each in templates
    ]
    how = "/start blank" if surroundings.is_github else _ASK
    shown = table(("template", "kind", "question", "takes", "measures", "draws"), rows)
    many = count(len(templates), "template")
    return f"### 🧩 {many}\n\n{shown}\n\nBegin with one by its name: {code(how)}."


def broken_text(what: str) -> str:
    """Render what is wrong with a template that is not listed."""
    return f"⚠️ {inline(what)}"


def templates_paragraphs(templates: Sequence[Template], width: int) -> str:
    """Write the same for a terminal: of each its name and kind, its question, and the facts.

    Args:
        templates: What is listed.
        width: How many characters a line may have.
    """
    parts = [count(len(templates), "template")]
    for each in templates:
        manifest = each.manifest
        facts = {
            "runtime": manifest.runtime,
            "metric": manifest.metrics.main,
            "picture": manifest.picture,
        }
        told = " · ".join(f"{what}: {plain(fact)}" for what, fact in facts.items() if fact)
        lines = [f"{each.full_name} ({each.kind.form})"]
        for text in (plain(manifest.question), told):
            lines += textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="    ")
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, f"Begin with one by its name: {_ASK}"])
