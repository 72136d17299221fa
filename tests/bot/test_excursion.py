"""Names: a title becomes a branch and a folder, or is refused."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.errors import RequestError
from bot.excursion import Kind, branch_name, check_title, folder_name, slug, template_label


def test_the_first_excursion_has_the_branch_that_its_issue_names() -> None:
    title = "Can a transformer without positional embeddings predict the previous token?"
    branch = "1-can-a-transformer-without-positional-embeddings-predict-the"
    assert branch_name(1, title) == branch
    assert folder_name("src", Kind.DEMOS, branch) == f"src/demos/{branch}"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("How do you load InceptionV1?", "how-do-you-load-inceptionv1"),
        ("  Größe & naïveté — ﬁne  ", "groe-naivete-fine"),
        ("日本語", ""),
        ("?!… 🎉", ""),
        ("a" * 61, "a" * 60),
        ("a" * 59 + " b", "a" * 59),
        ("a" * 58 + " b", "a" * 58 + "-b"),
        ("a" * 60 + " b", "a" * 60),
        ("a" * 30 + " " + "b" * 29 + " c", "a" * 30 + "-" + "b" * 29),
        ("-rf --upload-pack=x", "rf-upload-pack-x"),
        ("../../etc/passwd.lock", "etc-passwd-lock"),
        ('{{ 7*7 }} $(id) "quotes" <b> 日本語', "7-7-id-quotes-b"),
        ("x½²Ⅷ", "x122viii"),
    ],
)
def test_a_slug_is_ascii_words_cut_at_a_word(title: str, name: str) -> None:
    assert slug(title) == name


def test_a_title_without_a_word_that_ascii_knows_gives_the_number_alone() -> None:
    assert branch_name(12, "日本語?") == "12"


@given(st.text(max_size=300))
def test_a_slug_obeys_its_rule_whatever_the_title(title: str) -> None:
    name = slug(title)
    assert len(name.encode()) <= 60
    assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", name)
    assert slug(name) == name


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 10**9), st.text(max_size=80))
@example(1, "@{")
@example(1, "x.lock")
def test_git_accepts_the_branch_of_any_title(issue: int, title: str) -> None:
    name = branch_name(issue, title)
    subprocess.run(["git", "check-ref-format", "--branch", name], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("title", "what"),
    [
        ("", "the question is empty"),
        ("   ", "the question is empty"),
        ("x" * 300, "the question has 300 characters, 256 at most are allowed"),
        ("🎉🎊", "the question has no words"),
        ("?!…", "the question has no words"),
        ("\u200b", "the question has no words"),
        ("two\nlines", "character 4 of the question is a control character (U+000A)"),
        ("  tab\there", "character 6 of the question is a control character (U+0009)"),
        ("bell\a", "character 5 of the question is a control character (U+0007)"),
        ("nul\0", "character 4 of the question is a control character (U+0000)"),
        ("esc\x1b[31m", "character 4 of the question is a control character (U+001B)"),
        ("turned \u202e round", "character 8 of the question is a control character (U+202E)"),
        ("half \ud800", "character 6 of the question is a control character (U+D800)"),
        ("line\u2028end", "character 5 of the question is a control character (U+2028)"),
    ],
)
def test_a_title_that_cannot_be_is_refused_in_words(title: str, what: str) -> None:
    with pytest.raises(RequestError) as refused:
        check_title(title)
    assert refused.value.what == what
    assert refused.value.where == "title"
    assert refused.value.right


@pytest.mark.parametrize(
    "title",
    ["日本語で?", "x" * 256, '{{ 7*7 }} $(id) "quotes" <b> 日本語', "7", "🎉 party?", "\\ a"],
)
def test_a_title_with_a_word_in_any_script_is_taken_as_it_is(title: str) -> None:
    assert check_title(f"  {title} ") == title


@given(st.text(max_size=300))
def test_a_title_is_taken_or_refused_and_taken_again_unchanged(title: str) -> None:
    try:
        taken = check_title(title)
    except RequestError:
        return
    assert check_title(taken) == taken
    assert taken.splitlines() == [taken]
    taken.encode()


def test_labels_say_kind_and_template() -> None:
    assert [kind.label for kind in Kind] == [
        "excursion:write-up",
        "excursion:demo",
        "excursion:prototype",
    ]
    assert template_label("no-positions") == "template:no-positions"
