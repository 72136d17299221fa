"""What a step printed ─► the log that people see, and the commands in it that the runner obeys.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_COMMAND = re.compile(r"\s*::(?P<name>[\w-]+)(?: (?P<properties>[^:]*))?::(?P<value>.*)")
_DISABLED = ("set-env", "add-path")


@dataclass(frozen=True)
class Annotation:
    """What `::error::` and its like leave behind; `kind` is error, warning or notice."""

    kind: str
    text: str


@dataclass
class Output:
    """What came of a job's printed lines so far.

    Attributes:
        log: The lines, masked.
        masks: What is replaced by `***`.
        outputs: What the deprecated `::set-output` set, since the last `begin`.
        failed: Whether a command was used that the runner no longer allows.
    """

    log: list[str] = field(default_factory=list)
    masks: set[str] = field(default_factory=set)
    annotations: list[Annotation] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    failed: bool = False
    _stopped_by: str = ""

    def begin(self, title: str) -> None:
        """Begin a step; commands are obeyed again, whatever the last one stopped."""
        self.log.append(f"# {title}")
        self.outputs = {}
        self.failed = False
        self._stopped_by = ""

    def take(self, text: str) -> None:
        """Take what a step printed."""
        for line in text.splitlines():
            match = _COMMAND.fullmatch(line)
            if match is None:
                self.say(line)
            elif self._stopped_by:
                if match["name"] == self._stopped_by:
                    self._stopped_by = ""
                else:
                    self.say(line)
            else:
                properties = match["properties"] or ""
                self._obey(match["name"], properties, _unescaped(match["value"]), line)

    def say(self, line: str) -> None:
        """Add a line to the log."""
        for mask in sorted(self.masks, key=len, reverse=True):
            line = line.replace(mask, "***")
        self.log.append(line)

    def _obey(self, name: str, properties: str, value: str, line: str) -> None:
        if name == "stop-commands":
            self._stopped_by = value
        elif name == "add-mask":
            self.masks |= {part for part in (value, *value.splitlines()) if part}
        elif name in ("error", "warning", "notice"):
            self.annotations.append(Annotation(name, value))
        elif name == "set-output":
            self.outputs[properties.partition("name=")[2]] = value
        elif name in _DISABLED:
            self.annotations.append(Annotation("error", f"The `{name}` command is disabled."))
            self.failed = True
        elif name not in ("group", "endgroup", "debug", "save-state", "echo"):
            self.say(line)  # nothing that the runner knows


def _unescaped(value: str) -> str:
    return value.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
