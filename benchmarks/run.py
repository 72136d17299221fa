"""What a run costs beyond its notebook: the blank template by `excursion run` and by papermill.

Both execute the same notebook from start to end; ours also checks parameters, allots a number,
describes the environment, collects figures and metrics, publishes them under a ref, and renders the
thread. Kernels are started cold.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.places import papermill_folder, repository
from benchmarks.side_by_side import measure, show

ROUNDS = 5


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        ours = repository(Path(folder, "ours"), None, warm=False)
        papermill = papermill_folder(Path(folder, "papermill"), ours.source)
        contenders = {"excursion run": ours.run(), "papermill": papermill.run()}
        medians = measure(contenders, rounds=ROUNDS)
        show("A run of the blank template", medians, rounds=ROUNDS, made="notebook there")


if __name__ == "__main__":
    main()
