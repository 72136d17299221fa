"""`/spoiler on|off`: whether results are posted folded, so that readers can predict first."""

from __future__ import annotations

from collections.abc import Mapping

from bot.command import Spoiler
from bot.commands.spec import Spec
from bot.commands.welcome import changed, welcome_now
from bot.commands.words import write_line
from bot.commands.world import World
from bot.effects import Effect, Reply, UpsertEntry
from bot.errors import RequestError, did_you_mean
from bot.events import Role
from bot.log.safety import inline
from bot.log.spoiler import FOLDED, SPOILER, is_folded, spoilers_fold, unfolded_results
from bot.log.welcome import with_spoiler
from bot.thread import Comment

_STATES = {"on": True, "off": False}


def parse(words: tuple[str, ...], _named: Mapping[str, str]) -> Spoiler:
    """Read the command's word.

    Raises:
        RequestError: It is neither `on` nor `off`, or there are several.
    """
    if not words:
        raise RequestError("spoiler needs a word", right="Write on or off.")
    for place, word in enumerate(words):
        if place or word.lower() not in _STATES:
            raise RequestError(
                f"spoiler does not know the word {word!r}",
                right=f"{did_you_mean(word, _STATES, noun='words')} Write on or off.",
                culprit=word,
            )
    return Spoiler(_STATES[words[0].lower()])


def decide(command: Spoiler, world: World) -> tuple[Effect, ...]:
    """Decide what follows: a switch in the welcome; switched off, folded entries are opened.

    Raises:
        RequestError: The excursion has not begun, or it is closed and nothing more will be posted.
    """
    world.begun()
    if command.on and not world.thread.is_open:
        raise RequestError(f"issue {world.thread.number} is closed", right=world.open_again)
    welcome = welcome_now(world)
    before = welcome.data.get(SPOILER)
    switch = before if isinstance(before, dict) else {}
    if spoilers_fold(world.thread) != command.on:
        switch = {"on": command.on, "by": world.actor, "given": str(world.asked)}
    who = str(switch.get("by", "")) if command.on else ""
    switched = changed(welcome, with_spoiler(welcome.body, who), {SPOILER: switch})
    if command.on:
        return (switched, Reply(_on(switch)))
    opened = [_unfolded(entry, world) for entry in world.thread.comments if entry.is_entry]
    return (*filter(None, opened), switched, Reply(_off(world)))


def _unfolded(entry: Comment, world: World) -> UpsertEntry | None:
    """Open a folded entry; None where it is not folded, or somebody has changed the fold."""
    body = unfolded_results(entry.body) if is_folded(entry.data) else None
    if body is None:
        return None
    memory = {**(entry.data or {}), FOLDED: str(world.asked)}
    return UpsertEntry(world.thread.number, entry.key, body, memory)


def _on(switch: Mapping[str, object]) -> str:
    return (
        "🙈 Results of runs and sweeps are posted folded from now on, so that you can predict "
        f"first. What was posted before stays open. *Asked for by {inline(str(switch['by']))}.*"
    )


def _off(world: World) -> str:
    """Say which entries are opened, or were by this very command, delivered before."""
    ours = [entry for entry in world.thread.comments if entry.is_entry]
    given = str(world.asked)
    names, stuck = [], []
    for entry in ours:
        name = entry.key.replace(":", " ", 1)
        if is_folded(entry.data) and unfolded_results(entry.body) is None:
            stuck.append(name)
        elif is_folded(entry.data) or (
            world.asked.comment and (entry.data or {}).get(FOLDED) == given
        ):
            names.append(name)
    said = "Results are posted open from now on"
    said += f", and so {'are those' if names else 'were all'}"
    said += f" of {_listed(names)}, which were folded." if names else " before."
    if stuck:
        said += f" {_listed(stuck).capitalize()} stays folded: somebody has edited the entry."
    return f"🙉 {said}"


def _listed(names: list[str]) -> str:
    shown = [inline(name) for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def write(command: Spoiler) -> str:
    """Write the command as people do."""
    return write_line("spoiler", "on" if command.on else "off")


SPEC = Spec(
    word="spoiler",
    command=Spoiler,
    role=Role.WRITE,
    usage="/spoiler on|off",
    summary="Post results folded, so that readers can predict first; or open again.",
    example="/spoiler on",
    parse=parse,
    write=write,
    decide=decide,
    details="`on` leaves open what was posted before; `off` opens what was folded.",
)
