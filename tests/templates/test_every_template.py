"""What holds for every template with a notebook."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from samples import EXCURSION

from bot.parameters import bind
from bot.scaffold import scaffold
from bot.template import Template, built_in_templates, find_template
from templates.trials import WITH_NOTEBOOK, Trials

DEMOS = [name for name in WITH_NOTEBOOK if name.startswith("demos/")]
MOST_CPU_S = 60  # of a run with its defaults, kernel and command included


@pytest.mark.parametrize("name", WITH_NOTEBOOK)
def test_it_records_what_it_declares_and_says_what_its_pictures_show(
    trial: Trials, name: str
) -> None:
    declared = find_template(name, None, (built_in_templates(),)).manifest
    for done in trial(name):
        assert set(declared.metrics.descriptions) == set(done.metrics)
        assert {declared.metrics.main, *declared.metrics.headline} <= set(done.metrics)
        assert len(done.figures) >= declared.key_figure
        assert all(figure.caption and figure.alt for figure in done.figures)


@pytest.mark.parametrize("name", WITH_NOTEBOOK)
def test_what_it_must_show_is_stated_in_a_file_of_its_own(name: str) -> None:
    stem = name.partition("/")[2].replace("-", "_")
    text = Path(__file__).with_name(f"test_{stem}.py").read_text()
    main = template(name).manifest.metrics.main
    assert re.search(rf"number\(f?\"{main}\"\)", text), f"no range for {main}"


@pytest.mark.parametrize("name", WITH_NOTEBOOK)
def test_it_is_done_within_a_minute_of_one_core(trial: Trials, name: str) -> None:
    first = trial(name)[0]
    assert first.cpu_s is not None
    assert first.cpu_s <= MOST_CPU_S


def template(name: str) -> Template:
    return find_template(name, None, (built_in_templates(),))


def cells(name: str) -> list[tuple[str, str]]:
    """The notebook's cells: (type, source)."""
    found = template(name)
    defaults = bind(found.manifest.parameters, {}, where="")
    files = scaffold(found, EXCURSION, parameters=defaults)
    notebook = json.loads(files["notebook.ipynb"])["cells"]
    return [(cell["cell_type"], cell["source"]) for cell in notebook]


@pytest.mark.parametrize("name", WITH_NOTEBOOK)
def test_it_says_what_a_newcomer_must_know(name: str) -> None:
    manifest = template(name).manifest
    assert manifest.summary
    assert manifest.runtime
    assert manifest.picture
    assert manifest.prediction.endswith("?")
    assert manifest.metrics.main in manifest.metrics.descriptions
    assert set(manifest.metrics.tolerance) <= set(manifest.metrics.descriptions)
    assert all(each.description for each in manifest.parameters.values())
    assert manifest.parameters["seed"].default == 0


@pytest.mark.parametrize("name", DEMOS)
def test_it_draws_with_either_library(name: str) -> None:
    plotting = template(name).manifest.parameters["plotting"]
    assert plotting.default == "matplotlib"
    assert plotting.choices == ("matplotlib", "plotly")


@pytest.mark.parametrize("name", DEMOS)
def test_its_notebook_has_the_parts_of_a_good_experiment(name: str) -> None:
    text = "\n".join(source for kind, source in cells(name) if kind == "markdown")
    words = " ".join(text.replace("*", "").split())  # without emphasis, on one line
    for part in (
        r"(?i)we expect|prediction",
        r"(?i)control",
        r"(?m)^## (\d+\. )?What this shows, and what it does not$",
        r"\*\*Further questions\*\*|(?m:^#+ .*Further questions$)",
        r"\*\*References\*\*|(?m:^#+ .*References$)",
    ):
        assert re.search(part, text), part
    before = words.partition("What this shows, and what it does not")[0]
    found = r"(?i)\bfound if\b|\bwe call it \w+ (\([^)]*\) )?if\b"  # what would count
    assert re.search(found, before)
    assert re.search(r"(?i)\brefuted\b|\bit is not\b", before)


@pytest.mark.parametrize("name", WITH_NOTEBOOK)
def test_its_notebook_needs_nothing_of_ours(name: str) -> None:
    for kind, source in cells(name):
        if kind == "code" and re.search(r"(?m)^\s*(from|import) (runner|bot)\b", source):
            assert source.startswith("try:\n    from runner.notebook import ")
            assert "except ImportError:" in source
