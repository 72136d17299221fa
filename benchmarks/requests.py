"""How many requests a label, a run and its publication cost, and how soon the first one is sent.

Against the GitHub that the tests have, on this machine.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the GitHub of the tests

from bench import Bench, succeed  # noqa: E402
from rigs.github.server import Server  # noqa: E402

ROUNDS = 7
_PICTURES = 40


def main() -> None:
    """Measure and print."""
    rounds = 3 if "--quick" in sys.argv else ROUNDS
    server = Server()
    try:
        with tempfile.TemporaryDirectory() as folder:
            server.renew(Path(folder))
            bench = Bench(server, Path(folder, "jobs"))
            bench.prepare()
            for line in _counted(bench):
                print(line)
            print(_started(bench, rounds))
    finally:
        server.close()


def _counted(bench: Bench) -> list[str]:
    """Count the requests of each flow."""
    issue = bench.ask()
    event = bench.label(issue)
    bench.requests()
    bench.triage(*event)
    started = bench.requests()
    event = bench.say(issue, "/run seed=3")
    bench.requests()
    elements = bench.triage(*event)
    asked = bench.requests()
    after = next(place for place, each in enumerate(asked) if each.endswith("/labels"))
    matrix = asked[:after]
    artifacts = bench.leave(elements, succeed(_PICTURES))
    bench.publish(elements, artifacts)
    git = [e for e in bench.github.exchanges if e.source == "git"]
    pushes = sum(e.request.path.endswith("/git-receive-pack") for e in git)
    published = bench.requests()
    return [
        "\nRequests to GitHub",
        f"  label ─► branch, scaffold, welcome   {len(started):3}   target: at most 8",
        f"  /run ─► matrix                       {len(matrix):3}   target: at most 5",
        f"  publish a run with {_PICTURES} pictures      {len(published):3}   target: at most 8, "
        f"and 1 push (pushed {pushes})",
    ]


def _started(bench: Bench, rounds: int) -> str:
    """Measure from the start of the process to the first request that arrives."""
    event, payload = bench.say(bench.ask("Again?"), "/run")
    took = [_first_request(bench, event, payload) for _ in range(rounds)]
    median = statistics.median(took)
    return (
        f"\nSeconds from the start of the process to its first request, {rounds} rounds\n"
        f"  excursion action triage   median {median:.2f}, fastest {min(took):.2f}   "
        "target: at most 0.60"
    )


def _first_request(bench: Bench, event: str, payload: dict[str, Any]) -> float:
    job, _ = bench.job(event, payload, GITHUB_TOKEN=bench.token())
    seen = len(bench.github.exchanges)
    environment = os.environ | dict(job.environment) | {"PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "action", "triage"],
        cwd=bench.trusted,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    while len(bench.github.exchanges) == seen and process.poll() is None:
        time.sleep(0.001)
    took = time.perf_counter() - began
    process.wait()
    if len(bench.github.exchanges) == seen:
        raise RuntimeError(f"no request came: {json.dumps(payload)[:200]}")
    return took


if __name__ == "__main__":
    main()
