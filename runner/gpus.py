"""What the kernel says of its GPUs ─► peaks of memory, GPU time and what that costs."""

from __future__ import annotations

import ast

from runner.records import Cost, Environment, Resources

# Evaluated in the kernel; asks nothing of torch or CUDA that the notebook did not use itself.
PEAKS = (
    "(lambda torch: [torch.cuda.max_memory_allocated(n) for n in range(torch.cuda.device_count())]"
    " if torch is not None and torch.cuda.is_initialized() else [])"
    "(__import__('sys').modules.get('torch'))"
)


def read_peaks(printed: str) -> tuple[int, ...]:
    """Read what `PEAKS` gave: bytes for each GPU within reach; nothing if none was used."""
    value = ast.literal_eval(printed)
    return tuple(int(peak) for peak in value)


def with_peaks(environment: Environment, peaks: tuple[int, ...], visible: str) -> Environment:
    """Put the peaks beside the machine's GPUs.

    Args:
        environment: Lists all GPUs of the machine, in the driver's order.
        peaks: Bytes, for those that the kernel could use, in its order.
        visible: The kernel's CUDA_VISIBLE_DEVICES.
    """
    numbers = [part.strip() for part in visible.split(",") if part.strip()]
    chosen = [int(n) for n in numbers] if all(n.isdigit() for n in numbers) else []
    where = chosen or list(range(len(environment.gpus)))
    found = dict(zip(where, peaks, strict=False))
    gpus = tuple(
        gpu.model_copy(update={"peak_bytes": found[number]}) if number in found else gpu
        for number, gpu in enumerate(environment.gpus)
    )
    return environment.model_copy(update={"gpus": gpus})


def cost(duration_s: float, peaks: tuple[int, ...], resources: Resources) -> Cost:
    """Give GPU time and, where a price is configured, what it costs.

    A GPU counts for the whole run when the run was given it, or used any of its memory.
    """
    used = max(resources.gpus, sum(peak > 0 for peak in peaks))
    gpu_s = round(duration_s * used, 3)
    price = resources.usd_per_gpu_hour
    return Cost(gpu_s=gpu_s, usd=None if price is None else round(gpu_s / 3600 * price, 6))
