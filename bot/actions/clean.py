"""A run's folder, once it was executed ─► the same without secrets, to be uploaded.

The machine that executes may hold secrets of its own that the job which publishes never sees.
"""

from __future__ import annotations

import os
from pathlib import Path

from bot.actions.artifact import RESULT
from bot.errors import ForgeError
from bot.excursion_file import NOTEBOOK
from bot.forge.thread_files import write_atomically
from bot.log.redact import Secrets
from bot.log.redacted_run import redacted_run
from runner.records import RunResult, to_json


def take_secrets_out(folder: Path, result: RunResult, secrets: Secrets) -> RunResult:
    """Rewrite result and notebook in a run's folder without secrets; give that result.

    Nothing is written where nothing was found.

    Args:
        folder: Where the run was executed.
        result: What it came to.
        secrets: What is known here to be secret by its value.

    Raises:
        ForgeError: The disk failed; what is in the folder must not be uploaded.
    """
    notebook = folder / NOTEBOOK
    try:
        files = {NOTEBOOK: notebook.read_bytes()} if notebook.exists() else {}
        clean, kept = redacted_run(result, files, secrets)
        if NOTEBOOK in files and NOTEBOOK not in kept:
            notebook.unlink()
        elif kept != files:
            write_atomically(notebook, kept[NOTEBOOK])
        if clean != result:
            write_atomically(folder / RESULT, to_json(clean))
    except OSError as error:
        where = os.fspath(error.filename or folder)
        raise ForgeError(f"cannot be rewritten: {error.strerror}", where=where) from error
    return clean
