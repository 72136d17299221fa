"""A template on a GPU finds what it finds without one. Skipped where there is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from bot.template import built_in_templates, find_template
from runner.records import Status
from templates.trials import WITH_NOTEBOOK, Trials

SEEDS = (0, 1, 2)
RELATIVE = 0.05  # of a metric that declares no tolerance

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")


@pytest.fixture(scope="module")
def on_cpu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    trials = Trials(tmp_path_factory.mktemp("cpu"), CUDA_VISIBLE_DEVICES="")
    yield trials
    trials.close()


@pytest.mark.parametrize("name", WITH_NOTEBOOK)
def test_its_main_metric_is_the_same_with_a_gpu(trial: Trials, on_cpu: Trials, name: str) -> None:
    """Numbers drawn on another device are others: they may differ as those of another seed do."""
    declared = find_template(name, None, (built_in_templates(),)).manifest.metrics
    metric = declared.main
    (with_gpu,) = trial(name, (0,))
    without = [each.number(metric) for each in on_cpu(name, SEEDS)]
    tolerance = declared.tolerance.get(metric, RELATIVE * abs(without[0]))
    allowed = max(tolerance, 2 * (max(without) - min(without)))
    assert with_gpu.result.status is Status.SUCCEEDED
    assert abs(with_gpu.number(metric) - without[0]) <= allowed
