"""What a notebook imports: `record()` metrics, `caption()` a picture, `checkpoint_dir()` to go on.

Imports nothing but the standard library, so that it costs a notebook nothing.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

METRICS_MIME = "application/vnd.excursions.metrics+json"
CAPTION_MIME = "application/vnd.excursions.caption+json"
CHECKPOINTS = "EXCURSIONS_CHECKPOINT_DIR"  # the variable that names a run's folder


def record(**metrics: Any) -> None:
    """Record metrics of this run.

    Args:
        metrics: Each a number, a truth value or a short text. NumPy scalars and tensors of one
            element are taken as their value. Recording a name again replaces its value.

    Raises:
        TypeError: A value is none of these, such as a list or a tensor of several elements.
    """
    plain = {name: _plain(name, value) for name, value in metrics.items()}
    shown = "\n".join(f"{name} = {value}" for name, value in plain.items())
    _display({METRICS_MIME: plain, "text/plain": shown}, fallback=shown)


def caption(text: str, alt: str = "") -> None:
    """Describe the next picture that this cell shows, or the last one if none follows.

    Args:
        text: The sentence below the picture.
        alt: What the picture shows, for those who cannot see it; the caption if left out.
    """
    data = {"caption": str(text), "alt": str(alt or text)}
    _display({CAPTION_MIME: data, "text/plain": str(text)}, fallback=str(text))


def checkpoint_dir() -> Path:
    """Give a folder whose contents the next attempt of the same run finds, if this one ends early.

    Save there what you need to go on, and look there first. After a time limit, a cancelled job,
    an error or a dead machine, the same run given again (the same code, parameters, packages and
    data) finds it; after success it is removed. A file that is written under another name first
    and then renamed is never found half-written.

    Outside of a run it is `outputs/checkpoints/own/` in the current folder, and stays.
    """
    named = os.environ.get(CHECKPOINTS)
    folder = Path(named) if named else Path("outputs", "checkpoints", "own").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if not named:
        ignore = folder.with_name(".gitignore")
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")  # it is nothing to be committed
    return folder


def _plain(name: str, value: Any) -> bool | int | float | str:
    """Give a metric as JSON can hold it; what is not finite as a word."""
    item = getattr(value, "item", None)
    if callable(item) and not isinstance(value, bool | int | float | str):
        try:
            value = item()
        except (ValueError, RuntimeError, TypeError) as error:
            raise TypeError(f"record({name}=…) takes one number, not {value!r:.80}") from error
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value)
    raise TypeError(
        f"record({name}=…) takes a number, a truth value or text, not {type(value).__name__}"
    )


def _display(data: dict[str, Any], *, fallback: str) -> None:
    """Show data to the notebook's front end; print it where there is none."""
    try:
        from IPython.core.getipython import get_ipython
        from IPython.display import display
    except ImportError:
        print(fallback)
        return
    if get_ipython() is None:
        print(fallback)
        return
    display(data, raw=True)  # type: ignore[no-untyped-call]
