"""What is imported for a run, and what is not."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from runner.imports import left_out

HEAVY = {"rfc3987_syntax", "lark", "boto3", "github", "pyarrow", "torch", "matplotlib"}


def test_a_run_imports_nothing_that_it_does_not_need() -> None:
    program = (
        "import sys, runner.execute\n"
        f"print(sorted({HEAVY!r} & {{name for name, it in sys.modules.items() if it}}))\n"
        "import rfc3987_syntax, github"  # who wants them has them
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_what_is_left_out_is_there_again_afterwards() -> None:
    sys.modules.pop("colorsys", None)
    with left_out("colorsys", "json"):
        importlib.import_module("json")  # which was there before
        with pytest.raises(ImportError):
            importlib.import_module("colorsys")
    assert importlib.import_module("colorsys").rgb_to_hsv(0, 0, 1)
