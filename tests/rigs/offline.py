"""A plugin for pytest: whoever wants to speak to another machine gets an error instead."""

from __future__ import annotations

import ipaddress
import sys
from typing import Any


class NoNetworkError(RuntimeError):
    """A test reached for the network."""


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # else a socket in the file tree
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if host is not None and not _is_here(host if isinstance(host, str) else bytes(host).decode()):
        raise NoNetworkError(f"{event} {host}")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("", "localhost")


def pytest_configure() -> None:
    """Stand guard from here on; a hook for audits cannot be taken away again."""
    sys.addaudithook(_refuse)
