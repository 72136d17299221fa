"""The test suites of papermill and nbclient, as tests of our kernel: it has to be like any other."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs.suites import NBCLIENT, PAPERMILL, Bench, Suite, bench

suites = pytest.mark.parametrize("suite", [PAPERMILL, NBCLIENT], ids=lambda suite: suite.name)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder in which sockets may be: their paths must be short."""
    with tempfile.TemporaryDirectory(prefix="suites-") as folder:
        yield Path(folder)


def failures(outcomes: dict[str, str]) -> set[str]:
    return {case for case, outcome in outcomes.items() if outcome == "failed"}


def passes(outcomes: dict[str, str]) -> int:
    return sum(outcome == "passed" for outcome in outcomes.values())


@suites
def test_what_fails_by_our_list_fails_with_the_plain_kernel_too(
    suite: Suite, short_folder: Path
) -> None:
    outcomes = bench(short_folder, provisioner=None).run(suite, suite.known)
    assert failures(outcomes) == set(suite.known)
