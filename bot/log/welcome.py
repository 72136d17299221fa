"""The entry that begins an excursion: what was made, where it is, what to do next."""

from __future__ import annotations

from bot.excursion import Excursion
from bot.excursion_file import NOTEBOOK, ExcursionFile
from bot.log.safety import code, fence, inline
from bot.surroundings import LOCAL, Surroundings

_STATE = "**Now:**"
_SPOILER = "🙈 "
REBUILT = (
    "*This entry was made anew: the one that began the excursion was deleted or damaged, and lines "
    "of the log that stood in it are lost.*"
)


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
    return _with_part(welcome, _STATE, f"{_STATE} {state}")


def with_spoiler(welcome: str, who: str) -> str:
    """Give a welcome that says that results are folded, or nothing of it.

    Args:
        welcome: The entry as it is.
        who: The person who wants them folded; empty where they are not.
    """
    said = f"{_SPOILER}**Results are posted folded,** so that you can predict first."
    return _with_part(welcome, _SPOILER, f"{said} *Asked for by {inline(who)}.*" if who else "")


def _with_part(welcome: str, begins: str, part: str) -> str:
    """Put a paragraph below the heading in the place of the one that begins so."""
    first, *rest = welcome.split("\n\n")
    kept = [each for each in rest if not each.startswith(begins)]
    return "\n\n".join([first, *([part] if part else []), *kept])


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
