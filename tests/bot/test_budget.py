"""Whether there is room for more runs, by what entries remember."""

from __future__ import annotations

import pytest
from samples import STAMP, request

from bot.budget import Usage, check_budget, read_usage
from bot.config import Budget
from bot.errors import RequestError
from runner.records import Resources

GPU = request(timeout_s=1_800.0, resources=Resources(gpus=1))


def test_what_ended_within_a_week_and_what_goes_on_is_added_up() -> None:
    entries: list[dict[str, object]] = [
        {"status": "succeeded", "started": "2026-11-20T09:00:00Z", "gpu_s": 600.0},
        {"status": "failed", "started": "2026-11-15T09:00:00Z", "gpu_s": 60},
        {"status": "succeeded", "started": "2026-11-01T09:00:00Z", "gpu_s": 9_000.0},
        {"status": "running", "started": STAMP, "points": 4, "gpu_minutes": 40.0},
        {"status": "running", "started": STAMP, "asked": "7.0", "gpu_minutes": 30.0},
        {"question": "a welcome"},
        {"status": "succeeded", "started": STAMP, "gpu_s": "much"},
    ]
    assert read_usage(entries, STAMP, asked="7.0") == Usage(11.0, 40.0, 4)


def test_no_limit_refuses_nothing() -> None:
    check_budget(Budget(), Usage(1e9, 1e9, 10_000), [GPU] * 256)


def test_runs_without_a_gpu_cost_no_gpu_minutes() -> None:
    check_budget(Budget(gpu_minutes_per_week=0), Usage(0, 0, 0), [request()])


@pytest.mark.parametrize(
    ("spent", "right"), [(0.0, "timeout=20m would fit"), (39.5, "Wait until there is room")]
)
def test_more_gpu_minutes_than_there_are_is_refused_with_what_would_fit(
    spent: float, right: str
) -> None:
    with pytest.raises(RequestError) as refused:
        check_budget(Budget(gpu_minutes_per_week=40), Usage(spent, 0.0, 0), [GPU, GPU])
    assert "60 GPU minutes asked for at most, of 40 a week" in refused.value.what
    assert right in refused.value.right


def test_more_runs_at_once_than_allowed_are_refused() -> None:
    with pytest.raises(RequestError, match="2 runs asked for, 3 going on, 4 allowed at once"):
        check_budget(Budget(runs_at_once=4), Usage(0, 0, 3), [GPU, GPU])
