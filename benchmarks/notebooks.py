"""Cells ─► a notebook file, its first cell that of its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

TINY_MODEL = (
    """
import matplotlib.pyplot as plt
import torch
from transformer_lens import TransformerBridge, TransformerBridgeConfig

torch.set_num_threads(1)
""",
    """
model = TransformerBridge.boot_native(TransformerBridgeConfig(
    d_model=32, d_head=16, n_heads=2, n_layers=1, n_ctx=16, d_vocab=20, attn_only=True, seed=seed))
logits = model(torch.randint(0, 20, (4, 16)))
""",
    """
plt.plot(logits[0, -1].detach())
plt.title("Logits at the last position")
plt.show()
""",
)
PLOT = (
    """
import matplotlib.pyplot as plt

plt.plot(range(10))
plt.show()
""",
)


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """Write a notebook with one parameter, `seed`, and these cells."""
    import nbformat
    import nbformat.v4 as v4

    parameters = v4.new_code_cell("seed = 0", metadata={"tags": ["parameters"]})  # type: ignore[no-untyped-call]
    rest = [v4.new_code_cell(cell.strip()) for cell in cells]  # type: ignore[no-untyped-call]
    metadata = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    notebook = v4.new_notebook(cells=[parameters, *rest], metadata=metadata)  # type: ignore[no-untyped-call]
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
