"""A backend for matplotlib, `module://rigs.figures`, that keeps what is shown for tests."""

from __future__ import annotations

from typing import Any

from matplotlib import pyplot as plt
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

SHOWN: list[Figure] = []


class FigureManager(FigureManagerBase):
    """Keeps what is shown."""

    @classmethod
    def pyplot_show(cls, *, block: bool | None = None) -> None:
        for number in plt.get_fignums():
            figure = plt.figure(number)
            figure.canvas.draw()  # which lays it out
            SHOWN.append(figure)


class FigureCanvas(FigureCanvasAgg):
    """Draws as Agg does."""

    manager_class: Any = FigureManager
