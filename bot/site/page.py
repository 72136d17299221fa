"""A thread ─► one HTML page that loads nothing: no network, no fonts, no script."""

from __future__ import annotations

import base64
import functools
import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from bot.excursion import Kind, Outcome
from bot.site.markdown import render_markdown

_HUES = 6  # colours that tell people apart; page.css gives them


@dataclass(frozen=True)
class Post:
    """An issue's body or one comment under it."""

    author: str
    is_entry: bool  # posted by the tool rather than by a person
    created: str  # ISO 8601, UTC, e.g. "2026-11-21T09:00:00Z"
    body: str  # GitHub-flavoured Markdown


@dataclass(frozen=True)
class Page:
    """A thread as its readers see it."""

    number: int
    title: str
    state: str  # "open" | "closed"
    outcome: str | None  # "confirmed" | "refuted" | "mixed" | "abandoned" once answered
    kind: str  # "docs" | "demos" | "libs"; empty before the excursion has begun
    branch: str
    labels: tuple[str, ...]
    posts: tuple[Post, ...]
    author: str = ""  # who asked
    created: str = ""  # when, as in Post


@dataclass(frozen=True)
class _PostView:
    """One post with everything that the template prints."""

    author: str
    is_entry: bool
    created: str
    when: str
    initial: str
    hue: int
    html: Markup


def render_page(page: Page, picture: Callable[[str], bytes | None]) -> str:
    """Render a thread as one self-contained HTML document.

    Args:
        page: The thread. Its texts and names may come from anybody.
        picture: Gives the PNG bytes of a relative image path of a post, or None if there is none.

    Returns:
        The document, which holds its style and its pictures and forbids itself to load more.

    Raises:
        ValueError: The kind or the outcome is none of those that there are.

    """
    status, colour = _status(page)
    css = Markup(_resource("page.css"))  # noqa: S704 - ours, from the package
    html = _template().render(
        page=page,
        kind=Kind(page.kind).form if page.kind else "",
        status=status,
        colour=colour,
        asked=_when(page.created) if page.created else "",
        count=_count(page),
        posts=[_view(place, post, picture) for place, post in enumerate(page.posts, start=1)],
        css=css,
        css_hash=_hash(css),
    )
    return html.encode("utf-8", "replace").decode("utf-8")  # a title may hold half a surrogate pair


def _view(place: int, post: Post, picture: Callable[[str], bytes | None]) -> _PostView:
    """Prepare one post for the template."""
    return _PostView(
        author=post.author,
        is_entry=post.is_entry,
        created=post.created,
        when=_when(post.created),
        initial=post.author[:1].upper(),
        hue=zlib.crc32(post.author.encode("utf-8", "replace")) % _HUES,
        html=Markup(render_markdown(post.body, picture, str(place))),  # noqa: S704 - sanitised
    )


def _status(page: Page) -> tuple[str, str]:
    """Say where the question stands, in words and as one of page.css's colours."""
    if page.outcome is not None:
        outcome = Outcome(page.outcome)
        return f"Answered: {outcome}", str(outcome)
    return ("Open", "open") if page.state == "open" else ("Closed", "closed")


def _count(page: Page) -> str:
    """Count what follows the question, e.g. ``"3 entries, 1 comment"``."""
    first = page.posts[0] if page.posts else None
    asks = first and not first.is_entry and first.created == page.created
    posts = page.posts[1:] if asks else page.posts
    entries = sum(post.is_entry for post in posts)
    comments = len(posts) - entries
    counts = [
        (entries, "entry" if entries == 1 else "entries"),
        (comments, "comment" if comments == 1 else "comments"),
    ]
    return ", ".join(f"{number} {noun}" for number, noun in counts if number)


def _when(created: str) -> str:
    """Write a time as people read it; what is no time stays as it is."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return created
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def _hash(style: str) -> str:
    """Name the one style that the page allows: https://www.w3.org/TR/CSP3/#directive-style-src ."""
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


@functools.cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_resource("page.html.j2"))


@functools.cache
def _resource(name: str) -> str:
    return resources.files("bot.site").joinpath(name).read_text(encoding="utf-8")
