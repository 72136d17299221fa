"""papermill ─► the parts of it that we use, without what it would load to read from clouds.

Of the libraries for that it imports whatever is installed, which may take more memory and time than
all else that executes a notebook. We hand it notebooks, never addresses.
"""

from __future__ import annotations

import sys

_FOR_CLOUDS = ("azure", "boto3", "gcsfs", "github", "pyarrow")

_left_out = [name for name in _FOR_CLOUDS if name not in sys.modules]
for _name in _left_out:  # https://docs.python.org/3/reference/import.html#the-module-cache
    sys.modules[_name] = None  # type: ignore[assignment]
try:
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
    from papermill.execute import execute_notebook
finally:
    for _name in _left_out:
        del sys.modules[_name]

__all__ = [
    "NBClientEngine",
    "NotebookExecutionManager",
    "PapermillNotebookClient",
    "execute_notebook",
    "papermill_engines",
]
