"""A notebook with 200 plots, 20 MB of printed text and a very large table: 54 MB when it is done.

papermill rewrites the whole notebook at the start and end of each cell; beside it stand papermill
with a single save, at the end, and ours. What matters is the time, the bytes that were written,
the memory, and how many seconds of results are lost if something dies on the way.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.places import papermill_folder, repository
from benchmarks.risk import lost_s, unsynced_s
from benchmarks.side_by_side import Moments, target
from benchmarks.weigh import Weight, weigh
from benchmarks.zygotes import zygotes_of_our_own

MB = 1_000_000
PLAIN, ONCE = "papermill", "papermill, one save"
COLD, WARM = "excursion run, cold", "excursion run, warm"
PRELOAD = ("matplotlib.pyplot", "pandas")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outputs")
    parser.add_argument("--rounds", type=int, default=3, help="papermill as it is runs only once")
    parser.add_argument("--no-papermill", action="store_true", help="leave out what takes minutes")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="once, and little: does it work?")
    chosen = parser.parse_args(arguments)
    cells = notebook(0.01 if chosen.quick else 1.0)
    rounds, kills, seconds = (1, 1, 2.0) if chosen.quick else (chosen.rounds, chosen.kills, 12.0)
    with tempfile.TemporaryDirectory() as folder, zygotes_of_our_own():
        top = Path(folder)
        papermill = papermill_folder(top / "papermill", cells)
        once = (sys.executable, "-m", "benchmarks.papermill_once")
        cold = repository(top / "cold", cells, warm=False)
        ours = repository(top / "warm", cells, warm=True, preload=PRELOAD)
        contenders: dict[str, Callable[[], Moments]] = {
            ONCE: papermill.run(program=once),
            COLD: cold.run(),
            WARM: ours.run(),
        }
        weights = _weigh_all(contenders, rounds)
        if not chosen.no_papermill:
            weights[PLAIN] = weigh(papermill.run())
        sizes = {"papermill": papermill.output(), "ours": ours.notebook()}
        _show(weights, {who: path.stat().st_size for who, path in sizes.items()}, rounds)
        print("  seconds of results that are lost, at worst")
        lost = lost_s(top / "killed", PRELOAD, kills=kills, seconds=seconds)
        print(f"    runner and zygote killed, {kills} times: {lost:.2f} s")
        unsynced = unsynced_s(top / "synced", PRELOAD, seconds=seconds)
        print(f"    the machine dies (what no fsync had reached yet): {unsynced:.2f} s")
        target("seconds of results at risk", max(lost, unsynced), 5)


def notebook(scale: float) -> list[str]:
    """Give the cells of the notebook, or of one that is smaller by a factor."""
    plot = "_ = plt.imshow(numpy.random.rand(90, 90)); plt.title(str(seed)); plt.show()"
    imports = "import matplotlib.pyplot as plt, numpy, pandas\nfrom IPython.display import HTML"
    text = f"for line in range({int(200_000 * scale)}): print(f'{{line:010}}', 'x' * 89)"
    table = f"HTML(pandas.DataFrame(numpy.random.rand({int(100_000 * scale)}, 6)).to_html())"
    return [imports, *[plot] * max(1, int(200 * scale)), text, table]


def _weigh_all(contenders: Mapping[str, Callable[[], Moments]], rounds: int) -> dict[str, Weight]:
    """Weigh the contenders in turn, and give the medians."""
    found: dict[str, list[Weight]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            found[name].append(weigh(contender))
    return {
        name: Weight(
            Moments(
                made=statistics.median(one.moments.made for one in ones),
                ended=statistics.median(one.moments.ended for one in ones),
            ),
            written=int(statistics.median(one.written for one in ones)),
            memory=int(statistics.median(one.memory for one in ones)),
        )
        for name, ones in found.items()
    }


def _show(weights: Mapping[str, Weight], sizes: Mapping[str, int], rounds: int) -> None:
    size = sizes["ours"]
    print(f"A notebook of {size / MB:.1f} MB (medians of {rounds}, in turn;", end=" ")
    print(f"papermill's file: {sizes['papermill'] / MB:.1f} MB, as it is: run once)")
    print(f"  {'':<22} {'notebook there':>15} {'command ended':>15} {'written':>20} {'memory':>18}")
    for name, one in weights.items():
        moments = f"{one.moments.made:>13.2f} s {one.moments.ended:>13.2f} s"
        written = f"{one.written / MB:.0f} MB × {one.written / size:.1f}"
        memory = f"{one.memory / MB:.0f} MB × {one.memory / size:.1f}"
        print(f"  {name:<22} {moments} {written:>20} {memory:>18}")
    slower = weights[COLD].moments.made / weights[ONCE].moments.made
    target("times the time with a single save", slower, 1.1)
    for name in (COLD, WARM):
        target(f"times the file written ({name})", weights[name].written / size, 3)
        target(f"times the file in memory ({name})", weights[name].memory / size, 3)


if __name__ == "__main__":
    main()
