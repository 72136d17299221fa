"""Moments ─► the way in which they are written everywhere."""

from __future__ import annotations

from datetime import datetime


def timestamp(moment: datetime) -> str:
    """Write a moment in UTC as ISO 8601 to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
