"""A thread becomes a page that shows what was written and loads or runs nothing."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
import struct
import zlib
from html.parser import HTMLParser

import nh3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.site.page import Page, Post, render_page

FIGURE = "runs/1/figures/figure-01.png"


def png(width: int = 2, height: int = 1) -> bytes:
    """Give a grey picture of that size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


PICTURES = {FIGURE: png(), "runs/1/図 1.png": png(3, 3), "notes.txt": b"not a picture"}

PAGE = Page(
    number=12,
    title="How do you load InceptionV1?",
    state="open",
    outcome=None,
    kind="demos",
    branch="12-how-do-you-load-inceptionv1",
    labels=("excursion:demo",),
    posts=(),
)


def post(body: str, *, author: str = "ada", is_entry: bool = False) -> Post:
    return Post(author=author, is_entry=is_entry, created="2026-11-21T09:00:00Z", body=body)


def render(*bodies: str) -> str:
    """Render a thread of people's posts."""
    return render_page(
        dataclasses.replace(PAGE, posts=tuple(post(body) for body in bodies)), PICTURES.get
    )


def prose(body: str) -> str:
    """Render one post and cut its text out of the page."""
    html = render(body)
    start = html.index('<div class="prose">')
    return html[start : html.rindex("</article>")].rstrip()


class Reader(HTMLParser):
    """Collects a document's elements and its text, style left out."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.shape: list[str] = []
        self.text = ""
        self.comments: list[str] = []
        self._in_style = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.shape.append(tag)
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self.shape.append(f"/{tag}")
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


# What a whole page may consist of: anything else came from a post and should not have.
PLAIN = """
    head title style body header main article footer bdi figure figcaption
    b blockquote br code dd del dl dt em h2 h3 h4 h5 h6 hr i ins kbd p q s samp strike strong
    sub summary sup table tbody tfoot thead tr tt ul var
"""
GLOBAL = {"class", "id", "aria-label"}
ALLOWED: dict[str, set[str]] = {
    **{tag: set() for tag in re.findall(r"\w+", PLAIN)},
    "html": {"lang"},
    "meta": {"charset", "http-equiv", "content", "name"},
    "time": {"datetime"},
    "h1": {"dir"},
    "li": {"dir"},
    "a": {"href", "title", "rel"},
    "img": {"src", "alt", "width", "height"},
    "input": {"type", "disabled", "checked"},
    "details": {"open"},
    "ol": {"start"},
    "div": {"role", "tabindex"},
    "pre": {"tabindex"},
    "span": {"aria-hidden"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
OUR_CLASSES = re.compile(
    r"page-header|path|number|facts|status|open|closed|confirmed|refuted|mixed|abandoned|who|labels"
    r"|post|entry|comment|mark|tool|hue-[0-5]|when|prose|page-footer|figures|view|enlarge|small"
    r"|close|no-picture|scroll|right|center|left|alert|alert-title|note|tip|important|warning"
    r"|caution"
)
OUR_IDS = re.compile(r"post-[0-9]+|figure-[0-9]+-[0-9]+")


def assert_harmless(html: str) -> None:
    """Check every element and attribute of a page against what we put there."""
    reader = Reader(html)
    assert reader.comments == []
    for tag, attributes in reader.elements:
        assert tag in ALLOWED, tag
        assert set(attributes) <= ALLOWED[tag] | GLOBAL, (tag, attributes)
        for name in (attributes.get("class") or "").split():
            assert OUR_CLASSES.fullmatch(name), name
        assert OUR_IDS.fullmatch(attributes.get("id") or "post-1"), attributes
    for link in reader.all("a"):
        href = link.get("href") or ""
        scheme = re.match(r"[\x00-\x20]*([a-z][a-z0-9+.\t\r\n-]*):", href, re.IGNORECASE)
        assert scheme is None or scheme[1].lower() in {"http", "https", "mailto"}, href
        assert href.startswith("#") or link.get("href") is None or "noopener" in str(link["rel"])
    for image in reader.all("img"):
        assert re.fullmatch(r"data:image/png;base64,[A-Za-z0-9+/]+=*", image["src"] or "")
    for box in reader.all("input"):
        assert box["type"] == "checkbox"
        assert "disabled" in box
    assert len(reader.all("style")) == 1
    assert len(reader.all("h1")) == 1


# The whole page


def test_the_page_forbids_itself_to_load_anything() -> None:
    html = render(f"![a]({FIGURE})")
    policy = next(m["content"] or "" for m in Reader(html).all("meta") if "http-equiv" in m)
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy


def test_the_one_style_that_the_policy_allows_is_the_page_s_own() -> None:
    html = render("")
    style = html[html.index("<style>") + len("<style>") : html.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in html
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize(
    "hostile",
    [
        '{{ 7*7 }} $(id) "quotes" <b> 日本語',
        "</title><script>alert(1)</script>",
        "{% include 'page.css' %} {# gone #} &amp; '\"><img src=x onerror=alert(1)>",
    ],
)
def test_a_hostile_title_name_label_or_branch_shows_literally(hostile: str) -> None:
    page = dataclasses.replace(
        PAGE,
        title=hostile,
        branch=hostile,
        labels=(hostile,),
        author=hostile,
        created=hostile,
        posts=(dataclasses.replace(post("hello", author=hostile), created=hostile),),
    )
    html = render_page(page, PICTURES.get)
    assert_harmless(html)
    # The tab, the branch, the heading, the asker and when, the label, the post's author and when.
    assert Reader(html).text.count(hostile) == 8


def test_half_a_surrogate_pair_does_no_harm() -> None:
    page = dataclasses.replace(PAGE, title="a\ud800b", posts=(post("c\ud800d", author="\udfff"),))
    html = render_page(page, PICTURES.get)
    assert html.encode("utf-8")
    assert "a?b" in html
    assert "c?d" in html


@pytest.mark.parametrize(
    ("state", "outcome", "shown"),
    [
        ("open", None, '<span class="status open">Open</span>'),
        ("closed", None, '<span class="status closed">Closed</span>'),
        ("closed", "confirmed", '<span class="status confirmed">Answered: confirmed</span>'),
        ("closed", "refuted", '<span class="status refuted">Answered: refuted</span>'),
        ("closed", "mixed", '<span class="status mixed">Answered: mixed</span>'),
        ("closed", "abandoned", '<span class="status abandoned">Answered: abandoned</span>'),
    ],
)
def test_the_header_says_where_the_question_stands(
    state: str, outcome: str | None, shown: str
) -> None:
    assert shown in render_page(
        dataclasses.replace(PAGE, state=state, outcome=outcome), PICTURES.get
    )


def test_an_outcome_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="glorious"):
        render_page(dataclasses.replace(PAGE, outcome="glorious"), PICTURES.get)


def test_the_header_counts_what_followed_the_question() -> None:
    posts = (post("?"), post("run", is_entry=True), post("ah"), post("answer", is_entry=True))
    page = dataclasses.replace(PAGE, posts=posts, author="ada", created=posts[0].created)
    assert "2 entries, 1 comment<" in render_page(page, PICTURES.get)
    unasked = dataclasses.replace(PAGE, posts=posts[1:], author="ada", created="2026-01-01")
    assert "2 entries, 1 comment<" in render_page(unasked, PICTURES.get)


def test_entries_and_people_s_comments_are_told_apart() -> None:
    posts = (post("?"), post("!", author="excursions[bot]", is_entry=True))
    html = render_page(dataclasses.replace(PAGE, posts=posts), PICTURES.get)
    articles = [article["class"] for article in Reader(html).all("article")]
    assert articles == ["post comment", "post entry"]


def test_times_are_readable_by_people_and_machines() -> None:
    html = render("hello")
    assert '<time datetime="2026-11-21T09:00:00Z">21 Nov 2026, 09:00</time>' in html


def test_the_same_thread_gives_the_same_page() -> None:
    body = f"![a]({FIGURE})\n*b*\n\n| a |\n|---|\n| b |"
    assert render(body) == render(body)


# Figures


def test_an_image_with_an_emphasised_line_under_it_is_a_figure_with_a_caption() -> None:
    html = prose(f"![Loss over steps]({FIGURE})\n*Loss of `both` models*")
    reader = Reader(html)
    assert reader.all("img") == [
        {
            "alt": "Loss over steps",
            "width": "2",
            "height": "1",
            "src": "data:image/png;base64," + base64.b64encode(png()).decode(),
        }
    ]
    assert "<figcaption>Loss of <code>both</code> models</figcaption>" in html
    assert "<p>" not in html


def test_an_image_inside_a_caption_is_as_harmless_as_any_other() -> None:
    html = prose(f"![a]({FIGURE})\n*caption ![b](https://evil.example/x.png)*")
    assert "evil" not in html
    assert '<figcaption>caption <span class="no-picture">' in html


def test_images_in_one_paragraph_stand_beside_each_other_each_with_its_caption() -> None:
    html = prose(f"![a]({FIGURE})\n*first*\n![b]({FIGURE})\n![c]({FIGURE})\n*third*")
    assert html.count('<div class="figures">') == 1
    figures = html.split("<figure>")[1:]
    captions = [re.findall("<figcaption>(.*?)</figcaption>", figure) for figure in figures]
    assert captions == [["first"], [], ["third"]]


def test_an_image_amid_text_stays_there() -> None:
    html = prose(f"see ![a]({FIGURE})\n*and mind*")
    assert "figure" not in html
    assert len(Reader(html).all("img")) == 1


def test_a_click_on_a_figure_shows_it_larger() -> None:
    html = render(f"![a]({FIGURE})", f"![a]({FIGURE})")
    reader = Reader(html)
    views = [div["id"] for div in reader.all("div") if div.get("class") == "view"]
    assert views == ["figure-1-1", "figure-2-1"]
    assert [a["href"] for a in reader.all("a") if "enlarge" in (a.get("class") or "")] == [
        "#figure-1-1",
        "#figure-2-1",
    ]


def test_a_figure_inside_a_link_makes_no_link_inside_a_link() -> None:
    html = prose(f'<a href="https://e.org">\n\n![a]({FIGURE})\n\n</a>\n\n![b]({FIGURE})')
    first, second = html.split("</a>", 1)
    assert first.count("<a ") == 1
    assert "enlarge" in second


def test_an_image_whose_path_is_not_plain_ascii_is_found() -> None:
    assert len(Reader(prose("![a](<runs/1/図 1.png>)")).all("img")) == 1
    assert len(Reader(prose('<img src="./runs/1/図 1.png" width="40">')).all("img")) == 1


@pytest.mark.parametrize(
    "source",
    [
        "https://evil.example/x.png",
        "//evil.example/x.png",
        "http:x.png",
        "data:image/png;base64,iVBORw0KGgo=",
        "/etc/passwd",
        "../../secret.png",
        "runs/%2e%2e/%2E%2E/secret.png",
        "runs%5C..%5Csecret.png",
        "C:secret.png",
        "runs/a%00.png",
    ],
)
@pytest.mark.parametrize("written", ["![the alt text]({})", '<img alt="the alt text" src="{}">'])
def test_only_paths_beside_the_post_are_asked_for(source: str, written: str) -> None:
    asked: list[str] = []

    def picture(path: str) -> bytes:
        asked.append(path)
        return png()

    page = dataclasses.replace(PAGE, posts=(post(written.format(source)),))
    html = render_page(page, picture)
    assert asked == []
    assert Reader(html).all("img") == []
    assert '<span class="no-picture">Picture not shown: the alt text</span>' in html


@pytest.mark.parametrize("path", ["missing.png", "notes.txt"])
def test_a_picture_that_is_missing_or_no_png_becomes_a_box_with_its_alt_text(path: str) -> None:
    html = prose(f"![a <b> & c]({path})\n*caption*")
    assert "Picture not shown: a &lt;b&gt; &amp; c</span>" in html
    assert "<figcaption>caption</figcaption>" in html
    assert "enlarge" not in html


# Tables, alerts, details and the rest of GitHub's Markdown


def test_a_number_column_is_aligned_right_and_a_wide_table_scrolls_by_itself() -> None:
    html = prose("| metric | value |\n|---|---:|\n| `accuracy` | **0.998** |")
    assert '<td><code>accuracy</code></td>\n<td class="right"><strong>0.998</strong></td>' in html
    assert '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>' in html


@pytest.mark.parametrize("kind", ["note", "tip", "important", "warning", "caution"])
def test_github_s_alerts_are_boxes(kind: str) -> None:
    html = prose(f"> [!{kind.upper()}]\n> Mind *this*.\n>\n> And that.")
    assert f'<div class="alert {kind}" role="note"><p class="alert-title">' in html
    assert "<p>Mind <em>this</em>.</p>\n<p>And that.</p>" in html
    assert "[!" not in html
    assert "blockquote" not in html


def test_a_figure_in_an_alert_is_a_figure() -> None:
    assert "<figure>" in prose(f"> [!NOTE]\n> Look:\n>\n> ![a]({FIGURE})")


@pytest.mark.parametrize("body", ["> [!NOTE] and so on", "> a\n> [!NOTE]", "> [!NEWS]\n> a"])
def test_what_only_resembles_an_alert_is_a_quotation(body: str) -> None:
    html = prose(body)
    assert "<blockquote>" in html
    assert "alert" not in html


def test_details_fold_and_hold_markdown() -> None:
    html = prose(
        "<details><summary>How to run it again</summary>\n\n"
        "```sh\nexcursion run 1 -p steps=2500\n```\n\n</details>"
    )
    assert "<details><summary>How to run it again</summary>" in html
    assert '<pre tabindex="0"><code>excursion run 1 -p steps=2500\n</code></pre>' in html
    assert html.index("<pre") < html.index("</details>")


def test_our_hidden_markers_vanish() -> None:
    html = render('before\n<!-- excursion: {"key": "run:1.1"} -->\n\nafter <!-- x --> all')
    assert "run:1.1" not in html
    assert "<!--" not in html
    assert "after  all" in html


def test_lines_end_where_their_author_ended_them() -> None:
    assert "first<br>" in prose("first\nsecond")


def test_a_task_list_cannot_be_ticked() -> None:
    boxes = Reader(prose("- [x] one\n- [ ] two")).all("input")
    assert [("checked" in box, "disabled" in box) for box in boxes] == [(True, True), (False, True)]


def test_struck_out_words_and_bare_links_are_understood() -> None:
    html = prose("~~no~~ see https://arxiv.org/abs/2209.11895.")
    assert "<s>no</s>" in html
    assert (
        '<a href="https://arxiv.org/abs/2209.11895" rel="noopener noreferrer">'
        "https://arxiv.org/abs/2209.11895</a>." in html
    )


def test_more_colons_than_anybody_writes_cost_a_post_its_bare_links_and_nothing_else() -> None:
    html = prose(":" * 6000 + " https://e.org and [this](https://e.org)")
    assert "::: https://e.org and <a" in html


def test_a_post_s_headings_stand_below_the_question() -> None:
    assert "<h2>Big</h2>" in prose("# Big")


# What a post cannot do


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<style>* { display: none }</style>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        '<iframe src="https://evil.example"></iframe>',
        '<a href="java&#115;cript:alert(1)">x</a>',
        "[x](<java\tscript:alert(1)>)",
        '<form action="https://evil.example"><button>x</button><input name="password"></form>',
        '<meta http-equiv="refresh" content="0;url=https://evil.example">',
        '<link rel="stylesheet" href="https://evil.example/x.css"><base href="https://evil.example">',
        '<math><mtext></p><style><img src="</style><img src=x onerror=alert(1)>">',
        '<picture><source srcset="https://evil.example/x.png"><img src="x.png"></picture>',
        '<video src="https://evil.example/x.mp4" poster="https://evil.example/x.png"></video>',
        '<table background="https://evil.example/x.png"><tr><td>x</td></tr></table>',
        "</div></article></main><h1>another page</h1>",
        "<p>a<select><p>b",
    ],
)
def test_a_script_in_a_comment_is_not_in_the_page(body: str) -> None:
    html = render(body, f"x {body} y")
    assert_harmless(html)
    assert html.count("</article>") == html.count("</main>") + 1 == 2


def test_a_post_cannot_borrow_the_page_s_looks_or_places() -> None:
    html = prose('<p class="entry" id="post-1" style="color: red" onclick="x()">hello</p>')
    assert html == '<div class="prose"><p>hello</p></div>'


def test_links_lead_out_without_telling_where_from() -> None:
    link = Reader(prose("[x](https://e.org 'y')")).all("a")[0]
    assert link == {"href": "https://e.org", "title": "y", "rel": "noopener noreferrer"}


def test_a_comment_left_open_hides_nothing_of_the_next_post() -> None:
    assert "seen" in Reader(render("<!-- open", "seen")).text


def test_elements_nested_without_end_are_shown_all_the_same() -> None:
    html = render("<b><i>" * 2000 + "deep")
    assert_harmless(html)
    assert "deep" in Reader(html).text


SNIPPETS = st.sampled_from(
    [
        *"<>&\"'`*_~[]()!#|-:\\\n \t/=@",
        *("<b>", "</b>", "<p>", "</p>", "<div class=entry>", "</div>", "<a href=", "</a>", "<img "),
        *(
            "<table>",
            "<tr>",
            "<td align=right>",
            "</table>",
            "<details>",
            "<summary>",
            "<!--",
            "-->",
        ),
        *(
            "<script>",
            "</script>",
            "<style>",
            "</style>",
            "<svg>",
            "<math>",
            "<title>",
            "<textarea>",
        ),
        *("<noscript>", "<template>", "<plaintext>", "<select>", "onerror=alert(1)", "style='x'"),
        *("javascript:alert(1)", "data:text/html,x", "https://e.org/x.png", f"![a]({FIGURE})\n*b*"),
        *(f"<img src={FIGURE}>", "> [!NOTE]\n> ", "- [x] ", "| a | b |\n|---|--:|\n", "```\n"),
        *("&#106;", "&lt;script&gt;", "\0", "\u202e", "日本語", "x"),
    ]
)


TEXTS = st.lists(SNIPPETS | st.text(max_size=8), max_size=30).map("".join)


@given(TEXTS)
def test_no_text_whatever_breaks_the_page_or_gets_a_script_into_it(text: str) -> None:
    page = dataclasses.replace(PAGE, title=text, labels=(text,), posts=(post(text, author=text),))
    html = render_page(page, PICTURES.get)
    assert_harmless(html)
    assert html.count("<article") == html.count("</article>") == 1


@given(TEXTS)
@example(text="a<select><p>b")
def test_a_browser_reads_the_same_elements_as_were_checked(text: str) -> None:
    html = prose(text)
    # nh3 parses as browsers do; a page that it would nest differently was not what we looked at.
    as_a_browser = nh3.clean(html, tags=set(ALLOWED) - {"style"})
    assert Reader(as_a_browser).shape == Reader(html).shape
