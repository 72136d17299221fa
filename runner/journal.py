"""What happens to a run, line by line as it happens: journal ◄─► `journal.jsonl` in its folder.

Written by the process that executes; read by it at the end, or by another when it was killed.
Each line is also printed, for whoever shows progress.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

from runner.records import Cell, CellStatus

FILE_NAME = "journal.jsonl"


def now() -> str:
    """Give this moment in UTC as ISO 8601 to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Journal:
    """Appends events to a run's journal and tells them to a listener."""

    def __init__(self, folder: Path, listen: Callable[[dict[str, Any]], None]) -> None:
        self._file: IO[str] = (folder / FILE_NAME).open("a", encoding="utf-8", buffering=1)
        self._listen = listen

    def write(self, event: str, **fields: Any) -> None:
        """Append an event to the file and tell it."""
        line = {"event": event, "at": now(), **fields}
        self._file.write(json.dumps(line) + "\n")
        self._listen(line)

    def say(self, event: str, **fields: Any) -> None:
        """Tell an event without keeping it."""
        self._listen({"event": event, **fields})

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass
class Story:
    """What a journal says: when it began and ended, and how each code cell fared."""

    started: str = ""
    finished: str = ""
    kernel: Literal["", "cold", "warm"] = ""  # how it was started
    notes: list[str] = field(default_factory=list)
    cells: dict[int, Cell] = field(default_factory=dict)

    @property
    def stopped_at(self) -> int | None:
        """The cell that did not complete though it was started."""
        fine = {CellStatus.PENDING, CellStatus.COMPLETED}
        return next((i for i, cell in sorted(self.cells.items()) if cell.status not in fine), None)

    def ended(self, status: CellStatus) -> tuple[Cell, ...]:
        """Give every cell, the one that was still running ended with the status."""
        return tuple(
            cell.model_copy(update={"status": status})
            if cell.status is CellStatus.RUNNING
            else cell
            for _, cell in sorted(self.cells.items())
        )


def read_story(folder: Path) -> Story:
    """Read a run's journal; a line that was cut short by a crash ends the story."""
    path = folder / FILE_NAME
    return tell(path.read_text("utf-8").splitlines() if path.exists() else ())


def tell(lines: Iterable[str]) -> Story:
    """Tell the story of a journal's lines."""
    story = Story()
    for text in lines:
        try:
            line = json.loads(text)
        except ValueError:
            break
        event = line["event"]
        story.finished = line["at"]
        if event == "started":
            story.started = line["at"]
        elif event == "kernel":
            story.kernel = line["started"]
        elif event == "note":
            story.notes.append(line["text"])
        elif event == "cells":
            story.cells = {i: Cell(index=i, status=CellStatus.PENDING) for i in line["code"]}
        elif event == "cell started":
            index = line["cell"]
            story.cells[index] = Cell(index=index, status=CellStatus.RUNNING)
        elif event == "cell ended":
            index = line["cell"]
            status = CellStatus(line["status"])
            story.cells[index] = Cell(index=index, status=status, duration_s=line["duration_s"])
    return story
