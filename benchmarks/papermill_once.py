"""papermill's own command, but for one thing: it saves its notebook once, when all is done.

The time that this takes is what saving more often is measured by.
"""

from __future__ import annotations

import sys
from typing import Any

from papermill.__main__ import papermill
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines


class _Once(NBClientEngine):  # type: ignore[misc]
    """Executes as ever; what asks for a save between start and end gets none."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, **keywords: Any
    ) -> Any:
        nb_man.save = lambda **_: None
        return super().execute_managed_notebook(nb_man, kernel_name, **keywords)


if __name__ == "__main__":
    papermill_engines.register("once", _Once)
    papermill(["--engine", "once", *sys.argv[1:]])
