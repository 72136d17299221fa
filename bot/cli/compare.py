"""`excursion compare N 2 3`: runs side by side, as a person at a terminal reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from bot import handle
from bot.cli.desk import Desk, open_desk
from bot.cli.place import dry_run_option, give, issue_argument, json_option
from bot.commands.compare import compared, parse, picture_addresses
from bot.events import Commanded
from bot.log.safety import plain
from bot.log.side_by_side import (
    Address,
    best_line,
    code_line,
    different,
    judged,
    odd_lines,
    same_line,
)
from bot.reading import read_world
from bot.side_by_side import Comparison
from bot.side_by_side_document import document


@click.command("compare")
@issue_argument
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN…")
@json_option
@dry_run_option
def compare_command(issue: int, runs: tuple[str, ...], as_json: bool, dry_run: bool) -> None:
    """Compare runs of excursion N with the first that is named.

    Metrics, parameters, plots, code and environment, side by side.
    """
    desk = open_desk(dry_run=dry_run)
    command = parse(runs, {})
    event = Commanded(desk.actor, issue, command)
    if dry_run:
        handle.command(desk.shell, event)
        return
    world = read_world(desk.shell, event)
    comparison = compared(command, world)
    if as_json:
        give(json.dumps(document(comparison), indent=1, ensure_ascii=False))
        return
    at = picture_addresses(command, world)
    for block in _blocks(comparison, at, _folder(desk, issue)):
        give(block)


def _folder(desk: Desk, issue: int) -> Path:
    """Name the folder of a thread as whoever is in the current folder does."""
    folder = desk.forge.root / str(issue)
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _blocks(comparison: Comparison, at: Address, folder: Path) -> Iterator[str]:
    """Write what differs, block by block, a blank line between them."""
    blocks = [
        odd_lines(comparison.sides),
        [best_line(comparison)],
        _metrics(comparison),
        _rows("parameter", comparison),
        _rows("ran on", comparison),
        _plots(comparison, at, folder),
        *_code(comparison),
        [same_line(comparison, str, str)],
    ]
    written = [list(filter(None, block)) for block in blocks]
    yield plain("\n\n".join("\n".join(block) for block in written if block))


def _metrics(comparison: Comparison) -> list[str]:
    places = range(len(comparison.sides))
    rows = [
        [row.name, *(judged(row, n) + (" *" if n in row.best else "") for n in places)]
        for row in different(comparison)
    ]
    return _table("metric", comparison, rows)


def _rows(noun: str, comparison: Comparison) -> list[str]:
    differing = comparison.parameters if noun == "parameter" else comparison.environment
    rows = [[row.name, *(value or "?" for value in row.values)] for row in differing]
    return _table(noun, comparison, rows)


def _table(noun: str, comparison: Comparison, rows: list[list[str]]) -> list[str]:
    """Write rows in columns that line up."""
    if not rows:
        return []
    lines = [[noun, *(f"run {side.run_id}" for side in comparison.sides)], *rows]
    lines = [[" ".join(plain(cell).split()) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _plots(comparison: Comparison, at: Address, folder: Path) -> list[str]:
    lines = []
    for row in comparison.figures:
        if row.same:
            continue
        lines.append(f"plot {row.caption}".rstrip())
        for place, (side, figure) in enumerate(zip(comparison.sides, row.figures, strict=True)):
            where = str(folder / at(place, figure)) if figure is not None else "none"
            lines.append(f"  run {side.run_id}  {where}")
    return lines


def _code(comparison: Comparison) -> Iterator[list[str]]:
    for change in comparison.code:
        lines = change.diff.lines if change.diff else ()
        yield [code_line(change, comparison.sides[0]), *lines]
