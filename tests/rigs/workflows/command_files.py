"""A file that a step wrote for the runner ─► names and values, read as the runner reads it.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions#environment-files
"""

from __future__ import annotations

from pathlib import Path


class CommandFileError(Exception):
    """A file that the runner would not accept: the step fails."""


def read_pairs(path: Path) -> dict[str, str]:
    """Read `name=value` lines and `name<<delimiter` blocks: GITHUB_OUTPUT, GITHUB_ENV.

    Raises:
        CommandFileError: It has a line that is neither, or a block without an end.
    """
    pairs: dict[str, str] = {}
    lines = iter(path.read_text("utf-8").split("\n"))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, value = line.split("=", 1)
        elif heredoc >= 0:
            name, delimiter = line.split("<<", 1)
            if not name or not delimiter:
                raise CommandFileError(f"Invalid format '{line}'")
            inside = []
            for each in lines:
                if each == delimiter:
                    break
                inside.append(each)
            else:
                raise CommandFileError(f"Matching delimiter not found '{delimiter}'")
            value = "\n".join(inside)
        else:
            raise CommandFileError(f"Invalid format '{line}'")
        if not name:
            raise CommandFileError(f"Invalid format '{line}'")
        pairs[name] = value
    return pairs


def read_environment(path: Path) -> dict[str, str]:
    """Read GITHUB_ENV; the runner's own variables cannot be set so.

    Raises:
        CommandFileError: As above, or NODE_OPTIONS is set, which the runner refuses.
    """
    pairs = read_pairs(path)
    if any(name.upper() == "NODE_OPTIONS" for name in pairs):
        raise CommandFileError("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV'")
    own = ("GITHUB_", "RUNNER_")
    return {name: value for name, value in pairs.items() if not name.upper().startswith(own)}


def read_paths(path: Path) -> list[str]:
    """Read GITHUB_PATH: a folder a line, the last one first in PATH."""
    return [line for line in reversed(path.read_text("utf-8").splitlines()) if line]
