"""The zygote of warm kernels: start, stop and status, and the one that starts by itself."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from bot.cli.handover import remember
from bot.cli.place import give, json_option, open_forge, say
from bot.config import Config, read_config
from bot.durations import parse_duration, spoken
from bot.errors import ForgeError, RequestError
from runner import records
from runner.warm import client, place

# What the commands that execute something import.
_COMMANDS = ("bot.cli.run", "bot.cli.desk", "bot.site.page", "bot.site.markdown", "PIL.Image")


@click.group("warm")
def warm_command() -> None:
    """Keep a process that has imported what notebooks import, and forks ready kernels.

    It starts by itself after the first run, and ends by itself when it was not used for a while.
    Any Jupyter program gets such kernels through the kernelspec `excursion-warm`.
    """


@warm_command.command("start")
def start() -> None:
    """Start the zygote and wait until it is ready."""
    warm, top = _settings()
    try:
        client.start(warm, os.environ, also=_COMMANDS)
        _remember(warm, top)
    except client.NoZygoteError as error:
        raise ForgeError(f"no zygote can be had: {error}", right="Runs start cold.") from error
    for row in _ask("status"):
        if row["socket"] == str(place.socket_path(warm, os.environ)):
            _tell(row)
            if row.get("problem"):
                raise ForgeError(
                    f"the zygote must not fork: {row['problem']}",
                    right="Take that module out of warm.preload in excursions.toml; "
                    "until then, runs start cold.",
                )


@warm_command.command("stop")
def stop() -> None:
    """End every zygote of yours; what was forked from one goes on to its end."""
    stopped = list(_ask("stop"))
    for row in stopped:
        say(f"Stopped the zygote {row['pid']}.")
    if not stopped:
        say("None was running.")


@warm_command.command("status")
@json_option
def status(as_json: bool) -> None:
    """Show the zygotes of yours that are running."""
    rows = list(_ask("status"))
    if as_json:
        give(json.dumps(rows, indent=1))
        return
    if not rows:
        say("None is running. One starts by itself after a run, or by: excursion warm start")
    for row in rows:
        _tell(row)


def settings_of(config: Config) -> records.Warm:
    """Give the settings in the form that crosses the border."""
    idle = parse_duration(config.warm.idle, where="warm.idle")
    return records.Warm(preload=config.warm.preload, idle_s=idle)


def have_one(top: Path, warm: records.Warm) -> str:
    """Have a zygote get ready for the next run, if that is possible; say what was done."""
    why_not = client.why_not_start(warm, os.environ)
    try:
        if not why_not:
            client.start(warm, os.environ, also=_COMMANDS, wait=False)
        _remember(warm, top)
    except client.NoZygoteError as error:
        return f"none can be had: {error}"
    return why_not or "one is getting ready, so that the next run starts at once"


def _remember(warm: records.Warm, top: Path) -> None:
    try:
        remember(top, place.socket_path(warm, os.environ))
    except place.UnsafePlaceError as error:
        raise client.NoZygoteError(str(error)) from error


def _settings() -> tuple[records.Warm, Path]:
    """Give the settings of the repository around us, or the usual ones outside of any."""
    try:
        forge, text = open_forge()
    except RequestError:
        return records.Warm(), Path.cwd()
    return settings_of(read_config(text)), forge.top


def _ask(question: str) -> Iterator[dict[str, Any]]:
    """Ask every zygote; tell what keeps us from it as the machine's trouble."""
    try:
        yield from client.ask_all(question)
    except client.NoZygoteError as error:
        raise ForgeError(
            f"no zygote can be asked: {error}", right="Give it mode 0700, or remove it."
        ) from error


def _tell(row: dict[str, object]) -> None:
    if row["hangs"]:
        give(f"zygote {row['pid']}  does not answer; excursion warm stop ends it")
        return
    current = "ready" if row["current"] else "out of date; the next run replaces it"
    current = f"cannot fork: {row['problem']}" if row["problem"] else current
    give(f"zygote {row['pid']}  {current}")
    preloaded, missing = row["preloaded"], row["missing"]
    if isinstance(preloaded, list):
        give(f"    has imported {', '.join(preloaded)}")
    if isinstance(missing, list) and missing:
        give(f"    could not be imported: {', '.join(missing)}")
    idle, stays = row["idle_s"], row["stays_s"]
    if isinstance(idle, float | int) and isinstance(stays, float | int):
        give(
            f"    forked {row['forked']}, {row['running']} of them running; unused for "
            f"{spoken(idle)}, ends after {spoken(stays)}"
        )
