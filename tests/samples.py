"""What unit tests of the core are about: a template, an excursion, its thread, a run, a world."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from bot.commands.world import World
from bot.config import Config
from bot.excursion import LABEL, Excursion, Kind
from bot.excursion_file import FILE_NAME, NOTEBOOK, ExcursionFile, write_excursion_file
from bot.parameters import Declaration
from bot.template import Manifest, Metrics, Template
from bot.thread import BOT, WELCOME, Comment, Thread
from runner.records import Cell, CellStatus, Environment, RunRequest, RunResult, Status

NOW = datetime(2026, 11, 21, 9, 30, 15, tzinfo=UTC)
STAMP = "2026-11-21T09:30:15Z"
COMMIT = "ab12" * 10

EXCURSION = Excursion(
    issue=1,
    question="Does it settle?",
    kind=Kind.DEMOS,
    template="demos/blank",
    branch="1-does-it-settle",
    folder="excursions/demos/1-does-it-settle",
)

DECLARED = ExcursionFile(
    question=EXCURSION.question,
    template=EXCURSION.template,
    notebook=NOTEBOOK,
    parameters={
        "layer": Declaration(type="int", default=0, minimum=0, maximum=11, description="Layer"),
        "seed": Declaration(type="int", default=7),
    },
    metrics=Metrics(main="accuracy", headline=("accuracy",), descriptions={"loss": "in nats"}),
)

TEMPLATE = Template(
    kind=Kind.DEMOS,
    name="blank",
    manifest=Manifest(
        question="What happens when …?",
        summary="An empty notebook.",
        prediction="What will the plot look like?",
        parameters=DECLARED.parameters,
    ),
    files={
        "notebook.py.j2": '# %% tags=["parameters"]\n'
        "{% for p in parameters %}\n{{ p.name }} = {{ p.default | python }}\n{% endfor %}\n",
        "README.md.j2": '{% include "shared/head.md.j2" %}\n',
    },
    shared={"head.md.j2": "# {{ question | markdown }}\n\n{{ hypothesis | markdown }}\n"},
)

NOTEBOOK_BYTES = (
    b'{"cells": [{"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "",'
    b' "outputs": []}],'
    b' "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
)

README = (
    "# Does it settle?\n\nMine, above.\n\n"
    "## Predictions\n\n<!-- predictions -->\nNone yet.\n<!-- /predictions -->\n\nMine, between.\n\n"
    "## Answer\n\n<!-- answer -->\nNot answered yet.\n<!-- /answer -->\n\nMine, below.\n"
)


def entry(number: int, key: str, data: dict[str, Any]) -> Comment:
    """Make an entry of ours."""
    return Comment(number, BOT, STAMP, STAMP, "…", key, data)


def remembered(excursion: Excursion = EXCURSION) -> dict[str, Any]:
    """Give what the welcome of an excursion remembers."""
    data = dataclasses.asdict(excursion)
    del data["issue"]
    return data | {"kind": excursion.kind.value}


def prediction(number: int, text: str, stamped: str = "2026-11-21T08:00:00Z") -> Comment:
    """Make the entry of a prediction by Ada."""
    data = {"text": text, "author": "Ada", "stamped": stamped, "confidence": 0.6}
    return entry(number + 1, f"prediction:{number}", data)


def thread(*comments: Comment, **changes: Any) -> Thread:
    """Make the thread of an excursion that has begun."""
    whole = Thread(
        number=1,
        title=EXCURSION.question,
        body="I think so.",
        state="open",
        labels=(LABEL, "excursion:demo", "template:blank"),
        author="Ada",
        created="2026-11-21T07:00:00Z",
        comments=(entry(1, WELCOME, remembered()), *comments),
    )
    return dataclasses.replace(whole, **changes)


def unbegun(**changes: Any) -> Thread:
    """Make the thread of an issue that is no excursion yet."""
    return thread(**{"comments": (), **changes})


def request(**changes: Any) -> RunRequest:
    """Make the request of run 1.1."""
    fields: dict[str, Any] = {
        "run_id": "1.1",
        "issue": 1,
        "notebook": f"{EXCURSION.folder}/{NOTEBOOK}",
        "notebook_sha256": "0" * 64,
        "commit": COMMIT,
        "parameters": {"layer": 0, "seed": 7},
        "seed": 7,
        "timeout_s": 3600.0,
        "requested_by": "Ada",
        "requested": STAMP,
    }
    return RunRequest(**fields | changes)


def result(**changes: Any) -> RunResult:
    """Make the result of run 1.1."""
    fields: dict[str, Any] = {
        "run_id": "1.1",
        "issue": 1,
        "notebook": f"{EXCURSION.folder}/{NOTEBOOK}",
        "status": Status.SUCCEEDED,
        "parameters": {"layer": 0, "seed": 7},
        "seed": 7,
        "commit": COMMIT,
        "notebook_sha256": "0" * 64,
        "started": STAMP,
        "finished": "2026-11-21T09:31:07Z",
        "duration_s": 52.0,
        "cells": (Cell(index=1, status=CellStatus.COMPLETED, duration_s=1.5),),
        "metrics": {"loss": 0.25, "accuracy": 0.99821},
        "environment": Environment(
            python="3.11.7",
            platform="Linux-6.1",
            packages_sha256="c0ffee" * 10,
            packages={"numpy": "2.1.0"},
            torch="2.13.0",
            cpu="EPYC",
            cores=2,
        ),
    }
    return RunResult(**fields | changes)


def world(**changes: Any) -> World:
    """Make the world of an excursion that has begun, with nothing in its way."""
    files = {
        FILE_NAME: write_excursion_file(DECLARED).encode(),
        NOTEBOOK: NOTEBOOK_BYTES,
        "README.md": README.encode(),
    }
    whole = World(
        now=NOW,
        actor="Ada",
        config=Config(),
        thread=thread(),
        base="ba5e" * 10,
        head=COMMIT,
        files=files,
        template=TEMPLATE,
    )
    return dataclasses.replace(whole, **changes)


def notebook(*sources: str, **cell: object) -> bytes:
    """Write a notebook; what begins with `#m` is a cell of text."""
    cells = [
        {
            "cell_type": "markdown" if source.startswith("#m") else "code",
            "metadata": {},
            "source": source,
            "outputs": [],
        }
        | cell
        for source in sources
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


# Text as a stranger would write it: pieces of Markdown, of HTML, and of what GitHub links.
_PIECES = st.sampled_from(
    [
        *"<>&\"'`*_~[]()!#|-+=:;.\\$^\n \t/@",
        *("**", "__", "~~", "```", "~~~", "---", "===", "1. ", "- ", "# ", "> ", "    ", "  \n"),
        *("\n\n", "\r\n", "| a | b |\n|---|---|\n", "- [x] ", "[a](b)", "![a](b)", "[a]: b\n"),
        *(
            "<b>",
            "</b>",
            "<script>",
            "<!--",
            "-->",
            "<!-- /answer -->",
            "<details>",
            "<br/>",
            "&lt;",
        ),
        *(
            "&#64;",
            "&amp;",
            "<https://e.org>",
            "https://e.org",
            "HTTP://e.org",
            "www.e.org",
            "a@e.org",
        ),
        *("mailto:a@e.org", "xmpp:a@e.org", "ftp://e.org", "@ada", "@a/b", "#12", "a/b#3", "GH-12"),
        *("gh-1", "abc1234", "0123456789abcdef0123456789abcdef01234567", ":tada:", ":100:", "::"),
        *(
            "fixes ",
            "$x$",
            "\x1b[31m",
            "\x1b]8;;x\x07",
            "\u202e",
            "\u2066",
            "\u200b",
            "\ufeff",
            "\0",
        ),
        *("\u2028", "\ud800", "日本語", "é", "👩\u200d🔬", "x", "7"),
    ]
)
HOSTILE = st.lists(_PIECES | st.text(max_size=6), max_size=25).map("".join)
