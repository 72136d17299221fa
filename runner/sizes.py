"""Bytes ─► words, on the machine's side."""

from __future__ import annotations


def spoken_size(size: float) -> str:
    """Say a number of bytes as people do: `17 B`, `4.5 kB`, `54 MB`, `1.2 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.1f} {unit}" if size < 9.95 and unit != "B" else f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
