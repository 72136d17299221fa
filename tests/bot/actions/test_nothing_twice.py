"""Nothing lost, nothing twice: each flow with a fault of each kind at each of its requests in turn.

Afterwards the command is delivered again, and the thread, the refs and everything else on GitHub
must be as if nothing had gone wrong.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bench import CONFIG, Bench, succeed
from rigs.github.faults import Fault
from rigs.github.server import Server

from bot.errors import ForgeError
from bot.forge.github_api import Api
from bot.forge.github_remote import Remote

Act = Callable[[], None]


@dataclass(frozen=True)
class Flow:
    """Something that is done to a repository."""

    name: str
    scene: Callable[[Bench], Any]  # sets it, undisturbed
    act: Callable[[Bench, Any], None]
    config: str = CONFIG


def _labelled(bench: Bench) -> Any:
    return bench.label(bench.ask())


def _triage(bench: Bench, event: Any) -> None:
    bench.triage(*event)


def _said(text: str) -> Callable[[Bench], Any]:
    return lambda bench: bench.say(bench.begin(), text)


def _ran(text: str) -> Callable[[Bench], Any]:
    def scene(bench: Bench) -> Any:
        elements = bench.triage(*bench.say(bench.begin(), text))
        return elements, bench.leave(elements, succeed(2))

    return scene


def _predicted(bench: Bench) -> Any:
    issue = bench.begin()
    bench.triage(*bench.say(issue, "/predict accuracy > 0.2 confidence=70%"))
    elements = bench.triage(*bench.say(issue, "/run seed=3"))
    return elements, bench.leave(elements, succeed(1))


def _compared(bench: Bench) -> Any:
    issue = bench.begin()
    for seed in (3, 5):
        elements = bench.triage(*bench.say(issue, f"/run seed={seed}"))
        bench.publish(elements, bench.leave(elements, succeed(1)))
    return bench.say(issue, "/compare 1 2")


def _publish(bench: Bench, left: Any) -> None:
    bench.publish(*left)


def _answered(bench: Bench) -> Any:
    issue = bench.begin()
    elements = bench.triage(*bench.say(issue, "/run seed=3"))
    bench.publish(elements, bench.leave(elements, succeed(2)))
    return bench.say(issue, "/answer It does. outcome=confirmed")


def _folded(bench: Bench) -> Any:
    issue = bench.begin()
    bench.triage(*bench.say(issue, "/spoiler on"))
    elements = bench.triage(*bench.say(issue, "/run seed=3"))
    bench.publish(elements, bench.leave(elements, succeed(1)))
    return bench.say(issue, "/spoiler off")


ATTACHMENTS = f'{CONFIG}[github]\nimages = "attachments"\n'
FLOWS = (
    Flow("start", _labelled, _triage),
    Flow("run", _said("/run seed=3"), _triage),
    Flow("sweep", _said("/sweep seed=0..2"), _triage),
    Flow("publish", _ran("/run seed=3"), _publish),
    Flow("publish a sweep", _ran("/sweep seed=0..2"), _publish),
    Flow("publish with attachments", _ran("/run seed=3"), _publish, ATTACHMENTS),
    Flow("publish what decides a prediction", _predicted, _publish),
    Flow("compare", _compared, _triage),
    Flow("answer", _answered, _triage),
    Flow("log", _said("/log One.\n/log Two."), _triage),
    Flow("close and reopen", _said("/close No.\n/reopen"), _triage),
    Flow("split", _said('/split "Is it so?" "Why is it so?"'), _triage),
    Flow("open what is folded", _folded, _triage),
    Flow("reply", _said("/help\n\n/run sed=3"), _triage),
)


def kinds_at(request: int) -> list[Fault]:
    """Choose the faults that a request meets.

    With EXCURSIONS_FAULTS=all that is each of them, as `make faults` has it, which takes a quarter
    of an hour. Otherwise every fourth request meets one, another from one such to the next.
    """
    every = list(Fault)
    if os.environ.get("EXCURSIONS_FAULTS") == "all":
        return every
    if request % 4:
        return []
    return [kind for place, kind in enumerate(every) if (place - request // 4) % len(every) == 0]


class Trials:
    """A flow, done over and over, each time from nothing."""

    def __init__(self, github: Server, folder: Path, flow: Flow) -> None:
        self._github = github
        self._folder = folder
        self._flow = flow
        self._count = 0

    def scene(self) -> tuple[Bench, Any]:
        self._count += 1
        own = self._folder / str(self._count)
        own.mkdir(parents=True)
        self._github.renew(own)
        bench = Bench(self._github, own / "jobs", self._flow.config)
        bench.personal_token = self._github.token("wes")
        bench.prepare()
        given = self._flow.scene(bench)
        self._github.exchanges.clear()
        return bench, given

    def undisturbed(self) -> tuple[dict[str, Any], int]:
        bench, given = self.scene()
        self._flow.act(bench, given)
        return self._github.state(), len(self._github.exchanges)

    def disturbed(self, kind: Fault, at: int) -> dict[str, Any]:
        bench, given = self.scene()
        bench.clock.answer_s = 0.5 if kind.hangs else 30
        self._github.fault(at=at, kind=kind)
        with contextlib.suppress(ForgeError):  # the job is red, and somebody runs it again
            self._flow.act(bench, given)
        bench.clock.answer_s = 30
        self._flow.act(bench, given)
        return self._github.state()


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_a_fault_at_any_request_changes_nothing_in_the_end(
    flow: Flow, github: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trials = Trials(github, tmp_path, flow)
    expected, requests = trials.undisturbed()
    tried = 0
    for at in range(1, requests + 1):
        for kind in kinds_at(at):
            found = trials.disturbed(kind, at)
            assert found == expected, f"{flow.name}: {kind} at request {at}"
            tried += 1
    with capsys.disabled():
        print(f"\n{flow.name}: {requests} requests, {tried} faults tried")


@pytest.mark.parametrize("at", [2, 4])
def test_an_outage_that_outlasted_a_job_leaves_nothing_once_the_job_is_run_again(
    at: int, github: Server, tmp_path: Path
) -> None:
    trials = Trials(github, tmp_path, FLOWS[1])
    expected, _ = trials.undisturbed()
    bench, event = trials.scene()
    github.fault(at=at, kind=Fault.SECONDARY, times=6)
    with pytest.raises(ForgeError, match="wait"):
        bench.triage(*event)
    assert bench.reactions(event) == ["eyes", "confused"]

    bench.triage(*event)

    assert github.state() == expected


class KilledError(BaseException):
    """What stands for the process being killed: nothing of ours gets to see it."""


def _killed_after(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the process killed when the n-th answer from now, GitHub's or git's, has come."""
    count = 0

    def counted(asked: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            answer = asked(*arguments, **named)
            count += 1
            if count == at:
                raise KilledError
            return answer

        return ask

    monkeypatch.setattr(Api, "_once", counted(Api._once))
    monkeypatch.setattr(Remote, "_once", counted(Remote._once))


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_a_process_killed_after_any_request_is_made_good_by_the_next(
    flow: Flow, github: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trials = Trials(github, tmp_path, flow)
    expected, _ = trials.undisturbed()
    killed = 0
    while True:
        bench, given = trials.scene()
        with pytest.MonkeyPatch.context() as monkeypatch:
            _killed_after(killed + 1, monkeypatch)
            try:
                flow.act(bench, given)
                break
            except KilledError:
                killed += 1
        flow.act(bench, given)
        assert github.state() == expected, f"{flow.name}: killed after answer {killed}"
    with capsys.disabled():
        print(f"\n{flow.name}: killed after each of {killed} answers")
    assert killed >= 4
