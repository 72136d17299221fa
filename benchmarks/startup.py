"""How long a command takes to start: `excursion --help` and `list` beside `papermill --help`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.side_by_side import Contender, measure, show

ROUNDS = 11
ISSUES = 20


def main() -> None:
    """Measure and print."""
    here = Path(sys.executable).parent
    excursion = str(here / "excursion")
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        for words in (
            ["git", "init", "-q"],
            ["git", "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm1", "--allow-empty"],
            [excursion, "init"],
            *([excursion, "ask", f"Question {i}?"] for i in range(ISSUES)),
        ):
            subprocess.run(words, cwd=top, check=True, capture_output=True)
        contenders = {
            "python -c pass": Contender([sys.executable, "-c", "pass"], top),
            "excursion --help": Contender([excursion, "--help"], top),
            f"excursion list ({ISSUES} issues)": Contender([excursion, "list"], top),
            "papermill --help": Contender([str(here / "papermill"), "--help"], top),
        }
        show("Start-up", measure(contenders, rounds=ROUNDS), rounds=ROUNDS)


if __name__ == "__main__":
    main()
