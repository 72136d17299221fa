"""Code that runs in a kernel before the first cell: seeds, limits, a quick end, no output lost.

Its source is sent to the kernel, whichever interpreter that runs on, so it imports nothing of ours.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import sys
from types import ModuleType
from typing import Any


def begin(seed: int | None, memory_bytes: int | None) -> None:
    """Prepare the kernel.

    Args:
        seed: That of Python's, numpy's and torch's random numbers; None leaves them alone.
        memory_bytes: What the kernel may allocate; None leaves it to the machine.
    """
    end_quickly()
    lose_nothing()
    if memory_bytes is not None:
        limit_memory(memory_bytes)
    if seed is not None:
        plant(seed)


def end_quickly() -> None:
    """Let the kernel end without what takes it seconds, after what others have asked for."""
    import atexit
    import gc

    atexit.register(gc.freeze)  # else taking torch's heap apart takes a second
    app = sys.modules.get("ipykernel.kernelapp")
    if app is not None and app.IPKernelApp.initialized():
        # It waits for a thread that may be waiting for it, up to ten seconds (ipykernel 7.4).
        atexit.unregister(app.IPKernelApp.instance().close)


def lose_nothing() -> None:
    """Let a kernel that prints faster than anybody reads wait, rather than drop what it prints.

    Its PUB socket drops messages when a thousand are waiting, as ZeroMQ has it; nobody is told.
    """
    app = sys.modules.get("ipykernel.kernelapp")
    if app is None or not app.IPKernelApp.initialized():
        return
    import zmq

    thread = app.IPKernelApp.instance().iopub_thread
    thread.schedule(lambda: thread.socket.setsockopt(zmq.XPUB_NODROP, 1))


def limit_memory(size: int) -> None:
    """Let allocations beyond `size` bytes fail with MemoryError, rather than the machine choke."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def plant(seed: int) -> None:
    """Seed every stream of random numbers; those of numpy and torch as soon as they are there."""
    import random

    random.seed(seed)
    seeds = {
        "numpy": lambda module: module.random.seed(seed % 2**32),
        "torch": lambda module: module.manual_seed(seed),
    }
    waiting = {name: sow for name, sow in seeds.items() if name not in sys.modules}
    for name in seeds.keys() - waiting.keys():
        seeds[name](sys.modules[name])
    if waiting:
        sys.meta_path.insert(0, _AfterImport(waiting))


class _AfterImport:
    """Seeds a module once it is imported; finds nothing itself."""

    def __init__(self, waiting: dict[str, Any]) -> None:
        self._waiting = waiting

    def find_spec(self, name: str, *_path_and_target: Any) -> importlib.machinery.ModuleSpec | None:
        """Find the module as ever, and have it seeded after it was executed."""
        if name not in self._waiting:
            return None
        sow = self._waiting.pop(name)
        if not self._waiting and self in sys.meta_path:
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_sow(module: ModuleType) -> None:
            execute(module)
            sow(module)

        spec.loader.exec_module = execute_and_sow  # type: ignore[method-assign]
        return spec
