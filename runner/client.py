"""papermill's notebook client, which writes down what truly happens: cells, outputs, the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_core.utils import run_sync
from traitlets import Instance

from runner import gpus, preamble
from runner.journal import Journal
from runner.kernel import KernelManager, end_group
from runner.papermill import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
    PapermillNotebookClient,
    output_from_msg,
)
from runner.records import CellStatus
from runner.transcript import PREPARED, Transcript

_CELL_ENDS: dict[type[BaseException], CellStatus] = {
    CellTimeoutError: CellStatus.TIMED_OUT,
    DeadKernelError: CellStatus.DIED,
}
_ASK_S = 5.0


@dataclass
class Limits:
    """How long things may take."""

    deadline: float  # of the run, on the monotonic clock
    cell_s: float | None

    def left(self, _cell: Any = None) -> float:
        """Give the seconds that a cell which starts now may take."""
        run = max(0.05, self.deadline - time.monotonic())
        return run if self.cell_s is None else min(run, self.cell_s)

    @property
    def run_is_over(self) -> bool:
        """Whether it was the run's limit that was met, not a cell's."""
        return time.monotonic() >= self.deadline - 0.05


@dataclass
class Recorder:
    """Where everything is written down.

    Attributes:
        folder: The run's folder.
        journal: What happens.
        transcript: What is shown.
        limits: How long things may take.
        seed: Of the kernel's random numbers.
        memory_bytes: What the kernel may allocate.
        undisturbed: Keeps signals to stop until what is done in it is done.
        finish: Called with what ended the cells, None for their end, while the kernel ends.
    """

    folder: Path
    journal: Journal
    transcript: Transcript
    limits: Limits
    seed: int | None
    memory_bytes: int | None
    undisturbed: Callable[[], AbstractContextManager[None]]
    finish: Callable[[BaseException | None, RecordingClient], None]

    def started(self, index: int) -> None:
        """Say that a cell starts."""
        self.began = time.monotonic()
        with self.undisturbed():
            self.transcript.start(index)
            self.journal.write("cell started", cell=index)

    def ended(self, index: int, status: CellStatus) -> None:
        """Say how a cell ended."""
        took = round(time.monotonic() - self.began, 3)
        with self.undisturbed():
            self.transcript.end()
            self.journal.write("cell ended", cell=index, status=status.value, duration_s=took)


class RecordingClient(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client, telling the recorder what happens; keeps no output in memory."""

    recorder = Instance(Recorder)
    km: KernelManager
    exit_code: int | None = None
    gpu_peaks: tuple[int, ...] = ()
    clear_before_next_output: bool
    broken: OSError | None = None  # what kept us from writing down

    def execute(self, **keywords: Any) -> Any:
        """Execute the notebook; what it came to is told to the recorder, never raised."""
        self.reset_execution_trackers()
        self._positions: dict[str, list[tuple[int, int, dict[str, Any]]]] = {}
        with self.setup_kernel(**keywords):
            self._tell_kernel()
            group = self.km.process_group()
            self.nb.metadata["language_info"] = self.kc.language_info
            ended: BaseException | None = None
            try:
                self._prepare()
                self.papermill_execute_cells()
                self.set_widgets_metadata()
                self.gpu_peaks = self._gpu_peaks()
            except BaseException as error:  # noqa: BLE001  # told whole, below
                ended = error
            self.exit_code = self.km.exit_code()
            interrupted = ended is not None and not isinstance(ended, CellExecutionError)
            if interrupted:
                self.shutdown_kernel = "immediate"
            else:
                self.kc.shutdown()  # it ends while we write
            self.recorder.finish(ended, self)
        end_group(group)  # Jupyter leaves alone what a kernel that died had started
        return self.nb

    def papermill_execute_cells(self) -> None:
        """Execute the cells in order, up to the first that does not complete."""
        for index, cell in enumerate(self.nb.cells):
            if cell.cell_type != "code" or not cell.source.strip():
                continue
            status = CellStatus.COMPLETED
            self.recorder.started(index)
            try:
                self.execute_cell(cell, index)
            except CellExecutionError as error:
                if error.ename == "SystemExit" and error.evalue in ("", "0", "None"):
                    return  # the notebook itself chose to end here, and well
                status = CellStatus.FAILED
                raise
            except BaseException as error:
                if self.broken is not None:
                    status = CellStatus.DIED
                    raise self.broken from error
                other = CellStatus.FAILED if isinstance(error, Exception) else CellStatus.CANCELLED
                status = _CELL_ENDS.get(type(error), other)
                raise
            finally:
                self.recorder.ended(index, status)

    def process_message(self, message: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Take in a message from the kernel; stop the cell where it cannot be written down."""
        if self.broken is not None:
            return None  # the cell is being stopped; there is no room for what it still says
        try:
            if "execution_count" in message["content"]:
                count = message["content"]["execution_count"]
                if cell.get("execution_count") != count and isinstance(count, int):
                    self.recorder.transcript.counted(count)
            return super().process_message(message, cell, cell_index)
        except OSError as error:
            self.broken = error
            if self.task_poll_for_reply is not None:
                self.task_poll_for_reply.cancel()
            return None

    def output(
        self, outs: list[Any], message: dict[str, Any], display_id: str | None, cell_index: int
    ) -> Any:
        """Write down an output."""
        if self.output_hook_stack[message["parent_header"].get("msg_id")]:
            return super().output(outs, message, display_id, cell_index)  # into a widget
        transcript, content = self.recorder.transcript, message["content"]
        if self.clear_before_next_output:
            self._clear(cell_index)
            self.clear_before_next_output = False
        if message["msg_type"] == "stream":
            transcript.printed(content["name"], content["text"])
            self._say(content["text"])
            return None
        try:
            output = output_from_msg(message)  # type: ignore[no-untyped-call]
        except ValueError:
            return None  # of no kind that a notebook could hold
        position = transcript.position()
        if transcript.shown(output) and display_id:
            head = {k: v for k, v in output.items() if k not in ("data", "metadata")}
            self._positions.setdefault(display_id, []).append((cell_index, position, head))
        return None

    def clear_output(self, outs: list[Any], message: dict[str, Any], cell_index: int) -> None:
        """Write down that the cell's outputs are cleared, now or before the next."""
        if self.output_hook_stack[message["parent_header"].get("msg_id")]:
            super().clear_output(outs, message, cell_index)
        elif message["content"].get("wait"):
            self.clear_before_next_output = True
        else:
            self._clear(cell_index)

    def _update_display_id(self, display_id: str, message: dict[str, Any]) -> None:
        """Write down that outputs have become others."""
        content = message["content"]
        for cell, position, head in self._positions.get(display_id, ()):
            changed = {"data": content["data"], "metadata": content["metadata"]}
            self.recorder.transcript.updated(cell, position, head | changed)

    def _clear(self, cell_index: int) -> None:
        self.recorder.transcript.cleared()
        for display_id, places in self._positions.items():
            kept = [place for place in places if place[0] != cell_index]
            self._positions[display_id] = kept

    def _say(self, text: str) -> None:
        """Pass on the last line of what a cell prints."""
        lines = [line for line in text[-2_000:].replace("\r", "\n").split("\n") if line.strip()]
        if lines:
            self.recorder.journal.say("output", text=lines[-1][-500:])

    def _tell_kernel(self) -> None:
        """Say how the kernel was started."""
        started = "warm" if self.km.started_warm else "cold"
        why, startable = self.km.why_cold, self.km.startable
        self.recorder.journal.write("kernel", started=started, why=why, startable=startable)

    def _prepare(self) -> None:
        """Keep the notebook as it will be executed, and make the kernel ready for its cells."""
        code = [
            number
            for number, cell in enumerate(self.nb.cells)
            if cell.cell_type == "code" and cell.source.strip()
        ]
        content = json.dumps(self.nb, ensure_ascii=False).encode(errors="replace")
        (self.recorder.folder / PREPARED).write_bytes(content)
        self.recorder.journal.write("cells", code=code)
        source = Path(preamble.__file__).read_text("utf-8")
        arguments = f"begin({self.recorder.seed!r}, {self.recorder.memory_bytes!r})"
        scope = "{'__name__': 'excursions'}"
        self._ask(f"exec({source + arguments!r}, {scope})")

    def _gpu_peaks(self) -> tuple[int, ...]:
        """Ask the kernel how much of each GPU's memory it used at most."""
        return gpus.read_peaks(self._ask("", value=gpus.PEAKS))

    def _ask(self, code: str, value: str = "None") -> str:
        """Run code that is none of the notebook's, and give the printed form of an expression.

        Raises:
            RuntimeError: It failed, which is our fault.
        """
        asked = self.kc.execute(
            code, silent=True, store_history=False, user_expressions={"value": value}
        )
        reply = run_sync(self._reply)(asked)
        if reply["status"] != "ok":
            raise RuntimeError(f"the kernel could not be prepared: {reply.get('evalue')}")
        answer = reply["user_expressions"]["value"]
        if answer["status"] != "ok":
            raise RuntimeError(f"the kernel could not be asked: {answer.get('evalue')}")
        return str(answer["data"]["text/plain"])

    async def _reply(self, asked: str) -> dict[str, Any]:
        end = time.monotonic() + max(_ASK_S, self.recorder.limits.left())
        while True:
            message = await self.kc.shell_channel.get_msg(timeout=max(0.0, end - time.monotonic()))
            if message["parent_header"].get("msg_id") == asked:
                content: dict[str, Any] = message["content"]
                return content
