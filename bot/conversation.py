"""A person's comment ─► its commands carried out in their order, and one reply to all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot import handle
from bot.command import Asked
from bot.commands.parser import parse_comment
from bot.effects import Effect, PostComment, React, Reply, UpsertEntry
from bot.errors import ExcursionError, RequestError
from bot.events import Actor, Commanded
from bot.log.reply import reply_entry
from bot.shell import Shell
from runner.records import RunResult

EYES, DONE, WRONG, OURS = "eyes", "rocket", "-1", "confused"


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
    said: list[Reply] = []
    listening = replace(shell, reply=said.append)

    def finish(reaction: str, mistake: RequestError | None = None) -> None:
        with shell.lock():
            replies = reply_effects(issue, number, actor.name, said, mistake)
            shell.apply(issue, (*replies, React(issue, number, reaction)))

    results: list[RunResult] = []
    try:
        found = parse_comment(text)
        if not found:
            return []
        with shell.lock():
            shell.apply(issue, (React(issue, number, EYES),))
        for index, one in enumerate(found):
            event = Commanded(actor, issue, one, Asked(number, index))
            results += handle.command(listening, event)
    except RequestError as error:
        finish(WRONG, error)
        raise
    except ExcursionError:
        finish(OURS)
        raise
    finish(DONE)
    return results


def reply_effects(
    issue: int, number: int, who: str, said: Sequence[Reply], mistake: RequestError | None
) -> tuple[Effect, ...]:
    """Say what answers a comment: one entry, edited by a second delivery; none without a word.

    Args:
        issue: Where the comment stands.
        number: The comment; 0 for a label.
        who: Who wrote it.
        said: What its commands answered, in their order.
        mistake: What stopped them, if anything did.
    """
    parts = [reply.text for reply in said]
    parts += [reply_entry(mistake, who)] if mistake else []
    key = f"reply:{number or 'label'}"
    return (UpsertEntry(issue, key, "\n\n".join(parts)),) if parts else ()
