"""A sweep's chart ─► PNG, drawn by matplotlib, which is imported only once something is drawn."""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from typing import TYPE_CHECKING, Any

from bot.log.sweep.chart import Chart, Kind
from bot.log.sweep.heatmap import draw_heatmaps
from bot.log.sweep.ink import GREY, INK, Marks
from bot.log.sweep.lines import draw_dots, draw_line, draw_strip

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE: dict[str, Any] = {
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.labelcolor": "#333333",
    "axes.edgecolor": "#8A8A8A",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": "#E4E2DD",
    "grid.linewidth": 0.8,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "hatch.color": "#C9C5BC",
    "hatch.linewidth": 1.0,
    "text.parse_math": False,  # names and values are text, whatever they hold
}
_DPI = 150
_OTHER_SCRIPTS = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "WenQuanYi Zen Hei", "IPAexGothic"),
    *("Noto Sans Arabic", "Noto Sans Devanagari", "Noto Sans Hebrew", "Noto Emoji", "Symbola"),
)  # fonts, where they are installed


def draw_chart(chart: Chart) -> bytes:
    """Draw a chart as PNG; the same chart gives the same bytes."""
    import matplotlib.style
    from matplotlib import font_manager
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    known = set(font_manager.get_font_names())
    fonts = ["DejaVu Sans", *(name for name in _OTHER_SCRIPTS if name in known)]
    style = _STYLE | {"font.family": fonts}
    with matplotlib.style.context(["default", style]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(dpi=_DPI)
        FigureCanvasAgg(figure)
        draw = {
            Kind.LINE: draw_line,
            Kind.DOTS: draw_dots,
            Kind.STRIP: draw_strip,
            Kind.HEATMAP: draw_heatmaps,
            Kind.PANELS: draw_heatmaps,
        }[chart.kind]
        _lay_out(figure, chart, draw(figure, chart))
        out = io.BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _lay_out(figure: Figure, chart: Chart, marks: Marks) -> None:
    """Write the title, below it what was measured and averaged, at the bottom what marks mean."""
    wide, high = figure.get_size_inches()
    title = textwrap.wrap(chart.title, int(wide * 9.5))
    kept_together = re.sub(r"(\d) (?=\w)", "\\1\u00a0", chart.subtitle)
    lines = textwrap.wrap(kept_together, int(wide * 14))
    above = (0.18 + 0.235 * len(title) + 0.19 * len(lines)) / high
    below = 0.3 / high if marks else 0.0
    figure.set_layout_engine("constrained", rect=(0.0, below, 1.0, 1.0 - above - below))
    x, y = 0.10 / wide, 1.0 - 0.10 / high
    figure.text(x, y, "\n".join(title), va="top", fontsize=13, weight="bold", color=INK)
    y -= (0.235 * len(title) + 0.02) / high
    figure.text(x, y, "\n".join(lines), va="top", fontsize=10, color=GREY)
    if marks:
        handles, labels = zip(*marks, strict=True)
        figure.legend(
            handles, labels, loc="lower right", ncols=4, frameon=False, fontsize=9.5,
            borderaxespad=0.3,
        )  # fmt: skip
