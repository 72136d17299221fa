"""What a process has from its parent beside variables and folder ◄─► data, for one from another."""

from __future__ import annotations

import contextlib
import os
import re
import resource
from pathlib import Path
from typing import Any

_LIMITS = tuple(
    name for name in dir(resource) if name.startswith("RLIMIT_") and name != "RLIMIT_OFILE"
)


def inherited() -> dict[str, Any]:
    """Read this process's umask, niceness, processors and limits."""
    status = Path("/proc/self/status").read_text()
    umask = re.search(r"^Umask:\s*([0-7]+)$", status, re.MULTILINE)
    return {
        "umask": int(umask[1], 8) if umask else 0o022,
        "nice": os.nice(0),
        "processors": sorted(os.sched_getaffinity(0)),
        "limits": {name: resource.getrlimit(getattr(resource, name))[0] for name in _LIMITS},
    }


def inherit(from_: dict[str, Any]) -> None:
    """Take over what another process has; of what needs privileges, as much as may be."""
    os.umask(from_["umask"])
    slower = from_["nice"] - os.nice(0)
    if slower > 0:
        os.nice(slower)
    with contextlib.suppress(OSError):  # the zygote has been given fewer
        os.sched_setaffinity(0, from_["processors"])
    for name, soft in from_["limits"].items():
        number = getattr(resource, name)
        ours, hard = resource.getrlimit(number)
        if soft != ours and (hard == resource.RLIM_INFINITY or 0 <= soft <= hard):
            resource.setrlimit(number, (soft, hard))
