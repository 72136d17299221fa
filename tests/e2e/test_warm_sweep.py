"""A sweep with a zygote at hand: every point is forked from it, with its own share of threads."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator

import pytest
from conftest import Repository

THREADS = """\
import os, numpy, threadpoolctl
from runner.notebook import record
blas = [found["num_threads"] for found in threadpoolctl.threadpool_info()
        if found["user_api"] == "blas"]
record(asked=int(os.environ["OMP_NUM_THREADS"]), blas=max(blas))"""
NUMPY_ALONE = '\n[warm]\npreload = ["numpy"]\n'


@pytest.fixture
def warm_repository(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Repository]:
    """A repository whose zygote is ready, and nobody else's."""
    with tempfile.TemporaryDirectory(prefix="sweep-") as folder:  # short: a socket is in it
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        for name in ("EXCURSIONS_WARM", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            monkeypatch.delenv(name, raising=False)
        with (repository.top / "excursions.toml").open("a") as config:
            config.write(NUMPY_ALONE)
        repository.git("commit", "-qam", "Import numpy alone")
        repository.must("warm", "start")
        yield repository
        repository.must("warm", "stop")


def test_every_point_of_a_sweep_is_forked_and_has_its_share_of_threads(
    warm_repository: Repository,
) -> None:
    warm_repository.ask()
    warm_repository.commit_notebook(THREADS)
    done = warm_repository.excursion("sweep", "1", "-p", "seed=1..3", "--jobs", "2")
    assert done.status == 0, done.err
    assert "cold" not in done.err
    results = [
        json.loads(warm_repository.git("show", f"refs/excursions/1/{run}:result.json"))
        for run in (1, 2, 3)
    ]
    assert [result["kernel"] for result in results] == ["warm"] * 3
    for result in results:
        assert result["metrics"]["blas"] == result["metrics"]["asked"]
