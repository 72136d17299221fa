"""`python -m benchmarks.floor NOTEBOOK MODULE…`: a line in ─► its cells run in a fork, a line out.

The least that executing a notebook can take: Python is there, everything is imported, there is no
kernel, no notebook is written. What it prints is the seconds that the fork took.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.side_by_side import Moments

_FORKABLE = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "MPLBACKEND": "agg",
    "OPENBLAS_NUM_THREADS": "1",
}


@contextlib.contextmanager
def floor(notebook: Path, preload: Sequence[str]) -> Iterator[Callable[[], Moments]]:
    """Give a contender that runs the code of a notebook's cells in a fork, and nothing else."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.floor", str(notebook), *preload],
        env=os.environ | _FORKABLE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    given, told = process.stdin, process.stdout
    if given is None or told is None:
        raise RuntimeError("a process started with pipes has none")

    def once() -> Moments:
        given.write(b"\n")
        given.flush()
        took = float(told.readline())
        return Moments(took, took)

    try:
        yield once
    finally:
        given.close()
        told.close()
        process.wait()


def main() -> None:
    """Serve until there is no more input."""
    notebook, *preload = sys.argv[1:]
    cells = json.loads(Path(notebook).read_text("utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    for name in preload:
        with contextlib.suppress(ModuleNotFoundError):  # a notebook may do without, as in a zygote
            importlib.import_module(name)
    for _ in sys.stdin:
        began = time.perf_counter()
        child = os.fork()
        if child == 0:
            _run(code)
        _, status = os.waitpid(child, 0)
        if status:
            sys.exit("a cell failed")
        print(time.perf_counter() - began, flush=True)


def _run(code: Sequence[str]) -> None:
    status = 1
    try:
        scope: dict[str, object] = {"__name__": "__main__"}
        for cell in code:
            exec(cell, scope)  # noqa: S102  # it is what a notebook is
            _draw()
        status = 0
    finally:
        os._exit(status)


def _draw() -> None:
    """Make pictures of the figures, as the inline backend does after each cell."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        for number in pyplot.get_fignums():
            pyplot.figure(number).savefig(io.BytesIO(), format="png", bbox_inches="tight")
        pyplot.close("all")


if __name__ == "__main__":
    main()
