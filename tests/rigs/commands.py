"""Command lines ─► what they came to, each in a fork of one process that has imported everything.

Importing takes most commands longer than what they do. A fork gets its words, variables, folder and
outputs as a process of its own would. What Python reads only when it starts, such as the locale,
cannot be given so: `run` starts a process where that differs from ours.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

_MOST = 100_000  # bytes of a request; more goes to a process of its own
_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "COVERAGE", "VIRTUAL_ENV", "LD_")
_ALSO = ("nbformat", "nbformat.v4", "jupytext", "markdown_it", "jinja2", "yaml", "pydantic", "PIL")
_MAIN = Path(__file__).parents[2] / "bot" / "__main__.py"


class Commands:
    """Runs command lines of `python -m bot`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._environment = dict(os.environ)
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )

    def run(
        self, words: tuple[str, ...], *, cwd: Path, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Give a command as a user would, and wait for its end."""
        request = json.dumps({"words": words, "cwd": str(cwd), "environment": dict(environment)})
        if len(request) > _MOST or self._starts_otherwise(environment):
            return subprocess.run(
                [sys.executable, "-m", "bot", *words],
                cwd=cwd,
                capture_output=True,
                text=True,
                check=False,
                env=dict(environment),
            )
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            ended, ending = os.pipe()
            with os.fdopen(ended, "rb") as told:
                try:
                    with self._lock:
                        socket.send_fds(
                            self._socket, [request.encode()], [out.fileno(), err.fileno(), ending]
                        )
                finally:
                    os.close(ending)
                status = int(told.read())
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode())
        return subprocess.CompletedProcess(words, status, *texts)

    def close(self) -> None:
        """End the process that is forked."""
        self._socket.close()
        self._server.wait(30)

    def _starts_otherwise(self, environment: Mapping[str, str]) -> bool:
        names = environment.keys() | self._environment.keys()
        return any(
            name.startswith(_AT_START) and environment.get(name) != self._environment.get(name)
            for name in names
        )


def _serve(at: socket.socket) -> None:
    """Fork for each request, until nobody can send another."""
    import bot

    for module in pkgutil.walk_packages(bot.__path__, "bot."):
        if not module.name.startswith(("bot.__main__", "bot.offline")):
            importlib.import_module(module.name)
    for name in _ALSO:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    while True:
        message, descriptors, _, _ = socket.recv_fds(at, 2 * _MOST, 3)
        if not message:
            return
        if os.fork() == 0:
            at.close()
            _wait_for(json.loads(message), descriptors)
        for each in descriptors:
            os.close(each)


def _wait_for(request: dict[str, object], descriptors: list[int]) -> NoReturn:
    """Have another fork carry the command out, and tell how it ended."""
    *_, ending = descriptors
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.close(ending)
        _live(request, descriptors)
    _, status = os.waitpid(pid, 0)
    os.write(ending, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _live(request: dict[str, object], descriptors: list[int]) -> NoReturn:
    """Be a process that was started with these words."""
    words, cwd, environment = (request[name] for name in ("words", "cwd", "environment"))
    assert isinstance(words, list)
    assert isinstance(cwd, str)
    assert isinstance(environment, dict)
    for number, descriptor in enumerate(descriptors[:2], start=1):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(cwd)
    sys.path[0] = cwd
    sys.argv = [str(_MAIN), *words]
    status = 1
    try:
        from bot.cli import main

        main()
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001  # as Python itself tells it
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    sys.path[0] = str(_MAIN.parents[1])
    __package__ = "bot"  # so that usage is told of `python -m bot`
    with socket.socket(fileno=int(sys.argv[1])) as at:
        _serve(at)
