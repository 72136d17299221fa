"""A run's kernel: forked from a zygote or started, on sockets that nobody else can reach."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import port_names
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from runner.records import Warm
from runner.warm.provisioner import WarmProvisioner

_LONGEST_SOCKET = 90  # bytes; a socket's path may have 107, its number included
_ASK_AGAIN_S = 1.0
_LATE_S = 0.03  # a kernel that replied says soon after that it is idle, or its socket was not ready
_LOOK_EVERY_S = 0.002
_BOUND_S = 60.0


class KernelClient(AsyncKernelClient):
    """A client that is ready as soon as the kernel is.

    Jupyter's own waits 0.2 s for messages that nobody sent; this one asks what the kernel is, and
    waits for the reply and for the kernel to say, on the other socket, that it is idle again.
    """

    language_info: dict[str, Any]

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers on both sockets.

        Raises:
            RuntimeError: It died, or did not answer in time.
        """
        end = time.monotonic() + (timeout or 3600.0)
        while not await self._answers(self.kernel_info()):
            if not await self._async_is_alive():
                raise RuntimeError("the kernel died before it was ready")
            if time.monotonic() > end:
                raise RuntimeError(f"the kernel was not ready after {timeout:g} s")

    async def _answers(self, asked: str) -> bool:
        """Wait a moment for the reply to a question, and for the kernel to be idle after it."""
        end = time.monotonic() + _ASK_AGAIN_S
        replied = False
        while (left := end - time.monotonic()) > 0:
            try:
                channel = self.iopub_channel if replied else self.shell_channel
                message = await channel.get_msg(timeout=left)
            except Empty:
                return False
            if message["parent_header"].get("msg_id") != asked:
                continue
            if message["msg_type"] == "kernel_info_reply":
                self._handle_kernel_info_reply(message)
                self.language_info = message["content"]["language_info"]
                replied, end = True, time.monotonic() + _LATE_S
            elif message["content"].get("execution_state") == "idle":
                return True
        return False


class KernelManager(AsyncKernelManager):
    """Starts a kernel on a given interpreter, whatever kernels the machine or the notebook names.

    It listens on sockets in a folder that nobody else may enter, rather than on ports. Subclasses
    say which interpreter, and which zygote may be forked from.
    """

    python: str
    warm: Warm | None

    client_class = f"{__name__}.KernelClient"
    client_factory = KernelClient

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        sockets = f"{os.environ['IPYTHONDIR']}/kernel"
        if len(os.fsencode(sockets)) < _LONGEST_SOCKET:
            self.transport, self.ip = "ipc", sockets

    @property
    def kernel_spec(self) -> KernelSpec:
        """Describe the kernel."""
        name = "local-provisioner" if self.warm is None else "excursion-warm"
        config = {}
        if self.warm is not None:
            settings = {"preload": list(self.warm.preload), "idle_s": self.warm.idle_s}
            config = {**settings, "autostart": False, "quiet": True}
        return KernelSpec(
            argv=[self.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": name, "config": config}},
        )

    @property
    def started_warm(self) -> bool:
        """Whether the kernel was forked from a zygote."""
        return isinstance(self.provisioner, WarmProvisioner) and self.provisioner.warm_started

    @property
    def why_cold(self) -> str:
        """Why it was not, where it could have been."""
        return self.provisioner.why_cold if isinstance(self.provisioner, WarmProvisioner) else ""

    @property
    def startable(self) -> bool:
        """Whether a zygote could be had for the next time."""
        return isinstance(self.provisioner, WarmProvisioner) and self.provisioner.startable

    def exit_code(self) -> int | None:
        """Give the exit status of a kernel that has ended; negative for a signal."""
        process = getattr(self.provisioner, "process", None)
        return None if process is None else process.poll()

    def process_group(self) -> int | None:
        """Give the group of the kernel and all that it starts, which is the kernel's own."""
        group = getattr(self.provisioner, "pgid", None)
        return group if group and group != os.getpgrp() else None

    async def _async_post_start_kernel(self, **keywords: Any) -> None:
        """Connect once there is something to connect to: zmq tries again only after 0.1 s."""
        if self.transport == "ipc":
            ports = [getattr(self, name) for name in port_names]
            sockets = [Path(f"{self.ip}-{port}") for port in ports]
            end = time.monotonic() + _BOUND_S
            while not all(map(Path.exists, sockets)) and time.monotonic() < end:
                if not await self._async_is_alive():
                    break  # it will be found to have died
                await asyncio.sleep(_LOOK_EVERY_S)
        await super()._async_post_start_kernel(**keywords)

    async def shutdown_kernel(  # type: ignore[override]  # the asynchronous manager's is one
        self, now: bool = False, restart: bool = False
    ) -> None:
        """Wait for a kernel that was asked to end, or end it `now`.

        Jupyter's own interrupts the kernel first, and so whatever that does when it exits.
        """
        if now or restart:
            await super().shutdown_kernel(now=now, restart=restart)
            return
        await self._async_finish_shutdown()
        await self._async_cleanup_resources()

    async def _async_wait(self, pollinterval: float = _LOOK_EVERY_S) -> None:
        """Wait for the kernel's end, looking more often than ten times a second."""
        while await self._async_is_alive():
            await asyncio.sleep(min(pollinterval, _LOOK_EVERY_S))


def end_group(group: int | None) -> None:
    """End what is left of a process group, if anything is."""
    if group is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # somebody else's by now
            os.killpg(group, signal.SIGKILL)


def manager_class(python: str | Path, warm: Warm | None) -> type[KernelManager]:
    """Make the manager of kernels on an interpreter, which papermill wants as a class."""
    return type("RunKernelManager", (KernelManager,), {"python": str(python), "warm": warm})
