"""The entry that begins an excursion: what was made, where it is, what to do next."""

from __future__ import annotations

from bot.excursion import Excursion
from bot.excursion_file import NOTEBOOK, ExcursionFile
from bot.log.safety import code, fence, inline
from bot.surroundings import LOCAL, Surroundings

_STATE = "**Now:**"


def welcome_entry(
    excursion: Excursion,
    declared: ExcursionFile,
    *,
    prompt: str,
    surroundings: Surroundings = LOCAL,
) -> str:
    """Render the welcome.

    Args:
        excursion: What was begun.
        declared: What its folder declares.
        prompt: What the template would like to see predicted; may be empty.
        surroundings: Where the thread is read.
    """
    issue = excursion.issue
    lines = [
        f"### 🧭 Excursion {issue} has begun",
        f"Branch {code(excursion.branch)}, folder {code(excursion.folder)}, made from the template "
        f"{code(excursion.template)}.",
    ]
    if prompt:
        lines.append(f"**Before you run it:** {inline(prompt)}")
    if surroundings.is_github:
        lines.append(_links(excursion, declared, surroundings))
    steps = [surroundings.example("predict", issue, "…", "confidence=70%")]
    if declared.notebook:
        steps.append(surroundings.example("run", issue))
    steps += [
        surroundings.example("log", issue, "…"),
        surroundings.example("answer", issue, "…", "outcome=confirmed"),
    ]
    lines.append(fence("\n".join(steps), surroundings.language))
    if declared.time_box:
        lines.append(f"*Time box: {inline(declared.time_box)}.*")
    return "\n\n".join(lines)


def with_state(welcome: str, state: str) -> str:
    """Give a welcome that says how its excursion stands.

    Args:
        welcome: The entry as it is.
        state: One line of Markdown.
    """
    parts = [part for part in welcome.split("\n\n") if not part.startswith(_STATE)]
    return "\n\n".join([parts[0], f"{_STATE} {state}", *parts[1:]])


def _links(excursion: Excursion, declared: ExcursionFile, surroundings: Surroundings) -> str:
    """Link what was made, and where it can be worked on at once."""
    page, branch, folder = surroundings.page, excursion.branch, excursion.folder
    links = [f"[Folder]({page}/tree/{branch}/{folder})"]
    host, _, name = page.partition("://")[2].partition("/")
    notebook = f"{folder}/{NOTEBOOK}"
    if declared.notebook:
        links.append(f"[notebook]({page}/blob/{branch}/{notebook})")
    if host == "github.com":
        links.append(f"[open in Codespaces](https://codespaces.new/{name}/tree/{branch})")
        if declared.notebook:
            colab = f"https://colab.research.google.com/github/{name}/blob/{branch}/{notebook}"
            links.append(f"[open in Colab]({colab})")
    return " · ".join(links)
