"""Hostile text is shown literally, and does nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin
from samples import HOSTILE

from bot.log.safety import clip, clip_lines, code, fence, inline, paragraphs, plain

# As GitHub reads it: tables, struck-out text, raw HTML, bare links.
MARKDOWN = (
    MarkdownIt("commonmark", {"html": True})
    .enable(["table", "strikethrough"])
    .use(gfm_autolink_plugin)
)

# What GitHub turns into links, pictures and notifications after rendering.
TRIGGERS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"@[a-z0-9]",
        r"#[0-9]",
        r"(?<![a-z0-9])gh-[0-9]",
        r"(https?|ftp)://",
        r"www\.",
        r":(\+1|-1|100|x|tada):",
    )
]
SHA = re.compile(r"\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b")


def on_one_line(text: str) -> str:
    """What a reader should see of a text that stands within a line."""
    return re.sub(r"\s+", " ", plain(text)).strip()


def shown(children: Sequence[Token] | None) -> str:
    """What a reader sees, where it is text and nothing else."""
    for child in children or ():
        assert child.type == "text", f"{child.type}: {child.content!r}"
    return "".join(child.content for child in children or ())


def assert_links_nothing(text: str) -> None:
    for trigger in [*TRIGGERS, SHA]:
        assert not trigger.search(text), trigger.pattern


def without_breaks(text: str) -> str:
    """Take out the zero-width spaces that keep names from being linked."""
    return text.replace("\u200b", "")


@given(HOSTILE)
@example("_https://evil.example/")
@example("_www.evil.example")
@example("a@b #1 @c")
@example("x[:x:] :100:")
def test_text_within_a_line_is_shown_as_it_is_and_nothing_else(text: str) -> None:
    tokens = MARKDOWN.parse(inline(text))
    wanted = on_one_line(text)
    kinds = [token.type for token in tokens]
    assert kinds == (["paragraph_open", "inline", "paragraph_close"] if wanted else [])
    seen = shown(tokens[1].children) if wanted else ""
    assert without_breaks(seen) == wanted
    assert_links_nothing(seen)


@given(HOSTILE)
def test_text_in_a_cell_stays_in_its_cell(text: str) -> None:
    row = f"| head | last |\n|---|---|\n| {inline(text)} | {code(text)} |"
    tokens = MARKDOWN.parse(row)
    assert [t.type for t in tokens].count("tr_open") == 2
    cells = [t for t in tokens if t.type == "inline"]
    assert len(cells) == 4
    assert without_breaks(shown(cells[2].children)) == on_one_line(text)
    assert all(child.type == "code_inline" for child in cells[3].children or ())


@given(HOSTILE)
def test_bold_text_is_bold_to_its_end_and_no_further(text: str) -> None:
    wanted = on_one_line(text)
    if not wanted:
        return
    children = MARKDOWN.parse(f"**{inline(text)}**. After.")[1].children or []
    kinds = [child.type for child in children]
    assert (kinds[0], kinds[1], kinds[-2], kinds[-1]) == (
        "text",
        "strong_open",
        "strong_close",
        "text",
    )
    assert without_breaks(shown(children[2:-2])) == wanted
    assert children[-1].content == ". After."


@given(HOSTILE)
def test_the_alternative_text_of_a_picture_cannot_choose_the_picture(text: str) -> None:
    children = MARKDOWN.parse(f"![{inline(text)}](figures/a.png)")[1].children or []
    assert [child.type for child in children] == ["image"]
    assert children[0].attrs["src"] == "figures/a.png"
    assert without_breaks(shown(children[0].children)) == on_one_line(text)


@given(HOSTILE)
def test_several_lines_stay_lines_and_blank_lines_part_paragraphs(text: str) -> None:
    tokens = MARKDOWN.parse(paragraphs(text))
    assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}
    seen = []
    for token in tokens:
        if token.type == "inline":
            lines = [""]
            for child in token.children or ():
                assert child.type in {"text", "hardbreak"}, child.type
                if child.type == "hardbreak":
                    lines.append("")
                else:
                    lines[-1] += child.content
            seen.append(lines)
    for line in (line for lines in seen for line in lines):
        assert_links_nothing(line)
    blocks = re.split(r"\n\s*\n", plain(text).strip())
    wanted = [[on_one_line(line) for line in block.split("\n")] for block in blocks]
    assert [[without_breaks(x) for x in lines] for lines in seen] == [w for w in wanted if any(w)]


@given(HOSTILE)
@example("```")
@example("` x `")
def test_code_in_a_line_is_code_whatever_it_holds(text: str) -> None:
    wanted = on_one_line(text).replace("|", "❘")
    if not wanted:
        assert code(text) == ""
        return
    children = MARKDOWN.parse(f"a {code(text)} b")[1].children or []
    assert [(c.type, c.content) for c in children] == [
        ("text", "a "),
        ("code_inline", wanted),
        ("text", " b"),
    ]
    assert [t.type for t in MARKDOWN.parse(code(text))][:2] == ["paragraph_open", "inline"]


@given(HOSTILE)
@example("```\n<!-- excursion {} -->\n```\n# out")
@example("~~~\n~~~\n````")
def test_a_fence_cannot_be_ended_from_within(text: str) -> None:
    tokens = MARKDOWN.parse(f"before\n\n{fence(text, 'sh')}\n\nafter")
    assert [token.type for token in tokens] == [
        *("paragraph_open", "inline", "paragraph_close"),
        "fence",
        *("paragraph_open", "inline", "paragraph_close"),
    ]
    assert tokens[3].content == plain(text).strip("\n") + "\n"
    assert tokens[3].info == "sh"


@given(HOSTILE)
def test_what_a_reader_cannot_see_is_gone(text: str) -> None:
    seen = plain(text)
    assert "\x1b" not in seen
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b-\u200c\u200e-\u200f\u2060\ufeff]", seen)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", seen)
    seen.encode()  # so that it can be written at all


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[1;31merror\x1b[0m", "error"),
        ("\x1b]8;;https://evil.example\x07click\x1b]8;;\x07", "click"),
        ("\x1b]0;title\x1b\\text", "text"),
        ("50 %\r\n100 %", "50 %\n100 %"),
        ("10 %\r20 %", "10 %\n20 %"),
        ("a\u202etxt.exe", "atxt.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("👩\u200d🔬 日本語 ❤️", "👩\u200d🔬 日本語 ❤️"),
        ("tab\tstays", "tab\tstays"),
    ],
)
def test_plain_keeps_what_can_be_read(text: str, seen: str) -> None:
    assert plain(text) == seen


@pytest.mark.parametrize(
    "text", ["a plain sentence, with 3.5 % and (brackets)", "std::Module at 12:30:45", "a-b_c"]
)
def test_ordinary_text_stays_searchable(text: str) -> None:
    assert inline(text).replace("\\", "") == text


def test_what_is_clipped_says_so() -> None:
    assert clip("abc", 3) == "abc"
    assert clip("abcd", 3) == "ab…"
    assert clip_lines("1\n2\n3\n", 2) == "… 1 lines above\n2\n3"
    assert clip_lines("12345", 2, widest=3) == "12…"
    assert clip_lines("1\n2\n", 2) == "1\n2"


@given(st.text(), st.integers(1, 50))
def test_a_clipped_text_is_never_longer_than_asked(text: str, most: int) -> None:
    assert len(clip(text, most)) <= max(most, 1)
