"""Templates ─► the table that lists them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.log.safety import code, inline
from bot.log.tables import table
from bot.surroundings import LOCAL, Surroundings
from bot.template import Template


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
    how = "/start blank" if surroundings.is_github else 'excursion ask "…?" --template blank'
    shown = table(("template", "kind", "question", "takes", "measures", "draws"), rows)
    noun = "template" if len(rows) == 1 else "templates"
    return f"### 🧩 {len(rows)} {noun}\n\n{shown}\n\nBegin with one by its name: {code(how)}."
