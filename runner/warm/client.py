"""Settings ─► a process forked from their zygote, or the reason why there is none.

Also starts, asks and stops zygotes; nothing heavy is imported for any of it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.warm import wire
from runner.warm.inherited import inherited
from runner.warm.place import (
    UnsafePlaceError,
    fingerprint,
    first_environment,
    folder,
    socket_path,
)
from runner.warm.process import WarmProcess

if TYPE_CHECKING:
    from runner.records import Warm

_ANSWER_S = 10.0
_START_S = 120.0
_PAUSE_S = 0.05


class NoZygoteError(Exception):
    """There is no zygote to fork from; the message says why."""

    def __init__(self, why: str, *, startable: bool = False) -> None:
        super().__init__(why)
        self.startable = startable  # one could be started for the next time


def possible() -> str:
    """Say what keeps this machine from having zygotes; empty if nothing does."""
    if not sys.platform.startswith("linux"):
        return "warm kernels need Linux"
    if os.environ.get("EXCURSIONS_WARM", "") == "off":
        return "EXCURSIONS_WARM=off"
    return ""


def why_not_start(warm: Warm, environment: Mapping[str, str]) -> str:
    """Say why no zygote is to be started by itself; empty if one is."""
    if environment.get("CI"):
        return "machines of CI do not stay for another run"
    return possible() or ("one is ready now" if _is_ready(warm, environment) else "")


_refusals: list[str] = []


def first_refusal() -> str:
    """Say why the first fork that this process asked for was refused; empty if none was."""
    return _refusals[0] if _refusals else ""


@contextmanager
def _refusals_remembered() -> Iterator[None]:
    try:
        yield
    except NoZygoteError as error:
        _refusals.append(str(error))
        raise


@_refusals_remembered()
def fork(
    at: Warm | Path,
    role: str,
    arguments: list[str],
    *,
    environment: Mapping[str, str],
    cwd: str | Path,
    descriptors: tuple[int, int, int],
    share: tuple[int, ...] = (),
    lifeline: bool = False,
) -> WarmProcess:
    """Fork a process from the zygote of these settings.

    Args:
        at: What the zygote has imported, or the socket where it listens.
        role: `kernel` for an IPython kernel, `runner` for what executes a run, or the function
            `module:name` that is called with the arguments.
        arguments: Those of the process, without its name.
        environment: All its variables.
        cwd: Where it works.
        descriptors: Its standard input, output and error.
        share: More descriptors that it shall hold open until it ends.
        lifeline: Whether it shall be killed, with its group, once this process is gone.

    Raises:
        NoZygoteError: There is none, or it may not fork.
    """
    why = possible()
    if why:
        raise NoZygoteError(why)
    path = at if isinstance(at, Path) else _path(at, environment)
    connection = _connect(path)
    told, telling = os.pipe()
    # it reads from its lifeline, and ends when there is no writer
    reading, writing = os.pipe() if lifeline else (-1, -1)
    request = {
        "ask": "fork",
        "role": role,
        "arguments": arguments,
        "environment": dict(environment),
        "cwd": str(cwd),
        "inherited": inherited(),
        "fingerprint": fingerprint(environment),
        "lifeline": lifeline,
    }
    handed = [*descriptors, telling, *([reading] if lifeline else []), *share]
    try:
        wire.send(connection, request, handed)
        answer, given = wire.receive(connection)
    except (OSError, ValueError, TypeError) as error:
        hung = isinstance(error, TimeoutError)
        if hung:
            _give_up(path, connection)
        connection.close()
        wire.close([told, *([writing] if lifeline else [])])
        raise NoZygoteError(f"the zygote did not answer: {error}", startable=hung) from error
    finally:
        wire.close([telling, *([reading] if lifeline else [])])
    if answer is None or "pid" not in answer or not given:
        connection.close()
        wire.close([told, *given, *([writing] if lifeline else [])])
        refused = answer or {"error": "the zygote ended"}
        raise NoZygoteError(str(refused.get("error")), startable=bool(refused.get("stale", True)))
    connection.settimeout(None)
    return WarmProcess(connection, int(answer["pid"]), given[0], told, writing if lifeline else -1)


def start(
    warm: Warm, environment: Mapping[str, str], *, also: tuple[str, ...] = (), wait: bool = True
) -> None:
    """Start the zygote of these settings, unless there is one that is up to date.

    Args:
        warm: What it imports, and how long it stays unused.
        environment: The variables of those whom it shall serve.
        also: More modules that it imports, where its starter wants to be forked itself.
        wait: Whether to wait until it is ready; else it gets ready in the background.

    Raises:
        NoZygoteError: It cannot be had on this machine, or did not become ready.
    """
    why = possible()
    if why:
        raise NoZygoteError(why)
    if wait and _is_ready(warm, environment):
        return
    path = _path(warm, environment)
    log = path.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "runner.warm.zygote", str(path)],
            env=first_environment(environment),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=path.parent,  # first on its search path until it has started; only ours
            start_new_session=True,
        )
    if process.stdin is not None:
        with closing(process.stdin) as settings:
            told = {"preload": warm.preload, "idle_s": warm.idle_s, "also": also}
            settings.write(json.dumps(told).encode())
    end = time.monotonic() + (_START_S if wait else 0.0)
    while wait and not _is_ready(warm, environment):
        if process.poll() not in (None, 0):
            raise NoZygoteError(f"the zygote could not start: {_last_words(log)}")
        if time.monotonic() > end:
            raise NoZygoteError(f"the zygote was not ready after {_START_S:g} s, see {log}")
        time.sleep(_PAUSE_S)


def ask_all(question: str) -> Iterator[dict[str, Any]]:
    """Ask every zygote of this user `status` or `stop`; give what they answer.

    Of one that does not answer only its process is given, and that it hangs; it cannot stop
    itself, so it is killed if it is to stop.

    Raises:
        NoZygoteError: The folder for sockets could be entered by somebody else.
    """
    try:
        paths = sorted(folder().glob("*.sock"))
    except UnsafePlaceError as error:
        raise NoZygoteError(str(error)) from error
    for path in paths:
        try:
            connection = _connect(path)
        except NoZygoteError:
            continue  # left over by one that was killed; the next one there replaces it
        with closing(connection):
            pid = wire.other_process(connection)
            try:
                wire.send(connection, {"ask": question})
                answer, _ = wire.receive(connection)
            except TimeoutError:
                answer = {"pid": pid, "hangs": True}
                if question == "stop":
                    _give_up(path, connection)
            except (OSError, ValueError, TypeError):
                continue  # it ended meanwhile
        if answer is not None:
            yield {"hangs": False} | answer | {"socket": str(path)}


def _is_ready(warm: Warm, environment: Mapping[str, str]) -> bool:
    path = _path(warm, environment)
    try:
        with closing(_connect(path)) as connection:
            try:
                wire.send(connection, {"ask": "status"})
                answer, _ = wire.receive(connection)
            except TimeoutError:
                _give_up(path, connection)
                return False
    except (NoZygoteError, OSError, ValueError, TypeError):
        return False
    if answer is None or answer["fingerprint"] != fingerprint(environment):
        return False
    return bool(answer["current"]) and answer["stays_s"] == warm.idle_s


def _connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(_ANSWER_S)
    try:
        connection.connect(str(path))
        if wire.other_user(connection) != os.getuid():
            raise NoZygoteError(f"{path} belongs to another user")
    except OSError as error:
        connection.close()
        raise NoZygoteError("no zygote was running", startable=True) from error
    except NoZygoteError:
        connection.close()
        raise
    return connection


def _give_up(path: Path, connection: socket.socket) -> None:
    """Kill a zygote that hangs; what was forked from it goes on.

    Else everybody would wait for it, and descriptors that are on their way to it stay open: whoever
    reads the output of the command that sent them would wait for its end for ever.
    """
    path.unlink(missing_ok=True)
    pid = wire.other_process(connection)
    if pid > 0:  # it is 0 where the zygote is none of ours to see
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _path(warm: Warm, environment: Mapping[str, str]) -> Path:
    try:
        return socket_path(warm, environment)
    except UnsafePlaceError as error:
        raise NoZygoteError(str(error)) from error


def _last_words(log: Path) -> str:
    return log.read_text(errors="replace").strip()[-1_000:] or "it said nothing"
