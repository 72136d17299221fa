"""What a job left of a run is published if it is that run's, and only what is fine of it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import socket
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import write_notebook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from samples import EXCURSION
from samples import request as asked
from samples import result as ended

from bot.actions.artifact import Artifact, read_artifact, untold
from bot.actions.folder import ArtifactRefusedError
from bot.log.redact import Secrets
from bot.log.run_entry import run_entry
from runner.records import (
    Cell,
    CellStatus,
    Figure,
    RunError,
    RunRequest,
    RunResult,
    Status,
    Table,
    read_request,
    read_result,
    to_json,
)

INJECTED = "# Parameters\nlayer = 0\nseed = 7\n"
NOTES_OF_OTHERS = ("A file beside the result that no run has was left out.",)


def png(size: tuple[int, int] = (6, 4)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, "PNG")
    return out.getvalue()


def figure(file: str, **changes: Any) -> Figure:
    return Figure(**{"file": file, "sha256": "", "cell": 1, "width": 6, "height": 4} | changes)


def notebook(*codes: str, injected: str = INJECTED) -> bytes:
    """An executed notebook: the cell of defaults, papermill's, and these."""
    cells: list[dict[str, Any]] = [
        code_cell("layer = 3\nseed = 0", tags=["parameters"]),
        code_cell(injected, tags=["injected-parameters"]),
        *(code_cell(code) for code in codes),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def code_cell(code: str, *, tags: list[str] | None = None, printed: str = "") -> dict[str, Any]:
    outputs = [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else []
    return {
        "cell_type": "code",
        "metadata": {"tags": tags or []},
        "source": code,
        "execution_count": 1,
        "outputs": outputs,
    }


def left(folder: Path, result: RunResult | bytes | None, files: Mapping[str, bytes]) -> Path:
    """Lay a job's folder out."""
    if result is not None:
        text = result if isinstance(result, bytes) else to_json(result)
        files = {"result.json": text, **files}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "excursion-1.1"
    made.mkdir()
    return made


def refusal(folder: Path, request: RunRequest | None = None) -> str:
    with pytest.raises(ArtifactRefusedError) as caught:
        read_artifact(folder, request or asked())
    return str(caught.value)


def test_what_an_honest_job_left_is_all_there(folder: Path) -> None:
    figures = tuple(figure(f"figure-{n:02d}.png") for n in range(1, 4))
    pictures = {f"figures/{each.file}": png() for each in figures}
    honest = ended(figures=figures)
    left(folder, honest, {"request.json": to_json(asked()), "notebook.ipynb": notebook("1 + 1")})
    left(folder, None, pictures)
    artifact = read_artifact(folder, asked())
    assert artifact.notes == ()
    assert set(artifact.files) == {"request.json", "result.json", "notebook.ipynb", *pictures}
    assert artifact.result is not None
    assert artifact.result.metrics == honest.metrics
    assert read_result(artifact.files["result.json"]) == artifact.result
    assert read_request(artifact.files["request.json"]) == asked()
    assert json.loads(artifact.files["notebook.ipynb"]) == json.loads(notebook("1 + 1"))
    for each in artifact.result.figures:
        content = artifact.files[f"figures/{each.file}"]
        assert each.sha256 == hashlib.sha256(content).hexdigest()


def test_read_again_what_may_be_published_stays_as_it_is(folder: Path, tmp_path: Path) -> None:
    left(folder, ended(figures=(figure("a.png"),)), {"figures/a.png": png()})
    first = read_artifact(folder, asked())
    again = tmp_path / "again"
    again.mkdir()
    left(again, None, first.files)
    assert read_artifact(again, asked()) == first


def test_the_request_is_the_one_that_was_asked_whatever_the_job_says(folder: Path) -> None:
    forged = asked(requested_by="Mallory", timeout_s=9e9)
    left(folder, ended(), {"request.json": to_json(forged)})
    assert read_artifact(folder, asked()).files["request.json"] == to_json(asked())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("run_id", "2.1"),
        ("run_id", "1.2"),
        ("issue", 2),
        ("notebook", "excursions/demos/2-another/notebook.ipynb"),
        ("notebook_sha256", "1" * 64),
        ("commit", "f" * 40),
        ("dirty", True),
        ("parameters", {"layer": 1, "seed": 7}),
        ("parameters", {"layer": False, "seed": 7}),
        ("parameters", {"layer": 0.0, "seed": 7}),
        ("parameters", {"layer": 0, "seed": 7, "more": 1}),
        ("seed", 8),
        ("engine", "slurm"),
        ("inputs_sha256", "a" * 64),
        ("sweep", "1.1"),
        ("reproduces", "1.1"),
        ("answered_from", "1.1"),
        ("cache_hit", True),
    ],
)
def test_the_result_of_another_request_is_refused(folder: Path, name: str, value: object) -> None:
    forged = json.loads(to_json(ended())) | {name: value}
    left(folder, json.dumps(forged).encode(), {})
    assert "another run" in refusal(folder) or name in ("answered_from", "cache_hit")


@pytest.mark.parametrize(
    "changes",
    [
        {"started": "2026-11-21 @everyone"},
        {"started": "2026-13-45T09:30:15Z"},
        {"finished": "2026-11-21T09:30:15Z<b>"},
        {"finished": "2026-11-20T09:30:15Z"},
        {"duration_s": -1.0},
        {"duration_s": 1e300},
        {"cells": (Cell(index=1, status=CellStatus.RUNNING),)},
        {"cells": (Cell(index=1, status=CellStatus.FAILED),) * 2},
        {"cells": (Cell(index=-1, status=CellStatus.FAILED),)},
        {"cells": tuple(Cell(index=n, status=CellStatus.PENDING) for n in range(10_001))},
        {"metrics": {f"m{n}": n for n in range(201)}},
        {"metrics": {"x" * 101: 1}},
        {"metrics": {"": 1}},
        {"metrics": {"x": 10**301}},
        {"figures": (figure("a.png"), figure("A.png"))},
        {"figures": tuple(figure(f"a{n}.png") for n in range(201))},
        {"figures": (figure("a.png", cell=10**20),)},
        {"tables": (Table(cell=1, columns=("a",), rows=(("1",),) * 201, rows_total=201),)},
        {"tables": (Table(cell=1, columns=("a",) * 51, rows=(("1",),), rows_total=1),)},
        {"tables": (Table(cell=1, columns=("a",), rows=(), rows_total=0),) * 51},
        {"error": RunError(name="ValueError")},
    ],
    ids=str,
)
def test_what_no_execution_writes_is_refused(folder: Path, changes: dict[str, Any]) -> None:
    left(folder, ended(**changes), {})
    assert refusal(folder).startswith("excursion-1.1: result.json ")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 1_000_000,
        b'{"a":' * 100_000,
        to_json(ended()).replace(b'"duration_s": 52.0', b'"duration_s": NaN'),
        to_json(ended()).replace(b'"duration_s": 52.0', b'"duration_s": 1e999'),
        to_json(ended()).replace(b'"loss": 0.25', b'"loss": ' + b"9" * 5_000),
        to_json(ended()).replace(b'"loss": 0.25', b'"loss": [0.25]'),
        to_json(ended()).replace(b'"loss": 0.25', b'"loss": "\\ud800"'),
        to_json(ended()).replace(b'"version": 1', b'"version": 2'),
        to_json(ended()).replace(b'"version": 1', b'"version": 1, "more": 1'),
        to_json(ended(figures=(figure("a.png"),))).replace(b"a.png", b"../a.png"),
        to_json(ended(figures=(figure("a.png"),))).replace(b"a.png", b"/etc/a.png"),
        to_json(ended(figures=(figure("a.png"),))).replace(b"a.png", b"a.png\\n"),
        to_json(ended(figures=(figure("a.png"),))).replace(b"a.png", "\uff41.png".encode()),
        to_json(ended(figures=(figure("a.png"),))).replace(b"a.png", b"a.png)![](//e.org/x.png"),
    ],
    ids=lambda text: repr(text[:20]),
)
def test_what_is_no_result_is_refused(folder: Path, text: bytes) -> None:
    left(folder, text, {})
    assert "result.json" in refusal(folder)


def test_the_last_of_two_equal_keys_counts_and_only_that_is_published(folder: Path) -> None:
    text = to_json(ended()).replace(b'"issue": 1', b'"issue": 2,\n "issue": 1')
    left(folder, text, {})
    assert read_artifact(folder, asked()).files["result.json"].count(b'"issue"') == 1


@pytest.mark.parametrize("name", ["result.json", "notebook.ipynb", "figures/a.png", "other"])
def test_a_link_is_refused_wherever_it_leads(folder: Path, name: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(to_json(ended()))
    left(folder, ended(figures=(figure("a.png"),)), {"figures/b.png": png()})
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(outside)
    assert "is a link, not a file" in refusal(folder)
    (folder / name).unlink()
    (folder / name).hardlink_to(outside)
    assert "is a hard link" in refusal(folder)


@pytest.mark.parametrize("whole", [True, False])
def test_a_folder_that_is_a_link_is_refused(folder: Path, tmp_path: Path, whole: bool) -> None:
    elsewhere = tmp_path / "elsewhere"
    left(elsewhere, None, {"a.png": png(), "result.json": to_json(ended())})
    if whole:
        folder.rmdir()
        folder.symlink_to(elsewhere)
    else:
        left(folder, ended(figures=(figure("a.png"),)), {})
        (folder / "figures").symlink_to(elsewhere)
    assert refusal(folder)


def test_pipes_sockets_and_devices_are_refused_unopened(folder: Path) -> None:
    left(folder, ended(), {})
    os.mkfifo(folder / "notebook.ipynb")
    assert "is a pipe" in refusal(folder)
    (folder / "notebook.ipynb").unlink()
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as waiting:
        os.chdir(folder)  # the name of a socket has little room
        try:
            waiting.bind("other")
        finally:
            os.chdir(here)
        assert "is a socket" in refusal(folder)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "a b.png",
            "a\nb",
            "a\x1b[2J",
            "\u202egnp.exe",
            "re\u017fult.json",
            "a;rm -rf ~",
            "$(id)",
        ),
        *("-rf", "~", "a" * 121, "NUL:", "back\\slash", "%2e%2e", "<b>", "a\udcff"),
    ],
    ids=ascii,
)
def test_names_that_could_mean_something_else_are_refused(folder: Path, name: str) -> None:
    left(folder, ended(), {})
    (folder / name).write_bytes(b"x")
    told = refusal(folder)
    assert told.encode()
    assert told.isprintable()


def test_names_that_are_one_on_another_machine_are_refused(folder: Path) -> None:
    left(folder, ended(), {"Result.json": b"{}"})
    assert "one on many machines" in refusal(folder)


def test_more_files_than_any_run_has_are_refused_unread(folder: Path) -> None:
    for number in range(2_001):
        (folder / f"f{number}").touch()
    assert "more than 2000 files" in refusal(folder)


def test_other_files_are_left_out_and_noted(folder: Path) -> None:
    left(folder, ended(), {"evil.sh": b"#!/bin/sh", ".git/config": b"[core]"})
    artifact = read_artifact(folder, asked())
    assert artifact.result is not None
    assert set(artifact.files) == {"request.json", "result.json"}
    assert artifact.notes == ("2 files beside the result that no run has were left out.",)
    assert artifact.result.notes == artifact.notes


def sparse(path: Path, size: int = 10_000_000_000) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)


def bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width // 8 + 1) * min(height, 3_000)), 9)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_one_bad_picture_among_forty_costs_the_run_that_picture_alone(folder: Path) -> None:
    figures = tuple(figure(f"figure-{n:02d}.png") for n in range(1, 41))
    left(folder, ended(figures=figures), {f"figures/{f.file}": png() for f in figures})
    sparse(folder / "figures/figure-07.png")
    (folder / "figures/figure-09.png").write_bytes(bomb(50_000, 50_000))
    (folder / "figures/figure-11.png").write_bytes(b"<svg onload=alert(1)>")
    (folder / "figures/figure-13.png").unlink()
    artifact = read_artifact(folder, asked())
    assert artifact.result is not None
    assert len(artifact.result.figures) == 36
    lost = ("07", "09", "11", "13")
    assert artifact.notes == tuple(
        f"The picture figure-{n}.png of cell 1 could not be shown." for n in lost
    )
    assert not [name for name in artifact.files if any(f"figure-{n}" in name for n in lost)]


def test_pictures_have_a_limit_together(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.log.figures._MOST_PIXELS_TOGETHER", 100 * 100 * 3)
    figures = tuple(figure(f"a{n}.png") for n in range(5))
    left(folder, ended(figures=figures), {f"figures/{f.file}": png((100, 100)) for f in figures})
    artifact = read_artifact(folder, asked())
    assert artifact.result is not None
    assert [f.file for f in artifact.result.figures] == ["a0.png", "a1.png", "a2.png"]
    assert len(artifact.notes) == 2


def test_a_result_of_ten_gigabytes_is_refused_unread(folder: Path) -> None:
    sparse(folder / "result.json")
    assert "has 10000000000 bytes" in refusal(folder)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is no valid notebook"),
        (b"[]", "is no notebook of format 4"),
        (b"[" * 1_000_000, "is no valid notebook"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 1}', "is no valid"),
        (b'{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}', "format 4"),
        (b'{"nbformat": 4, "nbformat_minor": 99, "metadata": {}, "cells": []}', "format 4.0"),
        (notebook("1").replace(b'"metadata": {}', b'"metadata": {"x": NaN}'), "NaN"),
        (notebook("1").replace(b'"metadata": {}', b'"metadata": {}, "x": 1'), "is no valid"),
        (notebook("1").replace(b'"stdout"', b'"<b>"'), ""),
    ],
    ids=lambda value: repr(value[:30]),
)
def test_a_notebook_that_is_none_is_left_out(folder: Path, content: bytes, why: str) -> None:
    left(folder, ended(), {"notebook.ipynb": content})
    artifact = read_artifact(folder, asked())
    assert artifact.result is not None
    if why:
        assert "notebook.ipynb" not in artifact.files
        assert why in artifact.notes[0]


def test_a_notebook_of_ten_gigabytes_is_left_out_unread(folder: Path) -> None:
    left(folder, ended(), {})
    sparse(folder / "notebook.ipynb")
    assert "10000000000 bytes" in read_artifact(folder, asked()).notes[0]


def test_an_output_that_is_too_large_is_replaced_by_words(folder: Path) -> None:
    whole = json.loads(notebook("print('x' * 99)", "1"))
    whole["cells"][2]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "x" * 11_000_000 + "the end"},
        {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "y" * 11_000_000}},
        {"output_type": "stream", "name": "stdout", "text": "small"},
    ]
    left(folder, ended(), {"notebook.ipynb": json.dumps(whole).encode()})
    kept = json.loads(read_artifact(folder, asked()).files["notebook.ipynb"])
    long, shown, small = kept["cells"][2]["outputs"]
    assert long["text"].endswith("the end")
    assert len(long["text"]) < 6_000_000
    assert "left out" in shown["text"]
    assert small["text"] == "small"


def test_a_bomb_within_the_notebook_is_replaced_by_words(folder: Path) -> None:
    whole = json.loads(notebook("plt.show()"))
    pictures = [png(), bomb(50_000, 50_000), b"<svg onload=alert(1)>"]
    whole["cells"][2]["outputs"] = [
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {"image/png": base64.encodebytes(content).decode().splitlines(keepends=True)},
        }
        for content in pictures
    ]
    left(folder, ended(), {"notebook.ipynb": json.dumps(whole).encode()})
    kept = json.loads(read_artifact(folder, asked()).files["notebook.ipynb"])
    first, *rest = kept["cells"][2]["outputs"]
    assert first == whole["cells"][2]["outputs"][0]
    assert [list(output["data"]) for output in rest] == [["text/plain"]] * 2


def with_source(tmp_path: Path, *codes: str) -> tuple[bytes, RunRequest]:
    write_notebook(tmp_path / "source.ipynb", "layer = 3\nseed = 0", *codes)
    source = (tmp_path / "source.ipynb").read_bytes()
    return source, asked(notebook_sha256=hashlib.sha256(source).hexdigest())


@pytest.mark.parametrize(
    ("executed", "kept"),
    [
        (notebook("print(layer)"), True),
        (notebook("print(layer)", injected="# Parameters\nseed = 7\nlayer = 0"), True),
        (notebook("print(layer + 1)"), False),
        (notebook("print(layer)", "import os"), False),
        (notebook(), False),
        (notebook("print(layer)", injected="layer = 0\nseed = 7\nimport os"), False),
        (notebook("print(layer)", injected="layer = 0\nseed = 8"), False),
        (notebook("print(layer)", injected="layer = False\nseed = 7"), False),
        (notebook("print(layer)", injected="layer = __import__('os')\nseed = 7"), False),
        (notebook("print(layer)", injected="layer.x = 0\nseed = 7"), False),
        (notebook("print(layer)", injected="layer = ((((("), False),
        (notebook("print(layer)", injected="layer = " + "(" * 9_000), False),
    ],
)
def test_the_executed_notebook_holds_the_code_that_was_to_be_executed(
    folder: Path, tmp_path: Path, executed: bytes, kept: bool
) -> None:
    source, request = with_source(tmp_path, "print(layer)")
    left(folder, ended(notebook_sha256=request.notebook_sha256), {"notebook.ipynb": executed})
    artifact = read_artifact(folder, request, source)
    assert ("notebook.ipynb" in artifact.files) == kept
    assert kept == (not artifact.notes)


def test_parameters_of_every_type_are_known_again(folder: Path, tmp_path: Path) -> None:
    source, request = with_source(tmp_path)
    values = {"a": 1e-300, "b": -0.5, "c": -1, "d": "x'y\n", "e": True}
    request = request.model_copy(update={"parameters": values})
    code = '# Parameters\na = 1e-300\nb = -0.5\nc = -1\nd = "x\'y\\n"\ne = True\n'
    result = ended(parameters=values, notebook_sha256=request.notebook_sha256)
    left(folder, result, {"notebook.ipynb": notebook(injected=code)})
    assert read_artifact(folder, request, source).notes == ()


def test_a_patch_is_kept_where_one_was_asked_for(folder: Path) -> None:
    left(folder, ended(), {"uncommitted.patch": b"diff"})
    assert read_artifact(folder, asked()).notes == NOTES_OF_OTHERS
    left(folder, ended(dirty=True), {})
    assert read_artifact(folder, asked(dirty=True)).files["uncommitted.patch"] == b"diff"


def test_an_execution_that_left_nothing_is_told_apart(folder: Path) -> None:
    empty = Artifact(None, {"request.json": to_json(asked())})
    assert read_artifact(folder, asked()) == empty
    assert read_artifact(folder / "none", asked()) == empty


JOURNAL = """\
{"event": "started", "at": "2026-11-21T09:30:15Z"}
{"event": "cells", "at": "2026-11-21T09:30:16Z", "code": [1, 2, 4]}
{"event": "cell started", "at": "2026-11-21T09:30:16Z", "cell": 1}
{"event": "cell ended", "at": "2026-11-21T09:30:17Z", "cell": 1, "status": "completed"}
{"event": "cell started", "at": "2026-11-21T09:30:17Z", "cell": 2}
{"event": "cell en"""


def test_of_a_killed_execution_the_journal_tells_how_far_it_came(folder: Path) -> None:
    left(folder, None, {"journal.jsonl": JOURNAL.encode(), "outputs.log": b"o 1 {}\n"})
    artifact = read_artifact(folder, asked())
    assert artifact.result is None
    assert artifact.notes == ()
    told = untold(
        asked(), "The job ended without a word.", at="2026-11-21T10:00:00Z", cells=artifact.cells
    )
    assert told.status is Status.DIED
    assert [(c.index, c.status.value) for c in told.cells] == [
        (1, "completed"),
        (2, "died"),
        (4, "pending"),
    ]
    entry = run_entry(
        told, excursion=EXCURSION, declared=None, predictions=(), figures_at="figures/"
    )
    assert "1 of 3 code cells completed, 1 never ran." in entry
    assert "The job ended without a word." in entry


@pytest.mark.parametrize(
    "journal",
    [
        b"\xff",
        b"[" * 1_000_000,
        b'{"event": "cells", "code": [[1], {}, "x", -1, 99999999999999999999, 1.5]}',
        b'{"event": "cell started", "cell": 5}',
        b'{"event": "cells", "code": [1]}\n{"event": "cell ended", "cell": 1, "status": "<b>"}',
    ],
    ids=lambda text: repr(text[:40]),
)
def test_a_forged_journal_tells_nothing(folder: Path, journal: bytes) -> None:
    left(folder, None, {"journal.jsonl": journal})
    cells = read_artifact(folder, asked()).cells
    assert all(cell.status is CellStatus.PENDING and cell.index == 1 for cell in cells)


@pytest.mark.parametrize("told", [True, False])
def test_secrets_go_no_further_by_form_and_by_value(folder: Path, told: bool) -> None:
    token, value = "gh" + "p_" + "aB7" * 12, "correct horse battery"
    whole = json.loads(notebook("1"))
    printed = {"output_type": "stream", "name": "stdout", "text": f"{token} {value}"}
    whole["cells"][2]["outputs"] = [printed]
    leaking = ended(stdout_tail=f"{token} {value}", metrics={token: value})
    left(folder, leaking if told else None, {"notebook.ipynb": json.dumps(whole).encode()})
    artifact = read_artifact(folder, asked(), secrets=Secrets.of({"SITE_PASSWORD": value}))
    for content in artifact.files.values():
        assert token.encode() not in content
        assert value.encode() not in content
    assert b"[redacted SITE_PASSWORD]" in artifact.files["notebook.ipynb"]
    assert "a GitHub token" in artifact.notes[0]
    assert (artifact.result is not None) == told


def test_texts_are_cut_where_the_runner_cuts_them(folder: Path) -> None:
    long = "x" * 1_000_000
    forged = ended(
        status=Status.FAILED,
        error=RunError(cell=1, name=long, message=long, traceback=long),
        metrics={"note": long},
        stdout_tail=long,
        notes=(long,) * 4,
        tables=(Table(cell=1, columns=(long,), rows=((long,),), rows_total=1),),
    )
    left(folder, forged, {})
    text = read_artifact(folder, asked()).files["result.json"]
    assert len(text) < 110_000


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2_000), st.binary(min_size=1, max_size=8))
def test_whatever_bytes_change_a_result_is_genuine_or_refused(
    folder: Path, at: int, new: bytes
) -> None:
    text = to_json(ended(figures=(figure("a.png"),)))
    at %= len(text)
    left(folder, text[:at] + new + text[at + len(new) :], {"figures/a.png": png()})
    try:
        found = read_artifact(folder, asked()).result
    except ArtifactRefusedError:
        return
    assert found is not None
    assert (found.run_id, found.issue, found.commit) == ("1.1", 1, asked().commit)
