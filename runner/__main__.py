"""`python -m runner FOLDER WORKDIR PYTHON`: execute the request that lies in a run's folder.

Prints one JSON line an event. Ends by itself when its standard input closes, which is how it
notices that whoever started it is gone.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    """Execute the request and leave `result.json` in the folder."""
    # Who is stopped before anything is executed leaves nothing, at once: the run can begin anew.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    folder, workdir, python = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    threading.Thread(target=_watch_starter, daemon=True).start()
    speak = _keep_stdout()
    from runner.execute import execute  # here, so that the watch stands before the slow imports
    from runner.journal import Journal
    from runner.records import read_request

    request = read_request((folder / "request.json").read_bytes())
    # From here on the run has begun: whoever stops it is told of, once `execute` is ready.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    journal = Journal(folder, speak)
    try:
        execute(request, folder, workdir, journal, python=python)
    finally:
        journal.close()


def _watch_starter() -> None:
    """Cancel the run once nobody is there to take its result."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _keep_stdout() -> Callable[[dict[str, Any]], None]:
    """Keep standard output for our lines alone.

    A kernel inherits it, and what programs that a cell starts print is passed on there, once the
    notebook has it.
    """
    sys.stdout.flush()
    ours = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # it is no file
        os.dup2(nowhere.fileno(), sys.stdout.fileno())

    def speak(line: dict[str, Any]) -> None:
        try:
            ours.write(json.dumps(line) + "\n")
            ours.flush()
        except (BrokenPipeError, ValueError):
            pass  # nobody listens any more; the journal has it

    return speak


if __name__ == "__main__":
    main()
