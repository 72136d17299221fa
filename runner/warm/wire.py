"""Messages between a zygote and its clients: one JSON object a packet, descriptors beside it."""

from __future__ import annotations

import array
import json
import os
import socket
import struct
from collections.abc import Iterable
from typing import Any

_LARGEST = 1 << 20  # bytes
_MOST_DESCRIPTORS = 32
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


def send(
    connection: socket.socket, message: dict[str, Any], descriptors: Iterable[int] = ()
) -> None:
    """Send a message, and descriptors for the other side to hold."""
    rights = array.array("i", descriptors)
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if rights else []
    connection.sendmsg([json.dumps(message).encode()], ancillary)


def receive(connection: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """Receive a message and its descriptors; None once the other side is gone."""
    data, descriptors, flags, _ = socket.recv_fds(connection, _LARGEST, _MOST_DESCRIPTORS)
    if not data:
        return None, descriptors
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        close(descriptors)
        raise ValueError("a message was too long")
    message = json.loads(data)
    if not isinstance(message, dict):
        raise TypeError("a message was no object")
    return message, descriptors


def close(descriptors: Iterable[int]) -> None:
    """Close descriptors that nobody needs."""
    for descriptor in descriptors:
        os.close(descriptor)


def other_user(connection: socket.socket) -> int:
    """Ask the kernel of the machine which user is at the other end."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(raw)[1])
