"""A local thread ─► `thread.md` and `thread.html` beside its files."""

from __future__ import annotations

from pathlib import Path

from bot.excursion import read_excursion
from bot.forge.local import LocalForge
from bot.log.thread_text import question_text, thread_markdown
from bot.site.page import Page, Post, render_page


def write_views(forge: LocalForge, issue: int) -> tuple[Path, Path]:
    """Render a thread anew, as Markdown and as a self-contained page."""
    thread = forge.thread(issue)
    excursion = read_excursion(thread)
    answer = thread.answer
    words = question_text(thread)
    asked = [Post(thread.author, False, thread.created, words)] if words else []
    page = Page(
        number=thread.number,
        title=thread.title,
        state=thread.state,
        outcome=(answer.data or {}).get("outcome") if answer and not thread.is_open else None,
        kind=excursion.kind.value if excursion else "",
        branch=excursion.branch if excursion else "",
        labels=thread.labels,
        author=thread.author,
        created=thread.created,
        posts=tuple(
            asked + [Post(c.author, c.is_entry, c.created, c.body) for c in thread.comments]
        ),
    )
    markdown = forge.write_view(issue, "thread.md", thread_markdown(thread))
    html = render_page(page, lambda path: forge.picture(issue, path))
    return markdown, forge.write_view(issue, "thread.html", html)
