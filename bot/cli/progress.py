"""What a run says while it goes on ─► a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bot.cli.place import say
from bot.durations import spoken
from bot.log.safety import clip, plain

Listener = Callable[[str, dict[str, Any]], None]
_LINE_EVERY_S = 5.0


class Progress:
    """Shows how far a run is, on standard error."""

    @contextmanager
    def of(self) -> Iterator[Listener]:
        """Show a run; give what takes its events."""
        if sys.stderr.isatty():
            with _bar() as listen:
                yield listen
        else:
            yield _lines()


@contextmanager
def _bar() -> Iterator[Listener]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("cells"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[said]}", markup=False),
        console=Console(stderr=True),
        transient=False,
    )
    with contextlib.suppress(OSError), bar:  # a terminal may go away; the run shall not
        task = bar.add_task("", total=None, said="starting the kernel")

        def listen(run_id: str, event: dict[str, Any]) -> None:
            if event["event"] == "started":
                bar.update(task, description=f"Run {run_id}")
            elif event["event"] == "place":
                bar.update(task, description=f"Run {run_id}", said=plain(event["text"]))
            elif event["event"] == "cells":
                bar.update(task, total=len(event["code"]), said="")
            elif event["event"] == "cell ended":
                bar.advance(task)
            elif event["event"] == "output":
                room = max(20, bar.console.width - 60)
                bar.update(task, said=Text(clip(plain(event["text"]).strip(), room)).plain)
            elif event["event"] == "ended":
                bar.update(task, said=event["status"].replace("_", " "))

        yield listen


def _lines() -> Listener:
    """Print a line for each cell that took a while, and for what it prints now and then."""
    state = {"cells": 0, "done": 0, "last": time.monotonic()}

    def listen(run_id: str, event: dict[str, Any]) -> None:
        def tell(text: str) -> None:
            state["last"] = time.monotonic()
            say(f"  run {run_id}: {text}")

        kind = event["event"]
        due = time.monotonic() - state["last"] >= _LINE_EVERY_S
        if kind == "place":
            tell(plain(event["text"]))
        elif kind == "cells":
            state["cells"] = len(event["code"])
            tell(f"{state['cells']} cells to run")
        elif kind == "cell ended":
            state["done"] += 1
            if due or event["duration_s"] >= 1 or event["status"] != "completed":
                took = spoken(event["duration_s"])
                so_far = f"{state['done']} of {state['cells']} cells"
                tell(f"{so_far}, the last {event['status'].replace('_', ' ')} in {took}")
        elif kind == "output" and due:
            tell(clip(plain(event["text"]).strip(), 120))

    return listen
