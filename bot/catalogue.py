"""The templates there are ─► a page of Markdown that says what each asks, measures and shows."""

from __future__ import annotations

from collections.abc import Iterable

from bot.excursion import Kind
from bot.log.safety import inline
from bot.template import Template

_INTRODUCTION = """\
# Templates

What an excursion can begin with. `excursion templates` lists them too, with a team's own, and
`excursion ask "Your question?" --template NAME` begins with one. How to write one:
[writing-a-template.md](writing-a-template.md).

<!-- Made by `make docs`; what it says stands in each template's template.toml. -->
"""
_FORMS = {
    Kind.DEMOS: "Demos: an experiment in a notebook",
    Kind.DOCS: "Docs: something written",
    Kind.LIBS: "Libs: a small package",
}


def catalogue(templates: Iterable[Template], pictures: str = "templates") -> str:
    """Write the page.

    Args:
        templates: What it lists, by kind and name.
        pictures: The folder of the pictures, as `<kind>-<name>.png`, seen from the page.
    """
    known = sorted(templates, key=lambda template: template.full_name)
    parts = [_INTRODUCTION]
    for kind, form in _FORMS.items():
        ours = [template for template in known if template.kind is kind]
        if not ours:
            continue
        rows = [f"| [{t.name}](#{t.name}) | {inline(t.manifest.question)} |" for t in ours]
        parts.append("\n".join([f"## {form}\n", "| template | question |", "|---|---|", *rows]))
        parts += [_section(template, pictures) for template in ours]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def picture_name(template: Template) -> str:
    """Give the file of a template's picture."""
    return f"{template.kind.value}-{template.name}.png"


def has_picture(template: Template) -> bool:
    """Say whether a template has a notebook, which draws one."""
    return "notebook.py.j2" in template.files


def _section(template: Template, pictures: str) -> str:
    """Write about one template."""
    manifest = template.manifest
    main = manifest.metrics.main
    facts = [f"Takes {inline(manifest.runtime)}." if manifest.runtime else ""]
    if main:
        meaning = inline(manifest.metrics.descriptions.get(main, ""))
        facts.append(f"Measures `{main}`{f': {meaning}' if meaning else ''}.")
    if manifest.parameters:
        names = ", ".join(f"`{name}`" for name in manifest.parameters)
        facts.append(f"Parameters: {names}.")
    sets = [f"`set={n}` ({inline(s.description.rstrip('.'))})" for n, s in manifest.sets.items()]
    if sets:
        facts.append(f"Sets of values: {', '.join(sets)}.")
    shown = inline(manifest.picture or manifest.summary)
    parts = [
        f"### {template.name}",
        f"**{inline(manifest.question)}** {inline(manifest.summary)}",
        " ".join(fact for fact in facts if fact),
        f"![{shown}]({pictures}/{picture_name(template)})" if has_picture(template) else "",
    ]
    return "\n\n".join(part for part in parts if part)
