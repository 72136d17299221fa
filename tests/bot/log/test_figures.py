"""What is shown as a picture is a picture, and only that."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, PngImagePlugin
from samples import result

from bot.log.figures import MOST_BYTES, safe_figures, safe_png, shown_figure
from runner.records import Figure

PAYLOAD = b"<?php system($_GET['x']); ?>"


def picture(mode: str = "RGB", kind: str = "PNG", **options: object) -> bytes:
    image = Image.new(mode, (6, 4))
    ImageDraw.Draw(image).point((1, 2), fill=1)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def png_that_claims(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def decoded(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content), formats=["PNG"])


def figure(file: str = "figure-01.png", **changes: object) -> Figure:
    fields = {"file": file, "sha256": "", "cell": 4, "width": 1, "height": 1} | changes
    return Figure.model_validate(fields)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P", "I;16"])
def test_a_png_of_any_mode_is_a_png_of_the_same_size(mode: str) -> None:
    safe = safe_png(picture(mode))
    assert safe is not None
    assert safe[1:] == (6, 4)
    assert decoded(safe[0]).size == (6, 4)


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGB", "JPEG"), ("CMYK", "JPEG"), ("P", "GIF"), ("RGBA", "WEBP")]
)
def test_other_formats_become_png(mode: str, kind: str) -> None:
    safe = safe_png(picture(mode, kind))
    assert safe is not None
    assert safe[0].startswith(b"\x89PNG")


def test_every_pixel_survives() -> None:
    content = picture("RGBA")
    safe = safe_png(content)
    assert safe is not None
    assert decoded(safe[0]).convert("RGBA").tobytes() == decoded(content).tobytes()


def test_the_same_picture_gives_the_same_bytes() -> None:
    assert safe_png(picture()) == safe_png(picture())


def test_nothing_hidden_in_text_chunks_goes_further() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", PAYLOAD.decode())
    info.add_itxt("XML:com.adobe.xmp", PAYLOAD.decode(), zip=False)
    content = picture(pnginfo=info, exif=b"Exif\0\0" + PAYLOAD, icc_profile=PAYLOAD)
    assert PAYLOAD in content
    safe = safe_png(content)
    assert safe is not None
    assert PAYLOAD not in safe[0]
    chunks = [safe[0][at : at + 4] for at in range(len(safe[0])) if safe[0][at : at + 4].isalpha()]
    assert not {b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"iCCP"} & set(chunks)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
def test_nothing_hidden_behind_the_end_goes_further(kind: str) -> None:
    safe = safe_png(picture("L", kind) + PAYLOAD)
    assert safe is not None
    assert PAYLOAD not in safe[0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        picture()[:40],
        picture()[:-30],
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        picture("RGB", "TIFF"),
        picture("RGB", "BMP"),
        png_that_claims(7_000, 7_000),
        png_that_claims(10_000, 10_000),
        png_that_claims(50_000, 50_000),
        png_that_claims(2**31 - 1, 2**31 - 1),
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"short"),
        b"\0" * (MOST_BYTES + 1),
    ],
    ids=lambda content: f"{len(content)} bytes",
)
def test_what_is_no_picture_or_too_large_is_none(content: bytes) -> None:
    assert safe_png(content) is None


def test_text_that_unpacks_without_end_is_no_picture() -> None:
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 80_000_000))
    content = picture()
    assert safe_png(content[:33] + bomb + content[33:]) is None


@settings(max_examples=150)
@given(
    st.sampled_from(
        [picture(), picture("P", "GIF"), picture("RGB", "JPEG"), picture("LA", "WEBP")]
    ),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=4)), max_size=6),
)
def test_no_bytes_whatever_are_more_than_refused(
    content: bytes, changes: list[tuple[int, bytes]]
) -> None:
    for at, new in changes:
        at %= len(content)
        content = content[:at] + new + content[at + len(new) :]
    safe = safe_png(content)
    assert safe is None or decoded(safe[0]).size == safe[1:]


def test_a_run_keeps_the_pictures_that_are_safe_and_notes_the_others() -> None:
    content = picture()
    before = result(
        figures=(
            figure("a.png", caption="A"),
            figure("svg.png"),
            figure("gone.png", cell=7),
            figure("b.jpg"),
        ),
        notes=("Mind this.",),
    )
    files = {
        "figures/a.png": content,
        "figures/svg.png": b"<svg/>",
        "figures/b.jpg": picture(kind="JPEG"),
        "notebook.ipynb": b"{}",
    }
    after, pictures = safe_figures(before, files)
    assert [f.file for f in after.figures] == ["a.png", "b.png"]
    assert list(pictures) == ["figures/a.png", "figures/b.png"]
    assert after.notes == (
        "Mind this.",
        "The picture svg.png of cell 4 could not be shown.",
        "The picture gone.png of cell 7 could not be shown.",
    )
    first = after.figures[0]
    assert (first.caption, first.width, first.height) == ("A", 6, 4)
    assert first.sha256 == hashlib.sha256(pictures["figures/a.png"]).hexdigest()


def test_pictures_that_would_share_a_name_are_kept_apart() -> None:
    files = {"figures/loss.png": picture("L"), "figures/loss.jpg": picture("RGB", "JPEG")}
    after, pictures = safe_figures(
        result(figures=(figure("loss.png"), figure("loss.jpg"), figure("loss.jpg"))), files
    )
    assert [f.file for f in after.figures] == ["loss.png", "loss-2.png", "loss-3.png"]
    assert decoded(pictures["figures/loss.png"]).mode == "L"
    assert decoded(pictures["figures/loss-2.png"]).mode == "RGB"


def test_a_picture_is_shown_with_its_caption_below() -> None:
    shown = figure(caption="*Loss* of both", alt="Loss")
    assert shown_figure(shown, "runs/1/figures/") == (
        "![Loss](runs/1/figures/figure-01.png)\n*\\*Loss\\* of both*"
    )


@pytest.mark.parametrize(
    ("changes", "markdown"),
    [
        ({}, "![Figure of cell 4](f/figure-01.png)"),
        ({"caption": "C"}, "![C](f/figure-01.png)\n*C*"),
        ({"caption": "\u200b", "alt": "\x1b[0m"}, "![Figure of cell 4](f/figure-01.png)"),
    ],
)
def test_a_picture_always_has_an_alternative_text(changes: dict[str, str], markdown: str) -> None:
    assert shown_figure(figure(**changes), "f/") == markdown
