"""A real Slurm of one node, in a network namespace of its own: no other process can reach it.

Its daemons run in the foreground as our children and die with us, whatever becomes of the tests.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

_TEMPLATE = Path(__file__).with_name("slurm.conf.in")
_PROGRAMS = ("unshare", "nsenter", "setpriv", "ip", "munged", "slurmctld", "slurmd", "sbatch")
# An address beside 127.0.0.1 makes getaddrinfo, as Slurm calls it, answer at all.
_HOLD = "ip link set lo up && ip address add 10.255.255.1/32 dev lo && echo up && exec cat"


def why_not() -> str:
    """Say why no cluster can be started here; "" if one can."""
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        packages = "slurm-wlm munge util-linux iproute2"
        return f"{', '.join(missing)} not installed (Debian: apt-get install {packages})"
    if os.geteuid() != 0:
        return "a network namespace and Slurm's daemons need root"
    done = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
    return f"no network namespace: {done.stderr.strip()}" if done.returncode else ""


class Cluster:
    """The cluster while it is up.

    Attributes:
        node: The name of its one node.
        log: The folder with the daemons' files.
    """

    def __init__(self, folder: Path) -> None:
        self.node = socket.gethostname().partition(".")[0]
        self.log = folder
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", _HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"up\n"
        self._namespace = _namespace_of(self._holder.pid)
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf")}
        text = _TEMPLATE.read_text().replace("@DIR@", str(folder)).replace("@HOST@", self.node)
        (folder / "slurm.conf").write_text(text)
        (folder / "gres.conf").write_text(f"NodeName={self.node} Name=gpu File=/dev/null\n")
        for name in ("state", "spool"):
            (folder / name).mkdir()
        (folder / "munge.key").touch(mode=0o600)
        (folder / "munge.key").write_bytes(secrets.token_bytes(128))

    def inside(self, *command: str) -> list[str]:
        """Give a command line that runs a command where the cluster can be reached."""
        return ["nsenter", "--net", f"--target={self._holder.pid}", *command]

    def slurm(self, *command: str) -> str:
        """Give one of Slurm's own commands; its output, or "" if it failed."""
        done = self._give(*command)
        return done.stdout.strip() if done.returncode == 0 else ""

    def must(self, *command: str) -> None:
        """Give one of Slurm's own commands until it is taken; so it must do no more if repeated."""
        end = time.monotonic() + 60
        while (done := self._give(*command)).returncode != 0:  # a busy controller answers nobody
            assert time.monotonic() < end, f"{' '.join(command)}: {done.stderr}"

    def _give(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.inside(*command),
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | self.environment,
        )

    def start(self) -> None:
        """Start every daemon and wait until the node is ready for work."""
        files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log"}
        options = [f"--{option}={self.log}/munge.{end}" for option, end in files.items()]
        self._start("munged", "--foreground", "--force", f"--seed-file={self.log}/seed", *options)
        self._wait(lambda: (self.log / "munge.socket").exists())
        self.start_controller()
        self.start_node()

    def start_controller(self) -> None:
        """Start the daemon that keeps the queue."""
        self._start("slurmctld", "-D")
        self._wait(lambda: "is UP" in self.slurm("scontrol", "ping"))

    def start_node(self) -> None:
        """Start the daemon that executes, and let its node work again."""
        self._start("slurmd", "-D")

        def is_ready() -> bool:
            self.slurm("scontrol", "update", f"NodeName={self.node}", "State=RESUME")
            return self.slurm("sinfo", "-h", "-p", "debug", "-o", "%T") == "idle"

        self._wait(is_ready)

    def stop_controller(self) -> None:
        """End the daemon that keeps the queue, as an upgrade of the cluster would."""
        self._end("slurmctld", signal.SIGTERM)

    def cut_power_of_node(self) -> None:
        """Kill all that the node executes, and let the controller notice at once."""
        self._end("slurmd", signal.SIGKILL)
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.name() == "slurmstepd":
                    for each in (process, *process.children(recursive=True)):
                        each.kill()
        self.must("scontrol", "update", f"NodeName={self.node}", "State=DOWN", "Reason=power")

    def processes(self) -> list[psutil.Process]:
        """List what runs inside, but for the daemons and whoever holds the namespace open."""
        ours = {self._holder.pid} | {daemon.pid for daemon in self._daemons.values()}
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.NoSuchProcess, OSError):
                inside = _namespace_of(process.pid) == self._namespace
                if inside and not {process.pid, process.ppid()} & ours:
                    found.append(process)
        return found

    def stop(self) -> None:
        """End everything inside; whatever was there before is gone after."""
        for name in reversed(tuple(self._daemons)):
            self._end(name, signal.SIGTERM)
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._wait(lambda: not self.processes())
        assert self._holder.stdin is not None
        self._holder.stdin.close()
        assert self._holder.stdout is not None
        self._holder.stdout.close()
        self._holder.wait()

    def _start(self, name: str, *options: str) -> None:
        log = (self.log / f"{name}.out").open("ab")
        with log:
            self._daemons[name] = subprocess.Popen(
                self.inside("setpriv", "--pdeathsig=KILL", name, *options),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | self.environment,
            )

    def _end(self, name: str, number: signal.Signals) -> None:
        daemon = self._daemons.pop(name)
        daemon.send_signal(number)
        try:
            daemon.wait(20)
        finally:
            daemon.kill()

    def _wait(self, happened: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not happened():
            logs = {log.name: log.read_text()[-2_000:] for log in self.log.glob("*.out")}
            assert time.monotonic() < end, f"the cluster does not come up: {logs}"
            time.sleep(0.05)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Give a cluster that is up, and leave no process of it behind."""
    found = Cluster(folder)
    try:
        found.start()
        yield found
    finally:
        found.stop()


def _namespace_of(process: int) -> str:
    """Name the network namespace that a process is in."""
    return str(Path(f"/proc/{process}/ns/net").readlink())
