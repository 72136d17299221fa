"""`excursion demo`, whole and at full length, as a newcomer first meets it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import Repository

pytestmark = pytest.mark.xdist_group("demo")  # one process, so that the demo runs once
BRANCH = "1-can-a-transformer-without-positional-embeddings-predict-the"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, str, str]:
    """The demo's repository and its two outputs, on a machine where git knows no user."""
    place = tmp_path_factory.mktemp("demo") / "repository"
    outside = Repository(place.parent)
    done = outside.excursion(
        "demo", "--into", str(place), GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1"
    )
    assert done.status == 0, done.err
    return Repository(place), done.out, done.err


def test_it_says_each_step_as_it_goes(demo: tuple[Repository, str, str]) -> None:
    _, _, err = demo
    said = [line.split()[2] for line in err.splitlines() if line.startswith("$ excursion ")]
    assert said == ["init", "ask", "predict", "run", "answer"]
    assert "cells" in err  # how far the run is


def test_it_ends_with_the_thread_as_markdown_and_as_a_page(
    demo: tuple[Repository, str, str],
) -> None:
    repository, out, _ = demo
    markdown, page = (Path(line) for line in out.splitlines()[-2:])
    assert markdown == repository.top / ".excursions/1/thread.md"
    assert page == repository.top / ".excursions/1/thread.html"
    assert "Run 1.1 succeeded" in markdown.read_text()


def test_the_experiment_comes_out_as_it_should(demo: tuple[Repository, str, str]) -> None:
    """Ranges are those of three seeds, widened; the controls must fail where the claim holds."""
    repository, _, _ = demo
    metrics = repository.json("status", "1")["runs"][0]["metrics"]
    assert metrics["accuracy_two_layers"] > 0.98
    assert 0.25 < metrics["accuracy_one_layer"] < 0.4
    assert metrics["accuracy_position_mean"] > 0.8
    assert metrics["accuracy_global_mean"] < 0.4
    assert metrics["previous_token_score_layer_1"] > 5 * metrics["previous_token_score_layer_0"]


def test_the_entry_has_plots_table_prediction_and_provenance(
    demo: tuple[Repository, str, str],
) -> None:
    repository, _, _ = demo
    text = next(repository.top.glob(".excursions/1/*-run-1-1.md")).read_text()
    result = json.loads(repository.git("show", "refs/excursions/1/1:result.json"))
    assert text.count("![") == len(result["figures"]) >= 4
    assert "One layer will be enough" in text
    assert "| 60 % |" in text
    assert "2 layers" in text.partition("![")[2]  # the accuracy table among the plots
    assert result["commit"][:10] in text
    assert result["seed"] == 0


def test_the_answer_is_on_the_default_branch(demo: tuple[Repository, str, str]) -> None:
    repository, _, _ = demo
    folder = f"excursions/demos/{BRANCH}"
    names = repository.git("ls-tree", "-r", "--name-only", "main", folder + "/").splitlines()
    assert f"{folder}/README.md" in names
    assert f"{folder}/figures/figure-01.png" in names
    readme = repository.git("show", f"main:{folder}/README.md")
    assert "Refuted" in readme
    assert "One layer will be enough" in readme
    assert "![" in readme
    assert repository.json("list")[0]["state"] == "refuted"
    assert repository.git("status", "--short") == "?? excursions.toml"


def test_the_page_loads_nothing(demo: tuple[Repository, str, str]) -> None:
    repository, _, _ = demo
    loads: list[str] = []

    class Looker(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            loads.extend(
                value or ""
                for name, value in attrs
                if name in ("src", "srcset", "data", "poster") or (tag == "link" and name == "href")
            )
            assert tag not in ("script", "iframe", "object", "embed", "link")

    Looker().feed((repository.top / ".excursions/1/thread.html").read_text())
    assert len(loads) >= 4
    assert all(load.startswith("data:image/png;base64,") for load in loads)


def test_it_leaves_a_folder_with_something_in_it_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    done = Repository(tmp_path).excursion("demo", "--into", str(tmp_path))
    assert done.status == 2
    assert "not empty" in done.err
