"""The Jupyter kernel provisioner `excursion-warm`: a launch command ─► a kernel forked ready.

Any Jupyter program that uses the kernelspec `excursion-warm` gets it: papermill, nbclient,
JupyterLab. Where there is nothing to fork from, the kernel is started as ever, and it is said why.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Bool, Float, Unicode
from traitlets import List as ListTrait

from runner.records import WARM_MODULES, Warm
from runner.warm import client
from runner.warm.process import WarmProcess

_said: set[str] = set()


class WarmProvisioner(LocalProvisioner):
    """Forks kernels from a zygote; falls back to starting them."""

    preload = ListTrait(Unicode(), default_value=list(WARM_MODULES)).tag(config=True)
    idle_s = Float(Warm().idle_s).tag(config=True)
    autostart = Bool(True).tag(
        config=True
    )  # start a zygote, for the next time, where there is none
    quiet = Bool(False).tag(config=True)  # whoever started the kernel says why it is cold
    process: Any = None
    warm_started = False
    why_cold = ""
    startable = False  # a zygote could be started for the next time

    async def launch_kernel(self, cmd: list[str], **keywords: Any) -> KernelConnectionInfo:
        """Fork the kernel, or start it by its command."""
        environment = keywords.get("env") or dict(os.environ)
        warm = Warm(preload=tuple(self.preload), idle_s=self.idle_s)
        try:
            process = _fork(cmd, keywords, environment, warm)
        except client.NoZygoteError as why:
            self._explain(why)
            if why.startable and self.autostart:
                _start_one(warm, environment)
            info: KernelConnectionInfo = await super().launch_kernel(cmd, **keywords)
            return info
        self.process = process
        self.pid = self.pgid = process.pid  # it leads a session of its own
        self.cwd = keywords.get("cwd") or str(Path.cwd())
        self.warm_started = True
        return self.connection_info

    async def wait(self) -> int | None:
        """Wait for the kernel's end, woken by it rather than looking ten times a second."""
        if isinstance(self.process, WarmProcess):
            code = await self.process.wait_async()
            self.process = None
            return code
        ended: int | None = await super().wait()
        return ended

    def _explain(self, why: client.NoZygoteError) -> None:
        """Say once why kernels start cold."""
        self.why_cold, self.startable = str(why), why.startable
        if not self.quiet and str(why) not in _said:
            _said.add(str(why))
            self.log.warning("Cold start of the kernel: %s.", why)


def _fork(
    command: list[str], keywords: dict[str, Any], environment: dict[str, str], warm: Warm
) -> WarmProcess:
    arguments = kernel_arguments(command)
    null = os.open(os.devnull, os.O_RDWR)
    try:
        output, error = (
            _descriptor(keywords.get(name), n) for n, name in ((1, "stdout"), (2, "stderr"))
        )
        return client.fork(
            warm,
            "kernel",
            arguments,
            environment={k: v for k, v in environment.items() if k != "JPY_PARENT_PID"},
            cwd=keywords.get("cwd") or Path.cwd(),
            descriptors=(null, output, error),
            lifeline=True,
        )
    finally:
        os.close(null)


def kernel_arguments(command: list[str]) -> list[str]:
    """Give the kernel's own arguments in a launch command.

    Raises:
        NoZygoteError: The command does not start a plain IPython kernel of this interpreter.
    """
    executable, *rest = command
    if os.path.realpath(executable) != os.path.realpath(sys.executable):
        raise client.NoZygoteError(f"the kernel runs on another interpreter, {executable}")
    if Path(executable).parent != Path(sys.executable).parent:  # of another virtual environment
        raise client.NoZygoteError(f"the kernel runs in another environment, {executable}")
    rest = [word for word in rest if word != "-Xfrozen_modules=off"]
    if rest[:2] != ["-m", "ipykernel_launcher"]:
        raise client.NoZygoteError("the kernel is not started as an ipykernel")
    return rest[2:]


def _descriptor(given: Any, default: int) -> int:
    """Find the descriptor that a caller of Popen names."""
    if given is None:
        return default
    if isinstance(given, int) and given >= 0:
        return given
    if isinstance(given, int):
        raise client.NoZygoteError("the kernel's output is wanted through a pipe")
    return int(given.fileno())


def _start_one(warm: Warm, environment: dict[str, str]) -> None:
    """Have a zygote for the next kernel; that one cannot be had was said already."""
    if client.why_not_start(warm, environment):
        return
    try:
        client.start(warm, environment, wait=False)
    except client.NoZygoteError:
        return
