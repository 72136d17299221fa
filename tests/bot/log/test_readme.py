"""The sections that the tool keeps, amid text that is people's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import HOSTILE, README

from bot.log.readme import put_section
from bot.log.safety import code, paragraphs


def put(readme: str, text: str) -> str:
    return put_section(readme, "answer", text, heading="Answer")


def test_only_what_stands_between_the_markers_changes() -> None:
    assert put(README, "Yes.") == README.replace("Not answered yet.", "Yes.")


@pytest.mark.parametrize(
    ("readme", "gap"), [("", ""), ("Mine.", "\n\n"), ("Mine.\n", "\n"), ("Mine.\n\n", "")]
)
def test_a_section_that_is_missing_is_appended(readme: str, gap: str) -> None:
    wanted = f"{readme}{gap}## Answer\n\n<!-- answer -->\nYes.\n<!-- /answer -->\n"
    assert put(readme, "Yes.") == wanted
    assert put(wanted, "Yes.") == wanted


@given(st.text(max_size=60), st.text(max_size=60), HOSTILE, HOSTILE)
def test_peoples_own_text_survives_whatever_the_answer(
    above: str, below: str, first: str, second: str
) -> None:
    readme = f"{above}\n<!-- answer -->\nNone.\n<!-- /answer -->\n{below}"
    once = put(readme, paragraphs(first) or "-")
    again = put(once, f"Run 1.1 recorded {code(second)} by {paragraphs(second)}")
    assert again.startswith(f"{above}\n<!-- answer -->\n")
    assert again.endswith(f"\n<!-- /answer -->\n{below}")
    assert put(again, "End.") == readme.replace("None.", "End.")


def test_a_name_in_code_cannot_forge_the_end_of_a_section() -> None:
    once = put(README, f"Run 1.1 recorded {code('<!-- /answer -->')} 3")
    assert put(once, "Yes.") == README.replace("Not answered yet.", "Yes.")


def test_a_marker_mentioned_in_a_sentence_is_peoples_own() -> None:
    readme = f"The answer stands below <!-- answer --> and before <!-- /answer -->.\n\n{README}"
    assert put(readme, "Yes.") == readme.replace("Not answered yet.", "Yes.")


def test_text_after_a_marker_that_lost_its_fellow_survives() -> None:
    readme = "# Q\n\n<!-- answer -->\nNot answered yet.\n\nMine, below.\n"
    once = put(readme, "Yes.")
    assert once.startswith(readme)
    assert put(once, "No.") == once.replace("Yes.", "No.")


def test_a_readme_with_windows_line_ends_keeps_them() -> None:
    readme = "Mine.\r\n<!-- answer -->\r\nNone.\r\n<!-- /answer -->\r\nMine too.\r\n"
    changed = put(readme, "Yes.")
    assert changed.startswith("Mine.\r\n<!-- answer -->")
    assert changed.endswith("\r\nMine too.\r\n")
    assert "None." not in changed
