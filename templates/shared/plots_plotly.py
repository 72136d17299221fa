"""What `plots` draws ─► figures by plotly, as pictures too where kaleido and Chrome make them."""

from __future__ import annotations

import asyncio
import atexit
import base64
import json
import math
import textwrap
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from IPython.display import display
from plotly.subplots import make_subplots
from plots import NOT_A_NUMBER, SCALE, SMALL, TEXT, WIDTH, Frame, Maps, broken


class Pen:
    """Draws on plotly's axes."""

    def __init__(self, frame: Frame) -> None:
        self.frame, self.figure = frame, go.Figure()
        self.margin = 20.0  # right of the axes
        layout = _layout(frame.title, frame.height, room_above=frame.room_above)
        self.figure.update_layout(**layout)
        self.figure.update_xaxes(
            title={"text": _plain(frame.x_label), "font": {"size": TEXT}},
            range=_exponents(frame.x_range, frame.log_x),
            type="log" if frame.log_x else "linear", **_ticks(frame.x_ticks, frame.log_x),
        )  # fmt: skip
        self.figure.update_yaxes(
            title={"text": _plain(textwrap.fill(frame.y_label, 34)), "font": {"size": TEXT}},
            range=_exponents(frame.y_range, frame.log_y),
            type="log" if frame.log_y else "linear", **_ticks(frame.y_ticks, frame.log_y),
        )  # fmt: skip
        if frame.equal:
            self.figure.update_yaxes(scaleanchor="x", scaleratio=1, constrain="domain")
            self.figure.update_xaxes(constrain="domain")

    def line(
        self,
        x: Any,
        y: Any,
        colour: str,
        *,
        dash: str = "solid",
        marked: bool = False,
        width: float = 2.2,
        name: str = "",
    ) -> None:
        """Draw through points, "solid", "dash" or "dot", with each point marked or not."""
        self.figure.add_scatter(
            x=list(x), y=list(y), name=name, mode="lines+markers" if marked else "lines",
            line={"color": colour, "dash": dash, "width": width}, marker={"size": 7},
        )  # fmt: skip

    def band(self, x: Any, low: Any, high: Any, colour: str) -> None:
        """Shade between two lines."""
        self.figure.add_scatter(
            x=[*x, *x[::-1]], y=[*low, *high[::-1]], fill="toself", mode="none",
            fillcolor=colour, opacity=0.18, hoverinfo="skip",
        )  # fmt: skip

    def dots(self, x: Any, y: Any, colour: str, shape: str, name: str) -> None:
        """Draw points."""
        size = 8 if len(x) <= 200 else 5
        self.figure.add_scatter(
            x=list(x), y=list(y), name=name, mode="markers",
            marker={"color": colour, "symbol": shape, "size": size},
        )  # fmt: skip

    def boxes(self, heights: Any, colours: Sequence[str], errors: Any, *, lying: bool) -> None:
        """Draw bars at 0, 1, 2 …, upright or lying."""
        places, heights = list(range(len(heights))), list(heights)
        spread = None if errors is None else {"type": "data", "array": list(errors)}
        x, y = (heights, places) if lying else (places, heights)
        self.figure.add_bar(
            x=x, y=y, width=0.72, orientation="h" if lying else "v", marker_color=list(colours),
            **({"error_x" if lying else "error_y": spread} if spread else {}),
        )  # fmt: skip

    def words(
        self,
        text: str,
        x: float,
        y: float,
        colour: str,
        side: str = "left",
        *,
        where: str = "axes",
        above: bool = False,
    ) -> None:
        """Write, `side` at the place, which is in fractions of the axes or in the data."""
        frame = self.frame
        if where == "axes":
            place: dict[str, Any] = {"xref": "x domain", "yref": "y domain", "x": x, "y": y}
        else:
            x, y = _exponents((x, y), frame.log_x)[0], _exponents((x, y), frame.log_y)[1]
            place = {"xref": "x", "yref": "y", "x": x, "y": y}
        if where == "axes" and x >= 1.0 and side == "left":
            longest = max(len(part) for part in text.splitlines() or [""])
            self.margin = max(self.margin, 16 + 0.56 * TEXT * longest)
        self.figure.add_annotation(
            text=_plain(text), showarrow=False, xanchor=side, align="left",
            yanchor="bottom" if above else "middle",
            font={"color": colour, "size": TEXT if where == "axes" else SMALL}, **place,
        )  # fmt: skip

    def show(self) -> None:
        """Show the figure below its cell."""
        self.figure.update_layout(margin_r=self.margin)
        _show(self.figure)


def show_maps(maps: Maps) -> None:
    """Draw matrices side by side."""
    figure = make_subplots(
        maps.down, maps.across, subplot_titles=[_plain(name) for name in maps.names],
        horizontal_spacing=0.03, vertical_spacing=min(0.36 / maps.height, 1 / maps.down),
        x_title=maps.x_label, y_title=maps.y_label,
    )  # fmt: skip
    figure.update_annotations(font_size=SMALL)
    rows, columns = maps.panels.shape[1:]
    xs, ys = maps.ticks(maps.columns, columns), maps.ticks(maps.rows, rows)
    letter, upright = 0.56 * SMALL, maps.upright(xs)
    low_down = 30 + (letter * max(map(len, xs.values())) if upright else 0)  # past names of places
    far_left = max(40, 26 + letter * max(map(len, ys.values()), default=0))
    labels = [{"yshift": -low_down}] if maps.x_label else []
    labels += [{"xshift": -far_left}] if maps.y_label else []
    for note, shift in zip(reversed(figure.layout.annotations), reversed(labels), strict=False):
        note.update(font_size=TEXT, **shift)
    for number, panel in enumerate(maps.panels):
        row, column = divmod(number, maps.across)
        place = {"row": row + 1, "col": column + 1}
        words = maps.written(number)
        words = words and [[_plain(word) for word in line] for line in words]
        drawn = go.Heatmap(
            z=[[float(v) if np.isfinite(v) else None for v in line] for line in panel],
            coloraxis="coloraxis", text=words, texttemplate="%{text}" if words else None,
        )  # fmt: skip
        figure.add_trace(drawn, **place)
        below, left = number + maps.across >= len(maps.panels), column == 0
        bare = {"showgrid": False, "zeroline": False, "showline": False, "ticks": ""}
        figure.update_xaxes(
            **_ticks(xs, log=False), showticklabels=below, **bare, **place,
            tickangle=-90 if upright else 0,
        )  # fmt: skip
        figure.update_yaxes(
            **_ticks(ys, log=False), showticklabels=left, autorange="reversed", **bare,
            **place,
        )  # fmt: skip
        if maps.square:
            name = figure.get_subplot(row + 1, column + 1).xaxis.plotly_name.replace("axis", "")
            figure.update_yaxes(scaleanchor=name, constrain="domain", **place)
            figure.update_xaxes(constrain="domain", **place)
    layout = _layout(maps.title, maps.height)
    layout["margin"] |= {"t": layout["margin"]["t"] + (22 if any(maps.names) else 0)}
    layout["margin"] |= {"b": low_down + 40 if maps.x_label else 20}
    layout["margin"] |= {"l": far_left + 30 if maps.y_label else 70}
    low, high = maps.range
    beside = _plain(textwrap.fill(maps.colour_label, 34))
    layout["coloraxis"] = {
        "colorscale": list(maps.colours), "cmin": low, "cmax": high,
        "colorbar": {"title": {"text": beside, "side": "right", "font": {"size": TEXT}},
                     "thickness": 14, "outlinewidth": 0, "tickfont": {"size": SMALL}},
    }  # fmt: skip
    figure.update_layout(layout, plot_bgcolor=NOT_A_NUMBER)
    _show(figure)


def _layout(title: str, height: float, *, room_above: bool = False) -> dict[str, Any]:
    text, tall = broken(title), int(height * 100)
    more = 24 * text.count("\n")  # plotly measures from the first line's top, but places the last
    above = 50 + more + (18 if room_above else 0)
    return {
        "template": "simple_white",
        "width": int(WIDTH * 100),
        "height": tall,
        "showlegend": False,
        "font": {"size": TEXT, "family": "Open Sans, DejaVu Sans, Arial, sans-serif"},
        "title": {"text": _plain(text), "x": 0.01, "y": 1 - (12 + more) / tall, "yanchor": "top",
                  "font": {"size": TEXT + 2}},
        "margin": {"l": 70, "r": 20, "t": above, "b": 60},
    }  # fmt: skip


def _ticks(ticks: Mapping[int, str] | None, log: bool) -> dict[str, Any]:
    if ticks is None:
        powers = {"dtick": 1, "exponentformat": "power", "minor": {"ticks": ""}}
        return {"tickfont": {"size": SMALL}, **(powers if log else {})}
    names = [_plain(name) for name in ticks.values()]
    return {"tickmode": "array", "tickvals": list(ticks), "ticktext": names,
            "tickfont": {"size": SMALL}}  # fmt: skip


def _exponents(values: tuple[float, float], log: bool) -> list[float]:
    """Give places as plotly wants them: on a logarithmic axis their powers of ten."""
    return [math.log10(max(value, 1e-300)) for value in values] if log else list(values)


def _plain(text: str) -> str:
    """Take the meaning of HTML out of text, which plotly reads a little of."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("\n", "<br>")


class _Browser:
    """Turns plotly's figures into pictures by kaleido, in a Chrome that stays for the next one."""

    why_not = ""  # no picture can be made
    scripts_shown = False

    def __init__(self) -> None:
        from kaleido import Kaleido

        self.loop = asyncio.new_event_loop()  # a notebook's own loop is busy with the cell
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        # Formulas would be set by a script from another host.
        self.kaleido = Kaleido(n=1, mathjax=False)
        try:
            self._wait(self.kaleido.__aenter__())
        except BaseException:
            self.loop.call_soon_threadsafe(self.loop.stop)
            raise
        atexit.register(self.close)

    def _wait(self, doing: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(doing, self.loop).result(timeout=60)

    def picture(self, figure: Any) -> bytes:
        """Give a figure as PNG."""
        size = {"format": "png", "width": figure.layout.width, "height": figure.layout.height}
        made = self._wait(self.kaleido.calc_fig(figure.to_dict(), opts={**size, "scale": SCALE}))
        return bytes(made)

    def close(self) -> None:
        """End Chrome."""
        self._wait(self.kaleido.__aexit__(None, None, None))
        self.loop.call_soon_threadsafe(self.loop.stop)


_browser: _Browser | None = None


def _png(figure: Any) -> bytes | None:
    """Make a figure's picture, or say once why there will be none."""
    global _browser
    if _Browser.why_not:
        return None
    try:
        _browser = _browser or _Browser()
        return _browser.picture(figure)
    except (ImportError, RuntimeError, OSError, TimeoutError) as error:
        _Browser.why_not = " ".join(str(error).split()) or type(error).__name__
        print(
            "plotly's figures stay interactive only, so a thread shows none of them: pictures need "
            f"kaleido and Chrome or Chromium ({_Browser.why_not[:200]})"
        )
        return None


def _show(figure: Any) -> None:
    """Show a figure as a picture and as an interactive one, for whoever looks at the notebook."""
    data: dict[str, Any] = {"application/vnd.plotly.v1+json": json.loads(figure.to_json())}
    picture = _png(figure)
    if picture is not None:
        data["image/png"] = base64.b64encode(picture).decode()
    else:
        scripts: Any = not _Browser.scripts_shown  # once, and not from another host
        data["text/html"] = figure.to_html(full_html=False, include_plotlyjs=scripts)
        _Browser.scripts_shown = True
    display(data, raw=True)  # type: ignore[no-untyped-call]
