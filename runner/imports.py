"""Libraries ─► imported without what they would load for things that we never ask of them.

What is left out is only kept from those that are imported meanwhile: whoever wants it later finds
it. Knows nothing of ours.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

# Of jsonschema, with which nbformat checks notebooks: it takes a grammar of international addresses
# from there, which takes longer to compile than all else, and no notebook holds any.
GRAMMARS = ("rfc3987_syntax",)


@contextlib.contextmanager
def left_out(*names: str) -> Iterator[None]:
    """Have modules that are not there yet appear not to be installed.

    https://docs.python.org/3/reference/import.html#the-module-cache
    """
    absent = [name for name in names if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]  # the stubs forbid it
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
