"""The world ─► its welcome entry with something changed, made anew where it is missing.

What an excursion remembers of itself stands there. Whoever changes it goes through here, so that
nothing that stood there is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.commands.world import World
from bot.effects import UpsertEntry
from bot.excursion import Excursion, read_excursion
from bot.log.welcome import REBUILT, welcome_entry
from bot.thread import WELCOME


def excursion_memory(excursion: Excursion) -> dict[str, Any]:
    """Give what a welcome remembers of its excursion."""
    return {
        "question": excursion.question,
        "kind": excursion.kind.value,
        "template": excursion.template,
        "branch": excursion.branch,
        "folder": excursion.folder,
    }


def welcome_now(world: World, prompt: str = "") -> UpsertEntry:
    """Give the welcome as it is; where it is missing or damaged, as it would be made now.

    Args:
        world: The state.
        prompt: What the template would like to see predicted, where that is known.

    Raises:
        RequestError: The excursion has not begun, or its declaration is gone, too.
    """
    issue = world.thread.number
    there = world.thread.entry(WELCOME)
    if there is not None and read_excursion(world.thread) is not None:
        return UpsertEntry(issue, WELCOME, there.body, dict(there.data or {}))
    excursion = world.begun()
    declared, surroundings = world.declared(), world.surroundings
    body = welcome_entry(excursion, declared, prompt=prompt, surroundings=surroundings)
    kept = dict((there.data if there else None) or {})
    body += f"\n\n{REBUILT}" if world.thread.told else ""  # else its making was interrupted
    return UpsertEntry(issue, WELCOME, body, kept | excursion_memory(excursion))


def changed(welcome: UpsertEntry, body: str, data: Mapping[str, Any]) -> UpsertEntry:
    """Give a welcome with another body, that remembers more, or something else."""
    return UpsertEntry(welcome.issue, WELCOME, body, {**welcome.data, **data})
