"""The pictures of several runs ─► which go together: by their captions, the rest by their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from runner.records import Figure


@dataclass(frozen=True)
class FigureRow:
    """A picture in all runs, matched by its caption or its place; None where there is none."""

    caption: str  # empty where they differ
    figures: tuple[Figure | None, ...]

    @property
    def same(self) -> bool:
        """Whether it is the same in all, to the byte."""
        digests = {figure.sha256 if figure else "" for figure in self.figures}
        return len(digests) == 1


def match_figures(runs: Sequence[Sequence[Figure]]) -> tuple[FigureRow, ...]:
    """Match the pictures of runs: by their captions, the rest by their order.

    Of several with one caption, the first goes with the first.
    """
    rows: list[list[Figure | None]] = []
    rest: list[list[Figure]] = []
    captioned: dict[tuple[str, int], list[Figure | None]] = {}
    for place, figures in enumerate(runs):
        seen: dict[str, int] = {}
        rest.append([])
        for figure in figures:
            if not figure.caption:
                rest[place].append(figure)
                continue
            seen[figure.caption] = seen.get(figure.caption, 0) + 1
            key = (figure.caption, seen[figure.caption])
            if key not in captioned:
                captioned[key] = [None] * len(runs)
                rows.append(captioned[key])
            captioned[key][place] = figure
    alone = [row for row in rows if sum(figure is not None for figure in row) == 1]
    for row in alone:  # a caption may have changed: then the order says what goes with what
        rows.remove(row)
        place, figure = next((n, f) for n, f in enumerate(row) if f is not None)
        rest[place].append(figure)
    for figures in rest:
        figures.sort(key=lambda figure: (figure.cell, figure.file))
    rows += [list(row) for row in zip_longest(*rest)]
    found = [FigureRow(_caption(row), tuple(row)) for row in rows]
    return tuple(sorted(found, key=_place))


def _caption(row: Sequence[Figure | None]) -> str:
    captions = {figure.caption for figure in row if figure is not None}
    return captions.pop() if len(captions) == 1 else ""


def _place(row: FigureRow) -> tuple[int, str]:
    first = next(figure for figure in row.figures if figure is not None)
    return first.cell, first.file
