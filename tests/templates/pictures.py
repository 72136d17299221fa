"""Templates ─► the pictures of `docs/templates.md`: each template's key figure, made small.

`python -m templates.pictures [NAME…]` runs those that are named, or all.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

from bot.catalogue import picture_name
from bot.template import built_in_templates, find_template
from templates.trials import ROOT, WITH_NOTEBOOK, Trials

FOLDER = ROOT / "docs" / "templates"
WIDTH = 560  # pixels


def small(content: bytes) -> bytes:
    """Make a picture small, in the 256 colours that it needs most."""
    with Image.open(io.BytesIO(content)) as picture:
        height = round(picture.height * WIDTH / picture.width)
        shrunk = picture.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    shrunk.quantize(256, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def main(names: list[str]) -> None:
    """Run the templates and keep their key figures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        trial = Trials(Path(place))
        for name in names or WITH_NOTEBOOK:
            template = find_template(name, None, (built_in_templates(),))
            done = trial(name, seeds=(0,))[0]
            figure = done.figures[template.manifest.key_figure - 1]
            content = small((done.folder / "figures" / figure.file).read_bytes())
            (FOLDER / picture_name(template)).write_bytes(content)
            print(f"{name}: {len(content) / 1000:.0f} kB, {done.cpu_s or 0:.0f} CPU s", flush=True)
        trial.close()


if __name__ == "__main__":
    main(sys.argv[1:])
