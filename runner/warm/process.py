"""A process that a zygote forked for us, with the face of `subprocess.Popen`.

It is not our child, so it is known by a descriptor (pidfd) that no other process can come to mean;
its exit status is what the zygote tells. Should the zygote die, the process goes on, and tells it
itself unless it is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
import subprocess
import time

from runner.warm import wire

UNKNOWN = 255  # the exit status of a process that was killed after its zygote


class WarmProcess:
    """A forked process: its connection to the zygote, and the descriptor that stands for it."""

    stdin = stdout = stderr = None  # of the interface; they were given when it was forked

    def __init__(
        self, connection: socket.socket, pid: int, pidfd: int, told: int, lifeline: int = -1
    ) -> None:
        self._connection = connection
        self._pidfd = pidfd
        self._told = told  # where it writes its exit status before it ends
        self._lifeline = lifeline  # as long as this is open here, the process lives on
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Give the exit status; None while the process goes on."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and give the exit status.

        Raises:
            subprocess.TimeoutExpired: It goes on after `timeout` seconds.
        """
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"forked process {self.pid}", timeout or 0.0)
        return code

    async def wait_async(self) -> int:
        """Wait for the end without keeping the event loop from its other work."""
        loop = asyncio.get_running_loop()
        while (code := self._look(0)) is None:
            ended = asyncio.Event()
            watched = self._watched()
            for descriptor in watched:
                loop.add_reader(descriptor, ended.set)
            try:
                await ended.wait()
            finally:
                for descriptor in watched:
                    loop.remove_reader(descriptor)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _watched(self) -> list[int]:
        """Give what becomes readable when there is news."""
        return [d for d in (self._connection.fileno(), self._pidfd) if d >= 0][:1]

    def _look(self, timeout: float | None) -> int | None:
        """Wait for news, at most `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            left = None if end is None else max(0.0, end - time.monotonic())
            readable, _, _ = select.select(self._watched(), [], [], left)
            if not readable:
                return None
            self._take()
        return self.returncode

    def _take(self) -> None:
        """Take in the exit status; from a zygote that died, only that the process has ended."""
        if self._connection.fileno() >= 0:
            try:
                message, _ = wire.receive(self._connection)
            except (OSError, ValueError, TypeError):
                message = None
            if message is None:
                self._connection.close()
            elif "exit" in message:
                self._end(int(message["exit"]))
            return
        os.set_blocking(self._told, False)  # what it has started may hold the other end
        try:
            told = os.read(self._told, 16)
        except BlockingIOError:
            told = b""
        self._end(int(told) if told.isdigit() else UNKNOWN)

    def _end(self, code: int) -> None:
        self.returncode = code
        self._connection.close()
        for descriptor in (self._pidfd, self._told, self._lifeline):
            if descriptor >= 0:
                wire.close([descriptor])
        self._pidfd = self._told = self._lifeline = -1
