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


def is_gone(connection: socket.socket) -> bool:
    """Say whether the other side has hung up; what it said before is left to be received."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False


def other_user(connection: socket.socket) -> int:
    """Ask the kernel of the machine which user is at the other end."""
    return _credentials(connection)[1]


def other_process(connection: socket.socket) -> int:
    """Ask the kernel of the machine which process listens at the other end."""
    return _credentials(connection)[0]


def _credentials(connection: socket.socket) -> tuple[int, int, int]:
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, gid = _CREDENTIALS.unpack(raw)
    return pid, uid, gid
