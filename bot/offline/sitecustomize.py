"""Where this folder is first on PYTHONPATH, no Python process may speak to another machine.

Python imports a module of this name when it starts, so kernels and what they start are held too.
What executes a notebook leaves the network altogether where Linux lets it, so that programs which
are not Python, such as curl, are held as well.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # of unshare(2)
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1  # of netdevice(7)


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


def _leave_the_network() -> None:
    """Go on in a network of one's own, with nothing but its loopback, if that is allowed."""
    import ctypes  # here, since most processes do not need them, and Windows lacks one
    import fcntl
    import socket
    import struct

    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK) != 0:  # which only root may
        if libc.unshare(_NEW_USER | _NEW_NETWORK) != 0:
            return
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sh14x", b"lo", 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, _GET_FLAGS, asked))
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", flags | _UP))


if sys.platform == "linux" and sys.orig_argv[1:3] == ["-m", "runner"]:
    _leave_the_network()
sys.addaudithook(_refuse)  # which cannot be taken away again
