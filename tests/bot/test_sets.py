"""Values that belong together are given by one name, wherever parameters are given."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from conftest import Repository

from bot.errors import RequestError
from bot.excursion_file import ExcursionFile, read_excursion_file, write_excursion_file
from bot.grid import expand
from bot.parameters import Declaration, ParameterSet, bind
from bot.strict_toml import load
from bot.template import Manifest

DECLARED = {
    "steps": Declaration(type="int", default=100, minimum=1, maximum=5000),
    "rate": Declaration(type="float", default=0.1),
    "name": Declaration(type="str", default="toy"),
}
SETS = {"recording": ParameterSet(description="As recorded.", values={"steps": 4000, "rate": 1})}
MANIFEST = """
question = "Q?"
summary = "S."
[parameters.steps]
type = "int"
default = 100
maximum = 5000
[sets.recording]
description = "As recorded."
values = { steps = 4000 }
"""


def test_a_set_gives_its_values_and_what_is_given_beside_it_wins() -> None:
    given = {"set": "recording", "rate": "0.5"}
    assert bind(DECLARED, given, where="-p", sets=SETS) == {
        "steps": 4000,
        "rate": 0.5,
        "name": "toy",
    }
    alone = bind(DECLARED, {"set": "recording"}, where="-p", sets=SETS)
    assert alone["rate"] == 1.0
    assert isinstance(alone["rate"], float)  # as declared


def test_a_sweep_starts_from_a_set() -> None:
    points = expand(DECLARED, {"set": "recording", "rate": "[1, 2]"}, where="-p", sets=SETS)
    assert [(p["steps"], p["rate"]) for p in points] == [(4000, 1.0), (4000, 2.0)]
    assert "set" not in points[0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"set": "recordin"},
            "there is no set 'recordin'\n  Did you mean 'recording'? Known sets: recording.",
        ),
        ({"set": "published"}, "there is no set 'published'\n  Known sets: recording."),
        ({"set": ""}, "there is no set ''"),
        ({"sets": "recording"}, "there is no parameter 'sets'"),
    ],
)
def test_an_unknown_set_names_the_nearest(given: dict[str, str], message: str) -> None:
    with pytest.raises(RequestError) as refused:
        bind(DECLARED, given, where="-p", sets=SETS)
    assert message in str(refused.value)


def test_where_there_are_no_sets_none_is_known() -> None:
    with pytest.raises(RequestError, match="there is no set 'recording'") as refused:
        bind(DECLARED, {"set": "recording"}, where="-p")
    assert refused.value.right == "There are no sets here."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("steps = 4000", "steps = 9000"), "steps = 9000, which is out of bounds"),
        (("steps = 4000", "step = 4000"), "Did you mean 'steps'?"),
        (("steps = 4000", 'steps = "4000"'), "which is not a whole number"),
        (("[sets.recording]", '[sets."Our Own"]'), "is not lower-case words"),
        (("[parameters.steps]", "[parameters.set]"), "'set' is taken"),
        (('description = "As recorded."\n', ""), "sets.recording.description"),
    ],
)
def test_a_set_that_no_run_could_have_is_refused(change: tuple[str, str], message: str) -> None:
    load(Manifest, MANIFEST, where="template.toml")
    with pytest.raises(RequestError) as refused:
        load(Manifest, MANIFEST.replace(*change), where="template.toml")
    assert message in str(refused.value)


def test_an_excursion_keeps_its_sets() -> None:
    file = ExcursionFile(question="Q?", template="demos/x", parameters=DECLARED, sets=SETS)
    text = write_excursion_file(file)
    assert read_excursion_file(text, where="").sets == SETS
    assert tomllib.loads(text)["sets"]["recording"]["values"] == {"steps": 4000, "rate": 1}


def test_a_set_is_shown_and_runs(repository: Repository) -> None:
    folder = repository.top / "templates" / "demos" / "ours"
    folder.mkdir(parents=True)
    (folder / "template.toml").write_text(MANIFEST)
    (folder / "README.md.j2").write_text('{% include "shared/run.md.j2" %}\n')
    (folder / "notebook.py.j2").write_text(
        '{% include "shared/parameters.py.j2" %}\n# %%\nprint(steps)\n'
    )
    repository.ask("Is it so?", "--template", "ours")
    readme = Path(repository.folder(), "README.md").read_text()
    assert "excursion run 1 -p set=recording" in readme
    assert "| `recording` | steps=4000 | As recorded. |" in readme
    assert "| `set=recording` | `steps=4000` | As recorded. |" in repository.must("params", "1")
    assert repository.json("params", "1")["set"]["recording"]["values"] == {"steps": 4000}
    repository.must("comment", "1", "/run set=recording")
    repository.must("run", "1", "-p", "set=recording", "-p", "steps=7")
    steps = [
        json.loads(repository.git("show", f"refs/excursions/1/{run}:result.json"))["parameters"]
        for run in (1, 2)
    ]
    assert steps == [{"steps": 4000}, {"steps": 7}]
