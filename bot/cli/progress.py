"""What runs say while they go on ─► a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.cli.place import say
from bot.durations import spoken
from bot.log.safety import clip, plain
from bot.shell import Outlook
from runner.records import RunResult, Status

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_LINE_EVERY_S = 5.0
_DAY_S = 86_400.0
_OTHER_COLUMNS = 62  # characters of a bar's line that are not what was said last


def _ignore(_: object) -> None:
    """Take no notice."""


@dataclass(frozen=True)
class Watch:
    """What is to hear of runs: each event by the run's id, and each end."""

    heard: Callable[[str, dict[str, Any]], None]
    ended: Callable[[RunResult], None] = _ignore


class Progress:
    """Shows how far a run is, or a sweep over points, on standard error."""

    @contextmanager
    def of(self, outlook: Outlook | None) -> Iterator[Watch]:
        """Show a run, or the sweep whose outlook is given; give what is to hear of it."""
        if not sys.stderr.isatty():
            yield _run_lines() if outlook is None else _sweep_lines(outlook)
            return
        bar = _bar("cells" if outlook is None else "points", time_left=outlook is not None)
        with contextlib.suppress(OSError):  # a terminal may go away; the run shall not
            bar.start()
        try:
            yield _run_on(bar) if outlook is None else _sweep_on(bar, outlook)
        finally:
            with contextlib.suppress(OSError):
                bar.stop()


def _bar(things: str, *, time_left: bool) -> Bar:
    from rich import progress
    from rich.console import Console

    left = [progress.TimeRemainingColumn(), progress.TextColumn("left")] if time_left else []
    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(bar_width=24),
        progress.MofNCompleteColumn(),
        progress.TextColumn(things),
        progress.TimeElapsedColumn(),
        *left,
        progress.TextColumn("{task.fields[said]}", markup=False),
        console=Console(stderr=True),
        transient=False,
        speed_estimate_period=_DAY_S,  # points may take hours
    )


def _run_on(bar: Bar) -> Watch:
    """Show the cells of one run on a bar, and what they print."""
    task = bar.add_task("", total=None, said="starting the kernel")

    def heard(run_id: str, event: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            if event["event"] == "started":
                bar.update(task, description=f"Run {run_id}")
            elif event["event"] == "place":
                bar.update(task, description=f"Run {run_id}", said=plain(event["text"]))
            elif event["event"] == "cells":
                bar.update(task, total=len(event["code"]), said="")
            elif event["event"] == "cell ended":
                bar.advance(task)
            elif event["event"] == "output":
                bar.update(task, said=_fitting(bar, event["text"]))
            elif event["event"] == "ended":
                bar.update(task, said=event["status"].replace("_", " "))

    return Watch(heard)


def _sweep_on(bar: Bar, outlook: Outlook) -> Watch:
    """Show the points of a sweep on a bar; those that fail are told above it."""
    task = bar.add_task(outlook.name, total=outlook.total, completed=outlook.done, said="")
    failed = outlook.failed

    def heard(_run_id: str, _event: dict[str, Any]) -> None:
        """Take no notice of single cells."""

    def ended(result: RunResult) -> None:
        nonlocal failed
        if result.status is Status.CANCELLED:
            return
        text = outlook.describe(result)
        failed += result.status is not Status.SUCCEEDED
        with contextlib.suppress(OSError):
            if result.status is not Status.SUCCEEDED:
                bar.console.print(text, markup=False, highlight=False)
            said = f"{failed} failed · {text}" if failed else text
            bar.update(task, advance=1, said=_fitting(bar, said))

    return Watch(heard, ended)


def _fitting(bar: Bar, text: str) -> str:
    return clip(plain(text).strip(), max(20, bar.console.width - _OTHER_COLUMNS))


def _run_lines() -> Watch:
    """Print a line for each cell that took a while, and for what it prints now and then."""
    state = {"cells": 0, "done": 0, "last": time.monotonic()}

    def heard(run_id: str, event: dict[str, Any]) -> None:
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

    return Watch(heard)


def _sweep_lines(outlook: Outlook) -> Watch:
    """Print a line for each point that has ended."""
    done = outlook.done

    def ended(result: RunResult) -> None:
        nonlocal done
        stopped = result.status is Status.CANCELLED
        done += not stopped
        place = "a point" if stopped else f"point {done} of {outlook.total}"
        say(f"  {place}: {outlook.describe(result)}")

    return Watch(lambda _run_id, _event: None, ended)
