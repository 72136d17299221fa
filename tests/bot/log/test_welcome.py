"""The welcome says what was made, where, and what to do next."""

from __future__ import annotations

import dataclasses

from samples import DECLARED, EXCURSION

from bot.log.welcome import welcome_entry
from bot.surroundings import Surroundings


def test_the_welcome_leads_to_the_first_prediction_and_the_first_run() -> None:
    entry = welcome_entry(EXCURSION, DECLARED, prompt="What will the plot look like?")
    assert entry.startswith("### 🧭 Excursion 1 has begun\n")
    for part in ("`1-does-it-settle`", f"`{EXCURSION.folder}`", "`demos/blank`"):
        assert part in entry
    assert "**Before you run it:** What will the plot look like?" in entry
    steps = ['excursion predict 1 "…" confidence=70%', "excursion run 1"]
    assert "\n".join(steps) in entry


def test_a_write_up_is_not_asked_to_run() -> None:
    declared = DECLARED.model_copy(update={"notebook": "", "time_box": "2 days"})
    entry = welcome_entry(EXCURSION, declared, prompt="")
    assert "excursion run" not in entry
    assert "Before you run it" not in entry
    assert "*Time box: 2 days.*" in entry


def test_names_from_a_configuration_are_shown_as_code() -> None:
    excursion = dataclasses.replace(EXCURSION, folder="a`b|c")
    assert "``a`b❘c``" in welcome_entry(excursion, DECLARED, prompt="")


def test_on_github_it_links_what_was_made_and_where_it_opens() -> None:
    page, folder = "https://github.com/o/r", EXCURSION.folder
    entry = welcome_entry(EXCURSION, DECLARED, prompt="", surroundings=Surroundings(page=page))
    opened = "https://colab.research.google.com/github/o/r/blob/1-does-it-settle"
    for link in (
        f"[Folder]({page}/tree/1-does-it-settle/{folder})",
        f"[notebook]({page}/blob/1-does-it-settle/{folder}/notebook.ipynb)",
        "[open in Codespaces](https://codespaces.new/o/r/tree/1-does-it-settle)",
        f"[open in Colab]({opened}/{folder}/notebook.ipynb)",
    ):
        assert link in entry
    assert "/run" in entry.splitlines()
    assert "excursion run" not in entry
