"""What many Slurm jobs cost the machine that asks and the controller: numbers for docs/scale.md.

On a Slurm of one node that this starts itself, as the tests do (it needs root, and Debian's
slurm-wlm and munge): submitting an array through submitit, asking where it stands, cancelling it.
That array is held back; then a few trivial runs are executed one at a time, there and here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from rigs import slurm

from runner.records import Resources, RunRequest, to_json

_PROGRAM = """
import sys, time
from pathlib import Path
from submitit import SlurmExecutor
from runner.engines.slurm.node import Execution

at, number = Path(sys.argv[1]), int(sys.argv[2])
executor = SlurmExecutor(at)
hold = {"hold": True, "chdir": str(at)}
executor.update_parameters(use_srun=False, time=5, additional_parameters=hold)
runs = [Execution("x", at / str(n), at, sys.executable, {"A": "b"}) for n in range(number)]
began = time.perf_counter()
jobs = executor.submit_array(runs)
print(jobs[0].job_id.partition("_")[0], time.perf_counter() - began)
"""

_EXECUTE = """
import importlib, sys, time
from pathlib import Path
from runner.engines.job import Job
from runner.records import read_request

engine = importlib.import_module(f"runner.engines.{sys.argv[1]}")
folders = [path for path in Path(sys.argv[2]).iterdir() if path.is_dir()]
jobs = [Job(read_request((at / "request.json").read_bytes()), at, at) for at in folders]
ends = []
began = time.perf_counter()
engine.execute(jobs, 1, listen=lambda *_: None, ended=lambda result: ends.append(result.status))
assert ends == ["succeeded"] * len(jobs), ends
print(f"{(time.perf_counter() - began) / len(jobs):.2f}")
"""
_TRIVIAL = 10


def main() -> None:
    """Measure arrays of 100 and 1,000 jobs and print."""
    why_not = slurm.why_not()
    if why_not:
        sys.exit(f"no Slurm here: {why_not}")
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder, "cluster")
        at.mkdir()
        with slurm.cluster(at) as cluster:
            for number in (100, 1_000):
                _measure(cluster, Path(folder, str(number)), number)
            _execute(cluster, Path(folder, "executed"))


def _measure(cluster: slurm.Cluster, at: Path, number: int) -> None:
    at.mkdir()
    done = subprocess.run(
        cluster.inside(sys.executable, "-c", _PROGRAM, str(at), str(number)),
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | cluster.environment,
    )
    job, seconds = done.stdout.split()
    print(f"an array of {number:,} jobs")
    print(f"  submitit's submission                {float(seconds):.2f} s")
    print(f"  files that it writes                 {len(list(at.iterdir())):,}")
    command = ("squeue", "--noheader", "--array", "--states=all", "--format=%i|%A|%T|%r|%N")
    times = []
    for _ in range(5):
        began = time.perf_counter()
        said = cluster.slurm(*command, f"--jobs={job}")
        times.append(time.perf_counter() - began)
    print(f"  squeue                               {min(times):.3f} s, {len(said) / 1e3:,.0f} kB")
    began = time.perf_counter()
    cluster.slurm("scancel", job)
    print(f"  scancel                              {time.perf_counter() - began:.2f} s", flush=True)


def _execute(cluster: slurm.Cluster, at: Path) -> None:
    """Execute trivial runs, one at a time."""
    for engine in ("local", "slurm"):
        for number in range(1, _TRIVIAL + 1):
            _write_run(at / engine / str(number), number, engine)
        done = subprocess.run(
            cluster.inside(sys.executable, "-c", _EXECUTE, engine, str(at / engine)),
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | cluster.environment,
        )
        print(f"a trivial run, {engine}, one after another: {done.stdout.strip()} s each")


def _write_run(folder: Path, number: int, engine: str) -> None:
    import nbformat.v4 as v4
    from nbformat import write

    folder.mkdir(parents=True)
    cell = v4.new_code_cell("seed = 0", metadata={"tags": ["parameters"]})  # type: ignore[no-untyped-call]
    write(v4.new_notebook(cells=[cell]), folder / "source.ipynb")  # type: ignore[no-untyped-call]
    request = RunRequest(
        run_id=f"1.{number}",
        issue=1,
        notebook="excursions/demos/1-x/notebook.ipynb",
        notebook_sha256="0" * 64,
        commit="c" * 40,
        timeout_s=600,
        resources=Resources(cores=1),
        engine=engine,
        requested="2026-01-01T00:00:00Z",
    )
    (folder / "request.json").write_bytes(to_json(request))


if __name__ == "__main__":
    main()
