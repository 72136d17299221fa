"""How many runs at once: cores, memory and GPUs decide, and never more than there are points."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner import capacity
from runner.capacity import Capacity, FreeGpu, read_capacity, read_gpus, share_of, slots_for
from runner.records import Resources

GB = 10**9
BIG = Capacity(16, 100 * GB)
TWO_GPUS = Capacity(16, 100 * GB, (FreeGpu("GPU-a", 80 * GB), FreeGpu("GPU-b", 80 * GB)))


@pytest.mark.parametrize(
    ("points", "free", "each", "slots"),
    [
        (100, Capacity(2, 100 * GB), Resources(), 2),  # never more than cores
        (3, BIG, Resources(), 3),  # nor than points
        (100, Capacity(16, 7 * GB), Resources(), 4),  # 1.5 GB a run
        (100, Capacity(16, GB), Resources(), 1),  # at least one
        (100, Capacity(16, 100 * GB), Resources(memory_bytes=30 * GB), 3),
        (100, Capacity(16, 100 * GB), Resources(cores=5), 3),
        (100, Capacity(2, 100 * GB), Resources(cores=5), 1),
        (100, TWO_GPUS, Resources(), 2),  # one run a GPU
        (100, TWO_GPUS, Resources(gpus=2), 1),
        (100, TWO_GPUS, Resources(gpu_memory_bytes=20 * GB), 8),
        (100, TWO_GPUS, Resources(gpu_memory_bytes=100 * GB), 1),
        (100, Capacity(16, 100 * GB, (FreeGpu("a", GB), FreeGpu("b", 9 * GB))), Resources(), 1),
    ],
)
def test_what_is_scarce_decides(points: int, free: Capacity, each: Resources, slots: int) -> None:
    assert slots_for(points, free, each) == slots


@given(
    st.integers(1, 300),
    st.builds(
        Capacity,
        st.integers(1, 128),
        st.integers(0, 10**12),
        st.lists(st.builds(FreeGpu, st.uuids().map(str), st.integers(0, 10**11)), max_size=8).map(
            tuple
        ),
    ),
    st.builds(
        Resources,
        memory_bytes=st.none() | st.integers(1, 10**11),
        cores=st.none() | st.integers(1, 64),
        gpus=st.integers(0, 9),
        gpu_memory_bytes=st.none() | st.integers(10**8, 10**11),
    ),
)
def test_any_machine_runs_at_least_one_and_gives_each_a_share_that_exists(
    points: int, free: Capacity, each: Resources
) -> None:
    slots = slots_for(points, free, each)
    assert 1 <= slots <= max(1, min(points, free.cores))
    for slot in range(slots):
        share = share_of(slot, slots, free, each, {})
        assert int(share["OMP_NUM_THREADS"]) >= 1
        devices = share.get("CUDA_VISIBLE_DEVICES", "")
        assert set(devices.split(",")) <= {gpu.name for gpu in free.gpus} | {""}


def test_cores_are_parted_among_runs_unless_somebody_chose_threads() -> None:
    share = share_of(0, 4, BIG, Resources(), {})
    assert share == dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "4"
    )
    assert share_of(0, 4, BIG, Resources(), {"OMP_NUM_THREADS": "7"}) == {}
    assert share_of(0, 3, BIG, Resources(cores=2), {})["OMP_NUM_THREADS"] == "2"
    assert share_of(0, 99, BIG, Resources(), {})["OMP_NUM_THREADS"] == "1"


def test_runs_at_once_go_to_gpus_in_turn() -> None:
    def devices(slots: int, each: Resources) -> list[str | None]:
        shares = [share_of(slot, slots, TWO_GPUS, each, {}) for slot in range(slots)]
        return [share.get("CUDA_VISIBLE_DEVICES") for share in shares]

    assert devices(2, Resources()) == ["GPU-a", "GPU-b"]
    assert devices(4, Resources(gpu_memory_bytes=GB)) == ["GPU-a", "GPU-b"] * 2
    assert share_of(0, 2, TWO_GPUS, Resources(), {})["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    chosen = {"CUDA_VISIBLE_DEVICES": "GPU-a,GPU-b"}
    assert "CUDA_DEVICE_ORDER" not in share_of(0, 2, TWO_GPUS, Resources(), chosen)
    assert devices(1, Resources()) == [None]  # alone, a run sees what any run sees
    assert devices(2, Resources(gpus=2)) == ["GPU-a,GPU-b"] * 2


LISTED = "0, GPU-aaaa, 81000\n1, GPU-bbbb, 500\n2, GPU-cccc, [N/A]\n"


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        (None, ["0", "1"]),
        ("1", ["1"]),
        ("1,0", ["1", "0"]),
        ("GPU-b", ["GPU-b"]),
        ("", []),
        ("-1", []),
        ("0,-1,1", ["0"]),
        ("MIG-1", ["MIG-1"]),
    ],
)
def test_only_gpus_that_may_be_seen_are_used(visible: str | None, names: list[str]) -> None:
    assert [gpu.name for gpu in read_gpus(LISTED, visible)] == names


def test_a_gpus_free_memory_is_read_in_bytes() -> None:
    assert read_gpus(LISTED, "1")[0].free_bytes == 500 * 2**20


def test_a_container_may_have_less_than_its_machine(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("0::/jobs/mine\n")
    group = tmp_path / "root" / "jobs"
    (group / "mine").mkdir(parents=True)
    (group / "mine" / "memory.max").write_text("max\n")
    (group / "memory.max").write_text("4000\n")
    (group / "memory.current").write_text("3000\n")
    (group / "memory.stat").write_text("anon 10\ninactive_file 500\n")
    (group / "mine" / "cpu.max").write_text("150000 100000\n")

    groups = capacity._cgroups(own, tmp_path / "root")

    assert min(capacity._free_memory(each) for each in groups) == 1500
    assert min(capacity._quota(each) for each in groups) == 2


def test_a_container_of_the_older_kind_is_read_too(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("4:memory:/elsewhere\n1:cpu:/\n0::/\n")
    for name in ("memory", "cpu"):
        (tmp_path / "root" / name).mkdir(parents=True)
    (tmp_path / "root/memory/memory.limit_in_bytes").write_text("4000\n")
    (tmp_path / "root/memory/memory.usage_in_bytes").write_text("1000\n")
    (tmp_path / "root/memory/memory.stat").write_text("total_inactive_file 7\n")
    (tmp_path / "root/cpu/cpu.cfs_quota_us").write_text("-1\n")
    (tmp_path / "root/cpu/cpu.cfs_period_us").write_text("100000\n")

    groups = capacity._cgroups(own, tmp_path / "root")

    assert min(capacity._free_memory(each) for each in groups) == 3007
    assert min(capacity._quota(each) for each in groups) > 1000


def test_this_machine_can_be_read() -> None:
    here = read_capacity()
    assert here.cores >= 1
    assert here.free_memory > 0
