"""Several jobs given to a real Slurm at once: one array, cancelled, lost and found again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import Wait, write_notebook
from rigs.slurm import Cluster

from runner.records import Resources, RunRequest, to_json

pytestmark = pytest.mark.xdist_group("slurm")

# Executes what lies in the folders that it is given, and prints a line an end.
PROGRAM = """
import json, sys
from pathlib import Path
from runner.engines import slurm
from runner.engines.job import EngineError, Job
from runner.engines.slurm.watch import Pace
from runner.records import read_request

pace = Pace(**json.loads(sys.argv[1]))
folders = [Path(name) for name in sys.argv[2:]]
jobs = [Job(read_request((at / "request.json").read_bytes()), at, at) for at in folders]
try:
    done = slurm.execute(
        iter(jobs), 2, listen=lambda *_: None, ended=lambda r: print(r.model_dump_json()), pace=pace
    )
    print(json.dumps(done))
except EngineError as error:
    print(json.dumps(f"{error.what} {error.right}"))
"""
CELLS = (
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
    "import pathlib, time\n"
    "pathlib.Path('began').touch()\n"
    "for _ in range(600):\n"
    "    if pathlib.Path('../enough').exists(): break\n"
    "    time.sleep(0.1)",
    "assert seed != 3",
)


@dataclass(frozen=True)
class Runs:
    """Four runs, of which the third fails, to be executed two at a time."""

    at: Path
    cluster: Cluster

    def folders(self) -> list[Path]:
        return [self.at / str(number) for number in (1, 2, 3, 4)]

    def begin(self, **pace: float) -> subprocess.Popen[str]:
        folders = [str(folder) for folder in self.folders()]
        return subprocess.Popen(
            self.cluster.inside(sys.executable, "-c", PROGRAM, json.dumps(pace), *folders),
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | self.cluster.environment,
        )

    def end(self, program: subprocess.Popen[str]) -> tuple[dict[str, Any], Any]:
        """Give the results by their runs, and what came of it all."""
        out, _ = program.communicate(timeout=120)
        *results, last = map(json.loads, out.splitlines())
        return {result["run_id"]: result for result in results}, last

    def began(self) -> list[Path]:
        return [folder for folder in self.folders() if (folder / "began").exists()]

    def states(self) -> list[str]:
        said = self.cluster.slurm("squeue", "--noheader", "--array", "--format=%T %r")
        return sorted(said.splitlines())


@pytest.fixture
def runs(cluster: Cluster, tmp_path: Path, wait_until: Wait) -> Iterator[Runs]:
    runs = Runs(tmp_path, cluster)
    for number, folder in enumerate(runs.folders(), start=1):
        folder.mkdir()
        write_notebook(folder / "source.ipynb", "seed = 0", *CELLS)
        request = RunRequest(
            run_id=f"1.{number}",
            issue=1,
            notebook="excursions/demos/1-x/notebook.ipynb",
            notebook_sha256="0" * 64,
            commit="c" * 40,
            parameters={"seed": number},
            seed=number,
            timeout_s=600,
            resources=Resources(cores=1, partition="debug"),
            engine="slurm",
            requested="2026-01-01T00:00:00Z",
        )
        (folder / "request.json").write_bytes(to_json(request))
    yield runs
    wait_until(lambda: not cluster.processes())


def test_several_jobs_are_one_array_and_a_failing_one_stops_no_other(
    runs: Runs, wait_until: Wait
) -> None:
    program = runs.begin()
    wait_until(lambda: len(runs.began()) == 2)

    assert runs.states() == [*["PENDING JobArrayTaskLimit"] * 2, *["RUNNING None"] * 2]

    (runs.at / "enough").touch()
    results, done = runs.end(program)
    assert done is True
    statuses = {name: result["status"] for name, result in sorted(results.items())}
    assert statuses == {"1.1": "succeeded", "1.2": "succeeded", "1.3": "failed", "1.4": "succeeded"}
    [array] = {json.loads((at / "slurm.json").read_text())["job"] for at in runs.folders()}
    for index, name in enumerate(sorted(results)):
        assert f"Slurm job {array}_{index} on node" in results[name]["notes"][-1]


def test_ctrl_c_cancels_those_that_go_on_and_leaves_the_others_never_begun(
    runs: Runs, wait_until: Wait
) -> None:
    program = runs.begin()
    wait_until(lambda: len(runs.began()) == 2)

    program.send_signal(signal.SIGINT)
    results, done = runs.end(program)

    assert done is False
    assert {name: result["status"] for name, result in results.items()} == {
        f"1.{folder.name}": "cancelled" for folder in runs.began()
    }
    assert all(len(result["figures"]) == 1 for result in results.values())
    left = [folder for folder in runs.folders() if folder not in runs.began()]
    assert len(left) == 2
    assert not [folder for folder in left if (folder / "slurm.json").exists()]
    wait_until(lambda: runs.states() == [])


def test_an_array_goes_on_without_us_and_is_awaited_when_given_again(
    runs: Runs, wait_until: Wait
) -> None:
    program = runs.begin()
    wait_until(lambda: len(runs.began()) == 2)
    program.kill()
    program.communicate()
    tickets = [(folder / "slurm.json").read_text() for folder in runs.folders()]

    again = runs.begin()
    (runs.at / "enough").touch()
    results, done = runs.end(again)

    assert done is True
    assert sorted(results) == ["1.1", "1.2", "1.3", "1.4"]
    assert [(folder / "slurm.json").read_text() for folder in runs.folders()] == tickets


def test_a_controller_that_stays_away_ends_the_waiting_and_nothing_else(
    runs: Runs, wait_until: Wait
) -> None:
    program = runs.begin(ask=0.1, patience=0.5)
    wait_until(lambda: len(runs.began()) == 2)

    runs.cluster.stop_controller()
    results, said = runs.end(program)
    runs.cluster.start_controller()

    assert results == {}
    assert "Slurm does not answer: " in said
    assert "Give the command again later: it is waited for." in said
    (runs.at / "enough").touch()
    results, done = runs.end(runs.begin())
    assert (done, len(results)) == (True, 4)


def test_ctrl_c_says_so_where_slurm_cannot_be_told(runs: Runs, wait_until: Wait) -> None:
    program = runs.begin(stop=0.5)
    wait_until(lambda: len(runs.began()) == 2)

    runs.cluster.stop_controller()
    program.send_signal(signal.SIGINT)
    results, said = runs.end(program)
    runs.cluster.start_controller()

    assert results == {}
    assert "Slurm does not answer, so nothing of it could be cancelled: " in said
    (runs.at / "enough").touch()
    results, done = runs.end(runs.begin())
    assert (done, len(results)) == (True, 4)
