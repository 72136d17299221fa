"""A person's comment ─► its commands carried out in their order, and one reply to all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot import handle
from bot.command import Asked
from bot.commands import spec_of
from bot.commands.parser import NAMES, Line, read_comment
from bot.commands.roles import roles
from bot.config import Config
from bot.effects import Effect, PostComment, React, RemoveEntry, Reply, UpsertEntry
from bot.errors import ExcursionError, RequestError
from bot.events import Actor, Commanded, Role
from bot.log.reply import Mistake, enough_entry, reply_entry, trouble_entry
from bot.moments import timestamp
from bot.shell import Shell
from bot.sweeping import SweepCancelledError
from bot.thread import DONE, EYES, OURS, WRONG, Thread
from runner.records import RunResult

MISTAKE = "mistake"  # what a reply remembers if something was wrong with the comment
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Heard:
    """What somebody said: a comment, or a label that they put on the issue.

    Attributes:
        issue: Where.
        comment: The comment's number; 0 for a label.
        actor: Who.
        lines: The commands.
        mistake: What is wrong with one of them, if anything: then none is carried out.
    """

    issue: int
    comment: int
    actor: Actor
    lines: tuple[Line, ...]
    mistake: RequestError | None = None


@dataclass(frozen=True)
class Carried:
    """How far the commands of a comment were carried out.

    Attributes:
        said: What they answered.
        mistake: What stopped them, if anything did.
        done: How many were carried out.
    """

    said: tuple[Reply, ...] = ()
    mistake: RequestError | None = None
    done: int = 0


class EnoughError(RequestError):
    """Somebody who may not write has had as many answers as there are in an hour."""


def names_of(config: Config) -> tuple[str, ...]:
    """Give the names with which the bot may be addressed."""
    return (*NAMES, config.github.bot.removesuffix("[bot]"))


def comment(shell: Shell, actor: Actor, issue: int, text: str) -> list[RunResult]:
    """Post a comment and do what its commands say, exactly as the same comment on GitHub would.

    Raises:
        ExcursionError: A command in it is wrong or failed; the comment itself stands.
    """
    if not text.strip():
        raise RequestError("the comment is empty", right="Say something.")
    shell.forge.thread(issue)
    with shell.lock():
        shell.apply(issue, (PostComment(issue, actor.name, text),))
        number = max((c.number for c in shell.forge.thread(issue).comments), default=0)
        number += 0 if shell.show is None else 1
    heard = hear(issue, number, actor, text, names_of(shell.config))
    if not heard.lines and heard.mistake is None:
        return []
    results: list[RunResult] = []

    def tell(*effects: Effect) -> None:
        with shell.lock():
            shell.apply(issue, effects)

    tell(React(issue, number, EYES))
    try:
        carried = carry_out(
            heard,
            lambda event, reply: results.extend(_results(replace(shell, reply=reply), event)),
            thread=lambda: shell.forge.thread(issue),
            config=shell.config,
            now=shell.clock(),
        )
        answer = answer_effects(
            heard, carried, shell.forge.thread(issue), shell.config, shell.clock()
        )
        tell(*answer, React(issue, number, WRONG if carried.mistake else DONE))
    except Exception as error:
        what = error.what if isinstance(error, ExcursionError) else type(error).__name__
        try:
            tell(*trouble_effects(issue, number, what, ""), React(issue, number, OURS))
        except ExcursionError as another:
            raise error from another
        raise
    if carried.mistake is not None:
        raise _in_its_line(heard, carried.mistake, carried.done)
    return results


def _results(shell: Shell, event: Commanded) -> list[RunResult]:
    """Carry out a command; one whose sweep was cancelled keeps nobody from the next."""
    try:
        return handle.command(shell, event)
    except SweepCancelledError as cancelled:
        return cancelled.results


def hear(issue: int, number: int, actor: Actor, text: str, names: Iterable[str] = NAMES) -> Heard:
    """Read what a comment asks for; a mistake in one line keeps all of them from being done."""
    try:
        return Heard(issue, number, actor, read_comment(text, names, issue=issue))
    except RequestError as error:
        return Heard(issue, number, actor, (), error)


def carry_out(
    heard: Heard,
    each: Callable[[Commanded, Callable[[Reply], None]], object],
    *,
    thread: Callable[[], Thread],
    config: Config,
    now: datetime,
) -> Carried:
    """Carry commands out, one after another, up to the first that is not possible.

    Args:
        heard: The commands, and who gave them.
        each: Carries out one, and passes on what it answers.
        thread: Reads the thread.
        config: What the repository says about who may do what.
        now: When they were given.

    Raises:
        ExcursionError: It failed on our side, which a RequestError is not.
    """
    if heard.mistake is not None:
        return Carried(mistake=heard.mistake)
    roles(config)  # what is wrong with it is no mistake of whoever comments
    said: list[Reply] = []
    for index, line in enumerate(heard.lines):
        event = Commanded(heard.actor, heard.issue, line.command, Asked(heard.comment, index))
        try:
            if spec_of(line.command).reads_only and heard.actor.role < Role.WRITE:
                check_rate(heard, thread(), config, now)
            handle.authorise(event, config)
            each(event, said.append)
        except RequestError as error:
            return Carried(tuple(said), error, index)
    return Carried(tuple(said), None, len(heard.lines))


def answer_effects(
    heard: Heard, carried: Carried, thread: Thread, config: Config, now: datetime
) -> tuple[Effect, ...]:
    """Decide what answers a comment: one entry, edited by a second delivery; none without a word.

    What an earlier delivery had to say, and this one has not, is taken back.
    """
    key, trouble = reply_key(heard.comment), trouble_key(heard.comment)
    stale = tuple(
        RemoveEntry(heard.issue, name)
        for name in ((trouble,) if _speaks(carried) else (trouble, key))
        if thread.entry(name)
    )
    if not _speaks(carried) or heard.actor.role < Role.READ:
        return stale
    stranger = heard.actor.role < Role.WRITE
    error, enough = carried.mistake, isinstance(carried.mistake, EnoughError)
    if stranger and error is not None and not enough:
        try:
            check_rate(heard, thread, config, now)
        except EnoughError:
            enough = True
    if enough and _was_told_enough(heard, thread, now):
        return stale
    memory: dict[str, object] = {MISTAKE: True} if error else {}
    if stranger:
        memory |= {"stranger": heard.actor.name, "at": timestamp(now), "enough": enough}
    said = [reply.text for reply in carried.said]
    if enough:
        body = reply_entry([*said, enough_entry(config.commands.replies_per_hour)])
    else:
        body = reply_entry(said, _mistake(heard, carried))
    return (*stale, UpsertEntry(heard.issue, key, body, memory))


def reply_key(comment: int) -> str:
    """Name the entry that answers a comment."""
    return f"reply:{comment or 'label'}"


def trouble_key(comment: int) -> str:
    """Name the entry that says that something failed on our side."""
    return f"trouble:{comment or 'label'}"


def trouble_effects(issue: int, comment: int, what: str, log: str) -> tuple[Effect, ...]:
    """Decide what says that something failed on our side.

    Args:
        issue: Where.
        comment: The comment that asked for it; 0 for a label.
        what: What failed, where people can do something about it.
        log: The address of the job's log.
    """
    return (UpsertEntry(issue, trouble_key(comment), trouble_entry(what, log)),)


def check_rate(heard: Heard, thread: Thread, config: Config, now: datetime) -> None:
    """Hold the answers that people who may not write got in an hour against what there are.

    Raises:
        EnoughError: They had as many; an answer to this very comment is not counted.
    """
    given = [data for data in _to_strangers(heard, thread, now) if not data.get("enough")]
    if len(given) >= config.commands.replies_per_hour:
        raise EnoughError("the bot has answered often enough for an hour", right="Ask again later.")


def _was_told_enough(heard: Heard, thread: Thread, now: datetime) -> bool:
    return any(data.get("enough") for data in _to_strangers(heard, thread, now))


def _to_strangers(heard: Heard, thread: Thread, now: datetime) -> list[dict[str, object]]:
    """Give what our replies to strangers remember, of the last hour before a moment."""
    since, until = timestamp(now - _HOUR), timestamp(now)
    others = (e for e in thread.entries("reply") if e.key != reply_key(heard.comment))
    found = [entry.data or {} for entry in others]
    return [d for d in found if d.get("stranger") and since < str(d.get("at", "")) <= until]


def _in_its_line(heard: Heard, error: RequestError, index: int) -> RequestError:
    """Say a mistake with the comment's line, where it names an option of the command line."""
    if not error.where.startswith("-") or heard.mistake is not None:
        return error
    line = heard.lines[index].text
    return RequestError(error.what, where=line, right=error.right, culprit=error.culprit)


def _mistake(heard: Heard, carried: Carried) -> Mistake | None:
    error = carried.mistake
    if error is None:
        return None
    if heard.mistake is not None:
        return Mistake(error, heard.actor.name, error.where, whole=True)
    line = heard.lines[carried.done].text
    after = len(heard.lines) - carried.done - 1
    return Mistake(error, heard.actor.name, line, carried.done, after)


def _speaks(carried: Carried) -> bool:
    return bool(carried.said or carried.mistake)
