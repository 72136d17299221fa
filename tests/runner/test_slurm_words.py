"""What Slurm's words mean, where no cluster is needed to say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.engines.slurm.queue import Standing, words
from runner.engines.slurm.ticket import Ticket, read_ticket, tear_up, write_ticket
from runner.engines.slurm.verdict import conclude
from runner.records import Resources, RunRequest, RunResult

REQUEST = RunRequest(
    run_id="1.1",
    issue=1,
    notebook="excursions/demos/1-x/notebook.ipynb",
    notebook_sha256="0" * 64,
    commit="c" * 40,
    timeout_s=60,
    resources=Resources(memory_bytes=2_000_000_000),
    engine="slurm",
    requested="2026-01-01T00:00:00Z",
)


def told(folder: Path, state: str) -> tuple[str, str, str]:
    """The status, the name and the sentence with which a lost job's run is told."""
    ticket = Ticket(name="excursion-1.1-abc", folder=str(folder / "slurm"), job="17", index=3)
    result: RunResult = conclude(
        folder, REQUEST, ticket, Standing("17_3", "20", state, "None", "gpu4")
    )
    assert result.error is not None
    return result.status.value, result.error.name, result.error.message


@pytest.mark.parametrize(
    ("state", "status", "name", "says"),
    [
        ("CANCELLED", "cancelled", "Cancelled", "Slurm job 17_3 on node gpu4 was cancelled"),
        ("TIMEOUT", "timed_out", "Slurm's time limit", "came to its own time limit"),
        ("NODE_FAIL", "died", "Dead node", "the node gpu4 of Slurm job 17_3 failed"),
        ("OUT_OF_MEMORY", "died", "Out of memory", "memory = 2.0 GB was asked for"),
        ("PREEMPTED", "died", "Preempted", "had to make room for another"),
        ("GONE", "died", "Killed", "Slurm no longer knows how, and it left no result"),
        ("FAILED", "died", "Killed", "does the node see that folder?"),
    ],
)
def test_a_lost_job_is_told_by_its_state(
    tmp_path: Path, state: str, status: str, name: str, says: str
) -> None:
    found = told(tmp_path, state)

    assert found[:2] == (status, name)
    assert says in found[2]


def test_a_failed_job_is_told_with_what_the_node_said(tmp_path: Path) -> None:
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm" / "17_3_0_log.err").write_text("python3.11: no such file\n")

    assert told(tmp_path, "FAILED")[2].endswith("FAILED: python3.11: no such file")


def test_slurm_s_words_are_given_without_the_name_of_its_command() -> None:
    said = "sbatch: error: invalid partition specified: x\nsbatch: error: Batch job failed\n"

    assert words(said) == "invalid partition specified: x. Batch job failed"


def test_a_ticket_is_kept_until_it_is_torn_up(tmp_path: Path) -> None:
    ticket = Ticket(name="excursion-1.1-abc", folder="/shared/1/slurm", job="17")
    write_ticket(tmp_path, ticket)

    assert read_ticket(tmp_path) == ticket
    assert (ticket.id, ticket.ended) == ("17", Path("/shared/1/slurm/17_0_result.pkl"))
    tear_up(tmp_path)
    assert read_ticket(tmp_path) is None
