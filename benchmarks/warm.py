"""From the command to the finished notebook: warm, cold, papermill, and the limit.

The notebook imports torch and TransformerBridge, builds a tiny model and makes one plot. Ours also
checks parameters, allots a number, describes the environment, collects figures, publishes them
under a ref and renders the thread: the notebook is there before the command has ended.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.floor import floor
from benchmarks.notebooks import PLOT, TINY_MODEL
from benchmarks.places import papermill_folder, repository
from benchmarks.side_by_side import Moments, measure, target
from benchmarks.zygotes import forking, zygotes_of_our_own
from runner.records import WARM_MODULES

COLD, WARM = "excursion run, cold", "excursion run, warm"
PLAIN, KERNELSPEC = "papermill", "papermill -k excursion-warm"
FLOOR = "the cells' code in a fork, no kernel"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.warm")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="once, without torch: does it work?")
    chosen = parser.parse_args(arguments)
    cells, preload = (PLOT, ["matplotlib.pyplot"]) if chosen.quick else (TINY_MODEL, WARM_MODULES)
    rounds = 1 if chosen.quick else chosen.rounds
    with tempfile.TemporaryDirectory() as folder, zygotes_of_our_own():
        top = Path(folder)
        plain = papermill_folder(top / "papermill", cells)
        specified = papermill_folder(top / "kernelspec", cells)
        cold = repository(top / "cold", cells, warm=False)
        ours = repository(top / "warm", cells, warm=True, preload=preload)
        with floor(plain.source, preload) as limit:
            cells_s = _CellTimes()
            contenders: dict[str, Callable[[], Moments]] = {
                PLAIN: cells_s.of(PLAIN, plain.run(), plain.cells_s),
                COLD: cells_s.of(COLD, cold.run(), cold.cells_s),
                WARM: cells_s.of(WARM, ours.run(), ours.cells_s),
                FLOOR: limit,
            }
            if not chosen.quick:  # its zygote imports everything
                papermill = forking(specified.run("-k", "excursion-warm"))
                contenders[KERNELSPEC] = cells_s.of(KERNELSPEC, papermill, specified.cells_s)
            medians = measure(contenders, rounds=rounds, warm_up=not chosen.quick)
            _show(medians, cells_s.medians(), rounds)


class _CellTimes:
    """What the cells themselves took, run by run."""

    def __init__(self) -> None:
        self._seconds: dict[str, list[float]] = {}

    def of(
        self, name: str, contender: Callable[[], Moments], cells_s: Callable[[], float]
    ) -> Callable[[], Moments]:
        """Give the contender, its cells' times kept."""

        def kept() -> Moments:
            moments = contender()
            self._seconds.setdefault(name, []).append(cells_s())
            return moments

        return kept

    def medians(self) -> dict[str, float]:
        """Give the medians."""
        return {name: statistics.median(seconds) for name, seconds in self._seconds.items()}


def _show(medians: Mapping[str, Moments], cells_s: Mapping[str, float], rounds: int) -> None:
    reference = medians[PLAIN]
    print(f"A notebook with a tiny model and one plot (medians of {rounds}, in turn)")
    print(f"  {'':<38} {'notebook there':>18} {'command ended':>18} {'its cells':>10}")
    for name, moments in medians.items():
        made = f"{moments.made:.2f} s  ÷{reference.made / moments.made:5.1f}"
        ended = f"{moments.ended:.2f} s  ÷{reference.ended / moments.ended:5.1f}"
        cells = f"{cells_s[name]:.2f} s" if name in cells_s else ""
        print(f"  {name:<38} {made:>18} {ended:>18} {cells:>10}")
    ours = medians[WARM]
    beyond = ours.made - cells_s[WARM]
    print(f"  distance to the limit: {beyond:.2f} s beyond what its cells took,", end=" ")
    print(f"{ours.made / medians[FLOOR].made:.1f} times the fork without a kernel")
    faster = reference.made / ours.made
    target("times faster than papermill when warm", faster, 10, at_least=True)
    target("times papermill's time when cold", medians[COLD].made / reference.made, 1.1)


if __name__ == "__main__":
    main()
