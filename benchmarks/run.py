"""What a run costs beyond its notebook: `excursion run` beside papermill's own command.

Both execute the same notebook from start to end; ours also checks parameters, allots a number,
describes the environment, collects figures and metrics, publishes them under a ref, and renders the
thread. The notebooks are the blank template, and one that imports torch and TransformerBridge,
builds a tiny model and makes a plot.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat.v4 as v4
from nbformat import write

from benchmarks.side_by_side import Contender, measure, show

ROUNDS = 5
TINY_MODEL = """
import matplotlib.pyplot as plt
import torch
from transformer_lens import TransformerBridge, TransformerBridgeConfig

torch.set_num_threads(1)
model = TransformerBridge.boot_native(TransformerBridgeConfig(
    d_model=32, d_head=16, n_heads=2, n_layers=1, n_ctx=16, d_vocab=20, attn_only=True, seed=seed))
logits = model(torch.randint(0, 20, (4, 16)))
plt.plot(logits[0, -1].detach())
plt.show()
"""


def main() -> None:
    """Measure and print."""
    here = Path(sys.executable).parent
    excursion, papermill = str(here / "excursion"), str(here / "papermill")
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)

        def must(*words: str, cwd: Path = top) -> None:
            subprocess.run(words, cwd=cwd, check=True, capture_output=True)

        must("git", "init", "-q")
        must("git", "config", "user.name", "A")
        must("git", "config", "user.email", "a@example.org")
        must("git", "commit", "-qm", "First", "--allow-empty")
        must(excursion, "init")
        must(excursion, "ask", "Blank?")
        must(excursion, "ask", "Tiny model?")
        folders = {
            issue: top / f".excursions/worktrees/{name}/excursions/demos/{name}"
            for issue, name in (("1", "1-blank"), ("2", "2-tiny-model"))
        }
        parameters = v4.new_code_cell("seed = 0", metadata={"tags": ["parameters"]})  # type: ignore[no-untyped-call]
        model = v4.new_code_cell(TINY_MODEL)  # type: ignore[no-untyped-call]
        metadata = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
        notebook = v4.new_notebook(cells=[parameters, model], metadata=metadata)  # type: ignore[no-untyped-call]
        write(notebook, folders["2"] / "notebook.ipynb")  # type: ignore[no-untyped-call]
        must("git", "commit", "-qam", "A tiny model", cwd=folders["2"])
        for issue, title in (("1", "the blank template"), ("2", "a tiny transformer, one plot")):
            out = str(top / "out.ipynb")
            contenders = {
                "excursion run": Contender([excursion, "run", issue], top),
                "papermill": Contender(
                    [papermill, "notebook.ipynb", out, "-p", "seed", "0"], folders[issue]
                ),
            }
            show(f"A run of {title}", measure(contenders, rounds=ROUNDS), rounds=ROUNDS)


if __name__ == "__main__":
    main()
