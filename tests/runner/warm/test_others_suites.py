"""papermill's and nbclient's test suites as tests of our kernel: it has to be like any other."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Wait
from rigs.suites import NBCLIENT, PAPERMILL, Bench, Suite, bench

from runner.records import Warm
from runner.warm import client


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder in which sockets may be: their paths must be short."""
    with tempfile.TemporaryDirectory(prefix="suites-") as folder:
        yield Path(folder)


@pytest.fixture
def warm(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A bench whose kernels are forked from a zygote of its own, which is ready."""
    monkeypatch.delenv("EXCURSIONS_WARM")
    ours = bench(short_folder, provisioner="excursion-warm")
    for name in ("PYTHONPATH", "XDG_RUNTIME_DIR"):  # what a zygote is known by
        monkeypatch.setenv(name, ours.environment[name])
    client.start(Warm(), ours.environment)
    yield ours
    list(client.ask_all("stop"))


def failures(outcomes: dict[str, str]) -> set[str]:
    return {case for case, outcome in outcomes.items() if outcome == "failed"}


def passes(outcomes: dict[str, str]) -> int:
    return sum(outcome == "passed" for outcome in outcomes.values())


@pytest.mark.parametrize("suite", [PAPERMILL, NBCLIENT], ids=lambda suite: suite.name)
def test_a_forked_kernel_passes_for_the_plain_one(
    suite: Suite, warm: Bench, wait_until: Wait
) -> None:
    outcomes = warm.run(suite)
    unexpected = failures(outcomes) - set(suite.known)
    if unexpected:  # some cases watch the clock, and machines are shared: alone, they must pass
        warnings.warn(f"given a second go: {sorted(unexpected)}", stacklevel=1)
        outcomes |= warm.run(suite, unexpected)
    assert failures(outcomes) == set(suite.known), "the list of those that cannot pass is wrong"
    assert passes(outcomes) >= suite.floor
    (zygote,) = client.ask_all("status")
    assert zygote["forked"] >= suite.forks
    wait_until(lambda: all(each["running"] == 0 for each in client.ask_all("status")))


def test_what_cannot_pass_cannot_with_the_plain_kernel_either(short_folder: Path) -> None:
    plain = bench(short_folder, provisioner=None)
    assert failures(plain.run(PAPERMILL, PAPERMILL.known)) == set(PAPERMILL.known)
    assert not NBCLIENT.known
