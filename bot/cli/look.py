"""The commands that only look: list, show, status, params."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

import click

from bot.cli.place import give, issue_argument, json_option, open_forge, say
from bot.command import Command, Params, Status
from bot.config import read_config
from bot.effects import Reply
from bot.errors import ExcursionError, ForgeError
from bot.events import Commanded
from bot.excursion import Excursion, read_excursion
from bot.forge.local import LocalForge
from bot.log.predictions import read_predictions
from bot.log.safety import plain
from bot.log.thread_text import on_terminal
from bot.thread import Comment, Thread

_SWEEP_FACTS = ("status", "points", "succeeded", "failed", "commit", "started", "best")


@click.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """List the excursions of this repository, the oldest first."""
    forge, config = open_forge()
    rows = []
    for issue in forge.issue_numbers():
        try:
            rows.append(_summary(forge, forge.thread(issue), config))
        except ForgeError as error:  # one damaged file shall not hide the other threads
            say(f"excursion: {error}")
    if as_json:
        give(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    if not rows:
        say('There is no excursion yet. Ask something: excursion ask "Does …?"')
    for row in rows:
        runs = f"{row['runs']} run{'' if row['runs'] == 1 else 's'}"
        give(f"{row['issue']:>4}  {row['state']:<10} {runs:<8} {plain(row['question'])}")


@click.command("show")
@issue_argument
@json_option
@click.option("--all", "whole", is_flag=True, help="Show on a terminal, too, what is folded away.")
@click.option("--open", "open_page", is_flag=True, help="Open the thread's page in the browser.")
def show_command(issue: int, as_json: bool, whole: bool, open_page: bool) -> None:
    """Show the thread of issue N as Markdown.

    On a terminal, of what entries fold away only the titles are shown, unless --all.
    """
    from bot.log.thread_text import folded_away, thread_markdown

    forge, config = open_forge()
    thread = forge.thread(issue)
    if as_json:
        give(json.dumps(_whole(forge, thread, config), indent=1, ensure_ascii=False))
        return
    text = thread_markdown(thread)
    give(text if whole or not sys.stdout.isatty() else folded_away(text))
    page = forge.root / str(issue) / "thread.html"
    if open_page:
        click.launch(str(page))
    elif page.exists():
        say(f"As a page: {page}")


@click.command("status")
@issue_argument
@json_option
def status_command(issue: int, as_json: bool) -> None:
    """Show where excursion N stands: state, branch, runs, predictions."""
    if not as_json:
        _answered(issue, Status())
        return
    forge, config = open_forge()
    whole = _whole(forge, forge.thread(issue), config)
    del whole["posts"]
    give(json.dumps(whole, indent=1, ensure_ascii=False))


@click.command("params")
@issue_argument
@json_option
def params_command(issue: int, as_json: bool) -> None:
    """Show the parameters that the notebook of excursion N may be given."""
    _answered(issue, Params(), as_json=as_json)


def _answered(issue: int, command: Command, *, as_json: bool = False) -> None:
    """Print what a command answers that changes nothing."""
    from bot import handle
    from bot.cli.desk import open_desk

    def show(reply: Reply) -> None:
        shown = on_terminal(reply.text)
        give(json.dumps(reply.data, indent=1, ensure_ascii=False) if as_json else shown)

    desk = open_desk()
    handle.command(replace(desk.shell, reply=show), Commanded(desk.actor, issue, command))


def _excursion(forge: LocalForge, thread: Thread, config: bytes) -> Excursion | None:
    """Give a thread's excursion, also where the entry that remembers it is gone."""
    from bot.recovery import recovered

    known = read_excursion(thread)
    if known is not None or not thread.comments:
        return known
    try:
        return recovered(thread.number, forge, read_config(config))
    except ExcursionError:  # a broken configuration keeps nobody from looking
        return None


def _summary(forge: LocalForge, thread: Thread, config: bytes) -> dict[str, Any]:
    excursion = _excursion(forge, thread, config)
    runs = thread.entries("run")
    sweeps = thread.entries("sweep")
    answer = thread.answer
    outcome = (answer.data or {}).get("outcome") if answer else None
    state = thread.state if thread.is_open else (outcome or "answered" if answer else "closed")
    if any((entry.data or {}).get("status") == "running" for entry in (*runs, *sweeps)):
        alive = any(sweep.alive for sweep in forge.sweeps(thread.number))
        alive = alive or any(run.alive for run in forge.runs(thread.number))
        state = "running" if alive else "interrupted"
    return {
        "issue": thread.number,
        "question": thread.title,
        "state": state,
        "kind": excursion.kind.value if excursion else None,
        "template": excursion.template if excursion else None,
        "branch": excursion.branch if excursion else None,
        "folder": excursion.folder if excursion else None,
        "labels": list(thread.labels),
        "runs": len(runs) + sum(map(_ended_points, sweeps)),
    }


def _ended_points(sweep: Comment) -> int:
    data = sweep.data or {}
    counts = (data.get("succeeded"), data.get("failed"))
    return sum(count for count in counts if isinstance(count, int))


def _points(forge: LocalForge, issue: int) -> list[dict[str, Any]]:
    """List the runs that are points of sweeps, as far as they have been told of."""
    return [
        {
            "run_id": run.result.run_id,
            "sweep": run.result.sweep,
            "status": run.result.status.value,
            "commit": run.result.commit,
            "started": run.result.started,
            "parameters": run.result.parameters,
            "metrics": run.result.metrics,
        }
        for run in forge.runs(issue)
        if run.result and run.result.sweep
    ]


def _whole(forge: LocalForge, thread: Thread, config: bytes) -> dict[str, Any]:
    whole = _summary(forge, thread, config)
    whole["runs"] = [
        {
            "run_id": entry.key.partition(":")[2],
            "sweep": "",
            "status": (entry.data or {}).get("status", "unknown"),
            "commit": (entry.data or {}).get("commit"),
            "started": (entry.data or {}).get("started"),
            "metrics": (entry.data or {}).get("metrics", {}),
            "answered_from": (entry.data or {}).get("answered_from"),
            "reproduces": (entry.data or {}).get("reproduces"),
            "agreement": (entry.data or {}).get("agreement"),
            "eval": bool((entry.data or {}).get("eval")),
        }
        for entry in thread.entries("run")
    ]
    sweeps = thread.entries("sweep")
    whole["runs"] += _points(forge, thread.number) if sweeps else []
    whole["sweeps"] = [
        {"run_id": entry.key.partition(":")[2]}
        | {name: (entry.data or {}).get(name) for name in _SWEEP_FACTS}
        for entry in sweeps
    ]
    whole["predictions"] = [
        {"text": p.text, "author": p.author, "stamped": p.stamped, "confidence": p.confidence}
        for p in read_predictions(thread)
    ]
    answer = thread.answer
    whole["answer"] = dict(answer.data or {}) if answer else None
    whole["posts"] = [
        {
            "number": comment.number,
            "author": comment.author,
            "entry": comment.key or None,
            "created": comment.created,
            "updated": comment.updated,
            "body": comment.body,
        }
        for comment in thread.comments
    ]
    return whole
