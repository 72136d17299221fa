"""A whole thread as one text."""

from __future__ import annotations

import dataclasses

import pytest
from markdown_it import MarkdownIt
from samples import entry, thread, unbegun

from bot.forge.marker import write_marker
from bot.log.thread_text import folded_away, question_text, thread_markdown
from bot.thread import Comment


def test_the_question_is_shown_without_what_only_we_remember() -> None:
    body = f"I think so.\n\n{write_marker('asked', {'template': 'demos/blank'})}"
    assert question_text(unbegun(body=body)) == "I think so."
    assert question_text(unbegun(body="A sentence <!-- excursion x --> stays.")) != ""


def test_posts_stand_in_order_parted_by_rules() -> None:
    said = Comment(2, "b*o", "2026-11-21T09:00:00Z", "2026-11-21T09:00:00Z", "I *doubt* it.")
    run = dataclasses.replace(entry(3, "run:1.1", {}), body="### Run 1.1")
    text = thread_markdown(thread(said, run))
    assert text.split("\n\n---\n\n") == [
        "# Does it settle?\n\n*Issue 1, open · `excursion` · `excursion:demo` · `template:blank` · "
        "asked by Ada, 2026-11-21 07:00 UTC*\n\nI think so.",
        "…",
        "**b\\*o**, 2026-11-21 09:00 UTC:\n\nI *doubt* it.",
        "### Run 1.1\n",
    ]


def test_title_labels_and_authors_are_shown_as_they_are() -> None:
    text = thread_markdown(unbegun(title="# <b> x", labels=("a`b",), author="@ada", body=""))
    assert text.startswith("# \\# &lt;b&gt; x\n\n*Issue 1, open · ``a`b`` · asked by @&#8203;ada,")


@pytest.mark.parametrize(
    "body",
    [
        "```",
        "```\n",
        "````\nx ````",
        "```python\nopen",
        "~~~\nopen",
        "text\n\n````\n```\nopen",
        "<!-- open",
        "text\n\n<!--",
    ],
)
def test_what_a_post_leaves_open_does_not_swallow_the_next(body: str) -> None:
    moment = "2026-11-21T09:00:00Z"
    posts = (Comment(2, "bo", moment, moment, body), Comment(3, "cy", moment, moment, "## After"))
    tokens = MarkdownIt("commonmark").parse(thread_markdown(thread(*posts)))
    assert "After" in [t.content for t in tokens if t.type == "inline"]


@pytest.mark.parametrize("body", ["```\nclosed\n```", "<!-- closed -->", "plain", "    indented"])
def test_what_a_post_closes_itself_stays_as_it_is(body: str) -> None:
    moment = "2026-11-21T09:00:00Z"
    text = thread_markdown(thread(Comment(2, "bo", moment, moment, body)))
    assert text.endswith(f":\n\n{body}\n")


FOLDED = """\
### Run 1.1

**Ran on** 2 cores

<details><summary>Environment</summary>

```
numpy==2.1.0
```

</details>

Behind."""


def test_a_terminal_shows_of_what_is_folded_away_only_the_title() -> None:
    assert folded_away(FOLDED) == "### Run 1.1\n\n**Ran on** 2 cores\n\n▸ Environment\n\nBehind."


def test_a_fold_within_a_fold_goes_with_it() -> None:
    inner = "<details><summary>B</summary>\n\nb\n\n</details>"
    text = f"<details><summary>A</summary>\n\n{inner}\n\na\n\n</details>\nc"
    assert folded_away(text) == "▸ A\nc"


@pytest.mark.parametrize("code", ["</details>", "<details><summary>No</summary>", "~~~", "``"])
def test_what_stands_in_code_neither_begins_nor_ends_a_fold(code: str) -> None:
    inside = FOLDED.replace("numpy==2.1.0", code)
    assert folded_away(inside) == folded_away(FOLDED)
    outside = f"````\n{code}\n```\n{code}\n````\n\nBehind."
    assert folded_away(outside) == outside
    assert folded_away(f"{outside}\n{FOLDED}") == f"{outside}\n{folded_away(FOLDED)}"
