"""Runs on a real Slurm cluster of one node, given, watched and cancelled as a user does.

It needs Debian's packages slurm-wlm and munge, and root; see tests/rigs/slurm.py.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from conftest import Done, Repository, Wait
from rigs.slurm import Cluster

from runner.records import RunResult, read_result

pytestmark = pytest.mark.xdist_group("slurm")

CONFIG = """\
runner = "cluster"

[runners.cluster]
engine = "slurm"
timeout = "10m"
cores = 1
memory = "500MB"
partition = "debug"
"""
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
# Goes on until the test lets it end, three minutes at most.
HOLD = (
    "import pathlib, time\n"
    "pathlib.Path(f'{at}/began-{{seed}}').touch()\n"
    "for _ in range(1800):\n"
    "    if pathlib.Path('{at}/enough').exists(): break\n"
    "    time.sleep(0.1)"
)


@pytest.fixture(autouse=True)
def no_process_is_left_behind(cluster: Cluster, wait_until: Wait) -> Iterator[None]:
    yield
    wait_until(lambda: not cluster.processes())


@dataclass(frozen=True)
class Desk:
    """A repository whose runs go to the cluster."""

    repository: Repository
    cluster: Cluster
    at: Path  # where notebooks and tests leave word for each other

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Give a command without waiting for its end."""
        return subprocess.Popen(
            self.cluster.inside(sys.executable, "-m", "bot", *words),
            cwd=self.repository.top,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | self.cluster.environment,
        )

    def give(self, *words: str) -> Done:
        return self.end(self.begin(*words))

    def end(self, command: subprocess.Popen[str]) -> Done:
        """Wait for the end of a command."""
        out, err = command.communicate(timeout=120)
        return Done(command.returncode, out, err)

    def began(self, seed: int = 0) -> bool:
        return (self.at / f"began-{seed}").exists()

    def enough(self) -> None:
        (self.at / "enough").touch()

    def configure(self, text: str) -> None:
        (self.repository.top / "excursions.toml").write_text(text)

    def jobs(self, form: str, *which: str) -> list[str]:
        """What Slurm's queue holds now, each job in this form."""
        return self.cluster.slurm("squeue", "--noheader", f"--format={form}", *which).splitlines()

    def job(self, run: int = 1) -> str:
        """The number of the Slurm job that a run was given to."""
        path = self.repository.top / f".excursions/1/runs/{run}/slurm.json"
        return str(json.loads(path.read_text())["job"])

    def result(self, run: int = 1) -> RunResult:
        return read_result(self.repository.git("show", f"refs/excursions/1/{run}:result.json"))

    def entry(self, run: int = 1) -> str:
        [path] = self.repository.top.glob(f".excursions/1/*-run-1-{run}.md")
        return path.read_text()

    def runner(self, run: int = 1) -> psutil.Process:
        """The process that executes a run's notebook on the node."""
        words = [(process, process.cmdline()) for process in self.cluster.processes()]
        [found] = [
            process
            for process, command in words
            if command[1:4] == ["-P", "-m", "runner"] and command[4].endswith(f"/{run}")
        ]
        return found


@pytest.fixture
def desk(repository: Repository, cluster: Cluster, tmp_path: Path) -> Desk:
    """An excursion that makes a plot, then goes on until it is let end, then records a metric."""
    desk = Desk(repository, cluster, tmp_path)
    desk.configure(CONFIG)
    repository.git("commit", "-qam", "Run on the cluster")
    repository.ask("Does it scale?")
    repository.commit_notebook(
        PLOT, HOLD.format(at=tmp_path), "from runner.notebook import record\nrecord(loss=0.5)"
    )
    return desk


def test_a_run_goes_to_the_cluster_and_its_entry_says_where(desk: Desk) -> None:
    desk.enough()

    done = desk.give("run", "1")

    assert done.status == 0, done.err
    assert "run 1.1: is Slurm job" in done.err
    assert "5 cells to run" in done.err  # the journal is followed
    result = desk.result()
    assert (result.status, result.engine, result.metrics) == ("succeeded", "slurm", {"loss": 0.5})
    assert f"on node {desk.cluster.node}, partition debug" in desk.entry()
    assert "figure-01.png" in desk.entry()


def test_what_the_configuration_says_is_asked_of_slurm(desk: Desk, wait_until: Wait) -> None:
    desk.configure(CONFIG.replace("cores = 1", "cores = 2\ngpus = 1").replace('"debug"', '"short"'))
    desk.repository.commit_notebook(
        "import os\nfrom runner.notebook import record\n"
        "record(gpus=os.environ['CUDA_VISIBLE_DEVICES'])",
        HOLD.format(at=desk.at),
    )
    command = desk.begin("run", "1", "--timeout", "90s")
    wait_until(desk.began)

    [asked] = desk.jobs("%P %C %m %l %b")

    desk.enough()
    assert desk.end(command).status == 0
    assert asked == "short 2 1501M 7:00 gres:gpu:1"  # memory beside the kernel's, five minutes more
    assert desk.result().metrics == {"gpus": "0"}


def test_ctrl_c_ends_the_job_and_keeps_its_pictures(desk: Desk, wait_until: Wait) -> None:
    command = desk.begin("run", "1")
    wait_until(desk.began)

    command.send_signal(signal.SIGINT)
    done = desk.end(command)

    assert done.status == 3, done.err
    result = desk.result()
    assert result.status == "cancelled"
    assert result.error is not None
    assert result.error.message == "stopped by SIGINT"
    assert [figure.file for figure in result.figures] == ["figure-01.png"]
    assert desk.jobs("%T", "--states=RUNNING,PENDING") == []


def test_a_run_cancelled_while_it_waits_is_left_as_never_begun(
    desk: Desk, wait_until: Wait
) -> None:
    assert desk.cluster.slurm("sbatch", "--exclusive", "--output=/dev/null", "--wrap=sleep 600")
    wait_until(lambda: desk.jobs("%T") == ["RUNNING"])
    command = desk.begin("run", "1")
    wait_until(lambda: "PENDING" in desk.jobs("%T"))
    assert command.stderr is not None
    assert "is Slurm job" in command.stderr.readline()
    assert "waits in Slurm's queue: Resources" in command.stderr.readline()

    command.send_signal(signal.SIGTERM)
    done = desk.end(command)

    assert (done.status, "interrupted" in done.err) == (3, True)
    assert desk.jobs("%T") == ["RUNNING"]  # the one that was in the way
    desk.cluster.must("scancel", "--full", "--user=root")
    desk.enough()
    assert desk.give("run", "1").out == "1.1\n"
    assert desk.result().status == "succeeded"


def test_the_run_s_own_limit_acts_before_slurm_s(desk: Desk) -> None:
    done = desk.give("run", "1", "--timeout", "4s")

    assert done.status == 1
    result = desk.result()
    assert result.status == "timed_out"
    assert result.error is not None
    assert (result.error.name, result.error.message) == ("Time limit", "the run may take 4 s")


def test_slurm_s_own_limit_is_told_as_such(desk: Desk, wait_until: Wait) -> None:
    """Also where the runner is blocked, so that it can neither end nor tell."""
    commands = [desk.begin("run", "1")]
    wait_until(desk.began)
    commands += [desk.begin("run", "1", "-p", "seed=1")]
    wait_until(lambda: desk.began(1))
    desk.runner(2).suspend()

    for run in (1, 2):
        desk.cluster.must("scontrol", "update", f"JobId={desk.job(run)}", "EndTime=now")
    statuses = [desk.end(command).status for command in commands]

    assert statuses == [1, 1]
    for result in (desk.result(1), desk.result(2)):
        assert result.status == "timed_out"
        assert result.error is not None
        assert result.error.name == "Slurm's time limit"
        assert [figure.file for figure in result.figures] == ["figure-01.png"]


def test_a_dead_node_is_named_and_its_pictures_are_kept(desk: Desk, wait_until: Wait) -> None:
    command = desk.begin("run", "1")
    wait_until(desk.began)

    desk.cluster.cut_power_of_node()
    done = desk.end(command)
    desk.cluster.start_node()

    assert done.status == 1
    result = desk.result()
    assert result.status == "died"
    assert result.error is not None
    assert result.error.name == "Dead node"
    assert f"the node {desk.cluster.node} of Slurm job" in result.error.message
    assert [figure.file for figure in result.figures] == ["figure-01.png"]
    assert [cell.status for cell in result.cells][-2:] == ["died", "pending"]


def test_a_killed_runner_is_told_by_what_killed_it(desk: Desk, wait_until: Wait) -> None:
    command = desk.begin("run", "1")
    wait_until(desk.began)

    desk.runner().kill()
    done = desk.end(command)

    assert done.status == 1
    result = desk.result()
    assert result.status == "died"
    assert result.error is not None
    assert result.error.message == "the process that executed it was killed by SIGKILL"
    assert len(result.figures) == 1


def test_scancel_ends_a_run_as_cancelled(desk: Desk, wait_until: Wait) -> None:
    command = desk.begin("run", "1")
    wait_until(desk.began)

    desk.cluster.must("scancel", desk.job())
    done = desk.end(command)

    assert done.status == 3
    assert desk.result().status == "cancelled"
    assert len(desk.result().figures) == 1


def test_what_slurm_refuses_is_told_in_its_own_words(desk: Desk) -> None:
    desk.configure(CONFIG.replace('"debug"', '"dubug"'))

    done = desk.give("run", "1")

    assert done.status == 1
    assert "invalid partition specified: dubug" in done.err
    result = desk.result()
    assert (result.status, result.cells) == ("refused", ())
    assert "Run 1.1 was refused" in desk.entry()
    assert "invalid partition specified: dubug" in desk.entry()


def test_a_run_outlives_its_command_and_is_awaited_when_that_is_given_again(
    desk: Desk, wait_until: Wait
) -> None:
    first = desk.begin("run", "1")
    wait_until(desk.began)
    first.kill()
    desk.end(first)
    other = desk.give("run", "1", "-p", "seed=7", "--timeout", "3s")
    again = desk.begin("run", "1")
    assert again.stderr is not None
    said = again.stderr.readline()

    desk.enough()
    done = desk.end(again)

    assert "Run 1.1 goes on: Slurm job" in other.err
    assert other.out == "1.2\n"
    assert "run 1.1: waits again for Slurm job" in said
    assert (done.status, done.out) == (0, "1.1\n"), done.err
    assert desk.result().status == "succeeded"
    assert desk.repository.git("for-each-ref", "refs/excursions/1").count("\n") == 1


def test_a_closed_terminal_leaves_the_run_to_the_cluster(desk: Desk, wait_until: Wait) -> None:
    first = desk.begin("run", "1")
    wait_until(desk.began)
    first.send_signal(signal.SIGHUP)
    assert desk.end(first).status == 3
    assert desk.jobs("%T") == ["RUNNING"]
    desk.enough()
    wait_until(lambda: not desk.cluster.processes())

    done = desk.give("run", "1")

    assert (done.status, done.out) == (0, "1.1\n")
    assert "Run 1.1, which was interrupted, is in the thread: succeeded" in done.err


def test_a_reproduction_keeps_its_checkout_while_the_cluster_needs_it(
    desk: Desk, wait_until: Wait
) -> None:
    desk.enough()
    assert desk.give("run", "1").status == 0
    for name in ("began-0", "enough"):
        (desk.at / name).unlink()
    first = desk.begin("reproduce", "1", "1")
    wait_until(desk.began)
    first.send_signal(signal.SIGHUP)
    assert desk.end(first).status == 3
    assert desk.repository.must("list")  # anything that looks around
    [checkout] = desk.repository.top.glob(".excursions/reproductions/*")

    again = desk.begin("reproduce", "1", "1")
    assert again.stderr is not None
    said = again.stderr.readline()
    desk.enough()
    done = desk.end(again)

    assert "run 1.2: waits again for Slurm job" in said
    assert done.status == 0, done.err
    assert (desk.result(2).status, desk.result(2).reproduces) == ("succeeded", "1.1")
    assert not checkout.exists()


def test_a_submission_whose_number_was_never_heard_is_found_by_its_name(
    desk: Desk, wait_until: Wait
) -> None:
    first = desk.begin("run", "1")
    wait_until(desk.began)
    first.kill()
    desk.end(first)
    [ticket] = desk.repository.top.glob(".excursions/1/runs/1/slurm.json")
    ticket.write_text(json.dumps(json.loads(ticket.read_text()) | {"job": ""}))
    again = desk.begin("run", "1")
    assert again.stderr is not None
    said = again.stderr.readline()

    desk.enough()

    assert "waits again for Slurm job" in said
    assert desk.end(again).out == "1.1\n"


def test_a_run_succeeds_while_the_controller_is_away(desk: Desk, wait_until: Wait) -> None:
    command = desk.begin("run", "1")
    wait_until(desk.began)
    desk.cluster.stop_controller()

    desk.enough()
    done = desk.end(command)
    refused = desk.give("run", "1", "-p", "seed=1")
    desk.cluster.start_controller()

    assert done.status == 0, done.err
    assert refused.status == 3
    assert "Slurm does not answer: Batch job submission failed: Unable to contact" in refused.err


def test_cancel_ends_the_job_that_another_command_waits_for(desk: Desk, wait_until: Wait) -> None:
    command = desk.begin("run", "1")
    wait_until(desk.began)

    cancelled = desk.give("cancel", "1")

    assert cancelled.status == 0, cancelled.err
    assert desk.end(command).status == 3
    result = desk.result()
    assert (result.status, result.error and result.error.message) == ("cancelled", "by Ada")
    assert [figure.file for figure in result.figures] == ["figure-01.png"]
    assert desk.jobs("%T", "--states=RUNNING,PENDING") == []


def test_cancel_ends_a_run_that_outlived_its_command(desk: Desk, wait_until: Wait) -> None:
    command = desk.begin("run", "1")
    wait_until(desk.began)
    command.kill()
    desk.end(command)

    cancelled = desk.give("cancel", "1")

    assert cancelled.status == 0, cancelled.err
    assert "Cancelling run 1.1." in cancelled.out
    assert desk.result().status == "cancelled"
    assert "was cancelled after" in desk.entry()
    assert desk.jobs("%T", "--states=RUNNING,PENDING") == []


def test_a_point_of_an_array_is_cancelled_alone(desk: Desk, wait_until: Wait) -> None:
    command = desk.begin("sweep", "1", "-p", "seed=0..1")
    wait_until(lambda: desk.began(0) or desk.began(1))
    cancelled = desk.give("cancel", "1", "2")
    assert cancelled.status == 0, cancelled.err
    assert "the others of sweep 1.1 go on" in cancelled.out
    desk.enough()
    assert desk.end(command).status == 3
    assert desk.result(1).status == "succeeded"
    assert desk.result(2).status == "cancelled"
