"""A post's Markdown ─► safe HTML that loads nothing, in three steps: render, sanitise, dress.

Rendering follows GitHub. Sanitising leaves only plain elements, whatever the post contained.
Dressing builds on those: every class, id and picture in the result was put there by this module.
"""

from __future__ import annotations

import base64
import functools
import re
import struct
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import PurePosixPath
from urllib.parse import unquote
from xml.etree.ElementTree import Element, SubElement, tostring

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin

Picture = Callable[[str], bytes | None]

# What GitHub keeps of a comment's HTML, less what a static page has no use for:
# https://github.com/gjtorikian/html-pipeline/blob/main/lib/html_pipeline/sanitization_filter.rb
_TAGS = {
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "div", "blockquote", "pre", "hr", "br"),
    *("ul", "ol", "li", "dl", "dt", "dd", "details", "summary", "input"),
    *("table", "thead", "tbody", "tfoot", "tr", "th", "td"),
    *("a", "img", "span", "b", "strong", "i", "em", "s", "strike", "del", "ins", "sub", "sup"),
    *("code", "kbd", "samp", "tt", "var", "q"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "details": {"open"},
    "img": {"src", "alt", "width"},
    "input": {"checked"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_ALIGNMENTS = {"align": {"left", "center", "right"}}
_SANITISE = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    tag_attribute_values={"td": _ALIGNMENTS, "th": _ALIGNMENTS},
    # A task list's boxes are the only input there is, and nobody can tick them.
    set_tag_attribute_values={"input": {"type": "checkbox", "disabled": ""}},
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer",
)
_VOID = frozenset({"br", "hr", "img", "input"})
_DEEPEST = 100  # elements below this depth join their ancestor: nobody nests so deep in good faith

# Before every colon gfm_autolink reads all that it stands behind: 60,000 take half a minute.
_MOST_COLONS = 5000
_SMALL = 480  # pixels: narrower figures would blur at the column's width

_ALERT = re.compile(r"\s*\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*", re.IGNORECASE)
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def render_markdown(text: str, picture: Picture, anchor: str) -> str:
    """Render one post.

    Args:
        text: GitHub-flavoured Markdown from anybody.
        picture: Gives the PNG bytes of a relative image path, or None if there is none.
        anchor: Tells this post's figures from the page's others in their ids, e.g. ``"3"``.

    Returns:
        One ``div`` of class ``prose``, without script, style or anything to load.

    """
    # nh3 takes UTF-8 only, and JSON can carry half a surrogate pair.
    text = text.encode("utf-8", "replace").decode("utf-8")
    markdown = _markdown(bare_links=text.count(":") <= _MOST_COLONS)
    html = _SANITISE.clean(markdown.render(text))
    tree = _TreeBuilder()
    # Once more, since what remains may nest as no browser would read it (a select between two p's).
    tree.feed(_SANITISE.clean(html))
    tree.close()
    _Dresser(picture, anchor).dress(tree.root)
    return tostring(tree.root, encoding="unicode", method="html")


@functools.cache
def _markdown(*, bare_links: bool) -> MarkdownIt:
    """Give a parser that reads what GitHub's comments are written in."""
    options = {
        "html": True,
        "breaks": True,  # in comments, unlike in files, GitHub keeps the ends of lines
        "tasklists": True,
        "strikethrough_single_tilde": True,
    }
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    if bare_links:
        parser.use(gfm_autolink_plugin)
    parser.core.ruler.push("alignment", _alignment_as_attribute)
    return parser


def _alignment_as_attribute(state: StateCore) -> None:
    """Say a cell's alignment as HTML 4 did, since no style survives the sanitiser."""
    for token in state.tokens:
        style = token.attrs.pop("style", None)
        if isinstance(style, str):
            token.attrs["align"] = style.removeprefix("text-align:")


class _TreeBuilder(HTMLParser):
    """Sanitised, hence balanced, HTML ─► a tree that is not too deep to walk."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("div", {"class": "prose"})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element, or at the greatest depth stay in its ancestor."""
        here = self._open[-1]
        if tag in _VOID or len(self._open) < _DEEPEST:
            here = SubElement(here, tag, {name: value or "" for name, value in attrs})
        if tag not in _VOID:
            self._open.append(here)

    def handle_endtag(self, tag: str) -> None:
        """End the innermost element."""
        if tag not in _VOID and len(self._open) > 1:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Put text where a tree of this sort keeps it."""
        here = self._open[-1]
        if len(here):
            here[-1].tail = (here[-1].tail or "") + data
        else:
            here.text = (here.text or "") + data


class _Dresser:
    """Gives one post's plain elements our classes, figures, alerts and scrolling tables."""

    def __init__(self, picture: Picture, anchor: str) -> None:
        self._picture = picture
        self._anchor = anchor
        self._figures = 0
        self._in_link = False

    def dress(self, parent: Element) -> None:
        """Dress everything inside the element, which itself stays as it is."""
        for place, element in enumerate(list(parent)):
            dressed = self._dressed(element)
            if dressed is not element:
                dressed.tail = element.tail
                parent[place] = dressed

    def _dressed(self, element: Element) -> Element:
        """Give what shall stand in the element's place, often the element itself."""
        if element.tag == "img":
            return self._image(element)
        if element.tag == "p" and not self._in_link and _is_illustration(element):
            return self._illustration(element)
        self._in_link = self._in_link or element.tag == "a"
        self.dress(element)
        self._in_link = self._in_link and element.tag != "a"
        match element.tag:
            case "h1":
                element.tag = "h2"  # the question is the page's only h1
            case "blockquote" if kind := _alert_kind(element):
                return _alert(element, kind)
            case "table":
                return _scrollable(element)
            case "pre":
                element.set("tabindex", "0")
            case "td" | "th" if align := element.attrib.pop("align", None):
                element.set("class", align)
        return element

    def _illustration(self, paragraph: Element) -> Element:
        """Turn a paragraph of images, each with its caption or none, into figures."""
        figures = Element("div", {"class": "figures"})
        for child in paragraph:
            if child.tag == "img":
                figure = SubElement(figures, "figure")
                figure.append(self._enlargeable(self._image(child)))
            elif child.tag == "em":
                self.dress(child)
                child.tag, child.tail = "figcaption", None
                figure.append(child)
        return figures

    def _enlargeable(self, image: Element) -> Element:
        """Let a click show the image as large as the window; a second one closes it."""
        if image.tag != "img":
            return image
        self._figures += 1
        name = f"figure-{self._anchor}-{self._figures}"
        view = Element("div", {"class": "view", "id": name})
        size = "enlarge small" if int(image.get("width", "0")) < _SMALL else "enlarge"
        SubElement(view, "a", {"class": size, "href": f"#{name}"}).append(image)
        # There is no such place on the page, so the reader stays where they were.
        SubElement(view, "a", {"class": "close", "href": "#_", "aria-label": "Close"}).text = "×"
        return view

    def _image(self, image: Element) -> Element:
        """Inline the picture, or say in words what it would have shown."""
        alt = image.get("alt", "")
        path = _relative_path(image.get("src", ""))
        png = self._picture(path) if path else None
        if png is None or not png.startswith(_PNG_SIGNATURE):
            box = Element("span", {"class": "no-picture"})
            box.text = f"Picture not shown: {alt}" if alt.strip() else "Picture not shown"
            return box
        shown = Element("img", {"alt": alt})
        wished = image.get("width", "")
        if re.fullmatch(r"[1-9][0-9]{0,3}", wished):
            shown.set("width", wished)
        elif size := _png_size(png):
            shown.set("width", str(size[0]))
            shown.set("height", str(size[1]))
        shown.set("src", "data:image/png;base64," + base64.b64encode(png).decode("ascii"))
        return shown


def _relative_path(source: str) -> str | None:
    """Give the path that an image names beside its post, None if it points anywhere else."""
    path = unquote(source)
    if not path or path.startswith("/") or re.search(r"[\\:\x00-\x1f]", path):
        return None
    parts = PurePosixPath(path).parts
    return "/".join(parts) if parts and ".." not in parts else None


def _png_size(png: bytes) -> tuple[int, int] | None:
    """Read width and height in pixels: https://www.w3.org/TR/png-3/#11IHDR ."""
    if len(png) < 24:
        return None
    width, height = struct.unpack(">II", png[16:24])
    return (width, height) if 0 < width < 1 << 16 and 0 < height < 1 << 16 else None


def _is_illustration(paragraph: Element) -> bool:
    """Tell whether the paragraph is images and nothing else but a caption after each."""
    before = None
    if (paragraph.text or "").strip():
        return False
    for child in paragraph:
        if (child.tail or "").strip():
            return False
        if child.tag == "br":
            continue
        if child.tag != "img" and (child.tag != "em" or before != "img"):
            return False
        before = child.tag
    return before is not None


def _alert_kind(quote: Element) -> str | None:
    """Recognise GitHub's alerts, which begin with a line such as ``[!NOTE]``."""
    first = quote[0] if len(quote) and not (quote.text or "").strip() else None
    if first is None or first.tag != "p" or (len(first) and first[0].tag != "br"):
        return None
    marker = _ALERT.fullmatch(first.text or "")
    return marker[1].lower() if marker else None


def _alert(quote: Element, kind: str) -> Element:
    """Turn a quotation that begins with an alert's marker into that alert."""
    alert = Element("div", {"class": f"alert {kind}", "role": "note"})
    SubElement(alert, "p", {"class": "alert-title"}).text = kind.capitalize()
    first = quote[0]
    first.text = None
    if len(first):
        first.text = (first[0].tail or "").lstrip()
        del first[0]
    alert.extend(quote if first.text or len(first) else quote[1:])
    return alert


def _scrollable(table: Element) -> Element:
    """Let a wide table scroll by itself, by keyboard too, rather than widen the page."""
    frame = Element(
        "div", {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": "Table"}
    )
    frame.append(table)
    return frame
