"""A thread ─► one Markdown text, as `thread.md` keeps it; and Markdown as a terminal shows it."""

from __future__ import annotations

import html
import re

from bot.log.predictions import short_moment
from bot.log.safety import closed, code, inline
from bot.thread import Thread

_FOLD = re.compile(r"<details><summary>(.*?)</summary>\s*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ESCAPED = re.compile(r"\\([\\`*_\[\]|~$^#+\-=:.)>])")
_COMMENT = re.compile(r"^<!-- excursion .*-->$", re.MULTILINE)


def question_text(thread: Thread) -> str:
    """Give what was written when the question was asked, without the hidden marker."""
    return _COMMENT.sub("", thread.body).strip()


def thread_markdown(thread: Thread) -> str:
    """Write a whole thread, its posts parted by rules."""
    facts = [f"Issue {thread.number}, {thread.state}", *map(code, thread.labels)]
    facts += [f"asked by {inline(thread.author)}, {short_moment(thread.created)} UTC"]
    head = [f"# {inline(thread.title)}", f"*{' · '.join(facts)}*"]
    body = question_text(thread)
    parts = ["\n\n".join([*head, closed(body)] if body else head)]
    for comment in thread.comments:
        who = "" if comment.is_entry else f"**{inline(comment.author)}**, "
        stamp = "" if comment.is_entry else f"{who}{short_moment(comment.created)} UTC:\n\n"
        parts.append(f"{stamp}{closed(comment.body)}")
    return "\n\n---\n\n".join(parts) + "\n"


def folded_away(markdown: str) -> str:
    """Leave of each folded part only its title, since a terminal cannot open it.

    What stands in a block of code begins and ends no fold.
    """
    shown: list[str] = []
    titles = 0  # how deep within folds
    fence = ""
    for line in markdown.split("\n"):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and not line.strip(f" {fence[0]}"):
            fence = ""
        elif not fence and (fold := _FOLD.fullmatch(line)):
            titles += 1
            shown += [f"▸ {fold[1]}"] if titles == 1 else []
            continue
        elif not fence and titles and line.strip() == "</details>":
            titles -= 1
            continue
        if not titles:
            shown.append(line)
    return "\n".join(shown)


def on_terminal(markdown: str) -> str:
    """Show what was made safe for Markdown as the text that it is, where no Markdown is read."""
    return _ESCAPED.sub(r"\1", html.unescape(markdown)).replace("\u200b", "")
