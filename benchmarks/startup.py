"""How long a command takes to start: `excursion --help` and `list` beside `papermill --help`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.side_by_side import Command, measure, must, show

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
            must(words, top)
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "excursion --help": [excursion, "--help"],
            f"excursion list ({ISSUES} issues)": [excursion, "list"],
            "papermill --help": [str(here / "papermill"), "--help"],
        }
        contenders = {name: _command(words, top) for name, words in commands.items()}
        show("Start-up", measure(contenders, rounds=ROUNDS), rounds=ROUNDS)


def _command(words: list[str], cwd: Path) -> Command:
    return Command(lambda: words, cwd)


if __name__ == "__main__":
    main()
