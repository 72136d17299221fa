"""The commands that only look: list, show, status, params, templates."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from bot.cli.place import give, issue_argument, json_option, open_forge, say
from bot.errors import ForgeError
from bot.excursion import read_excursion
from bot.excursion_file import FILE_NAME, read_excursion_file
from bot.forge.local import LocalForge
from bot.log.predictions import read_predictions
from bot.log.safety import plain
from bot.log.tables import number
from bot.parameters import SET, written
from bot.thread import ANSWER, Comment, Thread

_SWEEP_FACTS = ("status", "points", "succeeded", "failed", "commit", "started", "best")


@click.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """List the excursions of this repository, the oldest first."""
    forge, _ = open_forge()
    rows = []
    for issue in forge.issue_numbers():
        try:
            rows.append(_summary(forge, forge.thread(issue)))
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

    forge, _ = open_forge()
    thread = forge.thread(issue)
    if as_json:
        give(json.dumps(_whole(forge, thread), indent=1, ensure_ascii=False))
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
    forge, _ = open_forge()
    thread = forge.thread(issue)
    from bot.log.sweep.words import count

    whole = _whole(forge, thread)
    if as_json:
        del whole["posts"]
        give(json.dumps(whole, indent=1, ensure_ascii=False))
        return
    give(f"{whole['issue']}  {plain(whole['question'])}")
    begun = f"{whole['kind']} · {whole['branch']}" if whole["kind"] else "not begun"
    give(f"{whole['state']} · {begun}")
    for prediction in whole["predictions"]:
        sure = prediction["confidence"]
        sure_text = f" ({sure:.0%})" if sure is not None else ""
        give(f"  {plain(prediction['author'])} predicts{sure_text}: {plain(prediction['text'])}")
    for sweep in whole["sweeps"]:
        best = sweep["best"]
        points = count(sweep["points"], "point")
        good = f"{sweep['succeeded']} of {points} succeeded"
        bad = f", {sweep['failed']} failed" if sweep["failed"] else ""
        at = f" ({best['at']})" if best and best["at"] else ""
        shown = f"  best {best['metric']}={number(best['value'])}{at}" if best else ""
        give(f"  sweep {sweep['run_id']}  {sweep['status']}  {good}{bad}{plain(shown)}")
    for run in (run for run in whole["runs"] if not run["sweep"]):
        shown = " ".join(f"{n}={number(v)}" for n, v in list(run["metrics"].items())[:4])
        about = f"answered from {run['answered_from']}  " if run["answered_from"] else ""
        if run["reproduces"]:
            about = f"repeats {run['reproduces']}: {run['agreement'] or 'not compared'}  "
        noun = "eval" if run.get("eval") else "run"
        give(f"  {noun} {run['run_id']}  {run['status']}  {about}{plain(shown)}".rstrip())


@click.command("params")
@issue_argument
@json_option
def params_command(issue: int, as_json: bool) -> None:
    """Show the parameters that the notebook of excursion N may be given."""
    from bot.errors import RequestError

    forge, _ = open_forge()
    excursion = read_excursion(forge.thread(issue))
    if excursion is None:
        raise RequestError(
            f"the excursion of issue {issue} has not begun", right=f"excursion start {issue}"
        )
    where = f"{excursion.folder}/{FILE_NAME}"
    head = forge.head(excursion.branch)
    text = forge.read(head, where) if head else None
    if text is None:
        raise RequestError(f"is not on the branch {excursion.branch}", where=where)
    file = read_excursion_file(text, where=f"{where} on {excursion.branch}")
    declared = file.parameters
    if as_json:
        data = {name: d.model_dump(mode="json", exclude_none=True) for name, d in declared.items()}
        if file.sets:  # no parameter has this name
            data[SET] = {name: each.model_dump(mode="json") for name, each in file.sets.items()}
        give(json.dumps(data, indent=1, ensure_ascii=False))
        return
    if not declared:
        say("It has none.")
    for name, declaration in declared.items():
        give(f"{name} = {written(declaration.default)}")
        give(f"    {declaration.allowed}. {plain(declaration.description)}".rstrip(". "))
    for name, chosen in file.sets.items():
        values = ", ".join(f"{key}={written(value)}" for key, value in chosen.values.items())
        give(f"{SET}={name}: {plain(values)}")
        give(f"    {plain(chosen.description)}")


@click.command("templates")
@json_option
def templates_command(as_json: bool) -> None:
    """List the templates: what each one asks, how long it takes, what it measures."""
    from bot.template import read_template, template_names

    found = [read_template(name, folder) for name, folder in template_names(_roots()).items()]
    if as_json:
        rows = [
            {
                "name": template.full_name,
                "kind": template.kind.value,
                "question": template.manifest.question,
                "summary": template.manifest.summary,
                "runtime": template.manifest.runtime,
                "metric": template.manifest.metrics.main,
                "parameters": sorted(template.manifest.parameters),
            }
            for template in found
        ]
        give(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    for template in found:
        manifest = template.manifest
        give(f"{template.full_name}  {manifest.summary}")
        give(f"    {manifest.question}")
        facts = [
            manifest.runtime,
            f"measures {manifest.metrics.main}" if manifest.metrics.main else "",
        ]
        line = " · ".join(fact for fact in facts if fact)
        if line:
            give(f"    {line}")


def _roots() -> tuple[Any, ...]:
    """Find the templates of this repository, if we are in one, and our own."""
    from bot.errors import RequestError
    from bot.template import built_in_templates

    try:
        return (open_forge()[0].top / "templates", built_in_templates())
    except RequestError:
        return (built_in_templates(),)


def _summary(forge: LocalForge, thread: Thread) -> dict[str, Any]:
    excursion = read_excursion(thread)
    runs = thread.entries("run")
    sweeps = thread.entries("sweep")
    answer = thread.entry(ANSWER)
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
    return int(data.get("succeeded", 0)) + int(data.get("failed", 0))


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


def _whole(forge: LocalForge, thread: Thread) -> dict[str, Any]:
    whole = _summary(forge, thread)
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
    answer = thread.entry(ANSWER)
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
