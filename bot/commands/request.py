"""What a command asks to be executed ─► RunRequest: its number, its limits, its runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.commands.world import World
from bot.config import Runner
from bot.durations import parse_duration
from bot.excursion_file import ExcursionFile
from bot.moments import timestamp
from bot.parameters import Value
from bot.sizes import parse_size
from runner.records import Resources, RunRequest, Warm

_MOST_RUNS = 10**9  # a marker that says more was not written by us
OPTIONS = ("timeout", "cell_timeout", "runner")


@dataclass(frozen=True)
class Limits:
    """What a command says of how its run is executed; None where it says nothing.

    Attributes:
        timeout: Of the whole run, as it was written.
        cell_timeout: Of any one cell.
        runner: As the configuration names it.
    """

    timeout: str | None = None
    cell_timeout: str | None = None
    runner: str | None = None

    @classmethod
    def of(cls, named: dict[str, str]) -> Limits:
        """Take them out of a command's pairs."""
        return cls(*(named.pop(name, None) for name in OPTIONS))

    def pairs(self) -> dict[str, str | None]:
        """Give them by the names with which people write them."""
        return {
            "timeout": self.timeout,
            "cell_timeout": self.cell_timeout,
            "runner": self.runner,
        }


def new_request(
    world: World,
    declared: ExcursionFile,
    limits: Limits,
    *,
    notebook: str,
    notebook_sha256: str,
    parameters: Mapping[str, Value],
    **more: Any,
) -> RunRequest:
    """Ask for something new at the branch's commit.

    Args:
        world: The state of the excursion, which is open.
        declared: Its declaration.
        limits: What the command says of the execution.
        notebook: Its path in the repository.
        notebook_sha256: Of its content.
        parameters: Its parameters, checked.
        more: Other fields of the request.

    Raises:
        RequestError: There is no such runner, or a limit is no time.
    """
    name, runner = chosen_runner(world, limits.runner, declared)
    timeout = declared.timeout or runner.timeout
    timeout = timeout if limits.timeout is None else limits.timeout
    cell_timeout = declared.cell_timeout or runner.cell_timeout
    cell_timeout = cell_timeout if limits.cell_timeout is None else limits.cell_timeout
    issue = world.thread.number
    return RunRequest(
        run_id=f"{issue}.{next_number(world)}",
        issue=issue,
        notebook=notebook,
        notebook_sha256=notebook_sha256,
        commit=world.head or "",
        parameters=dict(parameters),
        seed=seed_of(parameters),
        timeout_s=parse_duration(timeout, where="--timeout"),
        cell_timeout_s=None
        if cell_timeout is None
        else parse_duration(cell_timeout, where="--cell-timeout"),
        resources=_resources(world, runner),
        requirements=declared.requirements,
        data=declared.data,
        runner=name,
        engine=runner.engine,
        requested_by=world.actor,
        requested=timestamp(world.now),
        **more,
    )


def again(asked: RunRequest, world: World, limits: Limits, **changes: Any) -> RunRequest:
    """Ask once more for what was asked for before, under a number of its own.

    Args:
        asked: The earlier request.
        world: The state of the excursion.
        limits: What the command says of the execution; else it is as it was.
        changes: Other fields that differ.

    Raises:
        RequestError: There is no such runner, or a limit is no time.
    """
    update: dict[str, Any] = {
        "run_id": f"{asked.issue}.{next_number(world)}",
        "inputs_sha256": "",
        "data_sha256": "",
        "goes_on_from": "",
        "sweep": "",
        "requested_by": world.actor,
        "requested": timestamp(world.now),
    }
    if limits.timeout is not None:
        update["timeout_s"] = parse_duration(limits.timeout, where="--timeout")
    if limits.cell_timeout is not None:
        update["cell_timeout_s"] = parse_duration(limits.cell_timeout, where="--cell-timeout")
    if limits.runner is not None:
        name, runner = chosen_runner(world, limits.runner, None)
        resources = _resources(world, runner)
        update |= {"runner": name, "engine": runner.engine, "resources": resources}
    return asked.model_copy(update=update | changes)


def chosen_runner(
    world: World, wanted: str | None, declared: ExcursionFile | None
) -> tuple[str, Runner]:
    """Find the runner that a command names, or that the excursion does.

    Raises:
        RequestError: The configuration has none of that name.
    """
    if wanted is not None:
        return wanted, world.config.runner_named(wanted, where="--runner", culprit="runner=")
    name = declared.runner if declared else world.config.runner
    where = f"{world.begun().folder}/excursion.toml"
    return name, world.config.runner_named(name, where=where)


def next_number(world: World) -> int:
    """Give the number above every run that a ref or an entry knows."""
    known = [run.number for run in world.runs]
    known += [entry.key_number for entry in world.thread.entries("run")]
    for entry in world.thread.entries("sweep"):
        last = (entry.data or {}).get("last")
        known += [last] if isinstance(last, int) and last < _MOST_RUNS else []
    return max(known, default=0) + 1


def seed_of(parameters: Mapping[str, Value]) -> int | None:
    """Give the seed among parameters, if there is one."""
    seed = parameters.get("seed")
    return seed if isinstance(seed, int) and not isinstance(seed, bool) else None


def _resources(world: World, runner: Runner) -> Resources:
    """Give what a runner's configuration allows an execution."""
    # On GitHub a machine is ours for one run, so that nothing is kept warm.
    warm = None if world.surroundings.is_github else world.config.warm
    return Resources(
        memory_bytes=_size(runner.memory, "memory"),
        output_bytes=parse_size(runner.output, where="output"),
        cores=runner.cores,
        gpus=runner.gpus,
        gpu_memory_bytes=_size(runner.gpu_memory, "gpu_memory"),
        usd_per_gpu_hour=runner.usd_per_gpu_hour,
        # A Slurm job ends with all that it started.
        warm=Warm(preload=warm.preload, idle_s=parse_duration(warm.idle, where="warm.idle"))
        if warm and runner.warm and runner.engine == "local"
        else None,
        partition=runner.partition,
        account=runner.account,
        qos=runner.qos,
    )


def _size(text: str | None, where: str) -> int | None:
    return parse_size(text, where=where) if text else None
