"""The stand-in refuses what a GPU refuses, and computes what it computes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
# A device is torch's for the rest of a process, so all is tried in one of its own.
PROGRAM = """\
import json, sys
import numpy as np, torch
from rigs.stand_in_gpu import OtherDeviceError
answers = {}
for source in json.load(sys.stdin):
    try:
        answers[source] = repr(eval(source, {"torch": torch, "np": np, "F": torch.nn.functional,
            "here": torch.arange(6.0).reshape(2, 3),
            "there": torch.arange(6.0).reshape(2, 3).to("gpu")}))
    except OtherDeviceError as error:
        answers[source] = f"refused: {error}"
print(json.dumps(answers))
"""
REFUSED = (
    "here + there",
    "torch.cat([here, there])",
    "there @ here.T",
    "F.embedding(torch.tensor([1]), there)",
    "torch.where(there > 1, here, 0.0)",
    "torch.stack([there.sum(), torch.tensor(1.0)])",
    "here[torch.tensor([1]).to('gpu')]",
    "here.gather(0, torch.zeros(1, 3, dtype=torch.int64).to('gpu'))",
    "torch.nn.Linear(3, 2)(there)",
    "torch.nn.Linear(3, 2).to('gpu')(here)",
    "there.numpy()",
    "np.asarray(there)",
    "torch.randn(3, device='gpu')",
    "torch.randint(3, (2,), device='gpu')",
    "torch.randperm(3, device='gpu')",
    "torch.multinomial(there, 1)",
    "F.dropout(there)",
)
ANSWERED = {
    "there.device": "device(type='gpu', index=0)",
    "there.cpu().device": "device(type='cpu')",
    "there.to('cpu').numpy().shape": "(2, 3)",
    "(there + torch.tensor(1.0)).tolist()": "[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]",
    "there[torch.tensor([1])].tolist()": "[[3.0, 4.0, 5.0]]",
    "there.sum().item()": "15.0",
    "f'{there.sum():.1f}'": "'15.0'",
    "here.clone().copy_(there).device": "device(type='cpu')",
    "torch.arange(3, device='gpu').tolist()": "[0, 1, 2]",
    "torch.tensor([1, 2], device='gpu').tolist()": "[1, 2]",
    "(there @ there.T).tolist()": "[[5.0, 14.0], [14.0, 50.0]]",
    "torch.autograd.functional.jacobian(lambda x: (x * x).sum(), there).device": (
        "device(type='gpu', index=0)"
    ),
    # A module that is moved keeps its parameters, which an optimizer may hold.
    "(lambda m: (m.weight is m.to('gpu').weight, m.weight.device.type))(torch.nn.Linear(3, 2))": (
        "(True, 'gpu')"
    ),
}


@pytest.fixture(scope="module")
def answers() -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps([*REFUSED, *ANSWERED]),
        cwd=TESTS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("source", REFUSED)
def test_it_refuses_what_a_gpu_refuses_or_does_otherwise(
    answers: dict[str, str], source: str
) -> None:
    assert answers[source].startswith("refused: ")


@pytest.mark.parametrize("source", ANSWERED)
def test_it_computes_all_else(answers: dict[str, str], source: str) -> None:
    assert answers[source] == ANSWERED[source]
