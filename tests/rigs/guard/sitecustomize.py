"""Where this folder is on PYTHONPATH, no Python process may speak to another machine."""

from __future__ import annotations

import runpy
from pathlib import Path

runpy.run_path(str(Path(__file__).parents[1] / "offline.py"))["pytest_configure"]()
