"""The command that lists the templates."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.cli.place import checkout_here, give, json_option, open_forge, say

if TYPE_CHECKING:
    from bot.template import Template

_WIDEST = 100  # characters; longer lines are hard to read


@click.command("templates")
@click.option("--markdown", is_flag=True, help="Print a page of Markdown that shows them all.")
@json_option
def templates_command(markdown: bool, as_json: bool) -> None:
    """List the templates: what each asks, how long it takes, what it measures and draws."""
    from bot.template import read_all

    found, wrong = read_all(roots())
    for error in wrong:
        say(f"excursion: {error}")
    if as_json:
        give(json.dumps([_row(template) for template in found], indent=1, ensure_ascii=False))
        return
    if markdown:
        from bot.catalogue import catalogue

        give(catalogue(found).rstrip("\n"))
        return
    from bot.log.templates import templates_paragraphs, templates_text
    from bot.log.thread_text import on_terminal

    if sys.stdout.isatty():
        give(templates_paragraphs(found, min(shutil.get_terminal_size().columns, _WIDEST)))
    else:
        give(on_terminal(templates_text(found)))


def _row(template: Template) -> dict[str, Any]:
    manifest = template.manifest
    main = manifest.metrics.main
    return {
        "name": template.full_name,
        "kind": template.kind.value,
        "question": manifest.question,
        "summary": manifest.summary,
        "runtime": manifest.runtime,
        "metric": main,
        "metric_means": manifest.metrics.descriptions.get(main, ""),
        "picture": manifest.picture,
        "parameters": sorted(manifest.parameters),
        "sets": sorted(manifest.sets),
    }


def roots() -> tuple[Path, ...]:
    """Find the templates of this repository, if we are in one, those it names, and our own."""
    from bot.config import read_config
    from bot.errors import RequestError
    from bot.forge.template_sources import fetched, template_cache
    from bot.template import built_in_templates

    try:
        forge, text = open_forge()
    except RequestError:
        return (built_in_templates(),)
    others = fetched(read_config(text).templates, template_cache(forge.top))
    return (checkout_here(forge.top) / "templates", *others, built_in_templates())
