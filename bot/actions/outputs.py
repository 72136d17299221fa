"""What a job tells the jobs after it ─► lines of `GITHUB_OUTPUT` that no value can end.

Each value stands between two delimiters that nobody can guess (CVE-2022-35954;
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from bot.errors import ForgeError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}")
_MOST = 1_000_000  # bytes of a job's outputs, counted as UTF-16


def write_outputs(path: Path, values: Mapping[str, str]) -> None:
    """Append a job's outputs to the file that `GITHUB_OUTPUT` names.

    Raises:
        ForgeError: They are more than GitHub takes, or the file cannot be written.
    """
    text = outputs_text(values, delimiter=f"excursions-{secrets.token_hex(16)}")
    try:
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise ForgeError(f"cannot be written: {error.strerror}", where=str(path)) from error


def outputs_text(values: Mapping[str, str], *, delimiter: str) -> str:
    """Write outputs as GitHub reads them.

    Args:
        values: The outputs by their names.
        delimiter: What parts them; new and random each time.

    Raises:
        ForgeError: A value holds the delimiter, or all together are more than GitHub takes.
    """
    size = sum(len(value.encode("utf-16-le", "surrogatepass")) for value in values.values())
    if size > _MOST:
        raise ForgeError(
            f"the job's outputs have {size} bytes, GitHub takes {_MOST} at most",
            right="Ask for fewer runs at once.",
        )
    lines = []
    for name, value in values.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name an output")
        if delimiter in value:
            raise ForgeError(
                f"the output {name} holds the delimiter that was to end it",
                right="Run the job again: the next delimiter is another.",
            )
        whole = value.encode("utf-8", "replace").decode()
        lines.append(f"{name}<<{delimiter}\n{whole}\n{delimiter}\n")
    return "".join(lines)
