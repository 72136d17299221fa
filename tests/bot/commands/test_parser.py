"""Commands are read from a comment's own lines, and from nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from samples import HOSTILE

from bot.command import Answer, Log, Predict, Run, Start
from bot.commands import COMMANDS, word_of
from bot.commands.parser import parse_comment
from bot.errors import RequestError
from bot.excursion import Outcome


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/run", Run()),
        ("/run layer=3 seed=1", Run({"layer": "3", "seed": "1"})),
        ("/run timeout=30m layer=3", Run({"layer": "3"}, timeout="30m")),
        ("/run cell_timeout=5m", Run(cell_timeout="5m")),
        ('/run text="two words" empty=""', Run({"text": "two words", "empty": ""})),
        ("/run expr=a=b", Run({"expr": "a=b"})),
        ("/start", Start()),
        ("/start no-positions steps=10", Start("no-positions", {"steps": "10"})),
        ("/predict One layer confidence=60%", Predict("One layer", 0.6)),
        (
            '/predict "One layer will be enough" confidence=.6',
            Predict("One layer will be enough", 0.6),
        ),
        ("/predict loss=0.3 by then", Predict("loss=0.3 by then")),
        ("/log it settled", Log("it settled")),
        ("/log loss=3 beats loss=4 by a bit", Log("loss=3 beats loss=4 by a bit")),
        ("/answer It takes two. outcome=refuted", Answer("It takes two.", Outcome.REFUTED)),
        ("/answer x=1 wins run=2", Answer("x=1 wins", None, 2)),
        ("/RUN", Run()),
        ("/Run layer=3", Run({"layer": "3"})),
        ("  /run", Run()),
        ("/run\t layer=3  ", Run({"layer": "3"})),
    ],
)
def test_a_line_that_begins_with_a_command_is_one(text: str, command: object) -> None:
    assert parse_comment(text) == (command,)


def test_a_comment_may_hold_several_amid_its_text() -> None:
    text = (
        "I would try this.\n/predict It settles\n/run layer=3\n\nAnd then\n\n/run layer=4\r\n/log a"
    )
    assert parse_comment(text) == (
        Predict("It settles"),
        Run({"layer": "3"}),
        Run({"layer": "4"}),
        Log("a"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no command",
        "try /run layer=3",
        "/running",
        "/run: now",
        "//run",
        "/ run",
        "/unknown x",
        "`/run`",
        "`a\n/run layer=3`\nthat is all",
        "``\n/run\n``",
        "a `b\n/run\nc` d",
        "```\n/run\n```",
        "~~~sh\n/run\n~~~",
        "```\n/run",
        "    /run",
        "> /run",
        "> quoted\n/run",
        "- /run",
        "1. /run",
        "- item\n/run",
        "# /run",
        "/run\n===",
        "<!-- /run -->",
        "<!--\n/run\n-->",
        "text <!--\n/run\n--> text",
        "<!-- open\n/run",
        "<details>\n/run\n</details>",
        "<div>\n/run",
        "<b title='\n/run\n'>x</b>",
        "[see\n/run](https://e.org)",
        "[x](https://e.org '\n/run\n')",
        "[see\n/run x][x]\n\n[x]: https://e.org",
        "![see\n/run](x.png)",
        "[x]: https://e.org '\n/run\n'",
        "**loud\n/run\nlouder**",
        "\\/run",
        "&#47;run",
        "\ue0000\ue000 `\n/run\n`",
    ],
)
def test_what_is_quoted_or_hidden_is_no_command(text: str) -> None:
    assert parse_comment(text) == ()


@pytest.mark.parametrize(
    "before",
    [
        "`code over\ntwo lines`",
        "[link](https://e.org 'title over\ntwo lines')",
        "![picture\nover lines](x.png)",
        "<b\nclass='x'>bold</b>",
        "text <!-- hidden\n\tlines --> text",
        "a line\\\nbroken hard  \nand harder",
        "&amp; *emphasis\nover lines*",
        "[x]: https://e.org\n",
        "\ue0000\ue000",
        "\0",
    ],
)
def test_what_stands_above_does_not_hide_a_command(before: str) -> None:
    assert parse_comment(f"{before}\n/run layer=3\nafter") == (Run({"layer": "3"}),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/run fast", "/run fast: run does not know the word 'fast'"),
        ("/run a=1 a=2", "/run a=1 a=2: 'a' is given twice"),
        ("/start a b", "/start a b: start does not know the word 'b'"),
        ("/predict x confidence=often", "'often' is not a confidence"),
        ("/predict x confidence=101%", "'101%' is not a confidence"),
        ("/answer x outcome=refused", "Did you mean 'refuted'?"),
        ("/answer x run=two", "'two' is not a run's number"),
        ("/answer x run=0", "'0' is not a run's number"),
        ("/answer x run=٢", "is not a run's number"),
        ("/answer x run=" + "9" * 5000, "is not a run's number"),
    ],
)
def test_a_command_that_is_not_understood_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse_comment(f"Hello.\n\n{text}")
    assert refused.value.where == text
    assert message in str(refused.value)


@given(HOSTILE | st.lists(HOSTILE | st.sampled_from([f"\n/{w} " for w in COMMANDS])).map("".join))
@example("/run `\n/run `")
def test_no_text_whatever_is_more_than_refused(text: str) -> None:
    refused: list[str] = []
    try:
        found = parse_comment(text)
    except RequestError as error:
        found, refused = (), [error.where]
    assert len(found) <= text.count("/")
    assert all(where.startswith("/") for where in refused)


@given(st.lists(st.text("abc=.'/", min_size=1, max_size=6)))
def test_a_note_keeps_its_words_in_their_order(words: list[str]) -> None:
    (note,) = parse_comment(f"/log {' '.join(words)}")
    assert note == Log(" ".join(words))


def test_every_command_can_be_called_by_its_word() -> None:
    for word, spec in COMMANDS.items():
        (command,) = parse_comment(spec.example)
        assert word_of(command) == word


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('/log "all of it"', "all of it"),
        ('/log she said "so" twice', 'she said "so" twice'),
        ('/log loss=3 is "bad"', 'loss=3 is "bad"'),
    ],
)
def test_quotes_around_a_text_are_taken_off_and_quotes_within_stay(line: str, text: str) -> None:
    assert parse_comment(line) == (Log(text),)


def test_a_list_of_quotes_that_does_not_end_is_refused_however_it_could_be_parted() -> None:
    with pytest.raises(RequestError, match="a list does not end"):
        parse_comment("/run x=[" + "'a'" * 10_000)
