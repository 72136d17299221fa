"""Templates ─► parameters with which they are done in a moment, where no result is looked at."""

from __future__ import annotations

QUICK: dict[str, dict[str, bool | int | float | str]] = {
    "demos/blank": {},
    "demos/no-positions": {"steps": 20},
    "libs/prototype": {},
}
