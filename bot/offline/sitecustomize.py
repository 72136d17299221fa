"""Where this folder is first on PYTHONPATH, no Python process may speak to another machine.

Python imports a module of this name when it starts, so kernels and what they start are held too.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any


class NoNetworkError(RuntimeError):
    """Something that must run offline asked for another machine."""


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else ""  # else a socket in the file tree
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    name = host.decode(errors="replace") if isinstance(host, bytes) else str(host or "")
    if name not in ("", "localhost") and not _is_here(name):
        raise NoNetworkError(f"{name} was asked for, but this has to run offline")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


sys.addaudithook(_refuse)  # which cannot be taken away again
