"""RunResult ─► where it ran and what that cost: a line for its entry, a table to unfold."""

from __future__ import annotations

from bot.durations import spoken
from bot.log.predictions import short_moment
from bot.log.safety import clip, code, inline
from bot.log.tables import WIDEST, table
from runner.records import Gpu, RunResult

_MOST_GPUS = 8


def ran_on(result: RunResult, original: RunResult | None) -> str:
    """Say in one line what a run ran on; one that was not executed, where its original did."""
    ran = original if original is not None and result.cache_hit else result
    facts = [f"commit {code(ran.commit[:10])}"]
    if ran.seed is not None:
        facts.append(f"seed {ran.seed}")
    environment = ran.environment
    if environment:
        facts.append(f"Python {_short(environment.python)}")
        if environment.torch:
            facts.append(f"torch {_short(environment.torch)}")
        facts.append(
            f"{len(environment.packages)} packages {code(environment.packages_sha256[:10])}"
        )
        gpus = [_gpu(gpu) for gpu in environment.gpus[:_MOST_GPUS]]
        facts.append(
            ", ".join(gpus) if gpus else f"{environment.cores} × {_short(environment.cpu)}, no GPU"
        )
    facts.append(f"{short_moment(ran.started)} UTC, {spoken(ran.duration_s)}")
    if ran.cost.usd is not None and ran.cost.gpu_s:
        facts.append(f"{_dollars(ran.cost.usd)} for {spoken(ran.cost.gpu_s)} of GPU")
    who = "Ran on" if ran is result else f"Run {ran.run_id} ran on"
    return f"**{who}** {' · '.join(facts)}"


def environment_table(result: RunResult) -> str:
    """List all that is known of where a run ran, but for the packages; empty if nothing is."""
    environment = result.environment
    if environment is None:
        return ""
    rows = [
        ["platform", code(environment.platform)],
        ["processor", f"{environment.cores} × {_short(environment.cpu)}"],
        ["Python", code(environment.python)],
        ["torch", code(environment.torch or "not installed")],
        ["CUDA", code(environment.cuda or "none")],
    ]
    if environment.driver:
        rows.append(["GPU driver", code(environment.driver)])
    rows += [
        ["GPU", f"{_gpu(gpu)}, of {_gigabytes(gpu.memory_bytes)}"]
        for gpu in environment.gpus[:_MOST_GPUS]
    ]
    if result.cost.gpu_s:
        rows.append(["GPU time", spoken(result.cost.gpu_s)])
    if result.cost.usd is not None and result.cost.gpu_s:
        rows.append(["cost", _dollars(result.cost.usd)])
    rows += [
        ["notebook", code(f"sha256:{result.notebook_sha256}")],
        ["packages", code(f"sha256:{environment.packages_sha256}")],
    ]
    return table(("what", "which"), rows)


def _gpu(gpu: Gpu) -> str:
    peak = f", {_gigabytes(gpu.peak_bytes)} at its peak" if gpu.peak_bytes is not None else ""
    return f"{_short(gpu.name)}{peak}"


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.3g} GB"


def _dollars(usd: float) -> str:
    """Write an amount of money; a small one is not nothing."""
    return inline(f"${usd:.2f}" if usd >= 0.1 or usd == 0 else f"${usd:.2g}")


def _short(text: str) -> str:
    return inline(clip(text, WIDEST))
