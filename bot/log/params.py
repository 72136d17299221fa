"""Declared parameters ─► the table that lists them."""

from __future__ import annotations

from bot.excursion import Excursion
from bot.excursion_file import FILE_NAME, ExcursionFile
from bot.log.safety import clip, code, inline
from bot.log.tables import WIDEST, table
from bot.parameters import SET, Declaration, written
from bot.surroundings import Surroundings

_LONGEST = 300  # characters of a description
_MOST = 100  # rows


def params_text(declared: ExcursionFile, excursion: Excursion, surroundings: Surroundings) -> str:
    """Render what an excursion's notebook may be given."""
    where = code(f"{excursion.folder}/{FILE_NAME}")
    if not declared.parameters:
        return f"### 🎛️ No parameters\n\nThey would be declared in {where}."
    rows = [
        [
            code(name),
            each.type,
            code(clip(written(each.default), WIDEST)),
            inline(_bounds(each)),
            inline(clip(each.description, _LONGEST)),
        ]
        for name, each in list(declared.parameters.items())[:_MOST]
    ]
    many = len(declared.parameters)
    shown = table(("name", "type", "default", "allowed", "meaning"), rows)
    more = f"\n\n*{many - _MOST} more are in that file.*" if many > _MOST else ""
    name, first = next(iter(declared.parameters.items()))
    how = surroundings.command("run", excursion.issue, {name: written(first.default)})
    given = f", given as in {code(how)}" if how else ""
    noun = "parameter" if many == 1 else "parameters"
    parts = [f"### 🎛️ {many} {noun}", f"Declared in {where}{given}.", f"{shown}{more}"]
    return "\n\n".join([*parts, *_sets(declared)])


def _sets(declared: ExcursionFile) -> list[str]:
    """Tell of values that belong together, if any are declared."""
    rows = [
        [
            code(f"{SET}={name}"),
            code(clip(" ".join(f"{n}={written(v)}" for n, v in each.values.items()), _LONGEST)),
            inline(clip(each.description, _LONGEST)),
        ]
        for name, each in list(declared.sets.items())[:_MOST]
    ]
    return [table(("set", "values", "meaning"), rows)] if rows else []


def _bounds(declaration: Declaration) -> str:
    """Say which values are allowed, where not all of the type are."""
    low, high = declaration.minimum, declaration.maximum
    if declaration.choices is not None:
        return clip(", ".join(written(choice) for choice in declaration.choices), _LONGEST)
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None:
        return f"at least {low}"
    return f"at most {high}" if high is not None else ""
