"""Small slips are forgiven or answered with what was meant; ordinary talk is left alone."""

from __future__ import annotations

import pytest

from bot.command import Help, Predict, Run, Sweep
from bot.commands.parser import parse_comment, read_comment
from bot.commands.slips import distance
from bot.errors import RequestError

NAMES = ("excursions", "team-bot")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/RUN layer=3", Run({"layer": "3"})),
        ("/run --force -p layer=3", Run({"layer": "3"}, force=True)),
        ("/run —force --cell-timeout=5m", Run(force=True, cell_timeout="5m")),
        ("/run prompt=“a b”", Run({"prompt": "a b"})),
        ("/run prompt=‘a b’", Run({"prompt": "a b"})),
        ("/run prompt='it''s'", Run({"prompt": "it's"})),
        (r'/run prompt="say \"a\"\n\\"', Run({"prompt": 'say "a"\n\\'})),
        (r"/predict \nu settles", Predict(r"\nu settles")),
        ("/sweep seed=[1, 2, 3] b=0..11", Sweep({"seed": "[1, 2, 3]", "b": "0..11"})),
        ('/sweep prompt=["a, b", "c"]', Sweep({"prompt": '["a, b", "c"]'})),
        ("/run --help", Help("run")),
        ("/run help", Help("run")),
        ("/log -h", Help("log")),
        ("/help /run", Help("run")),
        ("@excursions run layer=3", Run({"layer": "3"})),
        ("@Team-Bot, run layer=3", Run({"layer": "3"})),
        ("@excursions /run layer=3", Run({"layer": "3"})),
    ],
)
def test_what_is_unambiguous_is_forgiven(text: str, command: object) -> None:
    assert parse_comment(text, NAMES) == (command,)


@pytest.mark.parametrize(
    "text",
    [
        *("/usr/bin", "/usr bin", "/etc", "/bin", "/home", "/tmp", "/dev/null", "/var log"),
        *("/s", "/shrug", "/tableflip", "/me waves", "/cc ada", "/lgtm", "/fun", "/blog", "/dog"),
        *("@excursions thanks!", "@excursions", "@ada run", "mail@excursions run", "@ excursions"),
        *("/4", "/", "/-", "/run.py", "/run/1", "/running late", "/predictions were made"),
    ],
)
def test_ordinary_talk_is_left_alone(text: str) -> None:
    assert parse_comment(text, NAMES) == ()


@pytest.mark.parametrize(
    ("text", "culprit", "right"),
    [
        ("/rnu layer=3", "/rnu", "/run layer=3"),
        ("/rum layer=3", "/rum", "/run layer=3"),
        ("/runs", "/runs", "/run"),
        ("/pedict x", "/pedict", "/predict x"),
        ("@excursions rum", "rum", "/run"),
        ("/run layer = 3", "=", "layer=3"),
        ("/run layer =3", "=3", "layer=3"),
        ("/run layer= 3", "layer=", "layer=3"),
        ("/run layer: 3", "layer:", "layer=3"),
        ("/run layer:3", "layer:3", "layer=3"),
        ('/run a="b', '"b', "name="),
        ('/run a="b"c', '"b"c', "name="),
        ("/run seed=[1, 2", "[1, 2", "[1, 2, 3]"),
        ("/run fast", "fast", "force"),
        ("/predict x confidnce=70%", "confidnce", "'confidence'"),
        ("/predict x confidence = 70%", "=", "confidence=70%"),
        ("/predict x confidence=7O%", "confidence=", "70%"),
        ("/answer x outcome=refued", "outcome=", "'refuted'"),
        ("/reproduce 3 timout=3m", "timout", "'timeout'"),
        ("/reproduce three", "three", "/reproduce 3"),
        ("/help rn", "rn", "'run'"),
    ],
)
def test_a_slip_is_answered_with_the_line_the_spot_and_what_is_right(
    text: str, culprit: str, right: str
) -> None:
    with pytest.raises(RequestError) as refused:
        read_comment(f"Let us see.\n\n{text}\n", NAMES)
    assert (refused.value.where, refused.value.culprit) == (text, culprit)
    assert right in refused.value.right


def test_a_slip_in_one_line_keeps_all_lines_from_being_commands() -> None:
    with pytest.raises(RequestError, match="no command 'rnu'"):
        parse_comment("/run layer=3\n\n/rnu layer=4")


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [("run", "run", 0), ("rnu", "run", 1), ("rn", "run", 1), ("sun", "run", 1), ("", "run", 3)],
)
def test_exchanged_letters_are_one_slip(one: str, other: str, slips: int) -> None:
    assert distance(one, other) == distance(other, one) == slips
