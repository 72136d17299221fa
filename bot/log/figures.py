"""A picture that a notebook made ─► a PNG that is only a picture.

Decoded within limits and encoded anew, so that neither a decompression bomb nor anything hidden
in a file's metadata or behind its end goes further.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from collections.abc import Mapping

from PIL import Image

from bot.log.safety import clip, inline
from runner.records import Figure, RunResult

MOST_PIXELS = 40_000_000
MOST_BYTES = 32 * 1024 * 1024
# Of a run's pictures together: what decoding them costs, and what a push may carry.
_MOST_PIXELS_TOGETHER = 1_000_000_000
_MOST_BYTES_TOGETHER = 512 * 1024 * 1024
_LONGEST_CAPTION = 500
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
# Pillow's ways of saying that this is no picture, or one too large to be true.
_NO_PICTURE = (
    Image.DecompressionBombError,
    LookupError,
    MemoryError,
    OSError,
    OverflowError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    struct.error,
)


def safe_png(content: bytes, most_pixels: int = MOST_PIXELS) -> tuple[bytes, int, int] | None:
    """Decode a picture and encode it anew as PNG, with its width and height in pixels.

    None if it is no picture of a known format, or too large to be looked at or to be kept.
    """
    if len(content) > MOST_BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
                width, height = picture.size
                if width * height > min(most_pixels, MOST_PIXELS) or not width or not height:
                    return None
                if picture.mode not in ("1", "L", "LA", "RGB", "RGBA", "P"):
                    clean = picture.convert("RGBA")
                else:
                    clean = picture.copy()
        clean.info = {k: v for k, v in clean.info.items() if k == "transparency"}
        out = io.BytesIO()
        clean.save(out, "PNG")
    except _NO_PICTURE:
        return None
    encoded = out.getvalue()  # which may be larger than what came: a JPEG is small
    return (encoded, width, height) if len(encoded) <= MOST_BYTES else None


def can_be_shown(content: bytes) -> bool:
    """Say whether a picture's header is one, and promises no more than can be decoded."""
    if len(content) > MOST_BYTES:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
                return 0 < picture.width * picture.height <= MOST_PIXELS
    except _NO_PICTURE:
        return False


def safe_figures(
    result: RunResult, files: Mapping[str, bytes]
) -> tuple[RunResult, dict[str, bytes]]:
    """Keep of a run's pictures what is safe to show.

    Args:
        result: What the run said of itself.
        files: Its files, by their paths in the run's folder.

    Returns:
        The result whose figures name the safe files, and those files by their paths.
    """
    kept: list[Figure] = []
    pictures: dict[str, bytes] = {}
    notes = list(result.notes)
    pixels, room = _MOST_PIXELS_TOGETHER, _MOST_BYTES_TOGETHER
    for figure in result.figures:
        content = files.get(f"figures/{figure.file}")
        safe = safe_png(content, pixels) if content is not None else None
        if safe is None or len(safe[0]) > room:
            notes.append(f"The picture {figure.file} of cell {figure.cell} could not be shown.")
            continue
        png, width, height = safe
        pixels, room = pixels - width * height, room - len(png)
        name = _free_name(figure.file.rpartition(".")[0], pictures)
        pictures[f"figures/{name}"] = png
        changes = {
            "file": name,
            "sha256": hashlib.sha256(png).hexdigest(),
            "width": width,
            "height": height,
        }
        kept.append(figure.model_copy(update=changes))
    return result.model_copy(update={"figures": tuple(kept), "notes": tuple(notes)}), pictures


def shown_figure(figure: Figure, folder: str, *, at: str = "") -> str:
    """Write a picture, with its caption below, as Markdown.

    Args:
        figure: What is known of it.
        folder: Where it is found by its name; ends in `/`.
        at: Its own address, where it has one.
    """
    caption = inline(clip(figure.caption, _LONGEST_CAPTION))
    alt = inline(clip(figure.alt, _LONGEST_CAPTION)) or caption or f"Figure of cell {figure.cell}"
    picture = f"![{alt}]({at or folder + figure.file})"
    return f"{picture}\n*{caption}*" if caption else picture


def _free_name(stem: str, taken: Mapping[str, bytes]) -> str:
    """Name a picture, since `loss.jpg` and `loss.png` both become PNG."""
    name, count = f"{stem}.png", 1
    while f"figures/{name}" in taken:
        count += 1
        name = f"{stem}-{count}.png"
    return name
