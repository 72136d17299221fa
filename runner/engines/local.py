"""The local engine: Jobs ─► processes of their own here, some at once ─► RunResults as they end."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from runner.engines.job import Ended, Job, Listener
from runner.engines.left import began, conclude, read_left, recover
from runner.records import RunResult, Status
from runner.warm import client
from runner.warm.process import WarmProcess

_Started = subprocess.Popen[bytes] | WarmProcess
_STOP_S = 5.0  # what a cancelled job on GitHub leaves us, and a little less
_CHUNK = 65_536  # bytes
_ASK_AGAIN_S = 0.5


class _NoMore:
    """Stands for the job after the last."""


_NO_MORE = _NoMore()


def execute(jobs: Iterable[Job | None], slots: int, *, listen: Listener, ended: Ended) -> bool:
    """Execute jobs in processes of their own, at most `slots` at once, in their order.

    A KeyboardInterrupt stops those that go on; what they made is kept and told in their results,
    those of which nothing was executed are as if never begun. Further signals to stop are ignored
    from then on. A job that is cancelled by itself stops alone, and is told of in any case.

    Args:
        jobs: What to run. The next is asked for when a slot is free for it; None says that it
            cannot begin yet beside those that go on, and shall be asked for again soon.
        slots: How many may go on at the same time.
        listen: Called with a run's id and each event of its journal, and with what cells print.
        ended: Called with each result.

    Returns:
        Whether all were executed; False if it was interrupted.
    """
    waiting = iter(jobs)
    running: set[_Process] = set()
    selector = selectors.DefaultSelector()

    held_up = False

    def begin() -> None:
        nonlocal held_up
        while len(running) < slots:
            job = next(waiting, _NO_MORE)
            held_up = job is None
            if job is None or isinstance(job, _NoMore):
                return
            process = _Process(job, listen)
            running.add(process)
            selector.register(process.output, selectors.EVENT_READ, process)

    def finish(process: _Process, *, stopped: bool = False) -> None:
        selector.unregister(process.output)
        running.remove(process)
        if stopped and not process.began():
            process.close()
        else:
            ended(process.result())

    try:
        begin()
        while running:
            looks = held_up or any(process.may_be_cancelled for process in running)
            for key, _ in selector.select(_ASK_AGAIN_S if looks else None):
                if not key.data.read():
                    finish(key.data)
                    held_up = True
            for process in running:
                process.heed_cancel()
            if held_up:
                begin()
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the rest is short, and must not be cut off
        for process in running:
            process.interrupt()
        deadline = time.monotonic() + _STOP_S
        for process in tuple(running):
            process.wait(max(0.0, deadline - time.monotonic()))
            finish(process, stopped=True)
        return False
    finally:
        selector.close()
        for process in running:  # only after an error of ours
            process.wait(0)
    return True


class _Process:
    """`python -m runner` at work on one job."""

    def __init__(self, job: Job, listen: Listener) -> None:
        self._job = job
        self._listen = listen
        self._unread = b""
        self._stop_by: float | None = None  # once it is cancelled
        theirs_in, self._stdin = os.pipe()  # the process ends when nobody holds the other end
        self.output, theirs_out = os.pipe()
        with (job.folder / "runner.log").open("ab") as log:
            self._process = _start(job, (theirs_in, theirs_out, log.fileno()))
        os.close(theirs_in)
        os.close(theirs_out)

    def read(self) -> bool:
        """Pass on what the process said since; False once it has closed its output."""
        chunk = os.read(self.output, _CHUNK)
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        for line in lines:
            self._listen(self._job.request.run_id, json.loads(line))
        return bool(chunk)

    def interrupt(self) -> None:
        """Ask the process to stop, keeping what it made."""
        self._stop_by = time.monotonic() + _STOP_S
        self._process.send_signal(signal.SIGINT)

    @property
    def may_be_cancelled(self) -> bool:
        """Whether somebody may want this job alone to stop."""
        return self._job.cancel is not None

    def heed_cancel(self) -> None:
        """Ask the process to stop if somebody wants that, and end it if it does not in time."""
        now = time.monotonic()
        if self._stop_by is None and self._job.cancelled:
            self.interrupt()
        elif self._stop_by is not None and now >= self._stop_by:
            self.wait(0)

    def wait(self, seconds: float) -> None:
        """Wait for the end; kill what has not come to it in time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> int:
        """Wait for the end, and give the exit status."""
        code = self._process.wait()
        os.close(self.output)
        os.close(self._stdin)
        return code

    def began(self) -> bool:
        """Wait for the end, and say whether anything was executed."""
        self._process.wait()
        return began(self._job.folder)

    def result(self) -> RunResult:
        """Give what the process left, or say what became of it."""
        code = self.close()
        folder, request = self._job.folder, self._job.request
        left = read_left(folder)
        if left is None and self._stop_by is not None:
            why = "it did not stop by itself" if began(folder) else "before anything was executed"
            return conclude(folder, request, Status.CANCELLED, name="Cancelled", message=why)
        return left or recover(folder, request, code=code)


def _start(job: Job, descriptors: tuple[int, int, int]) -> _Started:
    """Fork the process from a zygote, which saves its imports, or start it."""
    arguments = [str(job.folder), str(job.workdir), job.python]
    environment = os.environ | dict(job.environment)
    warm = job.request.resources.warm
    if warm is not None:
        try:
            return client.fork(
                warm,
                "runner",
                arguments,
                environment=environment,
                cwd=Path.cwd(),
                descriptors=descriptors,
                share=job.share,
            )
        except client.NoZygoteError:
            pass  # the runner will say so, when it comes to its kernel
    source, output, log = descriptors
    return subprocess.Popen(
        [sys.executable, "-m", "runner", *arguments],
        stdin=source,
        stdout=output,
        stderr=log,
        env=environment,
        start_new_session=True,  # Ctrl-C is ours to pass on
        pass_fds=job.share,
    )
