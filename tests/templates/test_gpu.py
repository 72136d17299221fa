"""A template on a GPU finds what it finds without one.

On any machine a stand-in shows that every tensor is where it must be, and that the numbers agree
although their last digits are computed otherwise: `make trials` does so with every template's
defaults, `make test` with a few templates, shortly. Where there is a GPU, its numbers are compared
with the CPU's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from bot.template import built_in_templates, find_template
from templates.quick import QUICK
from templates.trials import ROOT, WITH_NOTEBOOK, Trials

CHOICE = 'device = "cuda" if torch.cuda.is_available() else "cpu"'
STAND_IN = "from rigs.stand_in_gpu import NAME as device"
WITH_DEFAULTS = os.environ.get("EXCURSIONS_SEEDS") == "all"
# After a few steps of training a last digit may turn an answer, or the choice of a latent.
SHORTLY = 0.01
RELATIVE = 0.05  # of a metric that declares no tolerance
WITHOUT_TORCH = {"demos/blank", "libs/prototype"}
FEW = ["demos/activation-patching", "demos/grokking"]
TRIED = sorted({*WITH_NOTEBOOK} - WITHOUT_TORCH) if WITH_DEFAULTS else FEW


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    """Templates on a device that is no CPU, as far as torch and their notebooks can tell."""
    paths = os.pathsep.join((str(ROOT / "bot" / "offline"), str(ROOT / "tests"), str(ROOT)))
    place = tmp_path_factory.mktemp("stand-in")
    trials = Trials(place, edit=(CHOICE, STAND_IN), PYTHONPATH=paths)
    yield trials
    trials.close()


@pytest.mark.parametrize("name", TRIED)
def test_it_computes_where_it_says_and_finds_the_same_there(
    trial: Trials, stand_in: Trials, name: str
) -> None:
    given: dict[str, Any] = {} if WITH_DEFAULTS else QUICK[name]
    (with_gpu,) = stand_in(name, (0,), **given)
    (without,) = trial(name, (0,), **given)
    assert set(with_gpu.metrics) == set(without.metrics)
    tolerance = find_template(name, None, (built_in_templates(),)).manifest.metrics.tolerance
    for metric, value in without.metrics.items():
        if WITH_DEFAULTS and metric in tolerance:
            assert with_gpu.number(metric) == pytest.approx(value, abs=tolerance[metric]), metric
        elif isinstance(value, float) and not WITH_DEFAULTS:
            assert with_gpu.number(metric) == pytest.approx(value, rel=SHORTLY, abs=SHORTLY), metric


@pytest.fixture(scope="module")
def on_cpu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    trials = Trials(tmp_path_factory.mktemp("cpu"), CUDA_VISIBLE_DEVICES="")
    yield trials
    trials.close()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize("name", WITH_NOTEBOOK)
def test_its_main_metric_is_the_same_with_a_gpu(trial: Trials, on_cpu: Trials, name: str) -> None:
    """Its last digits are others, which training may carry as far as another seed would."""
    declared = find_template(name, None, (built_in_templates(),)).manifest.metrics
    metric = declared.main
    (with_gpu,) = trial(name, (0,))
    found = [each.number(metric) for each in on_cpu(name, (0, 1, 2))]
    tolerance = declared.tolerance.get(metric, RELATIVE * abs(found[0]))
    allowed = max(tolerance, 2 * (max(found) - min(found)))
    assert abs(with_gpu.number(metric) - found[0]) <= allowed
