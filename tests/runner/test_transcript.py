"""The log of outputs: what went into it comes out of it, however large, and whatever cut it off."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest

from runner.journal import Story
from runner.reserve import Reserve
from runner.transcript import FILE_NAME, Log, Transcript, write_notebook

LONG = "<table>é\n\ud800" * 300_000  # with half of a pair, which no file may hold
ROOM = 100_000_000
PREPARED = {
    "cells": [{"cell_type": "code", "metadata": {}, "source": "", "outputs": []}],
    "metadata": {},
}


def shown(html: str) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {"text/html": html}, "metadata": {}}


def logged(folder: Path, *outputs: dict[str, Any], room: int = ROOM) -> list[str]:
    """Have a cell show these, and give the notes on what was left out."""

    async def record() -> list[str]:
        transcript = Transcript(folder, room, Reserve(folder))
        transcript.start(0)
        for output in outputs:
            transcript.shown(output)
        transcript.end()
        transcript.close()
        return transcript.notes()

    return asyncio.run(record())


def test_a_very_large_output_takes_less_room_in_the_log_and_comes_out_whole(
    tmp_path: Path,
) -> None:
    outputs = [shown("before"), shown(LONG), shown("after")]
    assert logged(tmp_path, *outputs) == []
    assert (tmp_path / FILE_NAME).stat().st_size < len(LONG) / 10

    kept = [shown("before"), shown(LONG.replace("\ud800", "?")), shown("after")]
    log = Log(tmp_path)
    assert list(log.outputs(0)) == kept
    notebook = io.BytesIO()
    write_notebook(PREPARED, log, Story(), notebook)
    assert json.loads(notebook.getvalue())["cells"][0]["outputs"] == kept


def test_a_very_large_output_that_replaces_another_is_the_one_that_is_kept(tmp_path: Path) -> None:
    async def record() -> None:
        transcript = Transcript(tmp_path, ROOM, Reserve(tmp_path))
        transcript.start(0)
        transcript.shown(shown("before"))
        transcript.updated(0, 0, shown("x" * 3_000_000))
        transcript.end()
        transcript.close()

    asyncio.run(record())
    assert list(Log(tmp_path).outputs(0)) == [shown("x" * 3_000_000)]


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
def test_a_very_large_output_that_was_cut_short_is_left_out(tmp_path: Path, kept: int) -> None:
    logged(tmp_path, shown("before"))
    whole = (tmp_path / FILE_NAME).stat().st_size
    logged(tmp_path, shown(LONG))
    file = tmp_path / FILE_NAME
    content = file.read_bytes()
    file.write_bytes(content[: whole + kept] if kept >= 0 else content[:kept])
    assert list(Log(tmp_path).outputs(0)) == [shown("before")]


def test_the_limit_counts_what_an_output_is_and_not_what_it_takes(tmp_path: Path) -> None:
    [note] = logged(tmp_path, shown(LONG), room=len(LONG) // 10)
    assert "left out" in note
    assert list(Log(tmp_path).outputs(0)) == []
