"""What many runs of one question cost git, the local forge and the page: numbers for docs/scale.md.

One real run, with one plot, is executed; its files are then given to as many further runs as asked
for (each with its own request, result, notebook and picture, so that git finds nothing twice), and
everything that reads them is timed. `python -m benchmarks.many_runs 100 1000 10000`; the last takes
some minutes and two gigabytes below the system's temporary folder.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from bot.cli.place import open_forge
from bot.cli.views import write_views
from bot.forge.local import LocalForge

_PLOT = """\
import matplotlib.pyplot as plt
import numpy as np
from runner.notebook import record
values = np.random.default_rng(seed).normal(size=(200, 3)).cumsum(axis=0)
plt.plot(values)
plt.xlabel("step")
plt.show()
record(loss=float(values[-1, 0]), accuracy=0.5)
"""
_MOST_ENTRIES = 1_000  # that are written as comments; the page is linear in them


@dataclass
class Place:
    """A repository with one excursion."""

    top: Path
    forge: LocalForge

    def git(self, *words: str, stdin: bytes | None = None) -> bytes:
        """Give a git command; its output."""
        done = subprocess.run(
            ["git", *words], cwd=self.top, input=stdin, check=True, stdout=subprocess.PIPE
        )
        return done.stdout

    def excursion(self, *words: str) -> None:
        """Give one of our own commands."""
        command = [sys.executable, "-m", "bot", *words]
        subprocess.run(command, cwd=self.top, check=True, capture_output=True)


def main() -> None:
    """Measure at each number of runs and print."""
    numbers = [int(word) for word in sys.argv[1:]] or [100, 1_000]
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        place = _prepare(Path(folder))
        files = place.forge.run_files(1, 1)
        for name, content in files.items():
            print(f"  {name:<32} {len(content):>9,} bytes")
        known = 1
        for number in numbers:
            _add(place, files, known, number)
            known = number
            print(f"\n{number:,} runs of one question")
            _measure(place, number)


def _prepare(top: Path) -> Place:
    """Make the repository and execute one run."""
    for name, value in (("name", "A"), ("email", "a@example.org")):
        os.environ |= {f"GIT_{role}_{name.upper()}": value for role in ("AUTHOR", "COMMITTER")}
    subprocess.run(["git", "init", "-q"], cwd=top, check=True)
    subprocess.run(["git", "commit", "-qm", "First", "--allow-empty"], cwd=top, check=True)
    subprocess.run([sys.executable, "-m", "bot", "init"], cwd=top, check=True, capture_output=True)
    place = Place(top, open_forge()[0])
    place.excursion("ask", "Many?")
    folder = top / ".excursions/worktrees/1-many/excursions/demos/1-many"
    _write_notebook(folder / "notebook.ipynb")
    subprocess.run(["git", "commit", "-qam", "A plot"], cwd=folder, check=True)
    place.excursion("run", "1")
    return place


def _write_notebook(path: Path) -> None:
    import nbformat.v4 as v4
    from nbformat import write

    parameters = v4.new_code_cell("seed = 0", metadata={"tags": ["parameters"]})  # type: ignore[no-untyped-call]
    cells = [parameters, v4.new_code_cell(_PLOT)]  # type: ignore[no-untyped-call]
    write(v4.new_notebook(cells=cells), path)  # type: ignore[no-untyped-call]


def _add(place: Place, files: dict[str, bytes], known: int, number: int) -> None:
    """Give git the runs after `known` up to `number`, as loose as single runs leave them."""
    runs = range(known + 1, number + 1)
    head = place.git("rev-parse", "HEAD").decode().strip()
    stream = io.BytesIO()
    for run in runs:
        for kept in (("request.json",), tuple(files)):  # as allotted, then as published
            stream.write(f"commit refs/excursions/1/{run}\n".encode())
            stream.write(b"committer A <a@example.org> 1767225600 +0000\ndata 4\nRun\n")
            if kept == ("request.json",):
                stream.write(f"from {head}\n".encode())
            stream.write(b"deleteall\n")
            for name in kept:
                content = _of_run(name, files[name], run)
                stream.write(f"M 644 inline {name}\ndata {len(content)}\n".encode())
                stream.write(content + b"\n")
    pack = place.top / ".git/objects/pack"
    packed = set(pack.iterdir())
    place.git("-c", "fastimport.unpackLimit=0", "fast-import", "--quiet", stdin=stream.getvalue())
    for path in set(pack.iterdir()) - packed:
        if path.suffix == ".pack":
            moved = path.rename(place.top / "moved.pack")
            place.git("unpack-objects", "-q", stdin=moved.read_bytes())
            moved.unlink()
        else:
            path.unlink()


def _of_run(name: str, content: bytes, run: int) -> bytes:
    """Make a file the one of another run."""
    if name.endswith(".png"):
        return content + run.to_bytes(8, "big")
    return content.replace(b'"1.1"', f'"1.{run}"'.encode()).replace(b"iVBOR", b"iVBO%d" % run)


def _measure(place: Place, number: int) -> None:
    refs = "refs/excursions/1/"
    spare = f"{refs}{number + 1}"
    commit = place.git("rev-parse", f"{refs}{number}").decode().strip()
    files = sum(1 for _ in _files(place.top / ".git"))
    size = sum(path.stat().st_blocks * 512 for path in _files(place.top / ".git"))
    _show("files in .git", f"{files:,}, {size / 1e6:,.0f} MB on disk")
    _show_time("git for-each-ref, refs loose", lambda: place.git("for-each-ref", refs))
    _show_time("git update-ref, one more", lambda: place.git("update-ref", spare, commit))
    advertised = len(place.git("receive-pack", "--http-backend-info-refs", "."))
    _show("what a push is told first", f"{advertised / 1e6:.2f} MB")
    _show_time("the forge reads the runs", lambda: len(place.forge.runs(1)), rounds=1)
    _show_time("excursion status", lambda: place.excursion("status", "1"), rounds=1)
    _show_time("git pack-refs --all", lambda: place.git("pack-refs", "--all"), rounds=1)
    _show_time("git for-each-ref, refs packed", lambda: place.git("for-each-ref", refs))
    _show_time("git update-ref, refs packed", lambda: place.git("update-ref", spare, commit))
    place.git("update-ref", "-d", spare)
    entries = min(number, _MOST_ENTRIES)
    body = next(c.body for c in place.forge.thread(1).comments if c.key == "run:1.1")
    for run in range(2, entries + 1):
        place.forge.upsert_entry(1, f"run:1.{run}", body, {"status": "succeeded"})
    _show_time(f"thread.html and .md, {entries:,} entries", lambda: write_views(place.forge, 1), 1)
    page = (place.top / ".excursions/1/thread.html").stat().st_size
    _show("thread.html", f"{page / 1e6:,.1f} MB")


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _show_time(what: str, do: Callable[[], object], rounds: int = 3) -> None:
    """Print the shortest of some times."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        do()
        times.append(time.perf_counter() - began)
    _show(what, f"{min(times):.3f} s")


def _show(what: str, found: str) -> None:
    print(f"  {what:<44} {found}", flush=True)


if __name__ == "__main__":
    main()
