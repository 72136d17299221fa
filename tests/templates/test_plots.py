"""The one look of all templates: every kind of picture, by either library."""

from __future__ import annotations

import io
import itertools
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import plots
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from PIL import Image
from rigs import figures
from rigs.warm import Executed, execute

from bot.template import built_in_templates, template_names
from runner.outputs import collect
from runner.records import Status

SHARED = built_in_templates() / "shared"
MODULES = ("plots.py", "plots_matplotlib.py", "plots_plotly.py")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

# Every kind of picture, with what is hard about it ─► the call that draws it.
GALLERY = {
    "lines that end together": """
plots.lines({f"layer {i}": np.linspace(0, 1, 12) ** (i + 1) for i in range(9)},
            title="Nine lines & <one> $place$", x_label="position (tokens)",
            y_label="accuracy (fraction)", dashed=["layer 3"], levels={"chance": 0.98})""",
    "a loss": """
plots.lines({"1 layer": 2 + np.exp(-s / 200), "2 layers": (s, np.exp(-s / 300))},
            title="A title so long that it has to be broken into two lines of text",
            x_label="training step", y_label="loss (nats per token)", log_x=True, log_y=True,
            levels={"chance": 3.2}, marks={"phase change": 400},
            bands={"2 layers": (np.exp(-s / 300) / 2, np.exp(-s / 300) * 2)})""",
    "gaps and nothing": """
plots.lines({"gaps": [1.0, np.nan, 2.0], "flat": torch.ones(3), "none": []},
            title="Gaps", x_label="step", y_label="loss (nats)")""",
    "points": """
plots.scatter(rng.normal(size=90), rng.normal(size=90), title="Points", x_label="first direction",
              y_label="second direction", groups=list("abc") * 30)""",
    "a cloud": """
plots.scatter(rng.normal(size=60), 3 * rng.normal(size=60), title="$_ a cloud $x_$", equal=True,
              x_label="first direction $x_$", y_label="second", groups=list("abc") * 20)""",
    "a polygon": """
plots.scatter(np.cos(np.arange(5)), np.sin(np.arange(5)), title="Five features", equal=True,
              x_label="first dimension", y_label="second dimension", labels=np.array(list("ABCDE")),
              lines={"_sides": ([-1, 1], [-1, 1]), "a fit": ([-1, 1], [0, 1])})""",
    "bars": """
plots.bars({"clean": 0.5, "corrupt": -0.2}, title="Bars", x_label="prompt", y_label="logit (nats)",
           levels={"chance": 0.1}, errors=[0.1, 0.05], colours={"corrupt": plots.GREY})""",
    "bars that lie": """
plots.bars({f"head {i}.{j}": rng.random() for i in range(3) for j in range(5)}, title="Lying",
           x_label="head", y_label="score (fraction)", levels={"chance": 0.2})""",
    "a tree": """
plots.tree([-1, 0, 0, 1, 1, 3], ["", "gave 0.6", " $b$ <0.4>", "a 0.5", "the 0.1", "ball 0.5"],
           [1, 0.6, 0.4, 0.5, 0.1, 0.5], title="Continuations", x_label="tokens added",
           faded=[2])""",
    "a matrix": """
plots.matrix(rng.normal(size=(6, 10)), title="Patching", x_label="position (token)",
             y_label="layer", colour_label="logit difference restored (fraction)",
             columns=["<s>", " When", " Mary", "\\n", *"abcdef"])""",
    "words below a matrix": """
plots.matrix(rng.normal(size=(8, 14)), title="Patching", x_label="position (words)",
             y_label="layer.head", colour_label="recovery (fraction)", rows=["$x_$", *"bcdefgh"],
             columns=["[start]", "Grace", "$x_$", *"bcdefg", "Jack/Grace", *"hijk"])""",
    "words that just touch": """
plots.matrix(rng.normal(size=(14, 5)), title="Heads", x_label="kind", y_label="head",
             colour_label="attention (fraction)",
             columns=["first token", "itself", "word before", "same word", "answers"])""",
    "a matrix with numbers": """
plots.matrix([[0.1, np.nan], [0.9, 1.0]], title="Numbers", x_label="column", y_label="row",
             colour_label="value", annotate=True, centre=None)""",
    "a matrix with words": """
plots.matrix(rng.random((3, 2)), title="Words", x_label="layer", y_label="position (token)",
             colour_label="probability", words=[[" Mary", "a"], ["b", "$c"], ["", "<d>"]])""",
    "heads": """
plots.heads(torch.rand(8, 16, 16), title="Eight heads", tokens=list("abcdefghijklmnop"))""",
    "links": """
plots.links({"head 0.1": torch.rand(6, 6).tril() / 2, "head 1.0": torch.eye(6)}, title="Links",
            tokens=["<s>", " When", "$a", "b", "\\n", "c"])""",
    "images": """
plots.images(rng.random((10, 8, 8)), title="Digits", names=list("0123456789"))""",
    "images with numbered sides": """
plots.images(rng.normal(size=(4, 20, 20)), title="Overlap", names=["a", "b $x_$", "c", "d"],
             x_label="feature", y_label="feature", colour_label="overlap", centre=0.0)""",
    "arrows": """
plots.arrows(rng.normal(size=(6, 9, 2)), title="Nine features, six times",
             names=[f"rarity {r}" for r in range(6)])""",
    "a histogram": """
plots.histogram({"real": rng.normal(size=500), "shuffled": rng.normal(size=500) + 1},
                title="Scores", x_label="score (logits)")""",
}
BEGIN = "import numpy as np, plots, torch\nrng, s = np.random.default_rng(0), np.arange(1, 1500)\n"


def gallery(folder: Path, library: str, **environment: str) -> Executed:
    """Draw every picture in a kernel, as a notebook does."""
    work = folder / "work"
    work.mkdir()
    for name in MODULES:
        shutil.copy(SHARED / name, work)
    begin = f"{BEGIN}plots.use({library!r})\nfrom runner.notebook import caption"
    cells = [f"caption({name!r}){call}" for name, call in GALLERY.items()]
    place = {"PYTHONPATH": str(Path(__file__).parents[2])}
    return execute(
        folder / library, begin, *cells, warm=None, workdir=work, environment=place | environment
    )


@pytest.mark.parametrize("library", ["matplotlib", "plotly"])
def test_every_kind_of_picture_reaches_the_entry_with_its_caption(
    tmp_path: Path, library: str
) -> None:
    if library == "plotly" and not any(map(shutil.which, BROWSERS)):
        pytest.skip("plotly's pictures are made by Chrome or Chromium, which is not here")
    done = gallery(tmp_path, library)
    assert done.result.status is Status.SUCCEEDED, done.result.error
    assert [figure.caption for figure in done.result.figures] == list(GALLERY)
    assert done.printed() == ""  # and nothing is said about what could not be done
    for figure in done.result.figures:
        with Image.open(io.BytesIO((done.folder / "figures" / figure.file).read_bytes())) as found:
            assert 600 <= found.width <= 830
            assert 300 <= found.height <= 1100
            colours = found.convert("RGB").getcolors(maxcolors=2**24)
        assert colours is not None
        assert len(colours) > 20, figure.caption  # letters are smooth, so an empty one has few


def test_without_a_browser_plotly_s_figures_stay_interactive_and_it_is_said(tmp_path: Path) -> None:
    done = gallery(tmp_path, "plotly", BROWSER_PATH=str(tmp_path / "none"), PATH="/nowhere")
    assert done.result.status is Status.SUCCEEDED, done.result.error
    assert not done.result.figures
    said = [done.printed(cell) for cell in range(1 + len(GALLERY))]
    assert "need kaleido and Chrome or Chromium" in said[1]
    assert not any(said[2:])  # once
    shown = [[each.get("data", {}) for each in cell][-1] for cell in done.outputs[1:]]
    assert all("application/vnd.plotly.v1+json" in data for data in shown)
    scripts = [len("".join(data["text/html"])) > 1_000_000 for data in shown]
    assert scripts == [True] + [False] * (len(shown) - 1)  # plotly's own, once, from no other host
    cells = [{"cell_type": "code", "outputs": outputs} for outputs in done.outputs]
    notes = collect({"cells": cells}).notes
    assert len(notes) == len(GALLERY)
    assert "interactive plotly figure" in notes[0]


@pytest.fixture
def shown() -> Iterator[list[Any]]:
    """Figures as matplotlib holds them."""
    plt.switch_backend("module://rigs.figures")
    figures.SHOWN.clear()
    with plt.rc_context():
        sys.modules.pop("plots_matplotlib", None)
        plots.use("matplotlib")
        scope = {"plots": plots}
        exec(BEGIN, scope)  # noqa: S102  # as a cell would
        for call in GALLERY.values():
            exec(call, scope)  # noqa: S102
        yield figures.SHOWN
    plt.switch_backend("agg")


def test_every_letter_can_be_read_where_a_picture_is_400_pixels_wide(shown: list[Any]) -> None:
    assert len(shown) == len(GALLERY)
    for figure in shown:
        shrunk = 400 / (figure.get_figwidth() * figure.dpi)
        for text in figure.findobj(Text):
            if text.get_text().strip() and text.get_visible():
                assert text.get_fontsize() * figure.dpi / 72 * shrunk >= 8, text.get_text()


def test_every_figure_says_what_it_shows_and_in_what_units(shown: list[Any]) -> None:
    for figure, name in zip(shown, GALLERY, strict=True):
        words = {text.get_text().replace("\n", " ") for text in figure.findobj(Text)}
        call = GALLERY[name]
        for key in ("title", "x_label", "y_label", "colour_label"):
            for part in call.split(f"{key}=")[1:]:
                assert part.split('"')[1] in words, (name, key)


def test_names_at_the_ends_of_lines_do_not_touch(shown: list[Any]) -> None:
    for figure in shown:
        for axes in figure.axes:
            if axes.get_ylim() != (0.0, 1.0):  # not the one at the right, whose labels these are
                continue
            boxes = [text.get_window_extent() for text in axes.get_yticklabels()]
            for one, other in itertools.combinations(boxes, 2):
                overlap = min(one.y1, other.y1) - max(one.y0, other.y0)
                assert overlap <= 0.15 * one.height  # the boxes have some air of their own
            picture = figure.bbox
            assert all(box.x1 <= picture.x1 and box.y1 <= picture.y1 for box in boxes)


def test_letters_around_a_matrix_do_not_touch_and_are_not_cut(shown: list[Any]) -> None:
    for figure, name in zip(shown, GALLERY, strict=True):
        if not any(axes.images for axes in figure.axes):
            continue
        figure.draw_without_rendering()
        words = [figure._suptitle, figure._supxlabel, figure._supylabel]
        for axes in figure.axes:
            if not axes.get_visible():
                continue
            words += [axes.title, axes.xaxis.label, axes.yaxis.label]
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
                words += [label for place, label in ticks if low <= place <= high]
        boxes = [each.get_window_extent() for each in words if each and each.get_text().strip()]
        for one, other in itertools.combinations(boxes, 2):
            across = min(one.x1, other.x1) - max(one.x0, other.x0)
            up = min(one.y1, other.y1) - max(one.y0, other.y0)
            assert min(across, up) <= 1, name  # pixel
        for box in boxes:
            assert box.x0 >= -1, name
            assert box.y0 >= -1, name
            assert box.x1 <= figure.bbox.x1 + 1, name
            assert box.y1 <= figure.bbox.y1 + 1, name


def test_plotly_s_label_of_the_rows_stands_left_of_their_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[Any] = []
    plots.use("plotly")
    monkeypatch.setattr(sys.modules["plots_plotly"], "_show", drawn.append)
    names = ["before", "control before"]
    plots.matrix(
        np.eye(2),
        title="Rows",
        x_label="digit",
        y_label="network",
        colour_label="share",
        rows=names,
    )
    (label,) = (note for note in drawn[0].layout.annotations if note.text == "network")
    assert label.xshift < -0.5 * plots.SMALL * len("control before")
    assert drawn[0].layout.margin.l > -label.xshift + plots.TEXT


# What two kinds of colour-blind people see of linear red, green and blue: Machado, Oliveira and
# Fernandes, https://doi.org/10.1109/TVCG.2009.113, severity 1.
SEEN = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


@pytest.mark.parametrize("how", list(SEEN))
def test_colours_stay_apart_for_colour_blind_readers(how: str) -> None:
    def seen(colour: str) -> Any:
        channels = np.array(to_rgb(colour))
        return np.clip(np.array(SEEN[how]) @ channels**2.2, 0, 1) ** (1 / 2.2)

    for one, other in itertools.combinations([*plots.COLOURS, "#FFFFFF"], 2):
        assert np.linalg.norm(seen(one) - seen(other)) > 0.15, (one, other)


def test_a_library_that_is_missing_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "plots_plotly", raising=False)
    monkeypatch.setitem(sys.modules, "plotly", None)
    with pytest.raises(ImportError, match=r"needs plotly.*pip install plotly kaleido"):
        plots.use("plotly")


def test_only_two_libraries_are_known() -> None:
    with pytest.raises(ValueError, match="'matplotlib' or 'plotly', not 'seaborn'"):
        plots.use("seaborn")


def test_a_template_that_draws_brings_all_of_it() -> None:
    for name, folder in template_names((built_in_templates(),)).items():
        brought = {each for each in MODULES if (folder / f"{each}.j2").exists()}
        assert brought in (set(), set(MODULES)), name
        for each in brought:
            text = (folder / f"{each}.j2").read_text()
            assert text == f'{{% include "shared/{each}" %}}\n', name
