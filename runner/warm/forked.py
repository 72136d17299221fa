"""A fork of the zygote ─► a process as if it had been started by its own command.

Everything that a fresh start would have set and a fork inherits otherwise is set here: session,
signals, descriptors, variables, folder, threads and random streams.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import logging
import os
import resource
import signal
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn, TextIO

from runner.warm.inherited import inherit

_STANDARD = 3  # descriptors
_GIVEN = 4  # those, and the one for the exit status
_MOST_DESCRIPTORS = 65_536
_controller: Any = None


def prepare() -> None:
    """Find the loaded BLAS libraries once, in the zygote."""
    global _controller  # what forks find ready
    import threadpoolctl

    _controller = threadpoolctl.ThreadpoolController()


def live(message: dict[str, Any], descriptors: list[int]) -> NoReturn:
    """Be the process that was asked for, to its end.

    Args:
        message: Its role, arguments, variables and folder.
        descriptors: Standard input, output and error, where to tell its exit status, then those
            to hold open; with a lifeline, that comes first of these.
    """
    code = 1
    try:
        _become_fresh(message, descriptors)
        if message["lifeline"]:
            thread = threading.Thread(target=_hold, args=(descriptors[_GIVEN],), daemon=True)
            thread.start()
        role, arguments = message["role"], message["arguments"]
        if role == "kernel":
            _kernel(arguments)
        elif role == "runner":
            _runner(arguments)
        else:
            _command(role, arguments)
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    except BaseException:  # noqa: BLE001  # a fork must never return into the zygote
        traceback.print_exc()
    finally:
        _leave(code, descriptors[_STANDARD])


def _become_fresh(message: dict[str, Any], descriptors: list[int]) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the zygote held them back
    for place, descriptor in enumerate(descriptors[:_STANDARD]):
        os.dup2(descriptor, place)
    _close_all_but({0, 1, 2, *descriptors[_STANDARD:]})
    environment = message["environment"]
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    tempfile.tempdir = None  # what it found in the zygote's variables
    os.chdir(message["cwd"])
    inherit(message["inherited"])
    _threads(environment)
    _randomness()
    _matplotlib(environment)


def _close_all_but(kept: set[int]) -> None:
    """Close what the zygote had open: its sockets, and those of other forks."""
    start = 0
    for descriptor in sorted(kept):
        if start < descriptor:  # an empty range from 0 would be taken for everything
            os.closerange(start, descriptor)
        start = descriptor + 1
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    os.closerange(start, min(max(limit, start), _MOST_DESCRIPTORS))


def _threads(environment: dict[str, str]) -> None:
    """Give BLAS and torch the threads that they would have taken when they were loaded."""
    cores = len(os.sched_getaffinity(0))
    openmp, mkl, openblas = (_asked(environment, name) for name in ("OMP", "MKL", "OPENBLAS"))
    if _controller is not None:
        own = {"openblas": openblas, "mkl": mkl}
        for library in {
            found["internal_api"] for found in _controller.select(user_api="blas").info()
        }:
            wanted = own.get(library) or openmp or cores
            _controller.select(internal_api=library).limit(limits=wanted)
    torch = sys.modules.get("torch")
    if torch is not None and (mkl or openmp):  # it asks MKL, which has a variable of its own
        torch.set_num_threads(mkl or openmp)


def _asked(environment: dict[str, str], library: str) -> int:
    """Read how many threads a library is told to take; 0 if it is not."""
    text = environment.get(f"{library}_NUM_THREADS", "").partition(",")[0]
    return int(text) if text.isdigit() else 0


def _randomness() -> None:
    """Give this process random streams of its own; Python's own `random` sees to itself."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(None)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.seed()


def _matplotlib(environment: dict[str, str]) -> None:
    """Take over what matplotlib reads when it is imported: its backend, a file in the folder."""
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is None:
        return
    if Path("matplotlibrc").exists():
        matplotlib.rc_file("matplotlibrc")
    backend = environment.get("MPLBACKEND")
    if backend:
        matplotlib.rcParams["backend"] = backend


def _kernel(arguments: list[str]) -> None:
    """Be an IPython kernel."""
    from ipykernel.kernelapp import IPKernelApp

    launcher = importlib.util.find_spec("ipykernel_launcher")
    sys.argv = [str(launcher.origin if launcher else "ipykernel_launcher"), *arguments]
    sys.orig_argv[1:] = ["-m", "ipykernel_launcher", *arguments]
    # Its default was read from the environment when it was imported. What ends the kernel with
    # its client is the lifeline, which also holds when the zygote has died: 1 means no parent.
    app = IPKernelApp.instance(parent_handle=1)
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    handlers = [h for each in loggers if isinstance(each, logging.Logger) for h in each.handlers]
    streams = sys.stdout, sys.stderr
    app.initialize(arguments)  # type: ignore[no-untyped-call]
    _log_to_cells(handlers, streams)
    # It waits for a thread that may be waiting for it, up to ten seconds (ipykernel 7.4).
    atexit.unregister(app.close)
    app.start()  # type: ignore[no-untyped-call]


def _log_to_cells(handlers: list[logging.Handler], streams: tuple[TextIO, TextIO]) -> None:
    """Let libraries that log to a stream log to the kernel's, as if they were imported in it."""
    for handler in handlers:
        if isinstance(handler, logging.StreamHandler):
            for before, now in zip(streams, (sys.stdout, sys.stderr), strict=True):
                if handler.stream is before:
                    handler.setStream(now)


def _runner(arguments: list[str]) -> None:
    """Execute a run."""
    from runner.__main__ import main

    sys.argv = ["runner", *arguments]
    main()


def _command(where: str, arguments: list[str]) -> None:
    """Call a function that stands for a command, with streams of its own."""
    module, _, name = where.partition(":")
    for number, stream in enumerate(("stdin", "stdout", "stderr")):
        setattr(sys, stream, os.fdopen(number, "w" if number else "r", closefd=False))
    getattr(importlib.import_module(module), name)(arguments)


def _hold(lifeline: int) -> None:
    """Take the whole group along once nobody holds the other end of the lifeline."""
    while os.read(lifeline, 1):
        pass
    os.killpg(0, signal.SIGKILL)


def _leave(code: int, told: int) -> NoReturn:
    """End as Python ends, but for taking the heap apart, which takes a second after torch.

    The zygote tells the exit status, and may be dead by then, so it is written down as well.
    """
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # joins threads that are no daemons
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001  # nothing may keep it from ending here
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):  # nobody wants to know
            os.write(told, str(code & 0xFF).encode())
        os._exit(code)
