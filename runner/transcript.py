"""What cells show, as it comes ─► `outputs.log`, appended ─► the finished notebook, written once.

A notebook with large outputs is never rewritten while it runs, nor held in memory: each output is
one line of the log, copied byte for byte into the notebook at the end. A line begins with its kind
and its cell:

    o 5 {…}            the cell shows an output
    O 5 eAF9…          the same, compressed, where it is very large; so is U to u
    s 5 stdout "…"     it prints; lines of one stream that follow each other are one output
    u 5 2 {…}          its output number 2 becomes another
    x 5                its outputs are cleared
    n 5 7              its execution count

A line that a crash cut short is left out.
"""

from __future__ import annotations

import asyncio
import binascii
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from runner.journal import Story
from runner.records import CellStatus
from runner.reserve import Reserve
from runner.sizes import spoken_size

FILE_NAME = "outputs.log"
PREPARED = "prepared.ipynb"  # the notebook as it is executed, without outputs
_FLUSH_S = 0.2
_SYNC_S = 2.0
_BUFFER = 1 << 20  # bytes
_LARGE = 1 << 20  # characters of one text in an output
_HEAD = re.compile(rb"(?P<kind>[a-zA-Z]) (?P<cell>\d+)(?: (?P<word>[^ \n]*))?")
_TAIL = 4_000  # characters of what was left out that are kept, the last ones
_SHOWN_FACTOR = 10  # pictures, tables and the like may be so much more than printed text


class Transcript:
    """Appends what cells show to the log, and sees to it that the disk has it soon.

    Args:
        folder: The run's folder.
        limit: Bytes of printed text that are kept; ten times that of everything else.
        reserve: What keeps room on the disk for the notebook.
    """

    def __init__(self, folder: Path, limit: int, reserve: Reserve) -> None:
        self._file: IO[bytes] = (folder / FILE_NAME).open("ab", buffering=0)
        self._reserve = reserve
        self._buffer = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._syncer = ThreadPoolExecutor(1, thread_name_prefix="sync")
        self._sync: Future[None] | None = None
        self._room = {"printed": limit, "shown": limit * _SHOWN_FACTOR}
        self._dropped = {"printed": 0, "shown": 0, "unkept": 0}
        self._size = self._file.tell()  # bytes of the log
        self._saved = 0  # bytes that compression took off what waits
        self._last_words: dict[str, str] = {}  # stream ─► the end of what was left out
        self._stream = ""  # that the last line was of
        self._entries: list[str] = []  # of the cell: the type of each output
        self._cell = -1

    def start(self, cell: int) -> None:
        """Begin a cell."""
        self._cell, self._stream, self._entries = cell, "", []
        self._last_words = {}

    def position(self) -> int:
        """Give the number that the cell's next output will have."""
        return len(self._entries)

    def counted(self, count: int) -> None:
        """Note the cell's execution count."""
        self._append(f"n {self._cell} {count}\n".encode())

    def printed(self, stream: str, text: str) -> None:
        """Note what the cell prints."""
        room = self._room["printed"]
        text, beyond = text[:room], text[room:]
        self._room["printed"] -= len(text)
        if beyond:
            self._dropped["printed"] += len(beyond)
            last = self._last_words.get(stream, "") + beyond[-_TAIL:]
            self._last_words[stream] = last[-_TAIL:]
        if not text:
            return
        if self._stream != stream:
            self._stream = stream
            self._entries.append("stream")
        self._append(f"s {self._cell} {stream} {_json(text)}\n".encode(errors="replace"))

    def shown(self, output: Mapping[str, Any]) -> bool:
        """Note an output of the cell; False if there is no room for it."""
        if not self._append_shown("o", str(self._cell), output):
            return False
        self._stream = ""
        self._entries.append(str(output["output_type"]))
        return True

    def updated(self, cell: int, position: int, output: Mapping[str, Any]) -> None:
        """Note that an output has become another."""
        self._append_shown("u", f"{cell} {position}", output)

    def cleared(self) -> None:
        """Note that the cell's outputs were cleared."""
        self._stream, self._entries = "", []
        self._append(f"x {self._cell}\n".encode())

    def end(self) -> None:
        """End the cell: of text that was left out, say how much, and keep the end."""
        for stream, text in self._last_words.items():
            left_out = spoken_size(self._dropped["printed"])
            line = f"\n[… {left_out} of printed text were left out here …]\n{text}"
            self._buffer += f"s {self._cell} {stream} {_json(line)}\n".encode(errors="replace")
        self._last_words = {}
        self._flush()

    def notes(self) -> list[str]:
        """Say what was left out."""
        words = {
            "printed": "of printed text were left out: the limit is reached.",
            "shown": "of other outputs were left out: the limit is reached.",
            "unkept": "of outputs were left out: the disk was full.",
        }
        return [f"{spoken_size(size)} {words[w]}" for w, size in self._dropped.items() if size]

    def close(self) -> None:
        """Write what is left, and close the log, at once: a disk may take long to sync.

        Raises:
            OSError: There is no room for it.
        """
        self._flush()
        if self._timer is not None:
            self._timer.cancel()
        self._syncer.shutdown(wait=False)
        if self._sync is None:
            self._file.close()
        else:
            self._sync.add_done_callback(lambda _: self._file.close())

    def close_on_full_disk(self) -> None:
        """Write what is left and is not large, pictures rather than a flood of text, and close.

        Raises:
            OSError: There is no room for that either.
        """
        lines = self._buffer.splitlines(keepends=True)
        self._buffer.clear()
        for line in lines:
            fits = len(self._buffer) + len(line) <= _BUFFER
            self._buffer += line if fits else b""
            self._dropped["unkept"] += 0 if fits else len(line)
        self.close()

    def _append_shown(self, kind: str, place: str, output: Mapping[str, Any]) -> bool:
        """Note an output; False if there is no room for it."""
        if _is_large(output):
            kind = kind.upper()
            content, size = _compressed(output)
        else:
            content = _json(output).encode(errors="replace")
            size = len(content)
        if self._room["shown"] < size:
            self._dropped["shown"] += size
            return False
        self._room["shown"] -= size
        self._saved += size - len(content)
        self._buffer += f"{kind} {place} ".encode()
        self._buffer += content
        self._append(b"\n")
        return True

    def _append(self, line: bytes) -> None:
        self._buffer += line
        if len(self._buffer) >= _BUFFER:
            self._flush()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_FLUSH_S, self._tick, 0.0)

    def _tick(self, since_sync: float) -> None:
        """Write what is there; every two seconds have the disk keep it."""
        self._timer = None
        self._flush()
        due = since_sync + _FLUSH_S >= _SYNC_S
        if due and (self._sync is None or self._sync.done()):
            self._sync = self._syncer.submit(os.fsync, self._file.fileno())
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_FLUSH_S, self._tick, since_sync + _FLUSH_S)

    def _flush(self) -> None:
        """Write all that waits, or nothing where there is no room for all of it."""
        if not self._buffer:
            return
        self._reserve.grow(len(self._buffer) + self._saved)
        done = 0
        try:
            with memoryview(self._buffer) as content:
                while done < len(content):
                    done += self._file.write(content[done:]) or 0
        except OSError:
            os.ftruncate(self._file.fileno(), self._size)
            raise
        self._size += done
        self._saved = 0
        self._buffer.clear()


@dataclass(frozen=True)
class _Piece:
    """A stretch of the log."""

    offset: int  # bytes
    size: int  # bytes
    compressed: bool = False

    def read(self, file: IO[bytes]) -> Iterator[bytes]:
        """Read it from the log, a part at a time."""
        file.seek(self.offset)
        inflate = zlib.decompressobj()
        for start in range(0, self.size, _BUFFER):
            part = file.read(min(_BUFFER, self.size - start))
            yield inflate.decompress(binascii.a2b_base64(part)) if self.compressed else part

    def load(self, file: IO[bytes]) -> Any:
        """Read the value that it is."""
        text = b"".join(self.read(file)).decode()  # and the bytes are gone before it is parsed
        return json.loads(text)


@dataclass
class _Entry:
    """One output of a cell, as pieces of the log."""

    stream: str = ""  # its name, if it is one
    pieces: list[_Piece] = field(default_factory=list)


@dataclass
class _Cell:
    entries: list[_Entry] = field(default_factory=list)
    count: int | None = None


class Log:
    """A finished log: where in it each cell's outputs are."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._cells: dict[int, _Cell] = {}
        if self._path.exists():
            with self._path.open("rb") as file:
                offset = 0
                for line in file:
                    if line.endswith(b"\n"):
                        self._read(line, offset)
                    offset += len(line)

    def outputs(self, cell: int) -> Iterator[dict[str, Any]]:
        """Give the outputs of a cell, one after the other; printed text in pieces."""
        if cell not in self._cells:
            return
        with self._path.open("rb") as file:
            for entry in self._cells[cell].entries:
                for piece in entry.pieces:
                    value = piece.load(file)
                    if entry.stream:
                        yield {"output_type": "stream", "name": entry.stream, "text": value}
                    else:
                        yield value

    def count(self, cell: int) -> int | None:
        """Give the execution count of a cell."""
        return self._cells[cell].count if cell in self._cells else None

    def write_outputs(self, cell: int, out: IO[bytes]) -> None:
        """Write the outputs of a cell as a JSON array."""
        entries = self._cells[cell].entries if cell in self._cells else []
        if not entries:
            out.write(b"[]")
            return
        with self._path.open("rb") as file:
            for number, entry in enumerate(entries):
                out.write(b",\n   " if number else b"[\n   ")
                if entry.stream:
                    name = json.dumps(entry.stream).encode()
                    out.write(b'{"output_type": "stream", "name": ' + name + b', "text": [')
                for place, piece in enumerate(entry.pieces):
                    out.write(b",\n    " if place else b"")
                    out.writelines(piece.read(file))
                out.write(b"]}" if entry.stream else b"")
        out.write(b"\n  ]")

    def _read(self, line: bytes, offset: int) -> None:
        """Take in a line, which may be very long: only its first words are copied."""
        head = _HEAD.match(line)
        if head is None:
            raise ValueError(f"line {line[:80]!r} of {self._path} is none of a log")
        kind = head["kind"].decode()
        cell = self._cells.setdefault(int(head["cell"]), _Cell())
        last = "word" if kind in "suU" else "cell"  # of the words before what the line holds
        start = head.end(last) + 1
        piece = _Piece(offset + start, len(line) - start - 1, compressed=kind.isupper())
        match kind.lower():
            case "x":
                cell.entries.clear()
            case "n":
                cell.count = int(head["word"])
            case "o":
                cell.entries.append(_Entry(pieces=[piece]))
            case "s":
                stream = head["word"].decode()
                if not cell.entries or cell.entries[-1].stream != stream:
                    cell.entries.append(_Entry(stream))
                cell.entries[-1].pieces.append(piece)
            case "u" if int(head["word"]) < len(cell.entries):
                cell.entries[int(head["word"])] = _Entry(pieces=[piece])


def write_notebook(prepared: Mapping[str, Any], log: Log, story: Story, out: IO[bytes]) -> None:
    """Write the executed notebook, its outputs copied from the log.

    Args:
        prepared: The notebook as it was executed, its parameters put in, without outputs.
        log: What its cells showed.
        story: How each of them fared; that is what their metadata say.
        out: Where to.
    """
    out.write(b'{\n "cells": [')
    for number, cell in enumerate(prepared["cells"]):
        out.write(b",\n  " if number else b"\n  ")
        head = {k: v for k, v in cell.items() if k not in ("outputs", "execution_count")}
        head["metadata"] = _metadata(cell, number, story)
        if cell["cell_type"] != "code":
            out.write(_json(head).encode(errors="replace"))
            continue
        head["execution_count"] = log.count(number)
        out.write(_json(head).encode(errors="replace")[:-1] + b',\n   "outputs": ')
        log.write_outputs(number, out)
        out.write(b"}")
    rest = {key: value for key, value in prepared.items() if key != "cells"}
    rest["metadata"] = _clean(prepared["metadata"])
    out.write(b"\n ],\n " + _json(rest).encode(errors="replace")[1:] + b"\n")


def _metadata(cell: Mapping[str, Any], number: int, story: Story) -> dict[str, Any]:
    """Say how a cell fared, in papermill's words."""
    metadata = dict(cell["metadata"])
    known = story.cells.get(number)
    status = known.status if known else CellStatus.COMPLETED  # of one that holds no code
    metadata["papermill"] = {
        "status": status.value,
        "exception": status is CellStatus.FAILED,
        "duration": known.duration_s if known else None,
    }
    return metadata


def _clean(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out papermill's paths, which say nothing that the result does not say better."""
    kept = {"parameters", "start_time", "version"}
    papermill = dict(metadata.get("papermill", {}))
    return {**metadata, "papermill": {k: v for k, v in papermill.items() if k in kept}}


def _is_large(output: Mapping[str, Any]) -> bool:
    """Say whether an output holds a very long text, as tables and pictures are."""
    data = output.get("data", {})
    return any(isinstance(text, str) and len(text) >= _LARGE for text in data.values())


def _compressed(output: Mapping[str, Any]) -> tuple[bytes, int]:
    """Write an output compressed and without an end of line in it; give also its whole size."""
    deflate = zlib.compressobj(level=1)
    size, parts = 0, []
    for text in json.JSONEncoder(ensure_ascii=False).iterencode(output):
        for start in range(0, len(text), _BUFFER):
            part = text[start : start + _BUFFER].encode(errors="replace")
            size += len(part)
            parts.append(deflate.compress(part))
    parts.append(deflate.flush())
    return binascii.b2a_base64(b"".join(parts), newline=False), size


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
