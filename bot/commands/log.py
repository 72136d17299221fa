"""`/log text`: a dated line in the excursion's log, which the welcome entry keeps folded."""

from __future__ import annotations

from collections.abc import Mapping

from bot.command import Log
from bot.commands.spec import Spec
from bot.commands.welcome import changed, welcome_now
from bot.commands.words import write_line, write_text
from bot.commands.world import World
from bot.effects import Effect, UpsertEntry
from bot.errors import RequestError
from bot.events import Role
from bot.forge.marker import write_marker
from bot.log.notes import (
    NOTES,
    Note,
    memory_of,
    missing_lines,
    page_entry,
    read_notes,
    remembered_notes,
    with_notes,
)
from bot.log.safety import plain
from bot.moments import timestamp

_LONGEST = 2_000
_ROOM = 50_000  # characters of an entry with its marker; GitHub refuses what is above 65,536


def parse(words: tuple[str, ...], named: Mapping[str, str]) -> Log:
    """Read the command's words; what looks like `name=value` is text here."""
    return Log(" ".join([*words, *(f"{name}={value}" for name, value in named.items())]))


def decide(command: Log, world: World) -> tuple[Effect, ...]:
    """Decide what follows: one line more in the log, also after the answer.

    What the welcome has no room for any more goes to entries of its own before it is let go.

    Raises:
        RequestError: There is nothing to note down, or too much; or the excursion has not begun.
    """
    text = " ".join(plain(command.text).split())
    if not text:
        raise RequestError("there is nothing to note down", right="Give it some text.")
    if len(text) > _LONGEST:
        raise RequestError(
            f"the note has {len(text)} characters, {_LONGEST} at most",
            right="Say it in a comment of its own, or put it into a file on the branch; then "
            "name that here.",
        )
    world.begun()
    known = read_notes(world.thread)
    note = _new(text, known, world)
    notes = known if note is None else (*known, note)
    pages = _pages(world)
    paged = max((n.number for page in pages.values() for n in page), default=0)
    return _kept(notes, pages, paged, world)


def _new(text: str, known: tuple[Note, ...], world: World) -> Note | None:
    """Make the line, unless it is there: the same command's, or the same words said twice."""
    number = known[-1].number + 1 if known else 1
    stamped = timestamp(world.now)
    if world.asked.comment:
        given = str(world.asked)
        there = any(note.given == given for note in known)
        return None if there else Note(number, text, world.actor, stamped, given)
    last = known[-1] if known else None
    if last is not None and (last.text, last.author, last.given) == (text, world.actor, ""):
        return None  # a command line that was interrupted is given again
    return Note(number, text, world.actor, stamped)


def _pages(world: World) -> dict[int, tuple[Note, ...]]:
    """Read the entries that keep older lines, by their numbers."""
    found = {}
    for entry in world.thread.entries(NOTES):
        number = entry.key.partition(":")[2]
        if number.isdigit():
            found[int(number)] = remembered_notes(entry.data or {})
    return found


def _kept(
    notes: tuple[Note, ...], pages: Mapping[int, tuple[Note, ...]], paged: int, world: World
) -> tuple[UpsertEntry, ...]:
    """Put the newest lines into the welcome, and what it has no room for into the last page."""
    newest = tuple(note for note in notes if note.number > paged)
    welcome = _welcome(newest, notes, world)
    if _size(welcome) <= _ROOM:
        return (welcome,)
    moving: list[Note] = []
    while newest and _size(welcome) > _ROOM // 2:  # by half, so that this is not done every time
        moving.append(newest[0])
        newest = newest[1:]
        welcome = _welcome(newest, notes, world)
    last = max(pages, default=0)
    changes: dict[int, tuple[Note, ...]] = {}
    page = pages.get(last, ())
    for note in moving:
        if not last or _size(_page(last, (*page, note), world)) > _ROOM:
            last, page = last + 1, ()
        page = (*page, note)
        changes[last] = page
    return (*(_page(number, lines, world) for number, lines in changes.items()), welcome)


def _welcome(newest: tuple[Note, ...], notes: tuple[Note, ...], world: World) -> UpsertEntry:
    now = welcome_now(world)
    body = with_notes(now.body, newest, total=notes[-1].number, missing=missing_lines(notes))
    return changed(now, body, {NOTES: memory_of(newest)})


def _page(number: int, notes: tuple[Note, ...], world: World) -> UpsertEntry:
    memory = {NOTES: memory_of(notes)}
    return UpsertEntry(world.thread.number, f"{NOTES}:{number}", page_entry(notes), memory)


def _size(entry: UpsertEntry) -> int:
    return len(entry.body) + len(write_marker(entry.key, dict(entry.data)))


def write(command: Log) -> str:
    """Write the command as people do."""
    return write_line("log", write_text(command.text, ()))


SPEC = Spec(
    word="log",
    command=Log,
    role=Role.READ,
    usage="/log text",
    summary="Add a dated line to the log in the first entry.",
    example="/log Layer 3 looks odd: loss=0.3 at step 100.",
    parse=parse,
    write=write,
    decide=decide,
    text=True,
    details="Emphasis, links, code and formulas work in it. With the answer the log goes into the "
    "README.",
)
