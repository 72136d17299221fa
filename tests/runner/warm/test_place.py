"""Where zygotes listen: who finds the same one."""

from __future__ import annotations

import pytest

from runner.capacity import Capacity, FreeGpu, share_of
from runner.records import Resources, Warm
from runner.warm.place import slot

TWO_GPUS = (FreeGpu("0", 8 * 10**10), FreeGpu("1", 8 * 10**10))


@pytest.mark.parametrize("gpus", [(), TWO_GPUS], ids=["no GPU", "two GPUs"])
def test_a_run_among_several_finds_the_zygote_of_a_run_alone(gpus: tuple[FreeGpu, ...]) -> None:
    alone = {"HOME": "/home/ada"}
    machine = Capacity(cores=8, free_memory=10**11, gpus=gpus)
    share = share_of(1, 2, machine, Resources(), alone)
    assert share["OMP_NUM_THREADS"] == "4"
    assert slot(Warm(), alone | share) == slot(Warm(), alone)


def test_what_is_read_when_a_library_is_loaded_makes_another_zygote() -> None:
    alone = {"HOME": "/home/ada"}
    assert slot(Warm(), alone | {"HF_HOME": "/models"}) != slot(Warm(), alone)
