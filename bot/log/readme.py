"""An excursion's README.md: the parts that the tool keeps, amid text that is people's own."""

from __future__ import annotations

import re


def put_section(readme: str, name: str, text: str, *, heading: str) -> str:
    """Put text between a section's two hidden markers; append the section where they are missing.

    Args:
        readme: The README as it is.
        name: The section's name, as in `<!-- answer -->` … `<!-- /answer -->`.
        text: What shall stand between the markers.
        heading: The heading under which a missing section is appended.
    """
    block = f"<!-- {name} -->\n{text.strip()}\n<!-- /{name} -->"
    # Markers have a line to themselves, so that none can be forged in the midst of a sentence;
    # a first marker that lost its last is people's text.
    begin, end = (rf"^<!-- {mark} -->(?=[ \t\r]*$)" for mark in (name, f"/{name}"))
    found = re.search(rf"{begin}(?:(?!{begin}).)*?{end}", readme, flags=re.DOTALL | re.MULTILINE)
    if found:
        return readme[: found.start()] + block + readme[found.end() :]
    gap = "" if not readme or readme.endswith("\n\n") else "\n" if readme.endswith("\n") else "\n\n"
    return f"{readme}{gap}## {heading}\n\n{block}\n"
