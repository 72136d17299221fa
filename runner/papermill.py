"""papermill and what it stands on ─► the parts that we use, without what they would load beside.

Of the libraries to read from clouds papermill imports whatever is installed, which may take more
memory and time than all else that executes a notebook. We hand it notebooks, never addresses.
"""

from __future__ import annotations

from runner.imports import GRAMMARS, left_out

with left_out(*GRAMMARS, "azure", "boto3", "gcsfs", "github", "pyarrow"):
    import nbformat
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from nbformat.v4 import output_from_msg
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
    from papermill.execute import execute_notebook

__all__ = [
    "CellExecutionError",
    "CellTimeoutError",
    "DeadKernelError",
    "NBClientEngine",
    "NotebookExecutionManager",
    "PapermillNotebookClient",
    "execute_notebook",
    "nbformat",
    "output_from_msg",
    "papermill_engines",
]
