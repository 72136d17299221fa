"""Templates ─► parameters with which they are done in a moment, where no result is looked at."""

from __future__ import annotations

QUICK: dict[str, dict[str, bool | int | float | str]] = {
    "demos/activation-patching": {"training_steps": 10},
    "demos/attention-patterns": {"training_steps": 10},
    "demos/blank": {},
    "demos/direct-logit-attribution": {"training_steps": 10},
    "demos/grokking": {"p": 11, "steps": 20},
    "demos/induction-heads": {"steps": 10},
    "demos/load-a-model": {"training_steps": 10},
    "demos/logit-lens": {"training_steps": 10},
    "demos/minimal-sae": {"toy_steps": 20, "stream_steps": 20, "n_tokens": 2000},
    "demos/mnist-mlp": {"epochs": 3},
    "demos/no-positions": {"steps": 20},
    "demos/probing": {"steps": 20},
    "demos/superposition": {"steps": 20},
    "demos/text-tree": {"training_steps": 50},
    "demos/what-if": {"epochs": 3},
    "libs/gpt2-mini": {"n_layers": 1, "n_heads": 1},
    "libs/prototype": {},
}
