"""`python -m runner.warm.zygote SOCKET`: settings on standard input ─► forks, for those who ask.

It imports what the settings name and then waits, with one thread, at a socket that its user alone
can reach. Whoever asks gets a process that is a copy of it, told of its own arguments, variables
and folder. It ends when it was not used for a while, was told to stop, or is out of date.

Forking is sound only from a process with one thread, no CUDA context and no zmq context; it looks
before every fork and refuses, with the reason, where that does not hold.
"""

from __future__ import annotations

import builtins
import contextlib
import fcntl
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.records import Warm
from runner.warm import forked, wire
from runner.warm.place import edited, fingerprint, in_development

# What a kernel imports by itself, before anything that a notebook imports.
_KERNEL = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel.comm",
    "ipykernel.debugger",
    "IPython.core.completer",
    "IPython.core.magics",
    "IPython.extensions.storemagic",
)
# What a runner imports by itself, and the first plot.
_OURS = (
    "matplotlib.backends.backend_agg",
    "PIL.PngImagePlugin",
    "tornado.platform.asyncio",
    "threadpoolctl",
    "nbclient",
    "papermill.execute",
    "bs4",
    "runner.__main__",
    "runner.execute",
    "runner.warm.provisioner",
)
_BINDS = ("matplotlib_inline.backend_inline",)
_LOOK_EVERY_S = 60.0
_FORK = frozenset(
    ("role", "arguments", "environment", "cwd", "inherited", "fingerprint", "lifeline")
)
_BACKLOG = 1_024  # connections; one too many would be told that none is running
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class Child:
    """A process that was forked for somebody."""

    pid: int
    role: str
    connection: socket.socket


@dataclass
class Zygote:
    """What it serves from."""

    warm: Warm
    path: Path
    listener: socket.socket
    fingerprint: str
    missing: list[str]
    files: dict[str, int]  # that it has imported, and that somebody works on
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    children: dict[int, Child] = field(default_factory=dict)  # pidfd ─► child
    forked: int = 0
    used: float = field(default_factory=time.monotonic)
    retiring: bool = False

    def serve(self) -> None:
        """Serve until there is nobody left to serve, or told otherwise."""
        self.selector.register(self.listener, selectors.EVENT_READ, self._accept)
        while not self._done():
            wait = min(_LOOK_EVERY_S, max(0.1, self.warm.idle_s / 4))
            for key, _ in self.selector.select(wait):
                key.data(key.fileobj)

    def _done(self) -> bool:
        if self.children:
            return False
        idle = time.monotonic() - self.used > self.warm.idle_s
        return self.retiring or idle or not _is_at(self.listener, self.path)

    def _accept(self, _: object) -> None:
        connection, _address = self.listener.accept()
        if wire.other_user(connection) != os.getuid():
            connection.close()
            return
        self.selector.register(connection, selectors.EVENT_READ, self._hear)

    def _hear(self, connection: socket.socket) -> None:
        """Answer a client; one that is gone takes what was forked for it along."""
        try:
            message, descriptors = wire.receive(connection)
        except (OSError, ValueError, TypeError):
            message, descriptors = None, []
        if message is None:
            self._forget(connection)
            return
        try:
            if message.get("ask") == "fork" and message.keys() >= _FORK:
                self._fork(connection, message, descriptors)
            else:
                wire.send(connection, self._status())
                if message.get("ask") == "stop":
                    self._retire()
        except OSError:
            self._forget(connection)
        finally:
            wire.close(descriptors)

    def _forget(self, connection: socket.socket) -> None:
        self.selector.unregister(connection)
        connection.close()
        for child in self.children.values():
            if child.connection is connection:
                # What is no kernel keeps what it made, tells it, and takes its kernel along.
                number = signal.SIGKILL if child.role == "kernel" else signal.SIGTERM
                try:
                    os.killpg(child.pid, number)
                except ProcessLookupError:  # it has yet to begin a group of its own, or has ended
                    os.kill(child.pid, number)

    def _status(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "fingerprint": self.fingerprint,
            "preloaded": [name for name in self.warm.preload if name not in self.missing],
            "missing": self.missing,
            "forked": self.forked,
            "running": len(self.children),
            "roles": {str(child.pid): child.role for child in self.children.values()},
            "idle_s": round(time.monotonic() - self.used, 1),
            "stays_s": self.warm.idle_s,
            "problem": unfit(),
            "current": not self._stale(fingerprint(os.environ)),
        }

    def _stale(self, now: str) -> str:
        """Say what has changed since it was made; empty if nothing has."""
        if self.fingerprint != now:
            return "what is installed has changed since"
        file = edited(self.files)
        return f"{file} has changed since" if file else ""

    def _retire(self) -> None:
        """Be found by nobody any more; end with the last child."""
        self.retiring = True
        if _is_at(self.listener, self.path):
            self.path.unlink()

    def _fork(
        self, connection: socket.socket, message: dict[str, Any], descriptors: list[int]
    ) -> None:
        if wire.is_gone(connection):  # it waited in vain, and does its work otherwise
            self._forget(connection)
            return
        stale = self._stale(message["fingerprint"])
        if stale:
            self._retire()
            wire.send(connection, {"error": stale, "stale": True})
            return
        problem = unfit()
        if problem:
            wire.send(connection, {"error": f"it must not fork: {problem}", "stale": False})
            return
        self.used = time.monotonic()
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)  # until the fork has handlers of its own
        pid = os.fork()
        if pid == 0:
            forked.live(message, descriptors)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        pidfd = os.pidfd_open(pid)
        self.forked += 1
        self.children[pidfd] = Child(pid, message["role"], connection)
        self.selector.register(pidfd, selectors.EVENT_READ, self._reap)
        wire.send(connection, {"pid": pid}, [pidfd])

    def _reap(self, pidfd: int) -> None:
        self.selector.unregister(pidfd)
        child = self.children.pop(pidfd)
        os.close(pidfd)
        _, status = os.waitpid(child.pid, 0)
        with contextlib.suppress(OSError):
            wire.send(child.connection, {"exit": os.waitstatus_to_exitcode(status)})
        self.used = time.monotonic()


def unfit() -> str:
    """Say why a fork of this process would not be sound; empty if it would."""
    threads = sum(1 for _ in Path("/proc/self/task").iterdir())
    if threads != 1:
        return f"it has {threads} threads; {_culprit()} started them"
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return f"CUDA is initialised in it; {_culprit()} did that"
    for name in _BINDS:
        if name in sys.modules:
            return f"{name} is imported, and would be bound to no shell"
    zmq = sys.modules.get("zmq")
    if zmq is not None and zmq.Context._instance is not None:
        return "it has a zmq context"
    return ""


_spoilers: list[str] = []


def _culprit() -> str:
    return f"importing {_spoilers[0]}" if _spoilers else "something that it imported"


def preload(names: tuple[str, ...]) -> list[str]:
    """Import modules; give the names of those that could not be, and print why."""
    missing = []
    for name in names:
        fit = not unfit()
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001  # whatever it is, notebooks will meet it as ever
            traceback.print_exc()
            missing.append(name)
        if fit and unfit():
            _spoilers.append(name)
    return missing


@contextlib.contextmanager
def _as_in_a_kernel() -> Iterator[None]:
    """Let what is imported find the shell of a kernel, as it would in a cold one.

    Some look once, when they are imported: pandas for how many columns it shows, tqdm for what
    its bars are made of, transformers.trainer for how it reports.
    """
    from ipykernel.zmqshell import ZMQInteractiveShell
    from traitlets.config import Config

    shell = ZMQInteractiveShell.__new__(ZMQInteractiveShell)  # its look alone: it can do nothing
    shell.config = Config({"IPKernelApp": {}})
    for each in ZMQInteractiveShell._walk_mro():
        each._instance = shell  # type: ignore[assignment]  # the stubs say None
    vars(builtins)["get_ipython"] = lambda: shell
    try:
        yield
    finally:
        del vars(builtins)["get_ipython"]
        ZMQInteractiveShell.clear_instance()


def _warm_up() -> None:
    """Do once what every fork would do at its start."""
    import nbformat
    from jupyter_client.provisioning.factory import KernelProvisionerFactory

    nbformat.validate(nbformat.v4.new_notebook())  # type: ignore[no-untyped-call]
    KernelProvisionerFactory.instance()
    forked.prepare()
    if "matplotlib" in sys.modules:  # finding the fonts takes longest
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure()
        figure.subplots().set_title("A")
        FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]


def _is_at(listener: socket.socket, path: Path) -> bool:
    """Say whether a socket can still be found at its path."""
    try:
        return path.stat().st_ino == _INODE.get(listener.fileno())
    except FileNotFoundError:
        return False


_INODE: dict[int, int] = {}


def _listen(path: Path) -> socket.socket:
    """Take the path over, from a zygote that is out of date or was killed."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    temporary = path.with_suffix(f".{os.getpid()}")
    before = os.umask(0o177)
    try:
        listener.bind(str(temporary))
    finally:
        os.umask(before)
    listener.listen(_BACKLOG)
    _INODE[listener.fileno()] = temporary.stat().st_ino
    temporary.replace(path)
    return listener


def main() -> None:
    """Be the zygote at the socket named on the command line."""
    path = Path(sys.argv[1])
    if not sys.flags.safe_path:  # not told by -P, since IPython would not add the kernel's folder
        del sys.path[0]
    os.chdir("/")
    settings = json.loads(sys.stdin.buffer.read())
    also = tuple(settings.pop("also"))
    warm = Warm.model_validate(settings)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    # Two that start at the same time: the first gets ready, the other has nothing to do.
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    made_from = fingerprint(os.environ)
    preload(_KERNEL)
    with _as_in_a_kernel():
        missing = preload(warm.preload)
        preload(_OURS)
    preload(also)
    _warm_up()
    gc.collect()
    gc.freeze()
    listener = _listen(path)
    os.close(lock)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    problem = unfit()
    print(json.dumps({"ready": str(path), "missing": missing, "problem": problem}), flush=True)
    zygote = Zygote(warm, path, listener, made_from, missing, in_development())
    try:
        zygote.serve()
    finally:
        if _is_at(listener, path):
            path.unlink()


if __name__ == "__main__":
    main()
