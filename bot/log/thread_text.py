"""A thread ─► one Markdown text, as `excursion show` prints it and `thread.md` keeps it."""

from __future__ import annotations

import re

from bot.log.predictions import short_moment
from bot.log.safety import closed, code, inline
from bot.thread import Thread

_COMMENT = re.compile(r"^<!-- excursion .*-->$", re.MULTILINE)


def question_text(thread: Thread) -> str:
    """Give what was written when the question was asked, without the hidden marker."""
    return _COMMENT.sub("", thread.body).strip()


def thread_markdown(thread: Thread) -> str:
    """Write a whole thread, its posts parted by rules."""
    head = [
        f"# {inline(thread.title)}",
        f"*Issue {thread.number}, {thread.state} · {' · '.join(code(x) for x in thread.labels)} · "
        f"asked by {inline(thread.author)}, {short_moment(thread.created)} UTC*",
    ]
    body = question_text(thread)
    parts = ["\n\n".join([*head, closed(body)] if body else head)]
    for comment in thread.comments:
        who = "" if comment.is_entry else f"**{inline(comment.author)}**, "
        stamp = "" if comment.is_entry else f"{who}{short_moment(comment.created)} UTC:\n\n"
        parts.append(f"{stamp}{closed(comment.body)}")
    return "\n\n---\n\n".join(parts) + "\n"
