"""Where pictures are attached ◄─► what their entry's marker remembers of it, in few characters."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

ATTACHED = "attached"  # what the marker calls it
STORE = "/user-attachments/assets/"  # below the server, followed by a UUID
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Enough of a SHA-256 to tell one entry's pictures apart, so that 40 of them fit into its marker.
_DIGITS = 16


def is_attachment(url: str, server: str) -> bool:
    """Say whether an address is one of a server's own attachments."""
    place = f"{server}{STORE}"
    return url.startswith(place) and _UUID.fullmatch(url.removeprefix(place)) is not None


def write_attached(addresses: Mapping[str, str]) -> dict[str, Any]:
    """Give what a marker remembers; nothing where nothing is attached.

    Args:
        addresses: A picture's SHA-256 ─► its address, as `is_attachment` knows them.
    """
    short = {
        digest[:_DIGITS]: uuid.UUID(url.rpartition("/")[2]).hex for digest, url in addresses.items()
    }
    return {ATTACHED: short} if short else {}


def read_attached(
    data: Mapping[str, Any] | None, digests: Iterable[str], server: str
) -> dict[str, str]:
    """Find the addresses of those pictures that a marker remembers.

    Args:
        data: What the marker remembers.
        digests: The pictures' SHA-256, in hexadecimal.
        server: Whose attachments they are, such as `https://github.com`.
    """
    kept = (data or {}).get(ATTACHED)
    if not isinstance(kept, dict):
        return {}
    found = {}
    for digest in digests:
        number = kept.get(digest[:_DIGITS])
        if isinstance(number, str) and re.fullmatch(r"[0-9a-f]{32}", number):
            found[digest] = f"{server}{STORE}{uuid.UUID(number)}"
    return found
